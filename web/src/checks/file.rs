//! The file of messages, by the crate that `irongate produce --from` uses: the same file means the same messages. Sends none.

use irongate_messages::{Record, RecordError, SchemaName};

use super::message::{Answer, DefinitionFault, MessageFile, Question, Written};

/// The other [`Filler`](super::answer::Filler): writes a file, or reads one.
#[must_use]
pub fn write_or_read(question: &Question) -> Answer {
    let answer = Answer { sequence: question.sequence, ..Answer::default() };
    match question.file.as_ref().map(other_half) {
        None => answer,
        Some(Ok(file)) => Answer { file: Some(file), ..answer },
        Some(Err(error)) => {
            let fault = DefinitionFault { message: error.to_string(), line: 0, column: 0 };
            Answer { fault: Some(fault), ..answer }
        }
    }
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
    record.encoding = written.encoding.parse().ok();
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
        encoding: record.encoding.map(|encoding| encoding.to_string()).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
            encoding: "binary".to_owned(),
        };
        let ask = |file: MessageFile| write_or_read(&Question { file: Some(file), ..Question::default() });
        let messages = vec![message, Written { payload: vec![0xff].into(), ..Written::default() }];
        let text =
            ask(MessageFile { messages: messages.clone(), ..MessageFile::default() }).file.expect("written").text;
        let read = ask(MessageFile { text, ..MessageFile::default() }).file.expect("read").messages;
        assert_eq!(read, messages);
        let fault = ask(MessageFile { text: "messages:\n  - topik: x\n".to_owned(), ..MessageFile::default() }).fault;
        assert!(fault.expect("no such field").message.contains("topik"));
    }
}
