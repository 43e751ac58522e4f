//! Attributes whose names Avro keeps for itself, where they do not belong. The Avro library carries them along and panics when it
//! writes the canonical form for a default, so such a definition is refused before the library sees it. Judges nothing else.

use serde_json::Value;

use crate::excerpt::clip;

/// Why a definition is refused, and the JSON pointer of the attribute.
type Refusal = (String, String);

/// Walks what the canonical form consists of: schemas and what they contain, not defaults and other attributes.
pub(super) fn check(definition: &Value) -> Result<(), Refusal> {
    schema(definition, "")
}

fn schema(value: &Value, pointer: &str) -> Result<(), Refusal> {
    match value {
        Value::String(_) => Ok(()),
        Value::Array(items) => {
            items.iter().enumerate().try_for_each(|(index, item)| schema(item, &format!("{pointer}/{index}")))
        }
        Value::Object(attributes) => attributes.iter().try_for_each(|(name, value)| {
            let pointer = format!("{pointer}/{name}");
            match name.as_str() {
                "name" | "type" | "fields" | "symbols" | "items" | "values" => schema(value, &pointer),
                "size" | "precision" | "scale" if !is_whole(value) => {
                    let message =
                        format!("{name} is {}; Avro keeps this name for a whole number", clip(&value.to_string()));
                    Err((message, pointer))
                }
                _ => Ok(()),
            }
        }),
        other => {
            let message = format!("{} is no schema, and its place is kept for one", clip(&other.to_string()));
            Err((message, pointer.to_owned()))
        }
    }
}

/// As the library reads it, also between quotes.
fn is_whole(value: &Value) -> bool {
    match value {
        Value::String(text) => text.parse::<i64>().is_ok(),
        other => other.as_i64().is_some(),
    }
}

#[cfg(test)]
mod tests {
    use crate::{Schema, SchemaType};

    /// A record whose default has the library write the canonical form of `field`.
    fn with_default(field: &str) -> String {
        format!(r#"{{"type":"record","name":"R","fields":[{{"name":"a","default":"x","type":{field}}}]}}"#)
    }

    #[test]
    fn a_reserved_attribute_that_is_none_is_refused_with_its_place() {
        for (field, name) in [
            (r#"{"type":"string","scale":"decimal"}"#, "scale"),
            (r#"{"type":"string","precision":true}"#, "precision"),
            (r#"{"type":"string","size":18446744073709551615}"#, "size"),
            (r#"{"type":"string","items":5}"#, "items"),
            (r#"{"type":"string","symbols":[null]}"#, "symbols/0"),
            (r#"{"type":"string","name":5}"#, "name"),
        ] {
            let refused = Schema::compile(SchemaType::Avro, with_default(field).as_bytes()).unwrap_err();
            assert!(refused.to_string().contains(&format!("/fields/0/type/{name}")), "{refused}");
        }
    }

    #[test]
    fn other_attributes_are_anything() {
        for field in
            [r#"{"type":"string","scale":"2","size":3}"#, r#"{"type":"string","unit":{"items":5},"note":null}"#]
        {
            Schema::compile(SchemaType::Avro, with_default(field).as_bytes()).unwrap();
        }
    }
}
