//! The sections `[[tests]]`: read and checked like everything else, before anything runs.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;

use super::{
    check::{count, is_topic},
    model::PipelineConfig,
    problem::suggest,
    reader::{Reader, Table},
    tree::{Node, Value},
};
use crate::testing::{Expected, ExpectedPayload, Fault, FaultKind, TestCase, TestRecord};

const TEST: [&str; 4] = ["name", "input", "expect", "inject"];
const INPUT: [&str; 7] = ["key", "attributes", "partition", "publish_time_ms", "json", "text", "base64"];
const EXPECTED: [&str; 7] = ["key", "attributes", "json", "json_contains", "text", "base64", "reason_contains"];
const INJECT: [&str; 5] = ["fault", "stage", "topic", "record", "times"];
const STAGE_FAULTS: [&str; 4] = ["trap", "timeout", "out_of_memory", "retry"];
const TARGET_FAULTS: [&str; 2] = ["produce", "refuse"];
/// The two keys of `expect` that are no topics.
const DEAD_LETTER: &str = "dead_letter";
const FILTERED: &str = "filtered";

pub(super) fn read(reader: &mut Reader, file: &Table<'_>) -> Vec<TestCase> {
    reader.list(file, "tests").iter().map(|(path, node)| test(reader, node, path)).collect()
}

fn test(reader: &mut Reader, node: &Node, path: &str) -> TestCase {
    let table = reader.table(node, path, &TEST);
    let mut test = TestCase {
        name: reader.required(&table, "name", "masks the address").to_owned(),
        place: node.place,
        input: reader.list(&table, "input").iter().map(|(path, node)| input(reader, node, path)).collect(),
        expected: BTreeMap::new(),
        dead_letters: None,
        filtered: None,
        faults: reader.list(&table, "inject").iter().filter_map(|(path, node)| fault(reader, node, path)).collect(),
    };
    if let Some(node) = table.get("expect") {
        let table = reader.open_table(node, &table.path_of("expect"));
        expectations(reader, &table, &mut test);
    }
    test
}

fn expectations(reader: &mut Reader, table: &Table<'_>, test: &mut TestCase) {
    for entry in table.entries() {
        if entry.key == FILTERED {
            test.filtered = Some(reader.integer(table, FILTERED, 0..=u64::MAX >> 1, 0));
            continue;
        }
        let expected = reader.list(table, &entry.key);
        let expected = expected.iter().map(|(path, node)| expected_record(reader, node, path)).collect();
        if entry.key == DEAD_LETTER {
            test.dead_letters = Some(expected);
        } else {
            test.expected.insert(entry.key.clone(), expected);
        }
    }
}

/// What must hold between the tests and the rest.
pub(super) fn agree(reader: &mut Reader, config: &PipelineConfig) {
    let mut topics: Vec<&str> = config.targets.iter().map(|target| target.topic.as_str()).collect();
    let stages: Vec<&str> = config.stages.iter().map(|stage| stage.id.as_str()).collect();
    let dead_letters = config.dead_letter.as_ref().map(|dead_letter| dead_letter.topic.as_str());
    for (index, test) in config.tests.iter().enumerate() {
        for topic in test.expected.keys().filter(|topic| !topics.contains(&topic.as_str())) {
            let what = if is_topic(topic) { "this is not a target of the pipeline" } else { "this is no topic" };
            let path = format!("tests[{index}].expect.\"{topic}\"");
            reader.complain(test.place, &path, what, suggest(topic, &topics));
        }
    }
    topics.extend(dead_letters);
    for (index, test) in config.tests.iter().enumerate() {
        for (number, fault) in test.faults.iter().enumerate() {
            let (name, known) = match &fault.kind {
                FaultKind::Trap(id) | FaultKind::TimeOut(id) | FaultKind::OutOfMemory(id) | FaultKind::Retry(id) => {
                    (id, &stages)
                }
                FaultKind::Produce(topic) | FaultKind::Refuse(topic) => (topic, &topics),
                FaultKind::Redeliver => continue,
            };
            let path = format!("tests[{index}].inject[{number}]");
            if !name.is_empty() && !known.contains(&name.as_str()) {
                let message = format!("`{name}` is not in the pipeline");
                reader.complain(test.place, &path, message, suggest(name, known));
            }
            if fault.record.is_some_and(|record| record > test.input.len()) {
                let message = format!("the test has {} records only", test.input.len());
                reader.complain(test.place, &path, message, None);
            }
        }
    }
}

