//! What a new schema would do to the messages that are stored already and to the templates of this browser: how many
//! were tried, and which would fail. Does not read them and does not check them.

use irongate_proto::irongate_v1::Violation;

/// Messages tried from each partition, the newest.
pub const MESSAGES_PER_PARTITION_MAX: u32 = 100;

/// Messages tried in all.
pub const MESSAGES_MAX: usize = 1000;

/// Failing messages listed; more are counted.
pub const FAILING_LISTED_MAX: usize = 50;

/// A message that the new schema would refuse.
#[derive(Clone, Debug, PartialEq)]
pub struct Failing {
    /// Where it is: a topic and an offset, or the name of a template.
    pub place: String,
    /// The first broken rule.
    pub first: Violation,
    /// How many rules it breaks.
    pub count: usize,
}

/// What has been found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evolution {
    /// The topics bound to the subject.
    pub topics: Vec<String>,
    /// Messages tried.
    pub tried: usize,
    /// Templates tried.
    pub templates_tried: usize,
    /// Templates that would fail.
    pub templates_failing: usize,
    /// Stored messages that would fail.
    pub failing: usize,
    /// The first of them, at most [`FAILING_LISTED_MAX`].
    pub listed: Vec<Failing>,
    /// There were more messages than [`MESSAGES_MAX`].
    pub cut: bool,
}

impl Evolution {
    /// Takes the check of one stored message into account.
    pub fn take(&mut self, topic: &str, offset: u64, violations: Vec<Violation>) {
        self.tried += 1;
        self.failing += usize::from(!violations.is_empty());
        self.list(format!("{topic} offset {offset}"), violations);
    }

    /// Takes the check of one template into account.
    pub fn take_template(&mut self, name: &str, violations: Vec<Violation>) {
        self.templates_tried += 1;
        self.templates_failing += usize::from(!violations.is_empty());
        self.list(format!("template {name}"), violations);
    }

    /// How many would fail, stored or not.
    #[must_use]
    pub fn failing_all(&self) -> usize {
        self.failing + self.templates_failing
    }

    fn list(&mut self, place: String, violations: Vec<Violation>) {
        let count = violations.len();
        if self.listed.len() < FAILING_LISTED_MAX
            && let Some(first) = violations.into_iter().next()
        {
            self.listed.push(Failing { place, first, count });
        }
    }

    /// Whether no more messages are tried.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.tried >= MESSAGES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_counted_and_the_first_failing_are_listed() {
        let mut evolution = Evolution::default();
        evolution.take("/default/x", 0, Vec::new());
        for offset in 1..=60 {
            let rule = Violation { rule: format!("rule {offset}"), ..Violation::default() };
            evolution.take("/default/x", offset, vec![rule, Violation::default()]);
        }
        assert_eq!((evolution.tried, evolution.failing, evolution.listed.len()), (61, 60, FAILING_LISTED_MAX));
        assert_eq!((&*evolution.listed[0].place, evolution.listed[0].count), ("/default/x offset 1", 2));
        assert_eq!(evolution.listed[0].first.rule, "rule 1");
        assert!(!evolution.is_full());
        let mut templates = Evolution::default();
        templates.take_template("good", Vec::new());
        templates.take_template("bad", vec![Violation::default()]);
        assert_eq!((templates.templates_tried, templates.failing_all(), templates.tried), (2, 1, 0));
        assert_eq!(templates.listed[0].place, "template bad");
        for offset in 61..=MESSAGES_MAX as u64 {
            evolution.take("/default/x", offset, Vec::new());
        }
        assert!(evolution.is_full());
    }
}
