//! The byte layout of log keys, as the crate documentation states it.

/// Bytes of a log key: log id and offset.
pub(crate) const LOG_KEY_BYTES: usize = 16;

pub(crate) fn log_key(log: u64, offset: u64) -> [u8; LOG_KEY_BYTES] {
    let mut key = [0; LOG_KEY_BYTES];
    key[..8].copy_from_slice(&log.to_be_bytes());
    key[8..].copy_from_slice(&offset.to_be_bytes());
    key
}

/// The offset in a log key; `None` when the key has another length.
pub(crate) fn offset_of(key: &[u8]) -> Option<u64> {
    let key: &[u8; LOG_KEY_BYTES] = key.try_into().ok()?;
    key[8..].try_into().ok().map(u64::from_be_bytes)
}

/// The log in a log key; `None` when the key has another length.
pub(crate) fn log_of(key: &[u8]) -> Option<u64> {
    let key: &[u8; LOG_KEY_BYTES] = key.try_into().ok()?;
    key[..8].try_into().ok().map(u64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_by_log_then_offset() {
        let mut keys = vec![log_key(2, 0), log_key(1, 256), log_key(1, 255), log_key(0, u64::MAX)];
        keys.sort_unstable();
        assert_eq!(keys, vec![log_key(0, u64::MAX), log_key(1, 255), log_key(1, 256), log_key(2, 0)]);
        assert_eq!(offset_of(&log_key(1, 256)), Some(256));
        assert_eq!(log_of(&log_key(1, 256)), Some(1));
        assert_eq!(offset_of(&[0; 15]).or(log_of(&[0; 17])), None);
    }
}
