//! What Avro's logical types mean beyond their underlying types: bounds on what is written, and the text or number that a
//! person may write instead. A logical type on a type it is not made for means nothing, as the format wants it.

use std::str::FromStr;

use prost_types::Timestamp;
use serde_json::Number;

use super::model::{Kind, Node};
use crate::limits::AVRO_PRECISION_DIGITS_MAX;

/// A logical type that has rules.
pub(crate) enum Meaning {
    /// Days since 1970-01-01.
    Date,
    /// Ticks since midnight.
    Time { per_second: i64 },
    /// Ticks since 1970-01-01T00:00:00, in UTC or on the clock of the place.
    Timestamp { per_second: i64, is_local: bool },
    /// A whole number without its decimal point, in big-endian two's complement.
    Decimal {
        digits: usize,
        scale: usize,
        /// The least magnitude that has too many digits.
        limit: Vec<u8>,
    },
    /// Text of hexadecimal digits and hyphens.
    Uuid,
}

const SECONDS_A_DAY: i64 = 86_400;
const NANOS_A_SECOND: i64 = 1_000_000_000;

/// Digits of a JSON number that are certain to be those that were written.
const EXACT_DIGITS_MAX: usize = 15;

/// The most digits that a number is converted with; longer ones are written as bytes.
const NUMBER_DIGITS_MAX: usize = 38;

/// What a node's logical type means.
pub(super) fn meaning(node: &Node) -> Option<Meaning> {
    let logical = node.logical.as_deref()?;
    let timestamp = |per_second, is_local| Some(Meaning::Timestamp { per_second, is_local });
    match (&node.kind, logical) {
        (Kind::Int, "date") => Some(Meaning::Date),
        (Kind::Int, "time-millis") => Some(Meaning::Time { per_second: 1_000 }),
        (Kind::Long, "time-micros") => Some(Meaning::Time { per_second: 1_000_000 }),
        (Kind::Long, "timestamp-millis") => timestamp(1_000, false),
        (Kind::Long, "timestamp-micros") => timestamp(1_000_000, false),
        (Kind::Long, "timestamp-nanos") => timestamp(NANOS_A_SECOND, false),
        (Kind::Long, "local-timestamp-millis") => timestamp(1_000, true),
        (Kind::Long, "local-timestamp-micros") => timestamp(1_000_000, true),
        (Kind::Long, "local-timestamp-nanos") => timestamp(NANOS_A_SECOND, true),
        (Kind::String, "uuid") => Some(Meaning::Uuid),
        (Kind::Bytes | Kind::Fixed { .. }, _) => {
            let (digits, scale) = logical.strip_prefix("decimal(")?.strip_suffix(')')?.split_once(',')?;
            let (digits, scale): (usize, usize) = (digits.parse().ok()?, scale.parse().ok()?);
            let is_valid = (1..=AVRO_PRECISION_DIGITS_MAX).contains(&digits) && scale <= digits;
            is_valid.then(|| Meaning::Decimal { digits, scale, limit: power_of_ten(digits) })
        }
        _ => None,
    }
}

impl Meaning {
    /// Why a number is none of this type.
    pub(super) fn refuses(&self, number: i64) -> Option<String> {
        match self {
            Self::Time { per_second } if !(0..SECONDS_A_DAY * per_second).contains(&number) => {
                let last = SECONDS_A_DAY * per_second - 1;
                Some(format!("{number} is no time of day, which goes from 0 to {last}"))
            }
            _ => None,
        }
    }

    /// Why bytes are none of this type.
    pub(super) fn refuses_bytes(&self, bytes: &[u8]) -> Option<String> {
        let Self::Decimal { digits, limit, .. } = self else { return None };
        let is_negative = bytes.first().is_some_and(|first| *first >= 0x80);
        let magnitude = if is_negative { negated(bytes) } else { bytes.to_vec() };
        let magnitude = trimmed(&magnitude);
        let too_long = magnitude.len().cmp(&limit.len()).then_with(|| magnitude.cmp(limit)).is_ge();
        too_long.then(|| format!("the decimal has more than the {digits} digits of its precision"))
    }

