//! Teaches: one record in, many out. Makes a record of each line that is not empty, with the key and attributes of the whole, and its number.

use irongate_transform::{Description, Host, Outcome, OutputRecord, Record, Transform};

/// The attribute that says which line it was, counted from 1.
const LINE_ATTRIBUTE: &str = "line";

/// The transform. It has no configuration.
pub struct SplitLines;

impl Transform for SplitLines {
    type Configuration = ();

    fn describe() -> Description {
        Description::new("split-lines", env!("CARGO_PKG_VERSION"))
            .summary("Makes one record of each line of a payload; empty lines are left out.")
            .configuration_schema(r#"{"type": "null"}"#)
    }

    fn configure(_: ()) -> Result<SplitLines, String> {
        Ok(SplitLines)
    }

    fn transform(&mut self, record: Record, _host: &mut Host) -> Outcome {
        let Ok(text) = std::str::from_utf8(&record.payload) else {
            return Outcome::reject("the payload is not UTF-8 text");
        };
        let part = |(index, line): (usize, &str)| {
            OutputRecord {
                topic: None,
                key: record.key.clone(),
                attributes: record.attributes.clone(),
                schema: None,
                payload: line.into(),
            }
            .attributed(LINE_ATTRIBUTE, &(index + 1).to_string())
        };
        Outcome::Emit(text.lines().enumerate().filter(|(_, line)| !line.is_empty()).map(part).collect())
    }
}

irongate_transform::export!(SplitLines);

#[cfg(test)]
mod tests {
    use irongate_transform::testing::Tester;

    use super::*;

    #[test]
    fn each_line_keeps_key_and_attributes_and_gets_its_number() {
        let record = Record::new("/default/files", "one\r\n\nthree").keyed("k").attributed("name", "a.txt");
        let Outcome::Emit(records) = Tester::<SplitLines>::new(()).transform(record) else {
            panic!("nothing was emitted")
        };
        let lines: Vec<_> =
            records.iter().map(|record| (record.payload.as_slice(), record.attributes[1].1.as_str())).collect();
        assert_eq!(lines, [(&b"one"[..], "1"), (&b"three"[..], "3")]);
        assert!(records.iter().all(|record| record.key.as_deref() == Some("k")));
    }

    #[test]
    fn bytes_that_are_no_text_are_rejected() {
        assert!(matches!(Tester::<SplitLines>::new(()).transform(Record::new("/a/b", [0xff])), Outcome::Reject(_)));
    }
}
