//! A target's section: which topic, which schema, and which records it takes.

use serde_json::Value as Json;

use super::{
    check::topic,
    model::{Retry, TargetConfig},
    reader::{Reader, Table},
    stage,
    tree::{Node, Value},
};
use crate::{
    condition::{Comparison, Condition, Subject},
    limits,
};

const TARGET: [&str; 9] = [
    "topic",
    "schema_subject",
    "schema_version",
    "when",
    "partitions",
    "reliable",
    "message_bytes_max",
    "retry",
    "on_error",
];
const SUBJECTS: [&str; 3] = ["attribute", "key", "json"];
const COMPARISONS: [&str; 6] = ["equals", "not_equals", "exists", "above", "below", "starts_with"];
const GROUPS: [&str; 3] = ["all", "any", "not"];
/// A target is tried until the budget of the record is used up, unless the file says less.
const ATTEMPTS: u32 = u32::MAX;
/// What a number can be compared with.
const NUMBERS: std::ops::RangeInclusive<f64> = -1e15..=1e15;
/// Conditions within each other.
const DEPTH_MAX: usize = 8;

pub(super) fn read(reader: &mut Reader, node: &Node, path: &str) -> TargetConfig {
    let table = reader.table(node, path, &TARGET);
    let version = table.get("schema_version").map(|_| reader.integer(&table, "schema_version", 1..=1 << 31, 1));
    if version.is_some() && table.get("schema_subject").is_none() {
        reader.complain(table.place, &table.path_of("schema_subject"), "a version needs its subject", None);
    }
    TargetConfig {
        topic: topic(reader, &table, "topic").to_owned(),
        schema_subject: reader.text(&table, "schema_subject").map(str::to_owned),
        schema_version: version.and_then(|version| u32::try_from(version).ok()),
        when: table.get("when").and_then(|node| condition(reader, node, &table.path_of("when"), 0)),
        partitions: u32::try_from(reader.integer(&table, "partitions", 0..=1_024, 0)).unwrap_or_default(),
        reliable: reader.flag(&table, "reliable", true),
        message_bytes_max: reader.size(
            &table,
            "message_bytes_max",
            1..=limits::MESSAGE_BYTES_MAX,
            limits::MESSAGE_BYTES,
        ),
        retry: stage::retry(reader, &table, Retry { attempts: ATTEMPTS, ..Retry::default() }),
        on_error: stage::on_error(reader, &table),
    }
}

fn condition(reader: &mut Reader, node: &Node, path: &str, depth: usize) -> Option<Condition> {
    let known: Vec<&str> = SUBJECTS.iter().chain(&COMPARISONS).chain(&GROUPS).copied().collect();
    let table = reader.table(node, path, &known);
    if depth > DEPTH_MAX {
        reader.complain(node.place, path, format!("conditions nest deeper than {DEPTH_MAX} levels"), None);
        return None;
    }
    let groups: Vec<&str> = GROUPS.into_iter().filter(|key| table.get(key).is_some()).collect();
    let subjects: Vec<&str> = SUBJECTS.into_iter().filter(|key| table.get(key).is_some()).collect();
    let comparisons: Vec<&str> = COMPARISONS.into_iter().filter(|key| table.get(key).is_some()).collect();
    match (groups[..].as_ref(), subjects[..].as_ref(), comparisons[..].as_ref()) {
        ([group], [], []) => grouped(reader, &table, group, depth),
        ([], [subject], [comparison]) => {
            let subject = subject_of(reader, &table, subject)?;
            Some(Condition::Value(subject, comparison_of(reader, &table, comparison)?))
        }
        _ => {
            let message = "a condition is one of attribute, key, json with one comparison, or one of all, any, not";
            let example = "for example { attribute = \"kind\", equals = \"refund\" }".to_owned();
            reader.complain(node.place, path, message, Some(example));
            None
        }
    }
}

fn grouped(reader: &mut Reader, table: &Table<'_>, group: &str, depth: usize) -> Option<Condition> {
    if group == "not" {
        let inner = condition(reader, table.get(group)?, &table.path_of(group), depth + 1)?;
        return Some(Condition::Not(Box::new(inner)));
    }
    let members = reader.list(table, group);
    let members = members.iter().filter_map(|(path, node)| condition(reader, node, path, depth + 1)).collect();
    Some(if group == "all" { Condition::All(members) } else { Condition::Any(members) })
}

fn subject_of(reader: &mut Reader, table: &Table<'_>, key: &str) -> Option<Subject> {
    let node = table.get(key)?;
    match key {
        "key" => {
            if !reader.flag(table, key, true) {
                let message = "this must be true: the comparison beside it is about the routing key";
                reader.complain(node.place, &table.path_of(key), message, None);
            }
            Some(Subject::Key)
        }
        "attribute" => reader.text(table, key).map(|name| Subject::Attribute(name.to_owned())),
        _ => {
            let pointer = reader.text(table, key)?;
            if !pointer.starts_with('/') {
                let suggestion = Some(format!("did you mean \"/{}\"?", pointer.replace('.', "/")));
                reader.complain(node.place, &table.path_of(key), "a JSON pointer begins with /", suggestion);
            }
            Some(Subject::Json(pointer.to_owned()))
        }
    }
}

fn comparison_of(reader: &mut Reader, table: &Table<'_>, key: &str) -> Option<Comparison> {
    let node = table.get(key)?;
    match key {
        "exists" => Some(Comparison::Exists(reader.flag(table, key, true))),
        "above" => Some(Comparison::Above(reader.number(table, key, NUMBERS, 0.0))),
        "below" => Some(Comparison::Below(reader.number(table, key, NUMBERS, 0.0))),
        "starts_with" => reader.text(table, key).map(|start| Comparison::StartsWith(start.to_owned())),
        _ => {
            if matches!(node.value, Value::List(_) | Value::Table(_)) {
                let message = format!("this is {}, but must be a single value", node.kind());
                reader.complain(node.place, &table.path_of(key), message, None);
                return None;
            }
            let value: Json = node.json();
            Some(if key == "equals" { Comparison::Equals(value) } else { Comparison::NotEquals(value) })
        }
    }
}
