//! Where the texts of messages come from, read one after the other: arguments, files, lines, JSON Lines, CSV,
//! exported messages. What is made of a row is the composer's business.

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use irongate_messages::{Record, parse_json, parse_yaml};
use serde_json::{Map, Value};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::NamedTempFile;

/// The longest line that is read, in bytes. A server's own limit of a message is smaller.
const LINE_BYTES_MAX: usize = 64 << 20;
/// The longest YAML file that is read, in bytes: it is kept in memory as a whole.
const YAML_BYTES_MAX: u64 = 64 << 20;

/// Where rows come from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// As many rows as there are texts; the texts are the composer's.
    Texts(usize),
    /// One row for each file, its whole content.
    Files(Vec<Place>),
    Lines(Place),
    JsonLines(Place),
    Csv {
        place: Place,
        /// Whether numbers and truth values stay text.
        as_text: bool,
    },
    Records(Place),
}

/// What is read.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Stdin,
    File(PathBuf),
    /// What standard input held, so that it can be read twice.
    Held(Arc<NamedTempFile>),
}

/// One row.
#[derive(Debug, Default)]
pub(crate) struct Row {
    /// The line it began on, or the number of the file or text; counted from 1.
    pub(crate) line: usize,
    /// Absent where a text of the command line is the payload.
    pub(crate) payload: Option<Bytes>,
    /// What templates may name.
    pub(crate) fields: Option<Map<String, Value>>,
    /// What is said about the message besides its payload.
    pub(crate) record: Option<Box<Record>>,
}

type Rows = Box<dyn Iterator<Item = Result<Row>> + Send>;

impl From<PathBuf> for Place {
    fn from(path: PathBuf) -> Self {
        if path.as_os_str() == "-" { Self::Stdin } else { Self::File(path) }
    }
}

impl Place {
    fn open(&self) -> Result<Box<dyn BufRead + Send>> {
        Ok(match self {
            Self::Stdin => Box::new(BufReader::new(std::io::stdin())),
            Self::File(path) => {
                Box::new(BufReader::new(File::open(path).with_context(|| format!("cannot read {}", path.display()))?))
            }
            Self::Held(file) => {
                Box::new(BufReader::new(file.reopen().context("cannot read what standard input held")?))
            }
        })
    }

    /// How it is called in sentences.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Stdin | Self::Held(_) => "standard input".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// The whole content.
    pub(crate) fn read(&self) -> Result<Vec<u8>> {
        let mut content = Vec::new();
        self.open()?.read_to_end(&mut content).with_context(|| format!("cannot read {}", self.name()))?;
        Ok(content)
    }

    /// Copies standard input into a file that goes away with the process; leaves anything else as it is.
    fn hold(&mut self) -> Result<()> {
        if !matches!(self, Self::Stdin) {
            return Ok(());
        }
        let mut file = NamedTempFile::new().context("cannot keep standard input in the folder for temporary files")?;
        std::io::copy(&mut std::io::stdin().lock(), file.as_file_mut()).context("cannot keep standard input")?;
        *self = Self::Held(Arc::new(file));
        Ok(())
    }
}

impl Source {
    fn places(&self) -> &[Place] {
        match self {
            Self::Texts(_) => &[],
            Self::Files(places) => places,
            Self::Lines(place) | Self::JsonLines(place) | Self::Records(place) | Self::Csv { place, .. } => {
                std::slice::from_ref(place)
            }
        }
    }

    /// Whether it can be read only once.
    pub(crate) fn is_stream(&self) -> bool {
        self.places().iter().any(|place| matches!(place, Place::Stdin))
    }

    /// Makes it readable more than once; waits for the end of standard input.
    pub(crate) fn hold(&mut self) -> Result<()> {
        match self {
            Self::Texts(_) => Ok(()),
            Self::Files(places) => places.iter_mut().try_for_each(Place::hold),
            Self::Lines(place) | Self::JsonLines(place) | Self::Records(place) | Self::Csv { place, .. } => {
                place.hold()
            }
        }
    }

