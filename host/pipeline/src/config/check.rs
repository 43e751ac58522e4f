//! The file as a whole: which sections there are, and what must hold between them. Each section's own rules are in its file.

use std::{collections::BTreeMap, path::Path, time::Duration};

use irongate_runtime::Limits;

use super::{
    model::{Bound, DeadLetterConfig, OnError, PipelineConfig, SchemaConfig, SubscriptionType},
    reader::{Reader, Table},
    stage, target, tests,
    tree::Node,
};
use crate::limits;

const SECTIONS: [&str; 3] = ["pipeline", "schemas", "tests"];
const PIPELINE: [&str; 14] = [
    "name",
    "from",
    "subscription",
    "subscription_type",
    "lanes",
    "batch",
    "in_flight",
    "budget",
    "give_back_delay",
    "drain",
    "state_bytes",
    "stages",
    "to",
    "dead_letter",
];
const SUBSCRIPTION_TYPES: [(&str, SubscriptionType); 4] = [
    ("exclusive", SubscriptionType::Exclusive),
    ("shared", SubscriptionType::Shared),
    ("failover", SubscriptionType::Failover),
    ("key-shared", SubscriptionType::KeyShared),
];

/// `folder`: what relative paths in the file begin at.
pub(super) fn check(reader: &mut Reader, root: &Node, folder: &Path) -> Option<PipelineConfig> {
    let file = reader.table(root, "", &SECTIONS);
    let Some(pipeline) = reader.inner(&file, "pipeline", &PIPELINE) else {
        let suggestion = Some("a pipeline begins with [pipeline] and its name".to_owned());
        reader.complain(root.place, "pipeline", "this is missing", suggestion);
        return None;
    };
    let name = name(reader, &pipeline, "name", "orders-clean").to_owned();
    let from = topic(reader, &pipeline, "from").to_owned();
    let subscription = reader.text(&pipeline, "subscription").map_or_else(|| name.clone(), str::to_owned);
    let mut stages: Vec<_> =
        reader.list(&pipeline, "stages").iter().map(|(path, node)| stage::read(reader, node, path, folder)).collect();
    let state_bytes_max = Limits::default().state_bytes_max;
    let state_bytes_max = reader.size(&pipeline, "state_bytes", 1..=limits::STATE_BYTES_MAX, state_bytes_max);
    // They share their room.
    stages.iter_mut().for_each(|stage| stage.limits.state_bytes_max = state_bytes_max);
    let targets: Vec<_> =
        reader.list(&pipeline, "to").iter().map(|(path, node)| target::read(reader, node, path)).collect();
    let dead_letter = reader.inner(&pipeline, "dead_letter", &["topic"]).map(|table| {
        let topic = topic(reader, &table, "topic").to_owned();
        DeadLetterConfig { topic }
    });
    let config = PipelineConfig {
        subscription_type: reader.choice(
            &pipeline,
            "subscription_type",
            &SUBSCRIPTION_TYPES,
            SubscriptionType::Exclusive,
        ),
        lanes: count(reader.integer(&pipeline, "lanes", 1..=limits::LANES_MAX, 1)),
        batch: bound(reader, &pipeline, "batch", limits::BATCH_RECORDS_MAX, limits::BATCH_RECORDS, limits::BATCH_BYTES),
        in_flight: bound(
            reader,
            &pipeline,
            "in_flight",
            limits::IN_FLIGHT_RECORDS_MAX,
            limits::IN_FLIGHT_RECORDS,
            limits::IN_FLIGHT_BYTES,
        ),
        budget: span(reader, &pipeline, "budget", limits::BUDGET),
        give_back_delay: span(reader, &pipeline, "give_back_delay", limits::GIVE_BACK_DELAY),
        drain: span(reader, &pipeline, "drain", limits::DRAIN),
        schemas: schemas(reader, &file, folder),
        tests: tests::read(reader, &file),
        name,
        from,
        subscription,
        stages,
        targets,
        dead_letter,
    };
    agree(reader, &pipeline, &config);
    Some(config)
}

/// What must hold between the sections.
fn agree(reader: &mut Reader, pipeline: &Table<'_>, config: &PipelineConfig) {
    let place_of = |key: &str| pipeline.get(key).map_or(pipeline.place, |node| node.place);
    if config.targets.is_empty() {
        let suggestion = Some("name at least one target: [[pipeline.to]] with a topic".to_owned());
        reader.complain(pipeline.place, "pipeline.to", "a pipeline without a target moves nothing", suggestion);
    }
    for (key, count, max) in
        [("stages", config.stages.len(), limits::STAGES_MAX), ("to", config.targets.len(), limits::TARGETS_MAX)]
    {
        if count > max {
            let message = format!("there are {count}, at most {max} are allowed");
            reader.complain(place_of(key), &pipeline.path_of(key), message, None);
        }
    }
    unique(reader, pipeline, "stages", "id", config.stages.iter().map(|stage| stage.id.as_str()));
    unique(reader, pipeline, "to", "topic", config.targets.iter().map(|target| target.topic.as_str()));
    let dead_letters = config.dead_letter.as_ref().map(|dead_letter| dead_letter.topic.as_str());
    let sinks = config.targets.iter().map(|target| target.topic.as_str()).chain(dead_letters);
    for sink in sinks.filter(|sink| !sink.is_empty() && *sink == config.from) {
        let message = format!("{sink} is read and written: every record would come back for ever");
        reader.complain(place_of("from"), "pipeline.from", message, None);
    }
    if let Some(topic) = dead_letters
        && config.targets.iter().any(|target| target.topic == topic)
    {
        let message = format!("{topic} is a target and the dead letters, which nobody could tell apart");
        reader.complain(place_of("dead_letter"), "pipeline.dead_letter.topic", message, None);
    }
    let policies =
        config.stages.iter().map(|stage| stage.on_error).chain(config.targets.iter().map(|target| target.on_error));
    if config.dead_letter.is_none() && policies.into_iter().any(|policy| policy == OnError::DeadLetter) {
        let suggestion = Some(format!(
            "add [pipeline.dead_letter] with topic = \"{}-dlq\", or on_error = \"drop\" or \"block\" everywhere",
            config.from
        ));
        reader.complain(pipeline.place, "pipeline.dead_letter", "this is missing", suggestion);
    }
    schemas_of_tests(reader, pipeline, config);
    tests::agree(reader, config);
}

