//! The state of validation while the user types: the latest answer that belongs to the
//! text, and whether a newer one is on its way. Answers to older questions are dropped.

use std::rc::Rc;

use bytes::Bytes;
use irongate_proto::irongate_v1::Violation;
use yew::Reducible;

/// A message that has been checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checked {
    /// Every broken rule, in the order of the text; none: valid.
    pub violations: Rc<[Violation]>,
    /// How long the check took inside the worker.
    pub elapsed_ms: f64,
    /// What travels.
    pub wire: Wire,
    /// The full name of the Protobuf message it is; empty for other types.
    pub message_type: Rc<str>,
}

/// What travels when the message is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Wire {
    /// The text as it stands.
    #[default]
    AsTyped,
    /// These bytes, made of the text.
    Encoded(Bytes),
    /// Nothing: what breaks its schema has no encoding.
    Unencodable,
}

/// What the worker found.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// The message against its schema.
    Checked(Checked),
    /// The schema itself cannot be used; a sentence says why.
    SchemaUnusable(String),
    /// The worker has failed; a sentence says how.
    WorkerFailed(String),
}

/// The check of one text against one schema.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CheckState {
    /// The number of the newest question; answers carry the number of theirs.
    pub asked: u64,
    /// The newest answer, of this question or an older one.
    pub finding: Option<Finding>,
    answered: u64,
}

/// A step of a check.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckAction {
    /// The text or the schema has changed; this is the number of the new question.
    Asked(u64),
    /// An answer has come.
    Answered(u64, Finding),
    /// There is nothing to check any more: another schema, or none.
    Forgotten,
}

impl Reducible for CheckState {
    type Action = CheckAction;

    fn reduce(self: Rc<Self>, action: CheckAction) -> Rc<Self> {
        match action {
            CheckAction::Asked(number) => Rc::new(CheckState { asked: number, ..(*self).clone() }),
            // An older answer would underline what is no longer there.
            CheckAction::Answered(number, _) if number != self.asked => self,
            CheckAction::Answered(number, finding) => {
                Rc::new(CheckState { asked: number, answered: number, finding: Some(finding) })
            }
            CheckAction::Forgotten => Rc::new(CheckState { finding: None, answered: 0, asked: self.asked }),
        }
    }
}

impl CheckState {
    /// The answer to the newest question, if it has come.
    #[must_use]
    pub fn settled(&self) -> Option<&Finding> {
        self.finding.as_ref().filter(|_| self.answered == self.asked)
    }

    /// The same, before a new question has got its number: whatever has been answered does not count.
    #[must_use]
    pub fn outdated(&self) -> CheckState {
        CheckState { asked: self.asked + 1, ..self.clone() }
    }

    /// The newest answer about the message itself, even while the next one is on its way.
    #[must_use]
    pub fn checked(&self) -> Option<&Checked> {
        match &self.finding {
            Some(Finding::Checked(checked)) => Some(checked),
            _ => None,
        }
    }

    /// The violations to show: of the newest answer, even while the next one is on its way,
    /// so that the list does not blink at every key.
    #[must_use]
    pub fn violations(&self) -> Rc<[Violation]> {
        self.checked().map_or_else(Rc::default, |checked| checked.violations.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(count: usize) -> Finding {
        Finding::Checked(Checked { violations: vec![Violation::default(); count].into(), ..Checked::default() })
    }

    fn after(actions: Vec<CheckAction>) -> Rc<CheckState> {
        actions.into_iter().fold(Rc::default(), |state: Rc<CheckState>, action| state.reduce(action))
    }

    #[test]
    fn an_answer_to_an_older_question_is_dropped() {
        let state = after(vec![CheckAction::Asked(1), CheckAction::Asked(2), CheckAction::Answered(1, found(3))]);
        assert_eq!((state.settled(), state.violations().len()), (None, 0));
        let state = state.reduce(CheckAction::Answered(2, found(1)));
        assert_eq!((state.settled(), state.violations().len()), (Some(&found(1)), 1));
    }

    #[test]
    fn while_a_question_is_open_the_last_answer_shows_but_does_not_count() {
        let state = after(vec![CheckAction::Asked(1), CheckAction::Answered(1, found(2)), CheckAction::Asked(2)]);
        assert_eq!((state.settled(), state.violations().len()), (None, 2));
        let state = state.reduce(CheckAction::Answered(2, found(1)));
        assert_eq!((state.outdated().settled(), state.outdated().violations().len()), (None, 1));
    }

    #[test]
    fn another_schema_forgets_what_the_last_one_said() {
        let state = after(vec![CheckAction::Asked(1), CheckAction::Answered(1, found(2)), CheckAction::Forgotten]);
        assert_eq!((state.settled(), state.violations().len()), (None, 0));
    }
}
