//! Lines of a text, and the ways to name a place in it: bytes (Rust, the validators),
//! UTF-16 units (the browser's text fields).

/// Where each line of a text starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines {
    starts: Vec<usize>,
    bytes: usize,
}

impl Lines {
    /// The lines of a text. A text has at least one, and one more than it has line feeds.
    #[must_use]
    pub fn of(text: &str) -> Lines {
        let mut starts = vec![0];
        starts.extend(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1));
        Lines { starts, bytes: text.len() }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// The bytes of a line, counted from 0, without its line feed.
    #[must_use]
    pub fn range(&self, line: usize) -> std::ops::Range<usize> {
        let Some(&start) = self.starts.get(line) else { return self.bytes..self.bytes };
        let end = self.starts.get(line + 1).map_or(self.bytes, |next| next - 1);
        start..end
    }

    /// The line, counted from 0, that a byte lies on.
    #[must_use]
    pub fn line_of(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start <= byte).saturating_sub(1)
    }
}

/// The offset in UTF-16 units of a byte offset, which may lie beyond the end.
#[must_use]
pub fn utf16_offset(text: &str, byte: usize) -> u32 {
    let head = &text[..floor_character(text, byte)];
    u32::try_from(head.encode_utf16().count()).unwrap_or(u32::MAX)
}

/// The byte offset of a place given as line and column, both from 1, columns in characters.
#[must_use]
pub fn byte_offset(text: &str, line: u32, column: u32) -> usize {
    let lines = Lines::of(text);
    let range = lines.range((line.max(1) - 1) as usize);
    let within = text[range.clone()].char_indices().nth((column.max(1) - 1) as usize);
    within.map_or(range.end, |(at, _)| range.start + at)
}

/// The nearest character boundary at or before a byte offset.
#[must_use]
pub fn floor_character(text: &str, byte: usize) -> usize {
    let mut at = byte.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_text_has_one_line() {
        let lines = Lines::of("");
        assert_eq!((lines.count(), lines.range(0), lines.line_of(0)), (1, 0..0, 0));
    }

    #[test]
    fn lines_exclude_their_line_feed() {
        let lines = Lines::of("ab\n\nc\n");
        assert_eq!(lines.count(), 4);
        let ranges: Vec<_> = (0..5).map(|line| lines.range(line)).collect();
        assert_eq!(ranges, [0..2, 3..3, 4..5, 6..6, 6..6]);
        assert_eq!([0, 2, 3, 4, 6, 99].map(|byte| lines.line_of(byte)), [0, 0, 1, 2, 3, 3]);
    }

    #[test]
    fn places_count_as_the_browser_counts() {
        let text = "é😀x";
        assert_eq!([0, 2, 6, 7, 99].map(|byte| utf16_offset(text, byte)), [0, 1, 3, 4, 4]);
        assert_eq!(utf16_offset(text, 1), 0, "a byte inside a character counts as its start");
    }

    #[test]
    fn columns_count_characters() {
        let text = "{\n \"é\": x}";
        assert_eq!(&text[byte_offset(text, 2, 7)..], "x}");
        assert_eq!(byte_offset(text, 2, 99), text.len());
        assert_eq!(byte_offset(text, 9, 1), text.len());
        assert_eq!(byte_offset(text, 0, 0), 0);
    }
}
