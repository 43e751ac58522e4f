//! Cuts a file of many messages into rows: JSON Lines, one JSON array, or CSV with a header. Says for each row on which
//! line it begins. Does not say whether a row is valid, or even JSON: whoever checks it says so with the place.

use std::fmt::Write as _;
use std::ops::Range;

use csv_core::{ReadRecordResult, Reader};

use super::json_edit::quoted;

/// How a file holds its rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// One message to a line; empty lines are none.
    #[default]
    Lines,
    /// The elements of one JSON array.
    Array,
    /// Cells under the names of a header; each row becomes an object.
    Csv,
}

/// One row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The line it begins on, from 1.
    pub line: u32,
    /// The message as JSON text.
    pub text: String,
    /// Why there is no message; empty: there is one.
    pub problem: String,
}

impl Layout {
    /// What a file most likely is, by the end of its name and its first byte.
    #[must_use]
    pub fn of(name: &str, content: &[u8]) -> Layout {
        let first = content.iter().find(|byte| !byte.is_ascii_whitespace());
        match name.to_ascii_lowercase().rsplit_once('.') {
            Some((_, "csv")) => Layout::Csv,
            Some((_, "jsonl" | "ndjson")) => Layout::Lines,
            _ if first == Some(&b'[') => Layout::Array,
            _ => Layout::Lines,
        }
    }
}

/// Cuts a file.
///
/// # Errors
/// A sentence, where the file as a whole is not of this layout or has more rows than `rows_max`.
pub fn cut(content: &[u8], layout: Layout, rows_max: usize) -> Result<Vec<Row>, String> {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let text = std::str::from_utf8(content)
        .map_err(|error| format!("the file is not UTF-8 text: byte {} is none", error.valid_up_to() + 1))?;
    let rows = match layout {
        Layout::Lines => lines(text),
        Layout::Array => array(text)?,
        Layout::Csv => csv(text, rows_max)?,
    };
    match rows.len() {
        0 => Err("there are no rows in this file".to_owned()),
        count if count > rows_max => Err(format!("the file has more rows than the {rows_max} that one run takes")),
        _ => Ok(rows),
    }
}

fn row(line: usize, text: &str) -> Row {
    Row { line: u32::try_from(line).unwrap_or(u32::MAX), text: text.to_owned(), problem: String::new() }
}

fn lines(text: &str) -> Vec<Row> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(index, line)| row(index + 1, line)).collect()
}

/// The elements of an array, each with whatever is between its commas.
fn array(text: &str) -> Result<Vec<Row>, String> {
    let bytes = text.as_bytes();
    let first = bytes.iter().position(|byte| !byte.is_ascii_whitespace());
    let open = first.filter(|at| bytes[*at] == b'[').ok_or("the file does not begin with [")?;
    let mut rows = Vec::new();
    let mut line = 1 + bytes[..open].iter().filter(|byte| **byte == b'\n').count();
    let (mut start, mut start_line, mut depth, mut at) = (open + 1, line, 0_usize, open + 1);
    let mut push = |range: Range<usize>, from: usize, last: bool| {
        let element = &text[range];
        let inside = element.trim_start();
        let skipped = element[..element.len() - inside.len()].matches('\n').count();
        // An array without elements has nothing between its brackets.
        if !(last && rows.is_empty() && inside.is_empty()) {
            rows.push(row(from + skipped, inside.trim_end()));
        }
    };
    while at < bytes.len() {
        match bytes[at] {
            b'"' => at = string_end(bytes, at),
            b'[' | b'{' => depth += 1,
            b']' if depth == 0 => {
                push(start..at, start_line, true);
                let rest = text[at + 1..].trim();
                return if rest.is_empty() {
                    Ok(rows)
                } else {
                    Err("something follows the end of the array".to_owned())
                };
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                push(start..at, start_line, false);
                (start, start_line) = (at + 1, line);
            }
            b'\n' => line += 1,
            _ => {}
        }
        at += 1;
    }
    Err("the array does not end: its ] is missing".to_owned())
}

/// The closing quote of a string, or the last byte.
fn string_end(bytes: &[u8], open: usize) -> usize {
    let mut at = open + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at.min(bytes.len().saturating_sub(1))
}

