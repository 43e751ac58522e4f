//! From byte offsets to lines and columns, as an editor shows them. Knows no JSON.

/// A half-open range of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByteRange {
    pub start: usize,
    pub end: usize,
}

/// The starts of all lines of one text.
pub(crate) struct Places<'a> {
    text: &'a str,
    line_starts: Vec<usize>,
}

impl<'a> Places<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { text, line_starts: std::iter::once(0).chain(breaks).collect() }
    }

    /// Line and column, both from 1, of a byte offset; an offset past the end is the end.
    pub(crate) fn of(&self, offset: usize) -> (u32, u32) {
        let offset = offset.min(self.text.len());
        let line = self.line_starts.partition_point(|start| *start <= offset) - 1;
        let start = self.line_starts[line];
        let column = self.text.as_bytes()[start..offset].iter().filter(|byte| !is_continuation(**byte)).count();
        (saturated(line + 1), saturated(column + 1))
    }

    /// The byte offset of a line and a column counted in bytes, both from 1.
    pub(crate) fn offset_of(&self, line: usize, column_bytes: usize) -> usize {
        let start = self.line_starts.get(line.saturating_sub(1)).copied().unwrap_or(self.text.len());
        let mut offset = (start + column_bytes.saturating_sub(1)).min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }
}

fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

fn saturated(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let places = Places::new("aü𐍈b\nüx");
        assert_eq!(places.of(0), (1, 1));
        assert_eq!(places.of("aü𐍈".len()), (1, 4));
        assert_eq!(places.of("aü𐍈b\nü".len()), (2, 2));
        assert_eq!(places.of(10_000), (2, 3));
        assert_eq!(places.offset_of(2, 3), "aü𐍈b\nü".len());
    }

    #[test]
    fn the_empty_text_has_one_place() {
        assert_eq!(Places::new("").of(0), (1, 1));
    }
}
