//! Keeps the last bytes of what a guest writes to standard output and standard error: a panic's text is there and nowhere else. Never blocks the guest and
//! never fails it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use wasmtime_wasi::{
    async_trait,
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamResult, pipe::MemoryOutputPipe},
};

/// Bytes that a guest may write at once; it writes again for more.
const WRITE_BYTES_MAX: usize = 16 << 10;

/// The end that the host holds; clones share the same bytes.
#[derive(Clone, Debug)]
pub(crate) struct StandardOutput {
    tail: Arc<Mutex<VecDeque<u8>>>,
    bytes_max: usize,
}

impl StandardOutput {
    pub(crate) fn new(bytes_max: usize) -> StandardOutput {
        StandardOutput { tail: Arc::default(), bytes_max }
    }

    /// Takes what is there, as text.
    pub(crate) fn take(&self) -> String {
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = tail.drain(..).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn keep(&self, bytes: &[u8]) {
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = &bytes[bytes.len().saturating_sub(self.bytes_max)..];
        let surplus = (tail.len() + bytes.len()).saturating_sub(self.bytes_max);
        tail.drain(..surplus);
        tail.extend(bytes);
    }
}

impl IsTerminal for StandardOutput {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for StandardOutput {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        // Only WASI 0.3 asks for this one, which is not linked.
        Box::new(MemoryOutputPipe::new(0))
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for StandardOutput {
    async fn ready(&mut self) {}
}

impl OutputStream for StandardOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.keep(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_bytes_stay() {
        let output = StandardOutput::new(4);
        for text in ["ab", "cde", "", "0123456789"] {
            output.keep(text.as_bytes());
        }
        assert_eq!(output.take(), "6789");
        output.keep(b"abc");
        output.keep(b"de");
        assert_eq!(output.take(), "bcde");
        assert_eq!(output.take(), "");
    }
}
