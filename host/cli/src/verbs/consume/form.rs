//! The forms in which a message is printed: lines for a person, an object for a program, hexadecimal digits. Pure.

use super::received::Received;
use crate::output::harmless;
use crate::violations;
use base64::Engine;
use serde_json::{Value, json};
use std::fmt::Write;

/// Bytes in a line of hexadecimal digits.
const HEX_LINE_BYTES: usize = 16;

/// Lines for a person.
pub(super) fn text(received: &Received, total: u64) -> String {
    let message = received.message;
    let payload = match (received.text(), &received.json) {
        (_, Some(json)) if received.is_decoded => harmless(&json.to_string()),
        (Some(text), _) => harmless(text),
        (None, _) => "[binary data]".to_owned(),
    };
    let mut text = format!(
        "Received message: {payload}\nSize: {} bytes, Total received: {total}, Topic: {}, Offset: {}",
        message.payload.len(),
        received.topic(),
        received.offset()
    );
    if let Some(key) = &message.routing_key {
        text += &format!("\nRouting key: {}", harmless(key));
    }
    if !message.attributes.is_empty() {
        let mut pairs: Vec<String> = message.attributes.iter().map(|(key, value)| format!("{key}={value}")).collect();
        pairs.sort();
        text += &format!("\nAttributes: {}", harmless(&pairs.join(", ")));
    }
    text
}

/// An object for a program, and for `produce --from`.
pub(super) fn object(received: &Received) -> Value {
    let message = received.message;
    let id = message.msg_id.as_ref();
    let mut object = json!({
        "topic": id.map(|id| &id.topic_name), "offset": id.map(|id| id.topic_offset),
        "publish_time_ms": message.publish_time, "producer": message.producer_name,
        "routing_key": message.routing_key, "attributes": message.attributes,
        "schema_id": message.schema_id, "schema_version": message.schema_version,
    });
    match received.text() {
        Some(text) => object["payload"] = text.into(),
        None => {
            object["payload_base64"] = base64::engine::general_purpose::STANDARD.encode(&message.payload).into();
        }
    }
    if received.is_decoded {
        object["decoded"] = received.json.clone().unwrap_or_default();
    }
    if !received.violations.is_empty() {
        object["violations"] = received.violations.iter().map(violations::object).collect();
    }
    object
}

/// The bytes of the payload, with their places before and their characters behind.
pub(super) fn hex(received: &Received) -> String {
    let payload = &received.message.payload;
    let mut text = format!("{}, {} bytes", received.place(), payload.len());
    for (index, line) in payload.chunks(HEX_LINE_BYTES).enumerate() {
        let mut digits = String::new();
        for (place, byte) in line.iter().enumerate() {
            let gap = if place == HEX_LINE_BYTES / 2 { "  " } else { " " };
            let _ = write!(digits, "{gap}{byte:02x}");
        }
        let shown = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
        let characters: String = line.iter().map(shown).collect();
        let _ = write!(text, "\n{:08x} {digits:<49} |{characters}|", index * HEX_LINE_BYTES);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use irongate_proto::danube::{MsgId, StreamMessage};

    fn message(payload: &'static [u8]) -> StreamMessage {
        StreamMessage {
            msg_id: Some(MsgId { topic_name: "/default/t".into(), topic_offset: 7, ..MsgId::default() }),
            payload: bytes::Bytes::from_static(payload),
            attributes: [("b".into(), "2".into()), ("a".into(), "1".into())].into(),
            ..StreamMessage::default()
        }
    }

    fn plain(message: &StreamMessage) -> Received<'_> {
        Received { message, json: None, is_decoded: false, violations: Vec::new() }
    }

    #[test]
    fn text_shows_payload_place_and_attributes() {
        assert_eq!(
            text(&plain(&message(b"hi")), 3),
            "Received message: hi\nSize: 2 bytes, Total received: 3, Topic: /default/t, Offset: 7\nAttributes: a=1, b=2"
        );
        assert!(text(&plain(&message(b"\xff\x00")), 1).starts_with("Received message: [binary data]\nSize: 2 bytes"));
    }

    #[test]
    fn json_carries_any_payload() {
        assert_eq!(object(&plain(&message(b"hi")))["payload"], "hi");
        assert_eq!(object(&plain(&message(b"hi")))["offset"], 7);
        let binary = message(b"\xff\x00");
        let binary = object(&Received { json: Some(json!({"a": 1})), is_decoded: true, ..plain(&binary) });
        assert_eq!(binary["payload_base64"], "/wA=");
        assert!(binary.get("payload").is_none());
        assert_eq!(binary["decoded"], json!({"a": 1}));
    }

    #[test]
    fn hexadecimal_lines_have_places_and_characters() {
        let message = message(b"0123456789abcdef\xff\n");
        assert_eq!(
            hex(&plain(&message)),
            "offset 7 of /default/t, 18 bytes\n\
             00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66 |0123456789abcdef|\n\
             00000010  ff 0a                                            |..|"
        );
    }
}
