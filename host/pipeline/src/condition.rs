//! Which records a target takes. Pure: looks at one record's key, attributes and payload, and decides.

use std::cmp::Ordering;

use irongate_runtime::OutputRecord;
use serde_json::Value as Json;

/// A condition on a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// Every one holds.
    All(Vec<Condition>),
    /// At least one holds.
    Any(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// Something about one value of the record. What is not there satisfies no comparison but `NotEquals`.
    Value(Subject, Comparison),
}

/// The value that is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An attribute, by its name.
    Attribute(String),
    /// The routing key.
    Key,
    /// A value in a payload of JSON, by its pointer.
    Json(String),
}

/// What is asked of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Comparison {
    /// It is this value. An attribute or key is text.
    Equals(Json),
    /// It is another value, or not there.
    NotEquals(Json),
    /// It is there, or it is not.
    Exists(bool),
    /// It is a number greater than this. Text that reads as a number counts as one.
    Above(f64),
    /// It is a number less than this.
    Below(f64),
    /// It is text that begins so.
    StartsWith(String),
}

/// A record with its payload read at most once.
pub(crate) struct View<'a> {
    record: &'a OutputRecord,
    json: std::cell::OnceCell<Option<Json>>,
}

impl<'a> View<'a> {
    pub(crate) fn of(record: &'a OutputRecord) -> Self {
        Self { record, json: std::cell::OnceCell::new() }
    }

    fn value(&self, subject: &Subject) -> Option<Json> {
        match subject {
            // Of a name that occurs twice the last value counts.
            Subject::Attribute(name) => {
                let found = self.record.attributes.iter().rev().find(|(other, _)| other == name);
                found.map(|(_, value)| value.as_str().into())
            }
            Subject::Key => self.record.key.as_deref().map(Json::from),
            Subject::Json(pointer) => {
                let json = self.json.get_or_init(|| serde_json::from_slice(&self.record.payload).ok());
                json.as_ref()?.pointer(pointer).cloned()
            }
        }
    }
}

impl Condition {
    pub(crate) fn holds(&self, view: &View<'_>) -> bool {
        match self {
            Condition::All(conditions) => conditions.iter().all(|condition| condition.holds(view)),
            Condition::Any(conditions) => conditions.iter().any(|condition| condition.holds(view)),
            Condition::Not(condition) => !condition.holds(view),
            Condition::Value(subject, comparison) => comparison.holds(view.value(subject).as_ref()),
        }
    }
}

impl Comparison {
    fn holds(&self, value: Option<&Json>) -> bool {
        match self {
            Comparison::Exists(wanted) => value.is_some() == *wanted,
            Comparison::Equals(wanted) => value.is_some_and(|value| same(value, wanted)),
            Comparison::NotEquals(wanted) => !value.is_some_and(|value| same(value, wanted)),
            Comparison::Above(bound) => compare(value, *bound) == Some(Ordering::Greater),
            Comparison::Below(bound) => compare(value, *bound) == Some(Ordering::Less),
            Comparison::StartsWith(start) => value.and_then(Json::as_str).is_some_and(|text| text.starts_with(start)),
        }
    }
}

/// Equal, where 1 and 1.0 are.
fn same(value: &Json, wanted: &Json) -> bool {
    match (value.as_f64(), wanted.as_f64()) {
        (Some(value), Some(wanted)) => value.total_cmp(&wanted) == Ordering::Equal,
        _ => value == wanted,
    }
}

fn compare(value: Option<&Json>, bound: f64) -> Option<Ordering> {
    let value = value?;
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
    number.partial_cmp(&bound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record() -> OutputRecord {
        OutputRecord {
            key: Some("eu-7".into()),
            attributes: vec![("kind".into(), "refund".into()), ("weight".into(), "12".into())],
            payload: r#"{"amount": 5, "to": {"name": null}}"#.into(),
            ..OutputRecord::default()
        }
    }

    fn holds(subject: Subject, comparison: Comparison) -> bool {
        let record = record();
        Condition::Value(subject, comparison).holds(&View::of(&record))
    }

    #[test]
    fn each_comparison_can_hold_and_fail() {
        let kind = || Subject::Attribute("kind".into());
        let amount = || Subject::Json("/amount".into());
        let nowhere = || Subject::Json("/nowhere".into());
        assert!(holds(kind(), Comparison::Equals("refund".into())));
        assert!(!holds(kind(), Comparison::NotEquals("refund".into())));
        assert!(holds(amount(), Comparison::Equals(json!(5.0))) && !holds(amount(), Comparison::Equals(json!("5"))));
        assert!(holds(amount(), Comparison::Above(4.9)) && !holds(amount(), Comparison::Above(5.0)));
        assert!(holds(Subject::Attribute("weight".into()), Comparison::Below(12.5)));
        assert!(holds(Subject::Key, Comparison::StartsWith("eu-".into())));
        assert!(holds(nowhere(), Comparison::Exists(false)) && !holds(nowhere(), Comparison::Below(1.0)));
        assert!(holds(nowhere(), Comparison::NotEquals(json!(1))));
        assert!(holds(Subject::Json("/to/name".into()), Comparison::Exists(true)));
    }

    #[test]
    fn conditions_combine() {
        let refund = Condition::Value(Subject::Attribute("kind".into()), Comparison::Equals("refund".into()));
        let never = Condition::Any(vec![]);
        let record = record();
        let holds = |condition: Condition| condition.holds(&View::of(&record));
        assert!(holds(Condition::All(vec![refund.clone(), Condition::Not(Box::new(never.clone()))])));
        assert!(!holds(Condition::All(vec![refund.clone(), never.clone()])));
        assert!(holds(Condition::Any(vec![never, refund])));
    }
}
