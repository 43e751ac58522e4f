//! Fingerprints as Danube computes them, so that both agree on what is a new version. Not a signature.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

/// `sha256:` and the hash of the compact serialisation with sorted keys.
pub(crate) fn of_json(definition: &Value) -> String {
    of_bytes(sorted(definition).to_string().as_bytes())
}

/// `sha256:` and the hash in lower-case hexadecimal digits.
pub(crate) fn of_bytes(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter().fold(String::from("sha256:"), |text, byte| format!("{text}{byte:02x}"))
}

/// The same value with keys in order even where another crate has made serde_json keep the order of the text.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let ordered: BTreeMap<&String, &Value> = members.iter().collect();
            Value::Object(ordered.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_does_not_matter() {
        let one: Value =
            serde_json::from_str(r#"{"type":"object","properties":{"b":{},"a":{"minimum":1e2}}}"#).unwrap();
        let two: Value =
            serde_json::from_str("{ \"properties\": {\"a\":{\"minimum\":100.0},\"b\":{}},\n\"type\":\"object\" }")
                .unwrap();
        assert_eq!(of_json(&one), of_json(&two));
        // Computed apart: printf '%s' '{"properties":{"a":{"minimum":100.0},"b":{}},"type":"object"}' | sha256sum
        assert_eq!(of_json(&one), "sha256:7bd838cc2641fba74ae3d8e3f544fb1da425da59ac0caef66a749208d4e70a26");
    }
}
