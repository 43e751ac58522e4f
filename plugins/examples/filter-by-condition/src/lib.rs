//! Teaches: `keep` and `drop`, which carry no payload back. Compares one place of a JSON payload with a value; no expression language.

use std::cmp::Ordering;

use irongate_transform::{Description, Host, Outcome, Record, Transform};
use serde::Deserialize;
use serde_json::Value;

/// The configuration, such as `{"path": "/amount", "is": "at_least", "value": 100}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// A JSON Pointer into the payload.
    path: String,
    /// How to compare.
    is: Comparison,
    /// What to compare with.
    value: Value,
}

/// How two values are compared. Numbers with numbers, text with text; anything else is only equal or not.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Comparison {
    Equal,
    NotEqual,
    LessThan,
    AtLeast,
}

/// The transform.
pub struct FilterByCondition {
    condition: Configuration,
}

impl Transform for FilterByCondition {
    type Configuration = Configuration;

    fn describe() -> Description {
        Description::new("filter-by-condition", env!("CARGO_PKG_VERSION"))
            .summary("Keeps the records whose JSON payload meets a condition, drops the others.")
            .configuration_schema(include_str!("../configuration.json"))
    }

    fn configure(condition: Configuration) -> Result<FilterByCondition, String> {
        if !condition.path.is_empty() && !condition.path.starts_with('/') {
            return Err(format!("`path` is `{}`, but a JSON Pointer is empty or starts with a slash", condition.path));
        }
        Ok(FilterByCondition { condition })
    }

    fn transform(&mut self, record: Record, _host: &mut Host) -> Outcome {
        match serde_json::from_slice::<Value>(&record.payload) {
            Ok(payload) if self.is_met(&payload) => Outcome::Keep,
            Ok(_) => Outcome::Drop,
            Err(error) => Outcome::reject(format!("the payload is not JSON: {error}")),
        }
    }
}

impl FilterByCondition {
    /// A place that is not there meets no condition, not even `not_equal`.
    fn is_met(&self, payload: &Value) -> bool {
        let Some(found) = payload.pointer(&self.condition.path) else { return false };
        let order = compare(found, &self.condition.value);
        match self.condition.is {
            Comparison::Equal => order == Some(Ordering::Equal),
            Comparison::NotEqual => order != Some(Ordering::Equal),
            Comparison::LessThan => order == Some(Ordering::Less),
            Comparison::AtLeast => matches!(order, Some(Ordering::Equal | Ordering::Greater)),
        }
    }
}

fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    if let (Some(left), Some(right)) = (left.as_f64(), right.as_f64()) {
        return left.partial_cmp(&right);
    }
    if let (Some(left), Some(right)) = (left.as_str(), right.as_str()) {
        return Some(left.cmp(right));
    }
    (left == right).then_some(Ordering::Equal)
}

irongate_transform::export!(FilterByCondition);

#[cfg(test)]
mod tests {
    use irongate_transform::testing::Tester;
    use serde_json::json;

    use super::*;

    fn outcome(is: &str, value: Value, payload: Value) -> Outcome {
        let mut tester = Tester::<FilterByCondition>::new(json!({"path": "/amount", "is": is, "value": value}));
        tester.transform(Record::new("/default/orders", payload.to_string()))
    }

    #[test]
    fn numbers_and_texts_are_compared() {
        assert_eq!(outcome("at_least", json!(100), json!({"amount": 100.0})), Outcome::Keep);
        assert_eq!(outcome("less_than", json!(100), json!({"amount": 100})), Outcome::Drop);
        assert_eq!(outcome("less_than", json!("b"), json!({"amount": "a"})), Outcome::Keep);
        assert_eq!(outcome("equal", json!(null), json!({"amount": null})), Outcome::Keep);
        assert_eq!(outcome("not_equal", json!(1), json!({"amount": "1"})), Outcome::Keep);
    }

    #[test]
    fn a_missing_place_meets_no_condition() {
        assert_eq!(outcome("not_equal", json!(1), json!({})), Outcome::Drop);
    }

    #[test]
    fn a_path_must_be_a_pointer() {
        let refusal = Tester::<FilterByCondition>::refusal(json!({"path": "amount", "is": "equal", "value": 1}));
        assert!(refusal.is_some_and(|reason| reason.contains("`amount`")));
    }
}