/// Tests ask no registry: without its schema a target would pass what it refuses in earnest.
fn schemas_of_tests(reader: &mut Reader, pipeline: &Table<'_>, config: &PipelineConfig) {
    if config.tests.is_empty() {
        return;
    }
    for (index, target) in config.targets.iter().enumerate() {
        let Some(subject) = &target.schema_subject else { continue };
        if config.schemas.iter().any(|schema| schema.subject == *subject) {
            continue;
        }
        let node = pipeline.get("to").map(|node| node.at(&format!("/{index}/schema_subject")));
        let place = node.map_or(pipeline.place, |node| node.place);
        let message = format!("the tests cannot check `{subject}`, because no [[schemas]] has it");
        let suggestion = Some(format!("add [[schemas]] with subject = \"{subject}\", type and file"));
        reader.complain(place, &format!("pipeline.to[{index}].schema_subject"), message, suggestion);
    }
}

/// Whether no two members of a list have the same name.
pub(super) fn unique<'a>(
    reader: &mut Reader,
    table: &Table<'_>,
    list: &str,
    key: &str,
    names: impl Iterator<Item = &'a str>,
) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, name) in names.enumerate().filter(|(_, name)| !name.is_empty()) {
        if let Some(first) = seen.insert(name, index) {
            let node = table.get(list).map(|node| node.at(&format!("/{index}/{key}")));
            let place = node.map_or(table.place, |node| node.place);
            let path = format!("{}[{index}].{key}", table.path_of(list));
            reader.complain(place, &path, format!("`{name}` is already the {key} of number {}", first + 1), None);
        }
    }
}

fn schemas(reader: &mut Reader, file: &Table<'_>, folder: &Path) -> Vec<SchemaConfig> {
    let mut schemas = Vec::new();
    for (path, node) in reader.list(file, "schemas") {
        let table = reader.table(node, &path, &["subject", "type", "file"]);
        let subject = reader.required(&table, "subject", "orders-clean").to_owned();
        let type_name = reader.required(&table, "type", "json_schema");
        let definition = folder.join(reader.required(&table, "file", "orders.schema.json"));
        match type_name.parse() {
            Ok(schema_type) => schemas.push(SchemaConfig { subject, schema_type, file: definition }),
            Err(_) if type_name.is_empty() => {}
            Err(error) => {
                let place = table.get("type").map_or(table.place, |node| node.place);
                reader.complain(place, &table.path_of("type"), format!("{error}"), None);
            }
        }
    }
    schemas
}

/// A name that may stand in attributes and dedup ids.
pub(super) fn name<'a>(reader: &mut Reader, table: &Table<'a>, key: &str, example: &str) -> &'a str {
    let name = reader.required(table, key, example);
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')) {
        let place = table.get(key).map_or(table.place, |node| node.place);
        let message = format!("`{name}` may have letters, digits, `-`, `_` and `.` only");
        reader.complain(place, &table.path_of(key), message, None);
    }
    name
}

/// A topic's base name.
pub(super) fn topic<'a>(reader: &mut Reader, table: &Table<'a>, key: &str) -> &'a str {
    let topic = reader.required(table, key, "/default/orders");
    if !topic.is_empty() && !is_topic(topic) {
        let place = table.get(key).map_or(table.place, |node| node.place);
        let message = format!("`{topic}` is no topic: it must be /namespace/topic, of letters, digits, `-` and `_`");
        reader.complain(place, &table.path_of(key), message, None);
    }
    topic
}

pub(super) fn is_topic(name: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    name.strip_prefix('/').and_then(|rest| rest.split_once('/')).is_some_and(|(a, b)| is_part(a) && is_part(b))
}

pub(super) fn span(reader: &mut Reader, table: &Table<'_>, key: &str, default: Duration) -> Duration {
    reader.time(table, key, limits::TIMES, default)
}

fn bound(reader: &mut Reader, table: &Table<'_>, key: &str, records_max: u64, records: u64, bytes: usize) -> Bound {
    let Some(table) = reader.inner(table, key, &["records", "bytes"]) else {
        return Bound { records: count(records), bytes };
    };
    let records = count(reader.integer(&table, "records", 1..=records_max, records));
    Bound { records, bytes: reader.size(&table, "bytes", 1..=limits::IN_FLIGHT_BYTES_MAX, bytes) }
}

/// A number that was checked against a limit far below what any machine counts to.
pub(super) fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
