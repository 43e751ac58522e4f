//! The form as bytes that survive a reload, and back. Where they are kept is not its
//! business. A draft of an older page still opens: unknown fields are left out.

use prost::Message as _;

use super::form::{AttributeRow, ProduceForm};
use super::schema_choice::VersionChoice;

/// The draft as it is written. Field numbers stay; new fields get new numbers.
#[derive(Clone, PartialEq, prost::Message)]
struct Draft {
    #[prost(string, tag = "1")]
    topic: String,
    #[prost(string, tag = "2")]
    partitions: String,
    #[prost(string, tag = "3")]
    routing_key: String,
    #[prost(message, repeated, tag = "4")]
    attributes: Vec<Attribute>,
    #[prost(string, tag = "5")]
    subject: String,
    #[prost(string, tag = "6")]
    payload: String,
    #[prost(bool, tag = "7")]
    reliable: bool,
    #[prost(string, tag = "8")]
    version: String,
    #[prost(string, tag = "9")]
    encoding: String,
    #[prost(bool, tag = "10")]
    private: bool,
    #[prost(bool, tag = "11")]
    template: bool,
    #[prost(uint64, tag = "12")]
    seed: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Attribute {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    value: String,
}

/// The form as bytes.
#[must_use]
pub fn encode(form: &ProduceForm) -> Vec<u8> {
    let attribute = |row: &AttributeRow| Attribute { key: row.key.clone(), value: row.value.clone() };
    let draft = Draft {
        topic: form.topic.to_string(),
        partitions: form.partitions.to_string(),
        routing_key: form.routing_key.to_string(),
        attributes: form.attributes.iter().map(attribute).collect(),
        subject: form.subject.to_string(),
        payload: form.payload.to_string(),
        reliable: form.reliable,
        private: form.private,
        template: form.template,
        seed: form.seed,
        version: form.version.to_string(),
        encoding: form.encoding.map(|encoding| encoding.to_string()).unwrap_or_default(),
    };
    draft.encode_to_vec()
}

/// The form of some bytes; `None` where they are no draft.
#[must_use]
pub fn decode(bytes: &[u8]) -> Option<ProduceForm> {
    let draft = Draft::decode(bytes).ok()?;
    let row = |attribute: Attribute| AttributeRow { key: attribute.key, value: attribute.value };
    Some(ProduceForm {
        topic: draft.topic.into(),
        partitions: draft.partitions.into(),
        routing_key: draft.routing_key.into(),
        attributes: draft.attributes.into_iter().map(row).collect(),
        subject: draft.subject.into(),
        version: draft.version.parse().unwrap_or(VersionChoice::Latest),
        encoding: draft.encoding.parse().ok(),
        payload: draft.payload.into(),
        reliable: draft.reliable,
        private: draft.private,
        template: draft.template,
        seed: draft.seed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::encoding::Encoding;

    #[test]
    fn a_draft_survives() {
        let form = ProduceForm {
            topic: "/default/x".into(),
            partitions: "many".into(),
            routing_key: "k".into(),
            attributes: vec![AttributeRow::default(), AttributeRow { key: "ä".to_owned(), value: " ".to_owned() }]
                .into(),
            subject: "user-events".into(),
            version: VersionChoice::Minimum(2),
            encoding: Some(Encoding::Container),
            payload: "{\n \"half".into(),
            reliable: true,
            private: true,
            template: true,
            seed: 7,
        };
        assert_eq!(decode(&encode(&form)), Some(form));
        assert_eq!(decode(&[]), Some(ProduceForm::default()));
        assert_eq!(decode(&[0xff, 0xff]), None);
    }
}
