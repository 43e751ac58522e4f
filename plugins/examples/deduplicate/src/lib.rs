//! Teaches: state that outlives an instance. Drops a record whose key was seen before in the same topic. Remembers every key for ever: for a topic whose
//! keys never end, delete old ones.

use irongate_transform::{Capability, Description, Host, Outcome, Record, StateError, Transform};

/// The transform. It has no configuration.
pub struct Deduplicate;

impl Transform for Deduplicate {
    type Configuration = ();

    fn describe() -> Description {
        Description::new("deduplicate", env!("CARGO_PKG_VERSION"))
            .summary("Drops records whose key was seen before.")
            .configuration_schema(r#"{"type": "null"}"#)
            .wants(Capability::State)
    }

    fn configure(_: ()) -> Result<Deduplicate, String> {
        Ok(Deduplicate)
    }

    fn transform(&mut self, record: Record, host: &mut Host) -> Outcome {
        let Some(key) = &record.key else {
            return Outcome::reject("the record has no key, so whether it is a duplicate cannot be told");
        };
        match was_seen(&format!("{}\n{key}", record.topic), host) {
            Ok(true) => {
                host.count("dropped_duplicates_total", 1);
                Outcome::Drop
            }
            Ok(false) => Outcome::Keep,
            Err(error) => Outcome::reject(error.to_string()),
        }
    }
}

fn was_seen(key: &str, host: &mut Host) -> Result<bool, StateError> {
    if host.get(key)?.is_some() {
        return Ok(true);
    }
    host.set(key, b"")?;
    Ok(false)
}

irongate_transform::export!(Deduplicate);

#[cfg(test)]
mod tests {
    use irongate_transform::testing::Tester;

    use super::*;

    #[test]
    fn the_second_of_a_key_is_dropped() {
        let mut tester = Tester::<Deduplicate>::new(());
        let batch = ["a", "b", "a"].map(|key| Record::new("/default/orders", "{}").keyed(key)).into();
        assert_eq!(tester.transform_batch(batch), [Outcome::Keep, Outcome::Keep, Outcome::Drop]);
        assert_eq!(tester.counter("dropped_duplicates_total"), 1);
        assert_eq!(tester.state("/default/orders\na"), Some(&b""[..]));
    }

    #[test]
    fn a_record_without_a_key_is_rejected() {
        let outcome = Tester::<Deduplicate>::new(()).transform(Record::new("/default/orders", "{}"));
        assert!(matches!(outcome, Outcome::Reject(reason) if reason.contains("no key")));
    }
}
