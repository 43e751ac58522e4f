//! Teaches: joining a topic with its own past. A record with the attribute `kind=reference` is remembered under its key; every other record gets what is
//! remembered under the key that one of its fields names.

use irongate_transform::{Capability, Description, Host, Outcome, Record, Transform};
use serde::Deserialize;
use serde_json::Value;

/// The attribute and value that mark a record to remember.
const REFERENCE: (&str, &str) = ("kind", "reference");

/// The configuration, such as `{"by": "customer_id", "into": "customer"}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// The field whose value is the key of the reference.
    by: String,
    /// The field that gets it.
    into: String,
}

/// The transform.
pub struct EnrichFromState {
    configuration: Configuration,
}

impl Transform for EnrichFromState {
    type Configuration = Configuration;

    fn describe() -> Description {
        Description::new("enrich-from-state", env!("CARGO_PKG_VERSION"))
            .summary("Remembers records with kind=reference and adds them to the records that name their key.")
            .configuration_schema(include_str!("../configuration.json"))
            .wants(Capability::State)
    }

    fn configure(configuration: Configuration) -> Result<EnrichFromState, String> {
        Ok(EnrichFromState { configuration })
    }

    fn transform(&mut self, record: Record, host: &mut Host) -> Outcome {
        let outcome = if record.attribute(REFERENCE.0) == Some(REFERENCE.1) {
            remember(&record, host)
        } else {
            self.enrich(record, host)
        };
        outcome.unwrap_or_else(Outcome::reject)
    }
}

fn remember(record: &Record, host: &mut Host) -> Result<Outcome, String> {
    let key = record.key.as_deref().ok_or("a reference without a key cannot be remembered")?;
    parse(&record.payload)?;
    host.set(key, &record.payload).map_err(|error| error.to_string())?;
    Ok(Outcome::Drop)
}

impl EnrichFromState {
    fn enrich(&self, record: Record, host: &mut Host) -> Result<Outcome, String> {
        let Configuration { by, into } = &self.configuration;
        let mut payload = parse(&record.payload)?;
        let key =
            payload.get(by).and_then(Value::as_str).ok_or_else(|| format!("the payload has no text in `{by}`"))?;
        let Some(reference) = host.get(key).map_err(|error| error.to_string())? else {
            // It may still come: references and records arrive in no agreed order.
            return Ok(Outcome::Retry(format!("nothing is remembered under the key {key}")));
        };
        payload[into.as_str()] = parse(&reference)?;
        Ok(Outcome::emit(record.with_payload(payload.to_string())))
    }
}

/// Reads an object: only there a field can be added.
fn parse(payload: &[u8]) -> Result<Value, String> {
    match serde_json::from_slice(payload) {
        Ok(payload @ Value::Object(_)) => Ok(payload),
        Ok(_) => Err("the payload is JSON, but not an object".into()),
        Err(error) => Err(format!("the payload is not JSON: {error}")),
    }
}

irongate_transform::export!(EnrichFromState);

#[cfg(test)]
mod tests {
    use irongate_transform::testing::Tester;
    use serde_json::json;

    use super::*;

    fn tester() -> Tester<EnrichFromState> {
        Tester::new(json!({"by": "customer_id", "into": "customer"}))
    }

    fn order() -> Record {
        Record::new("/default/orders", r#"{"customer_id":"c1","id":7}"#)
    }

    #[test]
    fn a_record_gets_what_was_remembered() {
        let mut tester = tester();
        let reference = Record::new("/default/orders", r#"{"name":"Ada"}"#).keyed("c1").attributed("kind", "reference");
        assert_eq!(tester.transform(reference), Outcome::Drop);
        let enriched = tester.transform(order());
        assert_eq!(enriched.payloads(), [r#"{"customer":{"name":"Ada"},"customer_id":"c1","id":7}"#]);
    }

    #[test]
    fn a_record_that_is_too_early_is_retried() {
        assert!(matches!(tester().transform(order()), Outcome::Retry(reason) if reason.contains("c1")));
    }

    #[test]
    fn what_cannot_be_enriched_is_rejected() {
        for payload in ["[]", "{}", "text"] {
            assert!(matches!(tester().transform(Record::new("/a/b", payload)), Outcome::Reject(_)), "{payload}");
        }
    }
}
