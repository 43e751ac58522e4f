//! Messages from a file or from standard input: the whole of it, or line by line. No message is held longer than it is
//! looked at, and none that is longer than what a schema validates.

use anyhow::{Context, Result};
use irongate_schema::limits::PAYLOAD_BYTES_MAX;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;

/// Where messages come from.
#[derive(Debug, clap::Args)]
pub(super) struct Source {
    /// The file with the message; standard input without it, or for -.
    #[arg(short, long, default_value = "-")]
    file: PathBuf,
}

impl Source {
    /// What it is called in a sentence.
    pub(super) fn name(&self) -> String {
        if self.is_stdin() { "standard input".to_owned() } else { self.file.display().to_string() }
    }

    fn is_stdin(&self) -> bool {
        self.file.as_os_str() == "-"
    }

    fn open(&self) -> Result<Box<dyn BufRead>> {
        if self.is_stdin() {
            return Ok(Box::new(io::stdin().lock()));
        }
        let file = File::open(&self.file).with_context(|| format!("cannot read {}", self.name()))?;
        Ok(Box::new(BufReader::new(file)))
    }

    /// The whole as one message, and how many bytes it has: of one that is too long only the beginning is kept.
    pub(super) fn whole(&self) -> Result<Message> {
        let unreadable = || format!("cannot read {}", self.name());
        let mut source = self.open()?;
        let mut bytes = Vec::new();
        source.by_ref().take(PAYLOAD_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).with_context(unreadable)?;
        let more = io::copy(&mut source, &mut io::sink()).with_context(unreadable)?;
        Ok(Message { line: None, length_bytes: bytes.len() as u64 + more, bytes })
    }

    /// Each line that is not empty as a message.
    pub(super) fn lines(&self) -> Result<Lines> {
        Ok(Lines { source: self.open()?, name: self.name(), line: 0 })
    }
}

/// One message as read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// Its line in the stream, from 1; none where it is the whole.
    pub(super) line: Option<u64>,
    /// At most one byte more than a schema validates.
    pub(super) bytes: Vec<u8>,
    /// The length before it was cut.
    pub(super) length_bytes: u64,
}

/// The lines of a stream.
pub(super) struct Lines {
    source: Box<dyn BufRead>,
    name: String,
    line: u64,
}

impl Iterator for Lines {
    type Item = Result<Message>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.line += 1;
            match read_line(&mut self.source, PAYLOAD_BYTES_MAX + 1) {
                Ok(None) => return None,
                Ok(Some((bytes, _))) if bytes.trim_ascii().is_empty() => {}
                Ok(Some((bytes, length_bytes))) => {
                    return Some(Ok(Message { line: Some(self.line), bytes, length_bytes }));
                }
                Err(error) => {
                    return Some(Err(error).with_context(|| format!("cannot read {}, line {}", self.name, self.line)));
                }
            }
        }
    }
}

/// The next line without its end, cut after `kept_bytes_max`, and its length; none at the end of the stream.
fn read_line(source: &mut dyn BufRead, kept_bytes_max: usize) -> io::Result<Option<(Vec<u8>, u64)>> {
    let (mut kept, mut length, mut begun) = (Vec::new(), 0_u64, false);
    loop {
        let buffer = match source.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if buffer.is_empty() {
            return Ok(begun.then_some((kept, length)));
        }
        begun = true;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let part = &buffer[..end.unwrap_or(buffer.len())];
        kept.extend_from_slice(&part[..part.len().min(kept_bytes_max - kept.len())]);
        length += part.len() as u64;
        let used = part.len() + usize::from(end.is_some());
        source.consume(used);
        if end.is_some() {
            return Ok(Some((kept, length)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_and_empty_ones_are_none() {
        let source = BufReader::with_capacity(3, &b"{}\n\n  \n[1,2,3]\nend"[..]);
        let lines = Lines { source: Box::new(source), name: "a test".to_owned(), line: 0 };
        let read: Vec<(u64, Vec<u8>)> = lines
            .map(|message| message.expect("readable"))
            .map(|message| (message.line.expect("a line"), message.bytes))
            .collect();
        assert_eq!(read, [(1, b"{}".to_vec()), (4, b"[1,2,3]".to_vec()), (5, b"end".to_vec())]);
    }

    #[test]
    fn a_line_that_is_too_long_is_cut_and_the_next_one_is_whole() {
        let mut source = BufReader::with_capacity(4, &b"0123456789\nnext"[..]);
        assert_eq!(read_line(&mut source, 5).expect("readable"), Some((b"01234".to_vec(), 10)));
        assert_eq!(read_line(&mut source, 5).expect("readable"), Some((b"next".to_vec(), 4)));
        assert_eq!(read_line(&mut source, 5).expect("readable"), None);
    }
}
