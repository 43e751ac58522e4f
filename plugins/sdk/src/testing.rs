//! A double of the host, so that a transform's tests run natively, in milliseconds. It keeps state, log and counters in memory, grants exactly what the
//! transform's description wants, and has no limits: those are tested with the component.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    Capability, Level, Outcome, Record, StateError, Transform, configure,
    host::{Backend, Host},
};

/// A configured transform with a double of its host.
pub struct Tester<T> {
    transform: T,
    double: Double,
}

impl<T: Transform> Tester<T> {
    /// Configures the transform as a pipeline would: from the JSON of this value.
    ///
    /// # Panics
    /// The transform refuses it; the sentence is in the panic.
    pub fn new(configuration: impl Serialize) -> Tester<T> {
        match configure(&json(configuration)) {
            Ok(transform) => Tester { transform, double: Double::granting(&T::describe().capabilities) },
            Err(reason) => panic!("the transform refuses its configuration: {reason}"),
        }
    }

    /// The sentence with which the transform refuses a configuration, or nothing where it accepts it.
    pub fn refusal(configuration: impl Serialize) -> Option<String> {
        configure::<T>(&json(configuration)).err()
    }

    /// Transforms one record.
    pub fn transform(&mut self, record: Record) -> Outcome {
        self.transform_batch(vec![record]).pop().unwrap_or(Outcome::Drop)
    }

    /// Transforms a batch.
    ///
    /// # Panics
    /// There are not as many outcomes as records.
    pub fn transform_batch(&mut self, batch: Vec<Record>) -> Vec<Outcome> {
        let records = batch.len();
        let outcomes = self.transform.transform_batch(batch, &mut Host::new(&mut self.double));
        assert_eq!(outcomes.len(), records, "a transform answers as many outcomes as it was given records");
        outcomes
    }

    /// What was logged so far, oldest first.
    #[must_use]
    pub fn log(&self) -> &[(Level, String)] {
        &self.double.log
    }

    /// What was counted under a name so far.
    #[must_use]
    pub fn counter(&self, name: &str) -> u64 {
        self.double.counters.get(name).copied().unwrap_or_default()
    }

    /// The value of a key of the state.
    #[must_use]
    pub fn state(&self, key: &str) -> Option<&[u8]> {
        self.double.state.get(key).map(Vec::as_slice)
    }
}

fn json(configuration: impl Serialize) -> String {
    serde_json::to_string(&configuration).expect("a test's configuration can be written as JSON")
}

struct Double {
    grants_state: bool,
    log: Vec<(Level, String)>,
    counters: BTreeMap<String, u64>,
    state: BTreeMap<String, Vec<u8>>,
}

impl Double {
    fn granting(capabilities: &[Capability]) -> Double {
        Double {
            grants_state: capabilities.contains(&Capability::State),
            log: Vec::new(),
            counters: BTreeMap::new(),
            state: BTreeMap::new(),
        }
    }

    fn granted(&mut self) -> Result<&mut BTreeMap<String, Vec<u8>>, StateError> {
        if self.grants_state { Ok(&mut self.state) } else { Err(StateError::Denied) }
    }
}

impl Backend for Double {
    fn log(&mut self, level: Level, message: &str) {
        self.log.push((level, message.into()));
    }

    fn count(&mut self, name: &str, amount: u64) {
        *self.counters.entry(name.into()).or_default() += amount;
    }

    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, StateError> {
        self.granted().map(|state| state.get(key).cloned())
    }

    fn set(&mut self, key: &str, value: &[u8]) -> Result<(), StateError> {
        self.granted().map(|state| drop(state.insert(key.into(), value.into())))
    }

    fn delete(&mut self, key: &str) -> Result<(), StateError> {
        self.granted().map(|state| drop(state.remove(key)))
    }
}

#[cfg(test)]
mod tests {
    use crate::Description;

    use super::*;

    /// Counts records in the state without asking for it.
    struct Careless;

    impl Transform for Careless {
        type Configuration = ();

        fn describe() -> Description {
            Description::new("careless", "1.0.0")
        }

        fn configure(_: ()) -> Result<Careless, String> {
            Ok(Careless)
        }

        fn transform(&mut self, _: Record, host: &mut Host) -> Outcome {
            match host.set("seen", b"1") {
                Ok(()) => Outcome::Keep,
                Err(error) => Outcome::reject(error.to_string()),
            }
        }
    }

    #[test]
    fn state_that_is_not_wanted_is_denied_as_by_the_host() {
        let outcome = Tester::<Careless>::new(()).transform(Record::default());
        assert_eq!(outcome, Outcome::reject("the capability `state` is not granted"));
    }

    #[test]
    fn a_configuration_of_the_wrong_form_is_refused() {
        assert!(Tester::<Careless>::refusal("text").is_some());
        assert_eq!(Tester::<Careless>::refusal(()), None);
    }
}
