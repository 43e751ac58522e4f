//! Teaches: reading a configuration, editing a JSON payload, counting. Replaces the values of named fields, wherever they are, by `***`.

use irongate_transform::{Description, Host, Outcome, Record, Transform};
use serde::Deserialize;
use serde_json::Value;

/// The configuration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// Names of the fields whose values nobody may see.
    fields: Vec<String>,
}

/// The transform.
pub struct MaskFields {
    fields: Vec<String>,
}

impl Transform for MaskFields {
    type Configuration = Configuration;

    fn describe() -> Description {
        Description::new("mask-fields", env!("CARGO_PKG_VERSION"))
            .summary("Replaces the values of named fields of a JSON payload by ***.")
            .configuration_schema(include_str!("../configuration.json"))
    }

    fn configure(configuration: Configuration) -> Result<MaskFields, String> {
        if configuration.fields.is_empty() {
            return Err("`fields` is empty: name at least one field to mask".into());
        }
        Ok(MaskFields { fields: configuration.fields })
    }

    fn transform(&mut self, record: Record, host: &mut Host) -> Outcome {
        let mut payload: Value = match serde_json::from_slice(&record.payload) {
            Ok(payload) => payload,
            Err(error) => return Outcome::reject(format!("the payload is not JSON: {error}")),
        };
        let masked = self.mask(&mut payload);
        if masked == 0 {
            return Outcome::Keep;
        }
        host.count("masked_fields_total", masked);
        Outcome::emit(record.with_payload(payload.to_string()))
    }
}

impl MaskFields {
    fn mask(&self, value: &mut Value) -> u64 {
        match value {
            Value::Object(members) => members
                .iter_mut()
                .map(|(name, value)| {
                    if self.fields.contains(name) {
                        *value = Value::from("***");
                        1
                    } else {
                        self.mask(value)
                    }
                })
                .sum(),
            Value::Array(items) => items.iter_mut().map(|item| self.mask(item)).sum(),
            _ => 0,
        }
    }
}

irongate_transform::export!(MaskFields);

#[cfg(test)]
mod tests {
    use irongate_transform::testing::Tester;
    use serde_json::json;

    use super::*;

    fn tester() -> Tester<MaskFields> {
        Tester::new(json!({"fields": ["email"]}))
    }

    #[test]
    fn fields_are_masked_at_every_depth() {
        let mut tester = tester();
        let payload = json!({"email": "a@b.c", "buyers": [{"email": null, "name": "Ada"}]}).to_string();
        let outcome = tester.transform(Record::new("/default/orders", payload).keyed("k1"));
        assert_eq!(outcome.payloads(), [r#"{"buyers":[{"email":"***","name":"Ada"}],"email":"***"}"#]);
        assert_eq!(tester.counter("masked_fields_total"), 2);
        assert!(matches!(outcome, Outcome::Emit(records) if records[0].key.as_deref() == Some("k1")));
    }

    #[test]
    fn a_record_without_the_fields_is_kept_as_it_is() {
        assert_eq!(tester().transform(Record::new("/default/orders", r#"{ "id" : 1 }"#)), Outcome::Keep);
    }

    #[test]
    fn what_is_not_json_is_rejected() {
        let outcome = tester().transform(Record::new("/default/orders", "email=a@b.c"));
        assert!(matches!(outcome, Outcome::Reject(reason) if reason.contains("not JSON")));
    }

    #[test]
    fn a_configuration_must_name_fields() {
        assert!(Tester::<MaskFields>::refusal(json!({"fields": []})).is_some_and(|reason| reason.contains("`fields`")));
        assert!(Tester::<MaskFields>::refusal(json!({"field": ["a"]})).is_some_and(|reason| reason.contains("field")));
    }
}
