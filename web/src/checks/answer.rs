//! From a question to its answer: what the worker does, without the worker.

use bytes::Bytes;
use irongate_proto::irongate_v1;
use irongate_schema::{Schema, SchemaType, Violation};
use prost::Message as _;

use super::bulk;
use super::cache::SchemaCache;
use super::form_model;
use super::message::{Answer, DefinitionFault, Question};
use crate::state::encoding::Encoding;

/// Answers a question. `now_ms` reads a clock that only moves forward.
pub fn answer(cache: &mut SchemaCache, question: &Question, now_ms: impl Fn() -> f64) -> Answer {
    let mut answer = Answer { sequence: question.sequence, ..Answer::default() };
    if let Some(bulk) = &question.bulk
        && bulk.layout != 0
    {
        match bulk::cut(question.payload.as_deref().unwrap_or_default(), bulk.layout) {
            Ok(rows) => answer.rows = rows,
            Err(message) => answer.fault = Some(DefinitionFault { message, line: 0, column: 0 }),
        }
        return answer;
    }
    let schema_type = match question.schema_type.parse::<SchemaType>() {
        Ok(schema_type) => schema_type,
        Err(error) => {
            answer.fault = Some(DefinitionFault { message: error.to_string(), line: 0, column: 0 });
            return answer;
        }
    };
    match cache.get(schema_type, &question.definition) {
        Err(error) => {
            let (line, column) = error.place().map_or((0, 0), |place| (place.line, place.column));
            answer.fault = Some(DefinitionFault { message: error.to_string(), line, column });
        }
        Ok(schema) => {
            answer.fingerprint = schema.fingerprint().to_owned();
            answer.message_type = schema.message_name().unwrap_or_default().to_owned();
            let encoding = question.encoding.parse().unwrap_or_default();
            if let Some(bulk) = &question.bulk {
                let started_ms = now_ms();
                answer.rows = bulk.rows.iter().map(|row| bulk::check(&schema, row, encoding, bulk.cells)).collect();
                answer.elapsed_ms = now_ms() - started_ms;
            } else if let Some(payload) = &question.payload {
                let started_ms = now_ms();
                let (wire, violations) = examine(&schema, payload, encoding);
                answer.wire = wire.map(Bytes::from);
                answer.elapsed_ms = now_ms() - started_ms;
                answer.violations = violations.into_iter().map(on_the_wire).collect();
            }
        }
    }
    answer
}

/// The violations of a payload, and its bytes where they are to be made of it.
pub(super) fn examine(schema: &Schema, payload: &[u8], encoding: Encoding) -> (Option<Vec<u8>>, Vec<Violation>) {
    let encoded = match encoding {
        Encoding::Text => return (None, schema.validate(payload)),
        Encoding::Binary => schema.encode(payload),
        Encoding::Container => schema.encode_container(payload),
    };
    match encoded {
        Ok(wire) => (Some(wire), Vec::new()),
        Err(violations) => (None, violations),
    }
}

/// Reads a question. What is none gets the answer to number 0: there is no other number to give it.
#[must_use]
pub fn read(question: &[u8]) -> Question {
    Question::decode(Bytes::copy_from_slice(question)).unwrap_or_default()
}

/// Answers a question about templates and files of messages; apart as well.
pub type Filler = fn(&Question) -> Answer;

/// Answers a question for a sample or a form; apart from [`answer`], because what makes them is fetched for the first of them.
pub type Sampler = fn(&mut SchemaCache, &Question) -> Answer;

/// The one [`Sampler`] there is.
pub fn sample(cache: &mut SchemaCache, question: &Question) -> Answer {
    let mut answer = Answer { sequence: question.sequence, ..Answer::default() };
    if question.form {
        match question.schema_type.parse::<SchemaType>().map(|schema_type| cache.get(schema_type, &question.definition))
        {
            Ok(Ok(schema)) => answer.form = Some(form_model::field(&schema.form().root)),
            Ok(Err(error)) => answer.fault = Some(fault(&error.to_string())),
            Err(error) => answer.fault = Some(fault(&error.to_string())),
        }
        return answer;
    }
    let made = question.schema_type.parse::<SchemaType>().map_err(|error| error.to_string()).and_then(|schema_type| {
        let schema = cache.get(schema_type, &question.definition).map_err(|error| error.to_string())?;
        schema.sample(question.sample.unwrap_or_default()).map_err(|error| error.to_string())
    });
    match made {
        Ok(text) => answer.wire = Some(text.into()),
        Err(message) => answer.fault = Some(fault(&message)),
    }
    answer
}

fn fault(message: &str) -> DefinitionFault {
    DefinitionFault { message: message.to_owned(), line: 0, column: 0 }
}