fn input(reader: &mut Reader, node: &Node, path: &str) -> TestRecord {
    let table = reader.table(node, path, &INPUT);
    one_payload(reader, &table);
    let payload = table.get("json").map(|node| Bytes::from(node.json().to_string()));
    let partition = table.get("partition").map(|_| reader.integer(&table, "partition", 0..=1_023, 0));
    TestRecord {
        key: reader.text(&table, "key").map(str::to_owned),
        attributes: attributes(reader, &table),
        payload: payload.or_else(|| raw_payload(reader, &table)).unwrap_or_default(),
        partition: partition.and_then(|partition| u32::try_from(partition).ok()),
        publish_time_ms: reader.integer(&table, "publish_time_ms", 0..=u64::MAX >> 1, 0),
    }
}

fn expected_record(reader: &mut Reader, node: &Node, path: &str) -> Expected {
    let table = reader.table(node, path, &EXPECTED);
    one_payload(reader, &table);
    let payload = if let Some(node) = table.get("json") {
        Some(ExpectedPayload::Json(node.json()))
    } else if let Some(node) = table.get("json_contains") {
        Some(ExpectedPayload::JsonContains(node.json()))
    } else {
        raw_payload(reader, &table).map(ExpectedPayload::Bytes)
    };
    Expected {
        key: reader.text(&table, "key").map(str::to_owned),
        attributes: attributes(reader, &table),
        payload,
        reason_contains: reader.text(&table, "reason_contains").map(str::to_owned),
    }
}

fn one_payload(reader: &mut Reader, table: &Table<'_>) {
    let forms = ["json", "json_contains", "text", "base64"].into_iter().filter(|form| table.get(form).is_some());
    if forms.count() > 1 {
        reader.complain(table.place, &table.path, "a record has one payload: give one form of it", None);
    }
}

fn raw_payload(reader: &mut Reader, table: &Table<'_>) -> Option<Bytes> {
    if let Some(node) = table.get("text") {
        return match &node.value {
            Value::Text(text) => Some(Bytes::from(text.clone())),
            _ => {
                let message = format!("this is {}, but must be text", node.kind());
                reader.complain(node.place, &table.path_of("text"), message, None);
                None
            }
        };
    }
    let encoded = reader.text(table, "base64")?;
    match STANDARD.decode(encoded) {
        Ok(bytes) => Some(bytes.into()),
        Err(error) => {
            reader.complain(table.place, &table.path_of("base64"), format!("this is not base64: {error}"), None);
            None
        }
    }
}

fn attributes(reader: &mut Reader, table: &Table<'_>) -> Vec<(String, String)> {
    let Some(node) = table.get("attributes") else { return Vec::new() };
    let path = table.path_of("attributes");
    let table = reader.open_table(node, &path);
    let mut attributes = Vec::new();
    for entry in table.entries() {
        match &entry.node.value {
            Value::Text(value) => attributes.push((entry.key.clone(), value.clone())),
            _ => {
                let message = format!("this is {}, but must be text", entry.node.kind());
                reader.complain(entry.node.place, &table.path_of(&entry.key), message, None);
            }
        }
    }
    attributes
}

fn fault(reader: &mut Reader, node: &Node, path: &str) -> Option<Fault> {
    let table = reader.table(node, path, &INJECT);
    let word = reader.required(&table, "fault", "trap");
    let needs = if STAGE_FAULTS.contains(&word) {
        reader.required(&table, "stage", "mask")
    } else if TARGET_FAULTS.contains(&word) {
        reader.required(&table, "topic", "/default/orders-clean")
    } else {
        ""
    };
    let name = needs.to_owned();
    let kind = match word {
        "trap" => FaultKind::Trap(name),
        "timeout" => FaultKind::TimeOut(name),
        "out_of_memory" => FaultKind::OutOfMemory(name),
        "retry" => FaultKind::Retry(name),
        "produce" => FaultKind::Produce(name),
        "refuse" => FaultKind::Refuse(name),
        "redeliver" => FaultKind::Redeliver,
        "" => return None,
        _ => {
            let known: Vec<&str> = STAGE_FAULTS.into_iter().chain(TARGET_FAULTS).chain(["redeliver"]).collect();
            reader.complain(
                node.place,
                &table.path_of("fault"),
                format!("`{word}` is no fault"),
                suggest(word, &known),
            );
            return None;
        }
    };
    let record = table.get("record").map(|_| count(reader.integer(&table, "record", 1..=1_000_000, 1)));
    let times = u32::try_from(reader.integer(&table, "times", 1..=1_000_000, 1)).unwrap_or(1);
    Some(Fault { kind, record, times })
}
