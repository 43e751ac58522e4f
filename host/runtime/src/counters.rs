//! What a transform counts in one call, bounded in names. Does not keep totals: they are the caller's.

use std::collections::BTreeMap;

use crate::limits::Limits;

/// The counters of one call.
#[derive(Debug, Default)]
pub(crate) struct CounterBook {
    pub(crate) amounts: BTreeMap<String, u64>,
    pub(crate) additions_left_out: u64,
}

impl CounterBook {
    pub(crate) fn add(&mut self, name: String, amount: u64, limits: &Limits) {
        let is_new = !self.amounts.contains_key(&name);
        let is_full = self.amounts.len() >= limits.counter_names_max;
        if is_new && (is_full || !is_name(&name, limits.counter_name_bytes_max)) {
            self.additions_left_out += 1;
            return;
        }
        let total = self.amounts.entry(name).or_default();
        *total = total.saturating_add(amount);
    }

    pub(crate) fn merge(&mut self, other: CounterBook, limits: &Limits) {
        self.additions_left_out += other.additions_left_out;
        for (name, amount) in other.amounts {
            self.add(name, amount, limits);
        }
    }
}

fn is_name(name: &str, bytes_max: usize) -> bool {
    let is_char = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.len() <= bytes_max && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(is_char)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_and_bounded() {
        let limits = Limits { counter_names_max: 1, ..Limits::default() };
        let mut book = CounterBook::default();
        for (name, amount) in [("Bad Name", 1), ("masked_fields", 2), ("masked_fields", u64::MAX), ("one_more", 1)] {
            book.add(name.into(), amount, &limits);
        }
        assert_eq!(book.amounts, BTreeMap::from([("masked_fields".to_owned(), u64::MAX)]));
        assert_eq!(book.additions_left_out, 2);
    }
}
