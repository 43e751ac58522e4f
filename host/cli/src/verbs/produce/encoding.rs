//! A message that is written as JSON, as its schema has it travel. Fills nothing in; what it leaves alone is not checked here.

use super::supply::Made;
use crate::output::harmless;
use crate::sender::Message;
use crate::violations;
use anyhow::{Result, bail};
use irongate_messages::Encoding;
use irongate_schema::SchemaType;

/// The message with its bytes in an encoding, or with all that keeps it from having any.
///
/// # Errors
/// Its schema is not known here, or has no such encoding.
pub(super) fn encoded(message: Message, encoding: Encoding) -> Result<Made> {
    if encoding == Encoding::Text {
        return Ok(Made::Message(message));
    }
    let number = message.number;
    let Some(encoder) = &message.route.encoder else {
        bail!(
            "message {number}: it is to be encoded as {encoding}, but what by is not known: {} has no schema that was found \
             before sending. Name it, by `schema` in the message or with --schema-subject, and give the messages as a file",
            harmless(&message.route.topic)
        );
    };
    let result = match (encoding, encoder.schema.schema_type()) {
        (Encoding::Container, SchemaType::Avro) => encoder.schema.encode_container(&message.payload),
        (Encoding::Binary, SchemaType::Avro | SchemaType::Protobuf) => encoder.schema.encode(&message.payload),
        (_, schema_type) => bail!(
            "message {number}: the schema {} is {}, which has no encoding {encoding}; leave `encoding` out, or write text",
            harmless(&encoder.subject),
            schema_type.name()
        ),
    };
    Ok(match result {
        Ok(bytes) => Made::Message(Message { payload: bytes.into(), ..message }),
        Err(violations) => Made::Invalid(message, violations.into_iter().map(violations::on_the_wire).collect()),
    })
}