    /// The rows, from the first on.
    ///
    /// # Errors
    /// It cannot be opened. What is wrong with a row is told in its place.
    pub(crate) fn rows(&self) -> Result<Rows> {
        Ok(match self {
            Self::Texts(count) => Box::new((1..=*count).map(|line| Ok(Row { line, ..Row::default() }))),
            Self::Files(places) => {
                let places = places.clone().into_iter().enumerate();
                Box::new(places.map(|(index, place)| Ok(with_payload(index + 1, place.read()?))))
            }
            Self::Lines(place) => Box::new(lines(place)?.map(|line| line.map(|(line, text)| with_payload(line, text)))),
            Self::JsonLines(place) => {
                let name = place.name();
                Box::new(lines(place)?.map(move |line| line.and_then(|(line, text)| json_row(&name, line, text))))
            }
            Self::Csv { place, as_text } => csv_rows(place, *as_text)?,
            Self::Records(place) => record_rows(place)?,
        })
    }
}

fn with_payload(line: usize, payload: Vec<u8>) -> Row {
    Row { line, payload: Some(payload.into()), ..Row::default() }
}

fn json_row(name: &str, line: usize, text: Vec<u8>) -> Result<Row> {
    let value: Value = serde_json::from_slice(&text).with_context(|| format!("line {line} of {name} is not JSON"))?;
    let fields = if let Value::Object(fields) = value { Some(fields) } else { None };
    Ok(Row { fields, ..with_payload(line, text) })
}

/// The lines that are not empty, each with its number and without its end.
fn lines(place: &Place) -> Result<impl Iterator<Item = Result<(usize, Vec<u8>)>> + Send + use<>> {
    let (mut reader, name) = (place.open()?, place.name());
    let mut line = 0;
    Ok(std::iter::from_fn(move || {
        loop {
            line += 1;
            let mut text = Vec::new();
            let read = reader.by_ref().take(LINE_BYTES_MAX as u64 + 1).read_until(b'\n', &mut text);
            match read.with_context(|| format!("cannot read {name}")) {
                Err(error) => return Some(Err(error)),
                Ok(0) => return None,
                Ok(_) => {}
            }
            if text.len() > LINE_BYTES_MAX {
                let sentence = format!(
                    "line {line} of {name} is longer than {LINE_BYTES_MAX} bytes; split it, or send it with -f"
                );
                return Some(Err(anyhow::Error::msg(sentence)));
            }
            let end = text.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r')).map_or(0, |last| last + 1);
            text.truncate(end);
            if !text.is_empty() {
                return Some(Ok((line, text)));
            }
        }
    }))
}

fn csv_rows(place: &Place, as_text: bool) -> Result<Rows> {
    let name = place.name();
    let mut reader = csv::Reader::from_reader(place.open()?);
    let head = reader.headers().with_context(|| format!("cannot read the first line of {name}"))?.clone();
    if head.is_empty() {
        bail!("{name} has no first line with the names of the columns");
    }
    Ok(Box::new(reader.into_records().map(move |record| {
        let record = record.with_context(|| format!("{name} is not CSV"))?;
        let line = record.position().map_or(0, |position| usize::try_from(position.line()).unwrap_or(usize::MAX));
        let cells = head.iter().zip(&record).map(|(name, cell)| (name, cell_value(cell, as_text)));
        // In the order of the columns, which a map would not keep.
        let pairs: Vec<String> = cells.clone().map(|(name, value)| format!("{}:{value}", Value::from(name))).collect();
        let payload = format!("{{{}}}", pairs.join(",")).into_bytes();
        let fields = cells.map(|(name, value)| (name.to_owned(), value)).collect();
        Ok(Row { fields: Some(fields), ..with_payload(line, payload) })
    })))
}

/// A cell as the JSON that it reads like, else as text. `007` is no JSON number, so it stays text.
fn cell_value(cell: &str, as_text: bool) -> Value {
    match serde_json::from_str(cell) {
        Ok(value @ (Value::Number(_) | Value::Bool(_))) if !as_text => value,
        _ => cell.into(),
    }
}

