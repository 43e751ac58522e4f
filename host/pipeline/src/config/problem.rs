//! What is wrong with a configuration, where, and what may have been meant. All problems of a file are collected, none stops the search.

use std::fmt;

use super::tree::Place;

/// Differences by which a known word may still be meant by an unknown one.
const TYPING_ERRORS_MAX: usize = 2;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where in the file.
    pub place: Place,
    /// Where in the tree, as `pipeline.stages[0].limits`; empty for the file as a whole.
    pub path: String,
    /// What is wrong, for a person.
    pub message: String,
    /// What may have been meant or what to do, for a person.
    pub suggestion: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.place.line, self.place.column)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{}", self.message)?;
        match &self.suggestion {
            Some(suggestion) => write!(f, "; {suggestion}"),
            None => Ok(()),
        }
    }
}

/// The known word that is nearest to an unknown one, as a question, or the list of all.
pub(crate) fn suggest(word: &str, known: &[&str]) -> Option<String> {
    let distance = |candidate: &&str| strsim::damerau_levenshtein(word, candidate);
    let nearest = known.iter().copied().min_by_key(distance)?;
    if distance(&nearest) <= TYPING_ERRORS_MAX.min(nearest.len() / 2) {
        return Some(format!("did you mean `{nearest}`?"));
    }
    Some(format!("known here: {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_is_answered_with_the_word_and_anything_else_with_all() {
        assert_eq!(suggest("memroy", &["memory", "timeout"]).as_deref(), Some("did you mean `memory`?"));
        assert_eq!(suggest("colour", &["memory", "timeout"]).as_deref(), Some("known here: memory, timeout"));
    }
}
