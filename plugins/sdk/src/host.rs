//! What a transform can ask of its host. In a component this is the host; in a native test it is the double of `testing.rs`.

use std::fmt;

/// How much a log line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Of interest to whoever wrote the transform.
    Trace,
    /// Of interest while looking for a fault.
    Debug,
    /// Worth knowing.
    Info,
    /// Something is not as it should be.
    Warn,
    /// Something failed.
    Error,
}

/// Why the host did not do what was asked of the state.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateError {
    /// The capability was not granted.
    Denied,
    /// Over a limit, which the sentence names.
    TooLarge(String),
    /// Something that this version has no name for.
    Other(String),
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StateError::Denied => f.write_str("the capability `state` is not granted"),
            StateError::TooLarge(reason) | StateError::Other(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for StateError {}

/// Whoever answers: the host's imports, or a test.
pub(crate) trait Backend {
    fn log(&mut self, level: Level, message: &str);
    fn count(&mut self, name: &str, amount: u64);
    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, StateError>;
    fn set(&mut self, key: &str, value: &[u8]) -> Result<(), StateError>;
    fn delete(&mut self, key: &str) -> Result<(), StateError>;
}

/// The host, for the time of one call.
pub struct Host<'a> {
    backend: &'a mut dyn Backend,
}

impl<'a> Host<'a> {
    pub(crate) fn new(backend: &'a mut dyn Backend) -> Host<'a> {
        Host { backend }
    }

    /// Writes a line for people. Lines over the host's limits are cut or left out.
    pub fn log(&mut self, level: Level, message: &str) {
        self.backend.log(level, message);
    }

    /// Adds to a counter: lower-case letters, digits and underscores, the unit last, such as `masked_fields_total`.
    pub fn count(&mut self, name: &str, amount: u64) {
        self.backend.count(name, amount);
    }

    /// The value of a key of the state; none where it was never set or was deleted.
    ///
    /// # Errors
    /// Not granted, or the key is too long.
    pub fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, StateError> {
        self.backend.get(key)
    }

    /// Sets a key of the state. Becomes lasting together with this call's outcomes, or not at all.
    ///
    /// # Errors
    /// Not granted, or over a limit.
    pub fn set(&mut self, key: &str, value: &[u8]) -> Result<(), StateError> {
        self.backend.set(key, value)
    }

    /// Deletes a key of the state, if it is there.
    ///
    /// # Errors
    /// Not granted, or the key is too long.
    pub fn delete(&mut self, key: &str) -> Result<(), StateError> {
        self.backend.delete(key)
    }
}
