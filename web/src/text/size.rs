//! Counts and sizes in words a person reads at a glance.

/// Bytes in B, kB or MB (powers of ten), at most one decimal.
#[must_use]
pub fn bytes(count: u64) -> String {
    match count {
        0..1000 => format!("{count} B"),
        1000..1_000_000 => format!("{} kB", tenths(count, 1000)),
        _ => format!("{} MB", tenths(count, 1_000_000)),
    }
}

/// Rounded half up to one decimal, without a decimal of zero.
fn tenths(count: u64, unit: u64) -> String {
    let tenths = (count * 10 + unit / 2) / unit;
    if tenths.is_multiple_of(10) { (tenths / 10).to_string() } else { format!("{}.{}", tenths / 10, tenths % 10) }
}

/// A count with thin groups of three: `1 234 567` with no-break thin spaces, from five digits on.
#[must_use]
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// `1 rule`, `2 rules`.
#[must_use]
pub fn counted(count: usize, singular: &str, plural: &str) -> String {
    let noun = if count == 1 { singular } else { plural };
    format!("{} {noun}", grouped(count as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(
            [0, 999, 1000, 1049, 1050, 1_500_000].map(bytes),
            ["0 B", "999 B", "1 kB", "1 kB", "1.1 kB", "1.5 MB"]
        );
    }

    #[test]
    fn groups() {
        assert_eq!([0, 1234, 12345, 1_234_567].map(grouped), ["0", "1234", "12\u{202f}345", "1\u{202f}234\u{202f}567"]);
        assert_eq!([1, 0, 2].map(|count| counted(count, "rule", "rules")), ["1 rule", "0 rules", "2 rules"]);
    }
}
