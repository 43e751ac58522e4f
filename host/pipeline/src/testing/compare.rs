//! What came out against what a test expects. Pure.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::{Expected, ExpectedPayload};
use crate::{dead_letter::FAILURE_REASON, engine::Outgoing};

/// Characters of a payload that a difference shows.
const SHOWN_CHARS_MAX: usize = 200;

/// Every difference, as a sentence. Records with the same key must come in the expected order, others in any.
pub(super) fn differences(place: &str, expected: &[Expected], actual: &[Outgoing]) -> Vec<String> {
    let mut left: Vec<Option<&Outgoing>> = actual.iter().map(Some).collect();
    let mut differences = Vec::new();
    // Where the last record of each key was found.
    let mut last: HashMap<Option<&str>, usize> = HashMap::new();
    for (number, expected) in expected.iter().enumerate() {
        let found =
            left.iter().position(|outgoing| outgoing.is_some_and(|outgoing| why_not(expected, outgoing).is_none()));
        let Some(index) = found else {
            let nearest = left.iter().flatten().next();
            let why =
                nearest.and_then(|outgoing| why_not(expected, outgoing)).unwrap_or("no record is left".to_owned());
            differences.push(format!("{place}: expected record {} did not come: {why}", number + 1));
            continue;
        };
        let taken = left[index].take();
        let key = taken.and_then(|outgoing| outgoing.key.as_deref());
        if last.get(&key).is_some_and(|last| *last > index) {
            differences.push(format!("{place}: expected record {} came before others with its key", number + 1));
        }
        last.insert(key, index);
    }
    for outgoing in left.into_iter().flatten() {
        differences.push(format!("{place}: a record came that was not expected: {}", shown(outgoing)));
    }
    differences
}

fn why_not(expected: &Expected, outgoing: &Outgoing) -> Option<String> {
    if let Some(key) = &expected.key
        && outgoing.key.as_ref() != Some(key)
    {
        return Some(format!("the key is {}, expected {key}", outgoing.key.as_deref().unwrap_or("absent")));
    }
    for (name, value) in &expected.attributes {
        match outgoing.attributes.get(name) {
            Some(actual) if actual == value => {}
            Some(actual) => return Some(format!("the attribute {name} is {actual}, expected {value}")),
            None => return Some(format!("the attribute {name} is absent, expected {value}")),
        }
    }
    if let Some(part) = &expected.reason_contains {
        let reason = outgoing.attributes.get(FAILURE_REASON).map(String::as_str).unwrap_or_default();
        if !reason.contains(part) {
            return Some(format!("the reason is `{reason}`, expected to contain `{part}`"));
        }
    }
    payload_differs(expected.payload.as_ref()?, outgoing)
}

fn payload_differs(expected: &ExpectedPayload, outgoing: &Outgoing) -> Option<String> {
    let json = || serde_json::from_slice::<Json>(&outgoing.payload).ok();
    let (is_right, wanted) = match expected {
        ExpectedPayload::Bytes(bytes) => (*bytes == outgoing.payload, String::from_utf8_lossy(bytes).into_owned()),
        ExpectedPayload::Json(wanted) => (json().is_some_and(|json| json == *wanted), wanted.to_string()),
        ExpectedPayload::JsonContains(wanted) => {
            (json().is_some_and(|json| contains(&json, wanted)), format!("something with {wanted}"))
        }
    };
    (!is_right).then(|| format!("the payload is {}, expected {wanted}", shown(outgoing)))
}

/// Whether everything in `wanted` is in `json`: objects by their keys, lists element by element.
fn contains(json: &Json, wanted: &Json) -> bool {
    match (json, wanted) {
        (Json::Object(json), Json::Object(wanted)) => {
            wanted.iter().all(|(key, wanted)| json.get(key).is_some_and(|json| contains(json, wanted)))
        }
        (Json::Array(json), Json::Array(wanted)) => {
            json.len() == wanted.len() && json.iter().zip(wanted).all(|(json, wanted)| contains(json, wanted))
        }
        _ => json == wanted,
    }
}

fn shown(outgoing: &Outgoing) -> String {
    String::from_utf8_lossy(&outgoing.payload).chars().take(SHOWN_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Position;
    use serde_json::json;

    fn outgoing(key: &str, payload: &str) -> Outgoing {
        let origin = Position { topic: "/default/t".into(), offset: 0 };
        Outgoing { origin, key: Some(key.into()), attributes: [].into(), payload: payload.to_owned().into() }
    }

    fn expected(key: &str, json: Json) -> Expected {
        Expected { key: Some(key.into()), payload: Some(ExpectedPayload::JsonContains(json)), ..Expected::default() }
    }

    #[test]
    fn each_kind_of_difference_is_told() {
        let came = [outgoing("a", r#"{"n": 1, "more": true}"#), outgoing("b", r#"{"n": 2}"#)];
        let right = [expected("b", json!({"n": 2})), expected("a", json!({"n": 1}))];
        assert_eq!(differences("t", &right, &came), Vec::<String>::new());
        assert_eq!(differences("t", &right[..1], &came).len(), 1);
        let wrong = [expected("a", json!({"n": 3})), expected("b", json!({"n": 2}))];
        let told = differences("t", &wrong, &came);
        assert_eq!(told.len(), 2);
        assert!(told[0].contains(r#"expected something with {"n":3}"#), "{told:?}");
    }

    #[test]
    fn the_order_of_a_key_counts() {
        let came = [outgoing("a", "2"), outgoing("a", "1")];
        let told = differences("t", &[expected("a", json!(1)), expected("a", json!(2))], &came);
        assert_eq!(told.len(), 1, "{told:?}");
    }
}