    /// The number that a text stands for, or why it stands for none; nothing where the type has no text.
    pub(super) fn number(&self, text: &str) -> Option<Result<i64, String>> {
        let only = |allowed: &str| text.chars().all(|c| c.is_ascii_digit() || allowed.contains(c));
        let at = |whole: String| Timestamp::from_str(&whole).ok();
        let (read, per_second) = match self {
            Self::Date => {
                let shaped = text.len() == 10 && only("-");
                let day = shaped.then(|| at(format!("{text}T00:00:00Z"))).flatten();
                let day = day.map(|day| day.seconds.div_euclid(SECONDS_A_DAY));
                return Some(day.ok_or_else(|| self.complaint(text)));
            }
            Self::Time { per_second } => {
                let shaped = text.len() >= 8 && only(":.");
                (shaped.then(|| at(format!("1970-01-01T{text}Z"))).flatten(), *per_second)
            }
            Self::Timestamp { per_second, is_local: true } => {
                let shaped = text.len() >= 19 && text.as_bytes()[10] == b'T' && only("-:.T");
                (shaped.then(|| at(format!("{text}Z"))).flatten(), *per_second)
            }
            Self::Timestamp { per_second, is_local: false } => {
                let zoned = text.len() >= 20 && text.as_bytes()[10] == b'T' && text.is_ascii() && has_zone(text);
                (zoned.then(|| at(text.to_owned())).flatten(), *per_second)
            }
            Self::Decimal { .. } | Self::Uuid => return None,
        };
        let Some(read) = read else { return Some(Err(self.complaint(text))) };
        let nanos_a_tick = NANOS_A_SECOND / per_second;
        if i64::from(read.nanos) % nanos_a_tick != 0 {
            return Some(Err(format!(
                "\"{}\" is finer than the type, which keeps {per_second} steps a second",
                crate::excerpt::clip(text)
            )));
        }
        let ticks = read
            .seconds
            .checked_mul(per_second)
            .and_then(|ticks| ticks.checked_add(i64::from(read.nanos) / nanos_a_tick));
        Some(ticks.ok_or_else(|| self.complaint(text)))
    }

    fn complaint(&self, text: &str) -> String {
        let (what, number) = match self {
            Self::Date => ("a date such as \"2026-11-25\"", "the days since 1970-01-01"),
            Self::Time { .. } => ("a time of day such as \"10:00:00.5\"", "its number"),
            Self::Timestamp { is_local: true, .. } => ("a local time such as \"2026-11-25T10:00:00\"", "its number"),
            _ => ("a time such as \"2026-11-25T10:00:00Z\"", "its number"),
        };
        format!("\"{}\" is not {what}, nor {number}", crate::excerpt::clip(text))
    }

    /// The bytes of a decimal written as a number, `width` of them where the type says so; nothing for other types.
    pub(super) fn bytes(&self, number: &Number, width: Option<usize>) -> Option<Result<Vec<u8>, String>> {
        let Self::Decimal { digits: precision, scale, .. } = self else { return None };
        Some(unscaled(number, *precision, *scale).and_then(|unscaled| {
            let bytes = unscaled.to_be_bytes();
            let filler = if unscaled < 0 { 0xff } else { 0 };
            // The first byte that is kept says the sign.
            let kept =
                (0..15).find(|at| bytes[*at] != filler || (bytes[at + 1] >= 0x80) != (unscaled < 0)).unwrap_or(15);
            match width {
                None => Ok(bytes[kept..].to_vec()),
                Some(width) if width >= bytes.len() - kept => {
                    let mut padded = vec![filler; width - (bytes.len() - kept)];
                    padded.extend_from_slice(&bytes[kept..]);
                    Ok(padded)
                }
                Some(width) => Err(format!("{number} does not fit the {width} bytes of the decimal")),
            }
        }))
    }
}

/// A time in UTC says so, or how far it is away.
fn has_zone(text: &str) -> bool {
    let tail = &text[19..];
    tail.ends_with('Z') || tail.contains(['+', '-'])
}

