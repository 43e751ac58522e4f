//! Teaches: another format, by a library. Writes a JSON payload as one Avro datum by a schema in the configuration; asks no registry. What the schema does
//! not name is left out, and a field that is missing gets its default.

use apache_avro::{Schema, types::Value as Avro, writer::datum::GenericDatumWriter};
use irongate_transform::{Description, Host, Outcome, OutputRecord, Record, Transform};
use serde::Deserialize;
use serde_json::Value as Json;

/// The configuration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// The Avro schema, as JSON.
    schema: Json,
}

/// The transform.
pub struct JsonToAvro {
    schema: Schema,
}

impl Transform for JsonToAvro {
    type Configuration = Configuration;

    fn describe() -> Description {
        Description::new("json-to-avro", env!("CARGO_PKG_VERSION"))
            .summary("Writes a JSON payload as Avro.")
            .configuration_schema(include_str!("../configuration.json"))
    }

    fn configure(configuration: Configuration) -> Result<JsonToAvro, String> {
        let schema = Schema::parse(&configuration.schema).map_err(|error| format!("`schema` is no Avro: {error}"))?;
        Ok(JsonToAvro { schema })
    }

    fn transform(&mut self, record: Record, host: &mut Host) -> Outcome {
        let payload: Json = match serde_json::from_slice(&record.payload) {
            Ok(payload) => payload,
            Err(error) => return Outcome::reject(format!("the payload is not JSON: {error}")),
        };
        match self.write(payload) {
            Ok(datum) => {
                host.count("written_bytes_total", datum.len() as u64);
                // The producer's schema was that of the JSON: the target's own is the one for this.
                Outcome::emit(OutputRecord { schema: None, ..record.with_payload(datum) })
            }
            Err(error) => Outcome::reject(format!("the payload does not fit the Avro schema: {error}")),
        }
    }
}

impl JsonToAvro {
    fn write(&self, payload: Json) -> Result<Vec<u8>, apache_avro::Error> {
        let value = Avro::try_from(payload)?.resolve(&self.schema)?;
        GenericDatumWriter::builder(&self.schema).build()?.write_value_to_vec(value)
    }
}

irongate_transform::export!(JsonToAvro);

#[cfg(test)]
mod tests {
    use irongate_transform::testing::Tester;
    use serde_json::json;

    use super::*;

    fn configuration() -> Json {
        json!({"schema": {"type": "record", "name": "Order", "fields": [
            {"name": "id", "type": "string"},
            {"name": "amount", "type": "long"},
            {"name": "note", "type": ["null", "string"], "default": null}
        ]}})
    }

    fn outcome(payload: &str) -> Outcome {
        Tester::<JsonToAvro>::new(configuration()).transform(Record::new("/default/orders", payload).keyed("k"))
    }

    #[test]
    fn a_payload_becomes_a_datum_with_what_is_missing_filled_in() {
        // A length and a text, a number in zigzag, and the first branch of the union.
        let expected = Record::new("/default/orders", "").keyed("k").with_payload(*b"\x04o7\x0a\x00");
        assert_eq!(outcome(r#"{"amount": 5, "id": "o7", "unknown": true}"#), Outcome::emit(expected));
        let noted = Record::new("/default/orders", "").keyed("k").with_payload(*b"\x04o7\x0a\x02\x04hi");
        assert_eq!(outcome(r#"{"amount": 5, "id": "o7", "note": "hi"}"#), Outcome::emit(noted));
    }

    #[test]
    fn what_does_not_fit_is_rejected() {
        for payload in ["no JSON", r#"{"id": "o7"}"#, r#"{"id": "o7", "amount": "five"}"#] {
            assert!(matches!(outcome(payload), Outcome::Reject(_)), "{payload}");
        }
    }

    #[test]
    fn a_schema_must_be_one() {
        let refusal = Tester::<JsonToAvro>::refusal(json!({"schema": {"type": "recrod"}}));
        assert!(refusal.is_some_and(|reason| reason.contains("`schema` is no Avro")));
    }
}
