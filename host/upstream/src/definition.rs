//! The text of a schema as it was registered. Danube answers with a wrapper of its own around it;
//! Irongate, and whoever else keeps to the contract, with the text itself.

use bytes::Bytes;
use serde_json::Value;

/// The kinds that Danube wraps, and where each keeps the text.
const TEXTS: [&str; 3] = ["raw_schema", "raw_proto", "raw"];

/// The registered bytes.
pub(crate) fn unwrapped(definition: Bytes, schema_type: &str) -> Bytes {
    let Ok(value) = serde_json::from_slice::<Value>(&definition) else { return definition };
    match &value {
        // Of kinds without a definition Danube keeps the name alone.
        Value::String(_) if !matches!(schema_type, "json_schema" | "avro" | "protobuf") => Bytes::new(),
        Value::Object(fields) if fields.len() == 1 => {
            let Some((kind, inner)) = fields.iter().next() else { return definition };
            let is_wrapper = matches!(kind.as_str(), "JsonSchema" | "Avro" | "Protobuf");
            let text = TEXTS.iter().find_map(|name| inner.get(name)?.as_str()).filter(|_| is_wrapper);
            text.map_or(definition.clone(), |text| Bytes::from(text.to_owned()))
        }
        _ => definition,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn danubes_wrapper_comes_off_and_nothing_else() {
        let table = [
            (
                r#"{"JsonSchema":{"raw_schema":"{\"type\":\"object\"}","fingerprint":"x"}}"#,
                "json_schema",
                r#"{"type":"object"}"#,
            ),
            (r#"{"Avro":{"raw_schema":"\"string\"","fingerprint":"x"}}"#, "avro", r#""string""#),
            (r#"{"Protobuf":{"raw_proto":"syntax","message_name":"M"}}"#, "protobuf", "syntax"),
            (r#""String""#, "string", ""),
            (r#"{"type":"object"}"#, "json_schema", r#"{"type":"object"}"#),
            (r#"{"JsonSchema":{"type":"object"}}"#, "json_schema", r#"{"JsonSchema":{"type":"object"}}"#),
            (r#""string""#, "avro", r#""string""#),
            ("syntax = \"proto3\";", "protobuf", "syntax = \"proto3\";"),
        ];
        for (answered, kind, registered) in table {
            assert_eq!(unwrapped(Bytes::from(answered), kind), registered, "{answered}");
        }
    }
}
