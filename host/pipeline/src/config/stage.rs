//! A stage's section: which component, under which limits, with which grants.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use irongate_runtime::{Grants, Limits};

use super::{
    check::{count, name},
    model::{OnError, Retry, StageConfig},
    reader::{Reader, Table},
    tree::{Node, Value},
    uses::Uses,
};
use crate::limits;

const STAGE: [&str; 8] = ["id", "uses", "sha256", "with", "limits", "allow", "retry", "on_error"];
const LIMITS: [&str; 6] = ["memory", "timeout", "output", "outputs_per_record", "fuel", "state_keys"];
const ALLOW: [&str; 5] = ["state", "clock", "random", "hosts", "dirs"];
const ON_ERROR: [(&str, OnError); 3] =
    [("dead_letter", OnError::DeadLetter), ("drop", OnError::Drop), ("block", OnError::Block)];

/// Bytes that a limit of memory or output may be set to; the engine's own ceiling is checked when the stage is loaded.
const LIMIT_BYTES_MAX: usize = 1 << 32;
/// The most keys of a state that may be asked for.
const STATE_KEYS_MAX: u64 = 10_000_000;

pub(super) fn read(reader: &mut Reader, node: &Node, path: &str, folder: &Path) -> StageConfig {
    let table = reader.table(node, path, &STAGE);
    let id = name(reader, &table, "id", "mask").to_owned();
    let uses = uses(reader, &table, folder);
    StageConfig {
        id,
        uses,
        sha256: sha256(reader, &table),
        with: table.get("with").map_or_else(|| "null".to_owned(), |node| node.json().to_string()),
        node: node.clone(),
        path: path.to_owned(),
        limits: stage_limits(reader, &table),
        grants: grants(reader, &table),
        retry: retry(reader, &table, Retry::default()),
        on_error: on_error(reader, &table),
    }
}

fn uses(reader: &mut Reader, table: &Table<'_>, folder: &Path) -> Uses {
    let text = reader.required(table, "uses", "./mask.wasm");
    let place = table.get("uses").map_or(table.place, |node| node.place);
    // What is missing or empty has been told already.
    let read = if text.is_empty() { Ok(Uses::File(PathBuf::new())) } else { Uses::parse(text, folder) };
    read.unwrap_or_else(|message| {
        reader.complain(place, &table.path_of("uses"), message, None);
        Uses::File(PathBuf::new())
    })
}

fn sha256(reader: &mut Reader, table: &Table<'_>) -> Option<String> {
    let digest = reader.text(table, "sha256")?;
    let is_digest = digest.len() == 64 && digest.chars().all(|c| c.is_ascii_hexdigit() && !c.is_ascii_uppercase());
    if !is_digest {
        let place = table.get("sha256").map_or(table.place, |node| node.place);
        let message = "this must be 64 lower-case hexadecimal digits";
        let suggestion = Some("irongate plugin inspect shows it".to_owned());
        reader.complain(place, &table.path_of("sha256"), message, suggestion);
        return None;
    }
    Some(digest.to_owned())
}

fn stage_limits(reader: &mut Reader, table: &Table<'_>) -> Limits {
    let defaults = Limits::default();
    let Some(table) = reader.inner(table, "limits", &LIMITS) else { return defaults };
    let timeout = Duration::from_millis(defaults.batch_time_ms_max);
    let timeout = reader.time(&table, "timeout", limits::TIMES, timeout);
    let outputs = defaults.outputs_per_record_max as u64;
    Limits {
        memory_bytes_max: reader.size(&table, "memory", 1..=LIMIT_BYTES_MAX, defaults.memory_bytes_max),
        batch_time_ms_max: u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
        output_bytes_per_record_max: reader.size(
            &table,
            "output",
            1..=LIMIT_BYTES_MAX,
            defaults.output_bytes_per_record_max,
        ),
        outputs_per_record_max: count(reader.integer(&table, "outputs_per_record", 1..=1_000_000, outputs)),
        state_keys_max: count(reader.integer(&table, "state_keys", 1..=STATE_KEYS_MAX, defaults.state_keys_max as u64)),
        fuel_max: table.get("fuel").map(|_| reader.integer(&table, "fuel", 1..=u64::MAX >> 1, u64::MAX >> 1)),
        ..defaults
    }
}

fn grants(reader: &mut Reader, table: &Table<'_>) -> Grants {
    let Some(table) = reader.inner(table, "allow", &ALLOW) else { return Grants::default() };
    for key in ["hosts", "dirs"] {
        if let Some(Node { place, value: Value::List(nodes) }) = table.get(key)
            && !nodes.is_empty()
        {
            let message = "transforms reach neither the network nor files, whoever allows it";
            reader.complain(*place, &table.path_of(key), message, Some("leave it out".to_owned()));
        }
        reader.list(&table, key);
    }
    Grants {
        state: reader.flag(&table, "state", false),
        clock: reader.flag(&table, "clock", false),
        random: reader.flag(&table, "random", false),
    }
}

pub(super) fn on_error(reader: &mut Reader, table: &Table<'_>) -> OnError {
    reader.choice(table, "on_error", &ON_ERROR, OnError::DeadLetter)
}

pub(super) fn retry(reader: &mut Reader, table: &Table<'_>, defaults: Retry) -> Retry {
    let known = ["attempts", "interval", "factor", "cap", "jitter"];
    let Some(table) = reader.inner(table, "retry", &known) else { return defaults };
    let attempts = reader.integer(&table, "attempts", 1..=limits::ATTEMPTS_MAX, u64::from(defaults.attempts));
    Retry {
        attempts: u32::try_from(attempts).unwrap_or(defaults.attempts),
        interval: reader.time(&table, "interval", limits::TIMES, defaults.interval),
        factor: reader.number(&table, "factor", 1.0..=100.0, defaults.factor),
        cap: reader.time(&table, "cap", limits::TIMES, defaults.cap),
        jitter: reader.number(&table, "jitter", 0.0..=1.0, defaults.jitter),
    }
}
