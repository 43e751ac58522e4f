//! Example payloads, made from a schema and a seed: the same seed gives the same sample. Valid by construction where the
//! rules allow it, and never handed out unvalidated. Not reachable from validation: who does not sample pays nothing.

mod avro;
mod json_schema;
mod pattern;
mod protobuf;
mod source;

use serde_json::Value;

use self::source::Source;
use crate::{Schema, limits::SAMPLE_ATTEMPTS_MAX, schema::Compiled};

/// Why there is no sample.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SampleError {
    /// What was made broke a rule every time. The schema may allow nothing at all, or only what is hard to guess.
    #[error(
        "no valid sample in {attempts} attempts; what stands in the way is the rule {rule}{}: {message}", At(.schema_path)
    )]
    NotFound {
        /// Attempts made.
        attempts: usize,
        /// The rule that the last attempt broke.
        rule: String,
        /// Where the rule stands in the schema.
        schema_path: String,
        /// Why the last attempt broke it.
        message: String,
    },
    /// A type that always holds another value of itself, or too many values: nothing finite, or nothing small, fits it.
    #[error("no sample: {name} always holds more values than a sample may, or itself without end")]
    Endless {
        /// The type, or the root.
        name: String,
    },
}

/// A place in a sentence, where there is one.
struct At<'a>(&'a str);

impl std::fmt::Display for At<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, " at {}", self.0) }
    }
}

impl Schema {
    /// A valid payload as text, JSON wherever the type has a JSON form.
    ///
    /// # Errors
    /// [`SampleError`] when none was found; it names the rule that stood in the way.
    pub fn sample(&self, seed: u64) -> Result<String, SampleError> {
        let mut last = SampleError::Endless { name: "the schema".into() };
        for attempt in 0..SAMPLE_ATTEMPTS_MAX {
            let mut source = Source::new(seed, attempt);
            let made = match &self.compiled {
                Compiled::Json(schema) => json_schema::make(schema.definition(), &mut source),
                Compiled::Avro(schema) => avro::make(schema.model(), &mut source),
                Compiled::Protobuf(schema) => protobuf::make(schema.message(), &mut source),
                Compiled::Number => Ok(Value::from(source.number(0..=1_000))),
                Compiled::String | Compiled::Bytes => return Ok(source.words(3)),
            };
            match made {
                Ok(value) => {
                    let text = value.to_string();
                    let Some(violation) = self.validate(text.as_bytes()).into_iter().next() else { return Ok(text) };
                    last = SampleError::NotFound {
                        attempts: attempt + 1,
                        rule: violation.rule,
                        schema_path: violation.schema_path,
                        message: violation.message,
                    };
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SchemaType;

    #[test]
    fn the_same_seed_gives_the_same_sample_and_another_seed_another() {
        let definition =
            br#"{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"}},"required":["a","b"]}"#;
        let schema = Schema::compile(SchemaType::JsonSchema, definition).unwrap();
        assert_eq!(schema.sample(7), schema.sample(7));
        assert!((1..20).any(|seed| schema.sample(seed) != schema.sample(0)));
    }

    #[test]
    fn a_schema_that_allows_nothing_has_no_sample_and_says_why() {
        let sample = |definition: &str| {
            let schema = Schema::compile(SchemaType::JsonSchema, definition.as_bytes()).unwrap();
            schema.sample(0).unwrap_err().to_string()
        };
        assert_eq!(
            sample(r#"{"type":"integer","not":{"type":"integer"}}"#).split(':').next(),
            Some("no valid sample in 64 attempts; what stands in the way is the rule not at /not")
        );
        assert!(sample(r#"{"minimum":3,"maximum":1,"type":"integer"}"#).contains("the rule m"));
        assert!(
            sample("false").starts_with("no valid sample in 64 attempts; what stands in the way is the rule false")
        );
        assert!(sample(r#"{"type":"string","minLength":20000}"#).contains("the rule minLength at /minLength"));
    }

    #[test]
    fn a_type_without_end_has_no_sample() {
        let avro = br#"{"type":"record","name":"Loop","fields":[{"name":"next","type":"Loop"}]}"#;
        let error = Schema::compile(SchemaType::Avro, avro).unwrap().sample(1).unwrap_err();
        assert_eq!(error, SampleError::Endless { name: "Loop".into() });
        let proto = b"syntax = \"proto2\"; message Loop { required Loop next = 1; }";
        let error = Schema::compile(SchemaType::Protobuf, proto).unwrap().sample(1).unwrap_err();
        assert_eq!(error, SampleError::Endless { name: "Loop".into() });
    }
}
