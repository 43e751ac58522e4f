//! Sizes and times as people write them: `32MiB`, `200ms`. A number without a unit is refused: nobody can see what it means.

use std::time::Duration;

const SIZES: [(&str, u64); 7] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
];

const TIMES: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

/// Bytes.
pub(crate) fn size(text: &str) -> Result<usize, String> {
    let example = "a size is a whole number with a unit, as 32MiB or 500kB";
    usize::try_from(scaled(text, &SIZES).ok_or(example)?).map_err(|_| example.to_owned())
}

/// A span of time.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    let millis = scaled(text, &TIMES).ok_or("a time is a whole number with a unit, as 200ms, 30s or 5m")?;
    Ok(Duration::from_millis(millis))
}

fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_never_left_out() {
        assert_eq!(size("32MiB"), Ok(32 << 20));
        assert_eq!(size("5 kB"), Ok(5_000));
        assert_eq!(time("200ms"), Ok(Duration::from_millis(200)));
        assert_eq!(time("2m"), Ok(Duration::from_secs(120)));
        for wrong in ["", "5", "MiB", "-1s", "1.5s", "99999999999999999999s", "99999999999999999h"] {
            assert!(size(wrong).is_err() && time(wrong).is_err(), "{wrong}");
        }
    }
}
