//! Notes: small documents that others in the host keep here, so that they can be written together with messages. What they mean is not known here.

use crate::BrokerError;
use crate::commits::store_error;
use crate::inner::Inner;
use irongate_store::DocumentWrite;

/// Where notes are kept among the documents.
const NOTES: &[u8] = b"h/";

/// A note to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its name, in parts that the caller separates.
    pub name: Vec<u8>,
    /// The new value; `None` removes it.
    pub value: Option<Vec<u8>>,
}

impl Note {
    pub(crate) fn into_document(self) -> DocumentWrite {
        DocumentWrite { key: [NOTES, &self.name].concat(), value: self.value }
    }
}

impl Inner {
    /// All notes whose names begin so, in the order of their names.
    pub(crate) fn notes(&self, prefix: &[u8]) -> Result<Vec<(Vec<u8>, Vec<u8>)>, BrokerError> {
        let note = |document: Result<(bytes::Bytes, bytes::Bytes), irongate_store::StoreError>| {
            let (key, value) = document.map_err(store_error)?;
            Ok((key[NOTES.len()..].to_vec(), value.to_vec()))
        };
        self.store.documents(&[NOTES, prefix].concat()).map(note).collect()
    }
}
