//! From a question to its answer: what the worker does, without the worker.

use bytes::Bytes;
use irongate_proto::irongate_v1;
use irongate_schema::{SchemaType, Violation};
use prost::Message as _;

use super::cache::SchemaCache;
use super::message::{Answer, DefinitionFault, Question};

/// Answers a question. `now_ms` reads a clock that only moves forward.
pub fn answer(cache: &mut SchemaCache, question: &Question, now_ms: impl Fn() -> f64) -> Answer {
    let mut answer = Answer { sequence: question.sequence, ..Answer::default() };
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
            if let Some(payload) = &question.payload {
                let started_ms = now_ms();
                let violations = schema.validate(payload);
                answer.elapsed_ms = now_ms() - started_ms;
                answer.violations = violations.into_iter().map(on_the_wire).collect();
            }
        }
    }
    answer
}

/// Answers a question in bytes. What is not a question gets the answer to number 0: there is no
/// other number to give it.
pub fn answer_bytes(cache: &mut SchemaCache, question: &[u8], now_ms: impl Fn() -> f64) -> Vec<u8> {
    let answer = match Question::decode(Bytes::copy_from_slice(question)) {
        Ok(question) => answer(cache, &question, now_ms),
        Err(_) => Answer::default(),
    };
    answer.encode_to_vec()
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
        let question = Question {
            sequence: 7,
            schema_type: schema_type.to_owned(),
            definition: Bytes::copy_from_slice(definition.as_bytes()),
            payload: payload.map(|payload| Bytes::copy_from_slice(payload.as_bytes())),
        };
        let bytes = answer_bytes(&mut SchemaCache::default(), &question.encode_to_vec(), || 0.0);
        Answer::decode(bytes.as_slice()).unwrap()
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
    fn a_schema_that_does_not_compile_says_where() {
        let fault = ask("json_schema", "{\n  \"type\": }", None).fault.unwrap();
        assert_eq!((fault.line, fault.column > 1), (2, true), "{fault:?}");
        let fault = ask("json_schema", "{\"type\": \"objekt\"}", Some("{}")).fault.unwrap();
        assert!(fault.message.contains("objekt"), "{fault:?}");
    }

    #[test]
    fn an_unknown_type_is_a_fault_and_noise_is_answered() {
        assert!(ask("xml", "<a/>", None).fault.unwrap().message.contains("xml"));
        let bytes = answer_bytes(&mut SchemaCache::default(), &[0xff, 0xff], || 0.0);
        assert_eq!(Answer::decode(bytes.as_slice()).unwrap(), Answer::default());
    }
}
