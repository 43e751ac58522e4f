//! Bytes as hexadecimal rows of sixteen, and the honest look at bytes as text. Pure.

/// Bytes in one row.
pub const ROW_BYTES: usize = 16;

/// One row: where it starts, its bytes in hexadecimal, its printable ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Offset of the first byte, eight hexadecimal digits.
    pub offset: String,
    /// The bytes, a space between them and one more in the middle.
    pub hex: String,
    /// Printable ASCII, a point for anything else.
    pub ascii: String,
}

/// All rows of some bytes.
#[must_use]
pub fn rows(bytes: &[u8]) -> Vec<Row> {
    bytes.chunks(ROW_BYTES).enumerate().map(|(index, chunk)| row(index * ROW_BYTES, chunk)).collect()
}

fn row(offset: usize, chunk: &[u8]) -> Row {
    let mut hex = String::with_capacity(ROW_BYTES * 3 + 1);
    for (index, byte) in chunk.iter().enumerate() {
        if index > 0 {
            hex.push_str(if index == ROW_BYTES / 2 { "  " } else { " " });
        }
        hex.push(digit(byte >> 4));
        hex.push(digit(byte & 15));
    }
    let printable = |byte: &u8| if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '.' };
    Row { offset: format!("{offset:08x}"), hex, ascii: chunk.iter().map(printable).collect() }
}

fn digit(nibble: u8) -> char {
    char::from(b"0123456789abcdef"[usize::from(nibble & 15)])
}

/// One line that shows what some bytes are: their text with line breaks as spaces, or the first
/// bytes in hexadecimal where they are not text. At most `characters_max` characters.
#[must_use]
pub fn preview(bytes: &[u8], characters_max: usize) -> String {
    // Four bytes are the longest character; a cut inside the last one is not the payload's fault.
    let head = &bytes[..bytes.len().min(characters_max.saturating_mul(4))];
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() && head.len() < bytes.len() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => {
            let hex: Vec<String> = bytes.iter().take(characters_max / 3).map(|byte| format!("{byte:02x}")).collect();
            return hex.join(" ");
        }
    };
    let mut line = String::new();
    let mut space = false;
    for character in text.chars().take(characters_max) {
        if character.is_whitespace() || character.is_control() {
            space = !line.is_empty();
            continue;
        }
        if std::mem::take(&mut space) {
            line.push(' ');
        }
        line.push(character);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_sixteen() {
        let bytes: Vec<u8> = (0x3f..0x51).collect();
        let rows = rows(&bytes);
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].offset, "00000000");
        assert_eq!(rows[0].hex, "3f 40 41 42 43 44 45 46  47 48 49 4a 4b 4c 4d 4e");
        assert_eq!(rows[0].ascii, "?@ABCDEFGHIJKLMN");
        assert_eq!((rows[1].offset.as_str(), rows[1].hex.as_str()), ("00000010", "4f 50"));
        assert_eq!(super::rows(&[]), []);
        assert_eq!(super::rows(&[0x1f, 0x7f])[0].ascii, "..");
    }

    #[test]
    fn a_preview_is_one_line_of_text() {
        assert_eq!(preview(b"{\n  \"a\": 1\n}\n", 100), "{ \"a\": 1 }");
        assert_eq!(preview("äöü".as_bytes(), 2), "äö");
        assert_eq!(preview(b"", 10), "");
    }

    #[test]
    fn a_preview_of_other_bytes_is_hexadecimal() {
        assert_eq!(preview(&[0xff, 0x00, 0xc3], 100), "ff 00 c3");
    }
}