/// The number without its decimal point.
fn unscaled(number: &Number, precision: usize, scale: usize) -> Result<i128, String> {
    let text = number.to_string();
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((&text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let (sign, whole) = whole.strip_prefix('-').map_or((1, whole), |whole| (-1, whole));
    let digits: String = [whole, fraction.trim_end_matches('0')].concat();
    let significant = digits.trim_start_matches('0');
    let exponent: i64 = exponent.parse().unwrap_or(0);
    // As many places behind the point as the digits have, less the exponent.
    let places = digits.len() as i64 - whole.len() as i64 - exponent;
    let zeros = scale as i64 - places;
    if number.is_f64() && significant.trim_end_matches('0').len() > EXACT_DIGITS_MAX {
        return Err(format!(
            "{text} has more digits than a number keeps exactly ({EXACT_DIGITS_MAX}); write it as bytes"
        ));
    }
    if significant.is_empty() {
        return Ok(0);
    }
    let lost = significant.len() - significant.trim_end_matches('0').len();
    if zeros < -(lost as i64) {
        return Err(format!("{text} has more than the {scale} decimals of decimal({precision},{scale})"));
    }
    let total = significant.len() as i64 + zeros;
    if total > precision as i64 {
        return Err(format!("{text} has more digits than decimal({precision},{scale}) keeps"));
    }
    if total > NUMBER_DIGITS_MAX as i64 {
        return Err(format!("{text} is too long for a number of {NUMBER_DIGITS_MAX} digits; write it as bytes"));
    }
    let kept = significant.len() - usize::try_from(-zeros).unwrap_or(0);
    let padding = "0".repeat(usize::try_from(zeros).unwrap_or(0));
    format!("{}{padding}", &significant[..kept])
        .parse::<i128>()
        .map(|value| sign * value)
        .map_err(|_| format!("{text} is no decimal"))
}

/// The magnitude of a negative number.
fn negated(bytes: &[u8]) -> Vec<u8> {
    let mut magnitude: Vec<u8> = bytes.iter().map(|byte| !byte).collect();
    for byte in magnitude.iter_mut().rev() {
        let (next, carries) = byte.overflowing_add(1);
        *byte = next;
        if !carries {
            return magnitude;
        }
    }
    magnitude.insert(0, 1);
    magnitude
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..]
}

fn power_of_ten(digits: usize) -> Vec<u8> {
    let mut power = vec![1_u8];
    for _ in 0..digits {
        let mut carried = 0_u16;
        for byte in power.iter_mut().rev() {
            let product = u16::from(*byte) * 10 + carried;
            *byte = (product & 0xff) as u8;
            carried = product >> 8;
        }
        if carried > 0 {
            power.insert(0, carried as u8);
        }
    }
    power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: Kind, logical: &str) -> Meaning {
        let node = Node { kind, pointer: String::new(), logical: Some(logical.into()), meaning: None };
        meaning(&node).expect("a logical type")
    }

    #[test]
    fn texts_are_the_numbers_they_stand_for() {
        let date = of(Kind::Int, "date");
        assert_eq!(date.number("1970-01-02"), Some(Ok(1)));
        assert_eq!(date.number("1969-12-31"), Some(Ok(-1)));
        assert_eq!(date.number("2024-02-29"), Some(Ok(19_782)));
        let time = of(Kind::Int, "time-millis");
        assert_eq!(time.number("00:00:01.5"), Some(Ok(1_500)));
        let instant = of(Kind::Long, "timestamp-micros");
        assert_eq!(instant.number("1970-01-01T01:00:00.000001+01:00"), Some(Ok(1)));
        assert_eq!(instant.number("1969-12-31T23:59:59.5Z"), Some(Ok(-500_000)));
        let local = of(Kind::Long, "local-timestamp-nanos");
        assert_eq!(local.number("1970-01-01T00:00:01"), Some(Ok(NANOS_A_SECOND)));
        for (meaning, text) in [
            (&date, "2023-02-29"),
            (&date, "2023-2-1"),
            (&date, "tomorrow!!"),
            (&date, "٠٠٠٠٠"),
            (&time, "24:00:00"),
            (&time, "10:00"),
            (&instant, "2026-11-25T10:00:00"),
            (&instant, "2026-11-25"),
            (&instant, "2026-11-25T10:00:00.0000001Z"),
            (&local, "2026-11-25T10:00:00Z"),
            (&local, "9999-01-01T00:00:00"),
        ] {
            assert!(matches!(meaning.number(text), Some(Err(_))), "{text}");
        }
    }

    #[test]
    fn numbers_become_decimals() {
        let decimal = of(Kind::Bytes, "decimal(5,2)");
        let bytes = |text: &str| decimal.bytes(&text.parse().expect("a number"), None).expect("a decimal");
        assert_eq!(bytes("1.28"), Ok(vec![0, 128]));
        assert_eq!(bytes("-1.28"), Ok(vec![0x80]));
        assert_eq!(bytes("0"), Ok(vec![0]));
        assert_eq!(bytes("-0.01"), Ok(vec![0xff]));
        assert_eq!(bytes("12.30"), Ok(vec![4, 0xce]));
        assert_eq!(bytes("1e2"), Ok(vec![0x27, 0x10]));
        assert_eq!(bytes("999.99"), Ok(vec![1, 0x86, 0x9f]));
        for (text, reason) in [
            ("1.234", "more than the 2 decimals"),
            ("1e-3", "more than the 2 decimals"),
            ("1000", "more digits than decimal(5,2) keeps"),
            ("1e300", "more digits than"),
            ("0.1234567890123456", "more digits than a number keeps exactly"),
        ] {
            let complaint = bytes(text).expect_err(text);
            assert!(complaint.contains(reason), "{text}: {complaint}");
        }
        let one = "1".parse().expect("a number");
        assert_eq!(decimal.bytes(&one, Some(4)), Some(Ok(vec![0, 0, 0, 100])));
        assert_eq!(decimal.bytes(&"-1".parse().expect("a number"), Some(2)), Some(Ok(vec![0xff, 0x9c])));
        assert!(matches!(decimal.bytes(&"300".parse().expect("a number"), Some(1)), Some(Err(_))));
    }

    #[test]
    fn a_decimal_has_no_more_digits_than_its_precision() {
        let decimal = of(Kind::Bytes, "decimal(2,0)");
        for (bytes, fits) in [
            (&[99_u8][..], true),
            (&[100], false),
            (&[0, 0, 0, 99], true),
            (&[0x9d], true),
            (&[0x9c], false),
            (&[0xff, 0xff, 0x9d], true),
            (&[0x80, 0, 0, 0], false),
            (&[], true),
        ] {
            assert_eq!(decimal.refuses_bytes(bytes).is_none(), fits, "{bytes:?}");
        }
        let wide = of(Kind::Bytes, "decimal(1000,0)");
        assert!(wide.refuses_bytes(&[0x7f; 415]).is_none());
        assert!(wide.refuses_bytes(&[0x7f; 417]).is_some());
    }
}