/// Exported messages: JSON Lines where the first line is one, else YAML.
fn record_rows(place: &Place) -> Result<Rows> {
    let name = place.name();
    let mut reader = place.open()?;
    let mut first = Vec::new();
    reader.by_ref().take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut first)?;
    if serde_json::from_slice::<Map<String, Value>>(&first).is_ok_and(|first| !first.contains_key("messages")) {
        let rest = reader.split(b'\n').map(|line| line.map_err(anyhow::Error::from));
        let lines = std::iter::once(Ok(first)).chain(rest).enumerate();
        let lines = lines.filter(|(_, line)| !line.as_ref().is_ok_and(|line| line.trim_ascii().is_empty()));
        return Ok(Box::new(lines.map(move |(index, line)| {
            let record = line.and_then(|line| Ok(parse_json(&line)?));
            record_row(index + 1, record.with_context(|| format!("line {} of {name} is no message", index + 1))?)
        })));
    }
    let mut text = first;
    reader.take(YAML_BYTES_MAX).read_to_end(&mut text)?;
    if text.len() as u64 > YAML_BYTES_MAX {
        bail!("{name} has more than {YAML_BYTES_MAX} bytes; write it as JSON Lines, one message on each line");
    }
    let text = String::from_utf8(text).with_context(|| format!("{name} is not UTF-8"))?;
    let records = parse_yaml(&text).with_context(|| format!("{name} is no list of messages"))?;
    Ok(Box::new(records.into_iter().enumerate().map(|(index, record)| record_row(index + 1, record))))
}

fn record_row(line: usize, record: Record) -> Result<Row> {
    let payload = record.payload().with_context(|| format!("message {line}"))?;
    Ok(Row { line, payload: Some(payload), record: Some(Box::new(record)), ..Row::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn place(content: &str) -> Place {
        let mut file = NamedTempFile::new().expect("a file");
        file.write_all(content.as_bytes()).expect("written");
        Place::Held(Arc::new(file))
    }

    fn payloads(source: &Source) -> Vec<(usize, String)> {
        let rows = source.rows().expect("opened").map(|row| row.expect("a row"));
        let text = |payload: Option<Bytes>| String::from_utf8(payload.expect("a payload").to_vec()).expect("text");
        rows.map(|row| (row.line, text(row.payload))).collect()
    }

    fn pairs(pairs: &[(usize, &str)]) -> Vec<(usize, String)> {
        pairs.iter().map(|(line, text)| (*line, (*text).to_owned())).collect()
    }

    #[test]
    fn lines_are_taken_without_their_ends() {
        assert_eq!(payloads(&Source::Lines(place("a\r\n\n b\nc"))), pairs(&[(1, "a"), (3, " b"), (4, "c")]));
    }

    #[test]
    fn a_line_over_the_limit_is_refused() {
        let source = Source::Lines(place(&"x".repeat(LINE_BYTES_MAX + 1)));
        let error = source.rows().expect("opened").next().expect("a row").expect_err("too long").to_string();
        assert!(error.contains("67108864"), "{error}");
        assert_eq!(payloads(&Source::Lines(place(&"x".repeat(LINE_BYTES_MAX)))).len(), 1);
    }

    #[test]
    fn json_lines_stay_as_they_are() {
        assert_eq!(
            payloads(&Source::JsonLines(place("{\"b\": 1, \"a\":2}\n7\n"))),
            pairs(&[(1, "{\"b\": 1, \"a\":2}"), (2, "7")])
        );
        let error =
            Source::JsonLines(place("1\n{\n")).rows().expect("opened").nth(1).expect("a row").expect_err("no JSON");
        assert!(format!("{error:#}").starts_with("line 2 of standard input is not JSON"), "{error:#}");
    }

    #[test]
    fn csv_becomes_json_in_the_order_of_its_columns() {
        let content = "zip,name,age,ok\n007,\"Ada, L\",36,true\n";
        let typed = Source::Csv { place: place(content), as_text: false };
        assert_eq!(payloads(&typed), pairs(&[(2, r#"{"zip":"007","name":"Ada, L","age":36,"ok":true}"#)]));
        let text = Source::Csv { place: place(content), as_text: true };
        assert_eq!(payloads(&text), pairs(&[(2, r#"{"zip":"007","name":"Ada, L","age":"36","ok":"true"}"#)]));
        let short = Source::Csv { place: place("a,b\n1\n"), as_text: false };
        short.rows().expect("opened").next().expect("a row").expect_err("a cell is missing");
    }

    #[test]
    fn exports_are_yaml_or_json_lines() {
        let yaml = "messages:\n- payload: one\n- payload: two\n";
        assert_eq!(payloads(&Source::Records(place(yaml))), pairs(&[(1, "one"), (2, "two")]));
        let json = "{\"payload\":\"one\"}\n\n{\"payload\":\"two\"}\n";
        assert_eq!(payloads(&Source::Records(place(json))), pairs(&[(1, "one"), (3, "two")]));
        let whole = "{\"messages\": [{\"payload\": \"one\"}]}";
        assert_eq!(payloads(&Source::Records(place(whole))), pairs(&[(1, "one")]));
    }
}
