//! Where a log begins and ends. Kept on disk for logs that lost their beginning: their
//! records alone would not say where the next one goes.

use bytes::Bytes;

/// Bytes of a stored head: four u64.
const HEAD_BYTES: usize = 32;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) first_offset: u64,
    pub(crate) next_offset: u64,
    pub(crate) last_ms: u64,
    /// Records before it are gone from the tables; between it and `first_offset` they wait
    /// to be removed, and count as gone.
    pub(crate) swept_offset: u64,
}

impl Head {
    pub(crate) fn encode(&self) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        let fields = [self.first_offset, self.next_offset, self.last_ms, self.swept_offset];
        for (place, field) in bytes.chunks_exact_mut(8).zip(fields) {
            place.copy_from_slice(&field.to_be_bytes());
        }
        bytes
    }

    /// `None` when the value has another length.
    pub(crate) fn decode(value: &Bytes) -> Option<Self> {
        let field = |index: usize| value.get(index * 8..index * 8 + 8)?.try_into().ok().map(u64::from_be_bytes);
        (value.len() == HEAD_BYTES).then_some(())?;
        Some(Self { first_offset: field(0)?, next_offset: field(1)?, last_ms: field(2)?, swept_offset: field(3)? })
    }

    /// Without its records before `first_offset`.
    pub(crate) fn cut(self, first_offset: u64) -> Self {
        Self { first_offset: first_offset.clamp(self.first_offset, self.next_offset), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_come_back_and_are_cut_within_their_bounds() {
        let head = Head { first_offset: 3, next_offset: 9, last_ms: 77, swept_offset: 2 };
        assert_eq!(Head::decode(&Bytes::copy_from_slice(&head.encode())), Some(head));
        assert_eq!(Head::decode(&Bytes::from_static(b"short")), None);
        assert_eq!([0, 5, u64::MAX].map(|first| head.cut(first).first_offset), [3, 5, 9]);
    }
}
