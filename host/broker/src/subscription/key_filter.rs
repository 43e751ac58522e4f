//! Key filters: which routing keys a key-shared consumer wants, as globs. No consumers and
//! no messages here.

use crate::{BrokerError, Limits};

/// A glob over routing keys: `*` stands for any run of characters, `?` for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyFilter {
    pattern: Vec<char>,
}

impl KeyFilter {
    pub(crate) fn new(pattern: &str) -> Self {
        Self { pattern: pattern.chars().collect() }
    }

    /// Linear in the key for each `*`: only the last one is ever tried again.
    pub(crate) fn matches(&self, key: &str) -> bool {
        let key: Vec<char> = key.chars().collect();
        let pattern = &self.pattern;
        let (mut at, mut taken) = (0, 0);
        // Where the last `*` was, and how much of the key it covers so far.
        let mut star: Option<(usize, usize)> = None;
        while taken < key.len() {
            match pattern.get(at) {
                Some('*') => {
                    star = Some((at, taken));
                    at += 1;
                }
                Some(char) if *char == '?' || *char == key[taken] => {
                    at += 1;
                    taken += 1;
                }
                _ => {
                    let Some((star_at, covered)) = star else { return false };
                    star = Some((star_at, covered + 1));
                    at = star_at + 1;
                    taken = covered + 1;
                }
            }
        }
        pattern[at..].iter().all(|char| *char == '*')
    }
}

/// The filters of a Subscribe request. None at all wants every key.
pub(crate) fn key_filters(patterns: &[String], limits: &Limits) -> Result<Vec<KeyFilter>, BrokerError> {
    if patterns.len() > limits.key_filters_max {
        let what = format!("{} key filters for one consumer", patterns.len());
        return Err(BrokerError::LimitReached { what, limit: limits.key_filters_max });
    }
    for pattern in patterns {
        crate::names::check_name("key filter", pattern, false, limits)?;
    }
    Ok(patterns.iter().map(|pattern| KeyFilter::new(pattern)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_whole_keys() {
        let table = [
            ("*", "", true),
            ("*", "anything", true),
            ("?", "", false),
            ("?", "ü", true),
            ("eu-*", "eu-west", true),
            ("eu-*", "us-eu-west", false),
            ("*-west", "eu-west", true),
            ("*-west", "eu-western", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b-", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("plain", "plain", true),
            ("plain", "plainer", false),
            ("**?", "x", true),
        ];
        for (pattern, key, expected) in table {
            assert_eq!(KeyFilter::new(pattern).matches(key), expected, "{pattern} against {key}");
        }
    }

    #[test]
    fn a_hostile_pattern_costs_no_more_than_pattern_times_key() {
        let pattern = KeyFilter::new(&format!("{}b", "*a".repeat(100)));
        assert!(!pattern.matches(&"a".repeat(10_000)));
    }

    #[test]
    fn filters_are_bounded_in_number_and_length() {
        let limits = Limits { key_filters_max: 2, ..Limits::default() };
        let filters =
            |patterns: &[&str]| key_filters(&patterns.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>(), &limits);
        assert_eq!(filters(&["a", "b"]).unwrap().len(), 2);
        let error = filters(&["a", "b", "c"]).unwrap_err();
        assert_eq!(error.to_string(), "3 key filters for one consumer: the limit is 2");
        assert!(filters(&[""]).is_err());
        assert!(filters(&[&"x".repeat(limits.name_bytes_max + 1)]).is_err());
    }
}