fn on_the_wire(violation: Violation) -> irongate_v1::Violation {
    irongate_v1::Violation {
        instance_path: violation.instance_path,
        line: violation.line,
        column: violation.column,
        byte_start: violation.byte_start,
        byte_end: violation.byte_end,
        rule: violation.rule,
        schema_path: violation.schema_path,
        message: violation.message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::example;

    fn ask(schema_type: &str, definition: &str, payload: Option<&str>) -> Answer {
        ask_encoded(schema_type, definition, payload, "")
    }

    fn ask_encoded(schema_type: &str, definition: &str, payload: Option<&str>, encoding: &str) -> Answer {
        let question = Question {
            sequence: 7,
            schema_type: schema_type.to_owned(),
            definition: Bytes::copy_from_slice(definition.as_bytes()),
            payload: payload.map(|payload| Bytes::copy_from_slice(payload.as_bytes())),
            encoding: encoding.to_owned(),
            bulk: None,
            sample: None,
            form: false,
            fill: None,
            file: None,
        };
        answer(&mut SchemaCache::default(), &read(&question.encode_to_vec()), || 0.0)
    }

    #[test]
    fn a_bad_message_gets_its_violations_with_their_places() {
        let answer = ask("json_schema", example::DEFINITION, Some("{\n  \"user_id\": 123\n}"));
        assert_eq!((answer.sequence, &answer.fault), (7, &None));
        let violation = answer.violations.iter().find(|violation| violation.instance_path == "/user_id").unwrap();
        assert_eq!((violation.line, violation.column, violation.rule.as_str()), (2, 14, "type"));
        assert_eq!(violation.schema_path, "/properties/user_id/type");
    }

    #[test]
    fn a_good_message_gets_none() {
        let answer = ask("json_schema", example::DEFINITION, Some(example::PAYLOAD));
        assert_eq!((answer.violations.len(), answer.fault), (0, None));
        assert!(answer.fingerprint.starts_with("sha256:"));
    }

    #[test]
    fn what_is_typed_is_encoded_where_that_is_asked() {
        let avro = r#"{"type":"record","name":"P","fields":[{"name":"id","type":"string"}]}"#;
        let ask_for = |encoding| ask_encoded("avro", avro, Some(r#"{"id":"ab"}"#), encoding);
        assert_eq!(ask_for("text").wire, None);
        assert_eq!(ask_for("binary").wire.as_deref(), Some(b"\x04ab".as_slice()));
        assert!(ask_for("container").wire.is_some_and(|wire| wire.starts_with(b"Obj\x01")));
        let broken = ask_encoded("avro", avro, Some("{\n\"id\":1}"), "binary");
        assert_eq!((broken.wire, broken.violations[0].line), (None, 2));
        let protobuf = "syntax = \"proto3\"; package shop; message Order { string id = 1; }";
        let order = ask_encoded("protobuf", protobuf, Some(r#"{"id":"ab"}"#), "binary");
        assert_eq!(
            (order.wire.as_deref(), order.message_type.as_str()),
            (Some(b"\x0a\x02ab".as_slice()), "shop.Order")
        );
    }

    #[test]
    fn a_schema_that_does_not_compile_says_where() {
        let fault = ask("json_schema", "{\n  \"type\": }", None).fault.unwrap();
        assert_eq!((fault.line, fault.column > 1), (2, true), "{fault:?}");
        let fault = ask("json_schema", "{\"type\": \"objekt\"}", Some("{}")).fault.unwrap();
        assert!(fault.message.contains("objekt"), "{fault:?}");
    }

    #[test]
    fn an_unknown_type_is_a_fault_and_noise_is_answered() {
        assert!(ask("xml", "<a/>", None).fault.unwrap().message.contains("xml"));
        assert_eq!(answer(&mut SchemaCache::default(), &read(&[0xff, 0xff]), || 0.0).sequence, 0);
    }

    #[test]
    fn a_sample_is_valid_and_the_same_for_the_same_seed() {
        let ask_for = |seed| {
            let definition = Bytes::from_static(example::DEFINITION.as_bytes());
            let schema_type = "json_schema".to_owned();
            let question = Question { schema_type, definition, sample: Some(seed), ..Question::default() };
            sample(&mut SchemaCache::default(), &question)
        };
        let made = ask_for(7).wire.unwrap();
        let made = std::str::from_utf8(&made).unwrap();
        assert_eq!(ask("json_schema", example::DEFINITION, Some(made)).violations, []);
        assert_eq!(ask_for(7), ask_for(7));
        assert_ne!(ask_for(7), ask_for(8));
        let none = sample(&mut SchemaCache::default(), &Question { schema_type: "xml".into(), ..Question::default() });
        assert!(none.fault.unwrap().message.contains("xml"));
    }
}
