//! Times for people: milliseconds since the epoch as clock and date, durations in
//! milliseconds. The offset from UTC is passed in; nothing here asks a clock.

const DAY_MS: i64 = 86_400_000;

/// `2026-11-23 14:03:22.123` at an offset from UTC in minutes, east positive.
#[must_use]
pub fn date_time(epoch_ms: u64, utc_offset_minutes: i32) -> String {
    let (days, within) = local(epoch_ms, utc_offset_minutes);
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02} {}", clock_of(within))
}

/// `14:03:22.123`.
#[must_use]
pub fn clock(epoch_ms: u64, utc_offset_minutes: i32) -> String {
    clock_of(local(epoch_ms, utc_offset_minutes).1)
}

/// A duration in milliseconds, with a decimal below ten. Whole numbers throughout: the code that
/// prints fractions weighs more than all the rest of this module.
#[must_use]
pub fn milliseconds(duration_ms: f64) -> String {
    let tenths = (duration_ms * 10.0).round() as u64;
    if tenths < 100 {
        format!("{}.{} ms", tenths / 10, tenths % 10)
    } else {
        format!("{} ms", duration_ms.round() as u64)
    }
}

/// Reads `2026-11-23T14:03` or `2026-11-23T14:03:22`, as a browser's date field gives it, at an
/// offset from UTC in minutes. `None` where it is not such a time or lies before 1970.
#[must_use]
pub fn parse_date_time(text: &str, utc_offset_minutes: i32) -> Option<u64> {
    let (date, time) = text.split_once('T')?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let mut time = time.splitn(3, ':');
    let hours = time.next()?.parse::<i64>().ok()?;
    let minutes = time.next()?.parse::<i64>().ok()?;
    let seconds_ms = time.next().map_or(Some(0), seconds_as_ms)?;
    let valid =
        (1..=12).contains(&month) && (1..=31).contains(&day) && (0..24).contains(&hours) && (0..60).contains(&minutes);
    if !valid || !(0..60_000).contains(&seconds_ms) {
        return None;
    }
    let local_ms = days_from_civil(year, month, day) * DAY_MS + hours * 3_600_000 + minutes * 60_000 + seconds_ms;
    u64::try_from(local_ms - i64::from(utc_offset_minutes) * 60_000).ok()
}

/// `22` or `22.123`, up to three decimals.
fn seconds_as_ms(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let fraction_ms: i64 = format!("{fraction:0<3}").parse().ok()?;
    Some(whole * 1000 + fraction_ms)
}

fn local(epoch_ms: u64, utc_offset_minutes: i32) -> (i64, i64) {
    let local_ms = i64::try_from(epoch_ms).unwrap_or(i64::MAX).saturating_add(i64::from(utc_offset_minutes) * 60_000);
    (local_ms.div_euclid(DAY_MS), local_ms.rem_euclid(DAY_MS))
}

fn clock_of(within_ms: i64) -> String {
    let (hours, minutes) = (within_ms / 3_600_000, within_ms / 60_000 % 60);
    format!("{hours:02}:{minutes:02}:{:02}.{:03}", within_ms / 1000 % 60, within_ms % 1000)
}

/// Year, month and day of a day counted from 1970-01-01. Years start in March here, so that the
/// leap day is the last of its year; an era has 400 years.
fn civil(days: i64) -> (i64, i64, i64) {
    let from_march = days + 719_468;
    let era = from_march.div_euclid(146_097);
    let day_of_era = from_march.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        assert_eq!(date_time(0, 0), "1970-01-01 00:00:00.000");
        assert_eq!(date_time(951_782_400_000, 0), "2000-02-29 00:00:00.000");
        assert_eq!(date_time(1_795_439_002_123, 60), "2026-11-23 14:03:22.123");
        assert_eq!(clock(0, -60), "23:00:00.000");
    }

    #[test]
    fn dates_are_read_back() {
        assert_eq!(parse_date_time("2026-11-23T14:03:22.123", 60), Some(1_795_439_002_123));
        assert_eq!(parse_date_time("1970-01-01T00:00", 0), Some(0));
        for text in ["", "2026-11-23", "2026-13-01T00:00", "2026-11-23T24:00", "x-1-1T0:0", "1970-01-01T00:00:60"] {
            assert_eq!(parse_date_time(text, 0), None, "{text}");
        }
        assert_eq!(parse_date_time("1970-01-01T00:00", 60), None, "before the epoch");
    }

    #[test]
    fn durations() {
        assert_eq!([0.04, 3.12, 9.96, 12.6].map(milliseconds), ["0.0 ms", "3.1 ms", "10 ms", "13 ms"]);
    }
}
