//! A message as the history keeps it: what was typed, when, and what became of it. Where
//! it is kept is not its business.

use super::draft;
use super::form::ProduceForm;
use super::message_file;
use super::outcomes::Fate;
use crate::checks::message::Written;
use crate::state::explain::explain;

/// The most messages kept; the oldest go.
pub const HISTORY_MAX: usize = 500;

/// One message. Field numbers stay; new fields get new numbers.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Record {
    /// When it was sent, in milliseconds since the epoch; names it.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    /// The form, as a draft.
    #[prost(bytes = "vec", tag = "2")]
    draft: Vec<u8>,
    /// What became of it, in a few words.
    #[prost(string, tag = "3")]
    pub outcome: String,
    /// Whether the broker has it.
    #[prost(bool, tag = "4")]
    pub acknowledged: bool,
    /// What travelled, where that is not the text; empty: the text did.
    #[prost(bytes = "vec", tag = "5")]
    wire: Vec<u8>,
}

impl Record {
    /// A message that was sent.
    #[must_use]
    pub fn sent(id: u64, form: &ProduceForm, fate: &Fate) -> Record {
        let (outcome, acknowledged) = match fate {
            Fate::Sending => ("sending".to_owned(), false),
            Fate::Failed(failure) => (explain(failure).name.to_owned(), false),
            Fate::Acknowledged(acknowledged) => (
                match acknowledged.offset {
                    Some(offset) => format!("{} offset {offset}", acknowledged.topic),
                    None => format!("{}, not stored", acknowledged.topic),
                },
                true,
            ),
        };
        Record { id, draft: draft::encode(form), outcome, acknowledged, wire: Vec::new() }
    }

    /// A draft that something else takes the place of.
    #[must_use]
    pub fn replaced(id: u64, form: &ProduceForm) -> Record {
        let outcome = "a draft, not sent".to_owned();
        Record { id, draft: draft::encode(form), outcome, acknowledged: false, wire: Vec::new() }
    }

    /// The same, with the bytes that travelled instead of the text.
    #[must_use]
    pub fn encoded(self, wire: &[u8]) -> Record {
        Record { wire: wire.to_vec(), ..self }
    }

    /// The message for a file, where the broker has it.
    #[must_use]
    pub fn written(&self) -> Option<Written> {
        let form = self.form();
        let wire = (!self.wire.is_empty()).then_some(&*self.wire);
        message_file::written("", &form, wire).filter(|_| self.acknowledged)
    }

    /// What was typed.
    #[must_use]
    pub fn form(&self) -> ProduceForm {
        draft::decode(&self.draft).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;
    use crate::state::explain::Failure;
    use crate::state::outcomes::{Acknowledged, Seen};

    #[test]
    fn a_record_brings_the_form_back_and_says_what_became_of_it() {
        let form = ProduceForm { topic: "/default/x".into(), payload: "{\n".into(), ..ProduceForm::default() };
        let failed = Fate::Failed(Failure::new(tonic::Code::NotFound, "no"));
        let record = Record::sent(7, &form, &failed);
        let read = Record::decode(record.encode_to_vec().as_slice()).unwrap();
        assert_eq!((read.form(), read.outcome.as_str(), read.acknowledged), (form.clone(), "NOT_FOUND", false));
        let acknowledged = |offset| {
            let (topic, warnings) = ("/default/x-part-1".to_owned(), Vec::new().into());
            Fate::Acknowledged(Acknowledged {
                ack_ms: 1.0,
                topic,
                partition: Some(1),
                offset,
                warnings,
                seen: Seen::Waiting,
            })
        };
        assert_eq!(Record::sent(7, &form, &acknowledged(Some(3))).outcome, "/default/x-part-1 offset 3");
        assert_eq!(Record::sent(7, &form, &acknowledged(None)).outcome, "/default/x-part-1, not stored");
        assert_eq!(Record::replaced(7, &form).form(), form);
    }
}
