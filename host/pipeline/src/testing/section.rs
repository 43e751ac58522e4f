//! A test as a section of a TOML file, which reads back as the same test. Faults are not written: no recording has any.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value as Json;

use super::{Expected, ExpectedPayload, TestCase, TestRecord};

/// The section `[[tests]]` of a test.
#[must_use]
pub fn section(test: &TestCase) -> String {
    let mut lines = vec!["[[tests]]".to_owned(), format!("name = {}", text(&test.name))];
    lines.push(list("input", test.input.iter().map(input)));
    for (topic, expected) in &test.expected {
        lines.push(list(&format!("expect.{}", text(topic)), expected.iter().map(output)));
    }
    lines.extend(test.dead_letters.iter().map(|letters| list("expect.dead_letter", letters.iter().map(output))));
    lines.extend(test.filtered.map(|filtered| format!("expect.filtered = {filtered}")));
    lines.join("\n") + "\n"
}

fn list(key: &str, items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.map(|item| format!("  {item},\n")).collect();
    if items.is_empty() { format!("{key} = []") } else { format!("{key} = [\n{}]", items.concat()) }
}

fn input(record: &TestRecord) -> String {
    let mut fields = named(record.key.as_deref(), &record.attributes);
    fields.extend(record.partition.map(|partition| format!("partition = {partition}")));
    if record.publish_time_ms > 0 {
        fields.push(format!("publish_time_ms = {}", record.publish_time_ms));
    }
    // As JSON only where the bytes are the same again.
    let json: Option<Json> = serde_json::from_slice(&record.payload).ok();
    let json = json.filter(|json| json.to_string().as_bytes() == record.payload).and_then(|json| inline(&json));
    fields.push(json.map_or_else(|| raw(&record.payload), |json| format!("json = {json}")));
    table(&fields)
}

fn output(expected: &Expected) -> String {
    let mut fields = named(expected.key.as_deref(), &expected.attributes);
    fields.extend(expected.payload.as_ref().map(|payload| match payload {
        ExpectedPayload::Bytes(bytes) => raw(bytes),
        ExpectedPayload::Json(json) => as_json("json", json),
        ExpectedPayload::JsonContains(json) => as_json("json_contains", json),
    }));
    fields.extend(expected.reason_contains.iter().map(|reason| format!("reason_contains = {}", text(reason))));
    table(&fields)
}

fn as_json(key: &str, json: &Json) -> String {
    inline(json).map_or_else(|| raw(json.to_string().as_bytes()), |inline| format!("{key} = {inline}"))
}

fn named(key: Option<&str>, attributes: &[(String, String)]) -> Vec<String> {
    let mut fields: Vec<String> = key.map(|key| format!("key = {}", text(key))).into_iter().collect();
    if !attributes.is_empty() {
        let pairs: Vec<String> =
            attributes.iter().map(|(name, value)| format!("{} = {}", text(name), text(value))).collect();
        fields.push(format!("attributes = {}", table(&pairs)));
    }
    fields
}

fn raw(payload: &[u8]) -> String {
    match std::str::from_utf8(payload) {
        Ok(payload) => format!("text = {}", text(payload)),
        Err(_) => format!("base64 = {}", text(&STANDARD.encode(payload))),
    }
}

fn table(fields: &[String]) -> String {
    if fields.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", fields.join(", ")) }
}

/// A value of TOML; none where TOML has none for it: nothing, and whole numbers that need more than 63 bits.
fn inline(json: &Json) -> Option<String> {
    Some(match json {
        Json::Null => return None,
        Json::Number(number) if number.is_u64() && !number.is_i64() => return None,
        Json::Bool(_) | Json::Number(_) => json.to_string(),
        Json::String(string) => text(string),
        Json::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Option<Vec<_>>>()?.join(", ")),
        Json::Object(entries) => {
            let field = |(key, value): (&String, &Json)| Some(format!("{} = {}", text(key), inline(value)?));
            table(&entries.iter().map(field).collect::<Option<Vec<_>>>()?)
        }
    })
}

/// A string, quoted as JSON does it, which TOML reads as well; it alone wants the character DEL escaped.
fn text(text: &str) -> String {
    Json::from(text).to_string().replace('\u{7f}', "\\u007f")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;
    use crate::config::{Format, PipelineConfig, Place};

    const PIPELINE: &str = "[pipeline]\nname = \"p\"\nfrom = \"/default/a\"\n[[pipeline.to]]\ntopic = \"/default/b\"\n\
                            [pipeline.dead_letter]\ntopic = \"/default/c\"\n";

    fn record(payload: impl Into<bytes::Bytes>) -> TestRecord {
        TestRecord { payload: payload.into(), ..TestRecord::default() }
    }

    #[test]
    fn a_test_reads_back_as_it_was_written() {
        let nasty = "q\"b\\n\n\r\t\u{1}\u{7f}\u{2028}ü 字 '''";
        let keyed = TestRecord {
            key: Some(nasty.to_owned()),
            attributes: vec![(nasty.to_owned(), nasty.to_owned()), ("b".to_owned(), String::new())],
            partition: Some(3),
            publish_time_ms: 1_700_000_000_000,
            ..record(json!({"a.b": [1, 1.5, true, {"": nasty}], "e": {}}).to_string())
        };
        let whole = |payload: Json| Expected { payload: Some(ExpectedPayload::Json(payload)), ..Expected::default() };
        let test = TestCase {
            name: nasty.to_owned(),
            place: Place::default(),
            input: vec![
                keyed,
                record(""),
                record("{ \"spaced\": 1 }"),
                record("{\"a\":null}"),
                record("[18446744073709551615,1e300]"),
                record(vec![0, 159, 146, 150]),
            ],
            expected: [("/default/b".to_owned(), vec![whole(json!({"x": -1e-7})), whole(json!([null]))])].into(),
            dead_letters: Some(Vec::new()),
            filtered: Some(4),
            faults: Vec::new(),
        };
        let written = section(&test);
        let parsed = PipelineConfig::parse(&format!("{PIPELINE}{written}"), Format::Toml, Path::new(""));
        let read = parsed.unwrap_or_else(|problems| panic!("{problems:?} in {written}")).tests.remove(0);
        assert_eq!((&read.name, read.filtered), (&test.name, test.filtered));
        assert!(read.dead_letters.is_some_and(|letters| letters.is_empty()));
        for (read, written) in read.input.iter().zip(&test.input) {
            assert_eq!((&read.key, &read.attributes), (&written.key, &written.attributes));
            assert_eq!((read.partition, read.publish_time_ms), (written.partition, written.publish_time_ms));
            assert_eq!(read.payload, written.payload);
        }
        assert_eq!(read.input.len(), test.input.len());
        let [number, nothing] = &read.expected["/default/b"][..] else { panic!("{:?}", read.expected) };
        assert!(matches!(&number.payload, Some(ExpectedPayload::Json(json)) if *json == json!({"x": -1e-7})));
        assert!(matches!(&nothing.payload, Some(ExpectedPayload::Bytes(bytes)) if bytes == "[null]"));
    }
}