fn csv(text: &str, rows_max: usize) -> Result<Vec<Row>, String> {
    let mut records = Records { reader: Reader::new(), rest: text.as_bytes(), cells: Vec::new() };
    let mut header: Vec<String> = Vec::new();
    let mut rows = Vec::new();
    while let Some(line) = records.next() {
        let cells = &records.cells;
        if header.is_empty() {
            header = cells.iter().map(|name| name.trim().to_owned()).collect();
            let fault = |name: &String| name.is_empty() || header.iter().filter(|other| *other == name).count() > 1;
            if let Some(at) = header.iter().position(fault) {
                return Err(format!("the header's column {} has no name of its own: “{}”", at + 1, header[at]));
            }
            continue;
        }
        if rows.len() == rows_max {
            return Err(format!("the file has more rows than the {rows_max} that one run takes"));
        }
        if cells.len() == header.len() {
            rows.push(row(line, &object(&header, cells)));
        } else {
            let problem = format!("has {} cells, the header has {}", cells.len(), header.len());
            rows.push(Row { problem, ..row(line, &cells.join(",")) });
        }
    }
    Ok(rows)
}

/// The records of a CSV text, one at a time.
struct Records<'a> {
    reader: Reader,
    rest: &'a [u8],
    cells: Vec<String>,
}

impl Records<'_> {
    /// Reads the next record into `cells`; answers the line it begins on.
    fn next(&mut self) -> Option<usize> {
        let (mut output, mut ends) = (vec![0_u8; 1024], vec![0_usize; 32]);
        let (mut written, mut ended) = (0, 0);
        // Empty lines before a record belong to none.
        let blank = self.rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r'));
        let line = self.reader.line() as usize + blank.filter(|byte| **byte == b'\n').count();
        loop {
            let (result, read, wrote, end) =
                self.reader.read_record(self.rest, &mut output[written..], &mut ends[ended..]);
            self.rest = &self.rest[read..];
            written += wrote;
            ended += end;
            match result {
                ReadRecordResult::OutputFull => output.resize(output.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => ends.resize(ends.len() * 2, 0),
                // An empty input says that there is no more.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::End => return None,
                ReadRecordResult::Record => break,
            }
        }
        let starts = std::iter::once(0).chain(ends[..ended].iter().copied());
        let cells = starts.zip(&ends[..ended]).map(|(start, end)| String::from_utf8_lossy(&output[start..*end]));
        self.cells = cells.map(std::borrow::Cow::into_owned).collect();
        Some(line)
    }
}

/// An object of named cells. A cell that is a number, `true`, `false` or `null` in JSON stands as that; an empty one is
/// left out; any other is a string.
fn object(header: &[String], cells: &[String]) -> String {
    let mut out = String::from("{");
    for (name, cell) in header.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
        let comma = if out.len() > 1 { "," } else { "" };
        let value = if is_bare(cell) { cell.clone() } else { quoted(cell) };
        // Writing to a string cannot fail.
        let _ = write!(out, "{comma}{}:{value}", quoted(name));
    }
    out + "}"
}

fn is_bare(cell: &str) -> bool {
    if matches!(cell, "true" | "false" | "null") {
        return true;
    }
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    let whole = digits.split(['.', 'e', 'E']).next().unwrap_or_default();
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    let begins = digits.starts_with(|character: char| character.is_ascii_digit());
    let ends = digits.ends_with(|character: char| character.is_ascii_digit());
    begins && ends && !leading_zero && !digits.contains(".e") && !digits.contains(".E") && digits.parse::<f64>().is_ok()
}

/// The row with the bare values at these places as strings; none, where there is no such value. In CSV a number and a text of
/// digits look the same: which one is meant, only the schema knows.
#[must_use]
pub fn with_strings(text: &str, places: impl Iterator<Item = Range<usize>>) -> Option<String> {
    let bare = |range: &Range<usize>| text.get(range.clone()).is_some_and(is_bare);
    let mut places: Vec<Range<usize>> = places.filter(bare).collect();
    places.sort_by_key(|range| range.start);
    places.dedup();
    let mut out = text.to_owned();
    for range in places.iter().rev() {
        out.replace_range(range.clone(), &quoted(&text[range.clone()]));
    }
    (!places.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests;
