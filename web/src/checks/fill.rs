//! Templates, and the file of messages, by the crate that `irongate produce --from` uses: the same seed and number give the same values, and
//! the same file means the same messages.

use irongate_messages::{Context, Facts, Record, RecordError, SchemaName, TemplateError, Templates};
use irongate_schema::limits::PAYLOAD_BYTES_MAX;

use super::message::{Answer, DefinitionFault, Fill, MessageFile, Question, Written};

/// The one [`Filler`](super::answer::Filler) there is.
#[must_use]
pub fn fill(question: &Question) -> Answer {
    let answer = Answer { sequence: question.sequence, ..Answer::default() };
    match (&question.fill, &question.file) {
        (Some(asked), _) => fill_in(asked, answer),
        (None, Some(file)) => match other_half(file) {
            Ok(file) => Answer { file: Some(file), ..answer },
            Err(error) => {
                Answer { fault: Some(DefinitionFault { message: error.to_string(), line: 0, column: 0 }), ..answer }
            }
        },
        (None, None) => answer,
    }
}

/// All texts, or none.
fn fill_in(asked: &Fill, mut answer: Answer) -> Answer {
    let mut templates = Templates::new(asked.seed);
    let context = templates.context(&Facts { number: asked.number, producer: &asked.producer, row: None });
    let mut filled = Vec::with_capacity(asked.texts.len());
    for blank in &asked.texts {
        match one(&mut templates, &context, &blank.text) {
            Ok(text) => filled.push(text),
            Err(error) => {
                let message = format!("{}: {error}", blank.what);
                answer.fault = Some(DefinitionFault { message, line: 0, column: 0 });
                return answer;
            }
        }
    }
    answer.filled = filled;
    answer
}

/// The text of messages, or the messages of a text.
fn other_half(file: &MessageFile) -> Result<MessageFile, RecordError> {
    if file.text.is_empty() {
        let records = file.messages.iter().map(record).collect();
        return Ok(MessageFile { text: irongate_messages::to_yaml(records)?, ..MessageFile::default() });
    }
    let records = irongate_messages::parse_yaml(&file.text)?;
    let messages = records.iter().map(written).collect::<Result<_, _>>()?;
    Ok(MessageFile { messages, ..MessageFile::default() })
}

fn record(written: &Written) -> Record {
    let told = |text: &String| (!text.is_empty()).then(|| text.clone());
    let version = (written.version > 0).then_some(written.version);
    let mut record = Record::new(&written.payload);
    record.name = told(&written.name);
    record.topic = told(&written.topic);
    record.schema = told(&written.subject).map(|subject| SchemaName { subject, version });
    record.routing_key = told(&written.routing_key);
    record.template = written.template;
    record.attributes.clone_from(&written.attributes);
    record
}

fn written(record: &Record) -> Result<Written, RecordError> {
    let record = record.clone();
    let payload = record.payload()?;
    let schema = record.schema;
    Ok(Written {
        name: record.name.unwrap_or_default(),
        topic: record.topic.unwrap_or_default(),
        version: schema.as_ref().and_then(|schema| schema.version).unwrap_or_default(),
        subject: schema.map(|schema| schema.subject).unwrap_or_default(),
        routing_key: record.routing_key.unwrap_or_default(),
        attributes: record.attributes,
        payload,
        template: record.template,
    })
}

fn one(templates: &mut Templates, context: &Context, text: &str) -> Result<String, TemplateError> {
    let text = templates.text(text)?;
    let bytes = templates.fill_within(&text, context, PAYLOAD_BYTES_MAX)?;
    String::from_utf8(bytes).map_err(|_| TemplateError { what: "it becomes no text".to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::message::Blank;

    fn ask(number: u64, texts: &[&str]) -> Answer {
        let texts = texts.iter().map(|text| Blank { what: "the payload".to_owned(), text: (*text).to_owned() });
        let fill = Fill { seed: 7, number, producer: "p".to_owned(), texts: texts.collect() };
        super::fill(&Question { sequence: 3, fill: Some(fill), ..Question::default() })
    }

    #[test]
    fn the_same_seed_and_number_fill_in_the_same_values() {
        let texts =
            ["{\"n\": {{seq}}, \"id\": \"{{uuid}}\", \"by\": \"{{producer}}\"}", "{{random_int(1, 1000000)}}", "{}"];
        let first = ask(1, &texts);
        assert_eq!((first.sequence, first.filled.len(), &first.fault), (3, 3, &None));
        assert!(first.filled[0].starts_with("{\"n\": 1, ") && first.filled[0].ends_with("\"by\": \"p\"}"));
        assert_eq!((&first, &*first.filled[2]), (&ask(1, &texts), "{}"));
        assert_ne!(first.filled[1], ask(2, &texts).filled[1]);
    }

    #[test]
    fn a_file_says_what_was_written_into_it() {
        let message = Written {
            name: "a: b".to_owned(),
            topic: "/default/x".to_owned(),
            subject: "s".to_owned(),
            version: 2,
            routing_key: "{{seq}}".to_owned(),
            attributes: [("k".to_owned(), "yes".to_owned())].into(),
            payload: "{\n  \"a\": 1\n}".into(),
            template: true,
        };
        let ask = |file: MessageFile| super::fill(&Question { file: Some(file), ..Question::default() });
        let messages = vec![message, Written { payload: vec![0xff].into(), ..Written::default() }];
        let text =
            ask(MessageFile { messages: messages.clone(), ..MessageFile::default() }).file.expect("written").text;
        let read = ask(MessageFile { text, ..MessageFile::default() }).file.expect("read").messages;
        assert_eq!(read, messages);
        let fault = ask(MessageFile { text: "messages:\n  - topik: x\n".to_owned(), ..MessageFile::default() }).fault;
        assert!(fault.expect("no such field").message.contains("topik"));
    }

    #[test]
    fn what_cannot_be_filled_in_says_which_text_and_where() {
        let answer = ask(1, &["{{seq}}", "{\n{{nobody}}}"]);
        let fault = answer.fault.expect("a stranger");
        assert!(fault.message.starts_with("the payload: ") && fault.message.contains("(line 2)"), "{}", fault.message);
        assert!(answer.filled.is_empty(), "all or none");
    }
}
