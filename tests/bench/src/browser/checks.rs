//! Checks in the worker, next to the same code natively: the corpus of cases, the message that is typed, small messages in
//! bulk; and a file of rows through the page itself.

use std::time::Instant;

use anyhow::{Context, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use irongate_tests::{
    Host,
    browser::{Browser, Page},
    surroundings, until,
};
use irongate_web::checks::{
    answer::answer,
    cache::SchemaCache,
    message::{Answer, Bulk, Question},
};
use prost::Message as _;
use serde_json::{Value, json};

use super::probe;
use crate::{
    page::{median, ratio},
    schema::{Language, SMALL_MESSAGES, order, typed_text},
};

/// How long one question keeps native code busy, about, so that the clock of the browser is fine enough.
const QUESTION_MS: f64 = 8.0;

/// The most rows in a question.
const ROWS_MAX: usize = 4_000;

/// Rows of the file that goes through the page.
const FILE_ROWS: usize = 50_000;

/// One set of messages under one schema.
struct Set {
    /// What the table calls it.
    name: String,
    question: Question,
    /// Messages in the question.
    rows: usize,
    native_ms: Vec<f64>,
    worker_ms: Vec<f64>,
    round_trip_ms: Vec<f64>,
}

/// What one set came to, or the corpus' sets of one language together.
pub struct Compared {
    /// What was checked.
    pub name: String,
    /// Median microseconds for one message, natively.
    pub native_us: f64,
    /// And in the worker.
    pub worker_us: f64,
    /// The median of the rounds' ratios.
    pub ratio: f64,
}

/// Everything that the worker was asked.
pub struct Checks {
    /// The corpus by language, and the typed message.
    pub compared: Vec<Compared>,
    /// Small messages by language: messages in a second, from question to answer.
    pub bulk: Vec<(String, f64)>,
    /// Cases of the corpus, each with the same verdict on both sides.
    pub cases: usize,
}

/// Asks the worker and the native code in turns.
///
/// # Errors
/// They disagree on a case.
pub async fn measure(host: &Host, browser: &Browser, rounds: usize) -> anyhow::Result<Checks> {
    browser.goto(&format!("{}/produce", host.url())).await;
    let page = browser.page();
    page.element("produce-topic").await;
    probe::call(&page, "start", Vec::new()).await;
    let mut sets = corpus()?;
    let cases = sets.iter().map(|set| set.rows).sum();
    for language in Language::all()? {
        let typed = [Bytes::from(typed_text().into_bytes())];
        sets.push(set(&format!("{}, 10 kB", language.schema_type), language.schema_type, &language.definition, typed));
        let small = (0..SMALL_MESSAGES).map(|at| Bytes::from(order(0..2, Some(at)).to_string().into_bytes()));
        sets.push(set(&format!("{}, small", language.schema_type), language.schema_type, &language.definition, small));
    }
    let mut cache = SchemaCache::default();
    for (at, set) in sets.iter_mut().enumerate() {
        agree(&page, &mut cache, set).await.with_context(|| set.name.clone())?;
        repeat(&mut cache, set);
        hold(&page, &at.to_string(), &set.question).await;
    }
    for round in 1..=rounds {
        eprintln!("checks, round {round} of {rounds}");
        for (at, set) in sets.iter_mut().enumerate() {
            set.native_ms.push(natively(&mut cache, &set.question).elapsed_ms);
            let asked = probe::call(&page, "ask", vec![json!(at.to_string())]).await;
            set.worker_ms.push(probe::field(&asked, "elapsedMs")?);
            set.round_trip_ms.push(probe::field(&asked, "roundTripMs")?);
        }
    }
    Ok(Checks { compared: compared(&sets), bulk: bulk(&sets), cases })
}

fn set(name: &str, schema_type: &str, definition: &str, rows: impl IntoIterator<Item = Bytes>) -> Set {
    let rows: Vec<Bytes> = rows.into_iter().collect();
    let count = rows.len();
    let question = Question {
        sequence: 1,
        schema_type: schema_type.to_owned(),
        definition: Bytes::copy_from_slice(definition.as_bytes()),
        bulk: Some(Bulk { layout: 0, rows, cells: false }),
        ..Question::default()
    };
    let none = Vec::new();
    Set {
        name: name.to_owned(),
        question,
        rows: count,
        native_ms: none.clone(),
        worker_ms: none.clone(),
        round_trip_ms: none,
    }
}

/// Every group of cases that the tests of the schema crate run on both sides.
fn corpus() -> anyhow::Result<Vec<Set>> {
    let mut sets = Vec::new();
    let folder = surroundings::tests_folder().join("fixtures/schema_cases");
    let mut paths: Vec<_> =
        std::fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    paths.sort();
    for path in paths {
        let group: Value = serde_json::from_slice(&std::fs::read(&path)?)?;
        // What is refused, compared or drawn has no messages.
        let Some(cases) = group["cases"].as_array().filter(|_| group["schema"] != Value::Null) else { continue };
        let schema_type = group["type"].as_str().context("a group names its type")?;
        let definition = group["schema"].as_str().map_or_else(|| group["schema"].to_string(), str::to_owned);
        let rows = cases.iter().map(payload).collect::<anyhow::Result<Vec<Bytes>>>()?;
        sets.push(set(&format!("{schema_type}, corpus"), schema_type, &definition, rows));
    }
    ensure!(!sets.is_empty(), "{} holds no cases", folder.display());
    Ok(sets)
}

fn payload(case: &Value) -> anyhow::Result<Bytes> {
    if let Some(text) = case["payload"].as_str() {
        return Ok(Bytes::copy_from_slice(text.as_bytes()));
    }
    let hex = case["payload_hex"].as_str().context("a case has a payload")?;
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16);
    Ok((0..hex.len()).step_by(2).map(byte).collect::<Result<Vec<u8>, _>>()?.into())
}

fn natively(cache: &mut SchemaCache, question: &Question) -> Answer {
    let began = Instant::now();
    answer(cache, question, || began.elapsed().as_secs_f64() * 1e3)
}

async fn hold(page: &Page, name: &str, question: &Question) {
    let script = "window.probe.hold(arguments[0], arguments[1]); arguments[2](true)";
    page.script_that_answers(script, vec![json!(name), json!(STANDARD.encode(question.encode_to_vec()))]).await;
}

/// Both sides say the same of every message.
async fn agree(page: &Page, cache: &mut SchemaCache, set: &Set) -> anyhow::Result<()> {
    hold(page, "once", &set.question).await;
    probe::call(page, "ask", vec![json!("once")]).await;
    let bytes = page.script("return window.probe.answered()").await;
    let there = Answer::decode(Bytes::from(STANDARD.decode(bytes.as_str().context("an answer is text")?)?))?;
    let here = natively(cache, &set.question);
    ensure!(here.fault.is_none(), "the schema does not compile: {:?}", here.fault);
    ensure!(there.rows == here.rows, "the worker says {:?}, native code {:?}", there.rows, here.rows);
    Ok(())
}

/// Makes a question long enough to be measured.
fn repeat(cache: &mut SchemaCache, set: &mut Set) {
    let once_ms = (0..3).map(|_| natively(cache, &set.question).elapsed_ms).fold(f64::INFINITY, f64::min);
    let Some(bulk) = &mut set.question.bulk else { return };
    let wanted = (QUESTION_MS / once_ms.max(1e-3)).ceil() as usize;
    let times = wanted.clamp(1, (ROWS_MAX / bulk.rows.len()).max(1));
    let rows = std::mem::take(&mut bulk.rows);
    bulk.rows = rows.iter().cycle().take(rows.len() * times).cloned().collect();
    set.rows = bulk.rows.len();
}

fn compared(sets: &[Set]) -> Vec<Compared> {
    // What takes nanoseconds is beneath the browser's clock.
    let sets = || sets.iter().filter(|set| Language::TYPES.contains(&set.question.schema_type.as_str()));
    let mut names: Vec<&str> = sets().map(|set| set.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|name| together(name, sets().filter(|set| set.name == name))).collect()
}

/// Sets of one name as if they had been one: the time for one message of each, added up.
fn together<'a>(name: &str, sets: impl Iterator<Item = &'a Set>) -> Compared {
    let (mut native, mut worker, mut count) = (Vec::new(), Vec::new(), 0.0);
    for set in sets {
        native.resize(set.native_ms.len(), 0.0);
        worker.resize(set.worker_ms.len(), 0.0);
        for round in 0..native.len() {
            native[round] += set.native_ms[round] * 1e3 / set.rows as f64;
            worker[round] += set.worker_ms[round] * 1e3 / set.rows as f64;
        }
        count += 1.0;
    }
    Compared {
        name: name.to_owned(),
        native_us: median(native.iter().copied()) / count,
        worker_us: median(worker.iter().copied()) / count,
        ratio: ratio(worker, native),
    }
}

fn bulk(sets: &[Set]) -> Vec<(String, f64)> {
    let small = sets.iter().filter(|set| set.name.ends_with("small"));
    small.map(|set| (set.name.clone(), set.rows as f64 / median(set.round_trip_ms.iter().copied()) * 1e3)).collect()
}

/// A file of rows through the page.
pub struct PageBulk {
    /// Rows in it.
    pub rows: usize,
    /// Rows in a second, from the first question to the last answer: cutting, checking, counting.
    pub rows_per_second: f64,
    /// The longest task of the main thread meanwhile.
    pub longest_task_ms: f64,
}

/// Has the page check a file of small messages, none of which is sent.
///
/// # Errors
/// The file cannot be written.
pub async fn in_page(host: &Host, browser: &Browser) -> anyhow::Result<PageBulk> {
    let lines: String = (0..FILE_ROWS).map(|at| format!("{}\n", order(0..2, Some(at)))).collect();
    let path = host.folder().join("rows.jsonl");
    std::fs::write(&path, lines)?;
    let produce = browser.produce(&host.url(), "").await;
    produce.topic("/default/rows").await;
    produce.subject("typed-json_schema").await;
    let page = produce.page().clone();
    page.click("produce-bulk").await;
    page.text_where("bulk-target", |text| text.contains("version 1")).await;
    page.script("window.probe.answers.length = 0; window.probe.longTasks.length = 0").await;
    let field = page.element("bulk-file").await;
    field.send_keys(&path.display().to_string()).await.context("a file field takes a path")?;
    let all = format!("{FILE_ROWS} valid and not sent");
    until::done_within(until::PATIENCE * 4, "all rows to be checked", async {
        while page.text("bulk-counts").await.is_none_or(|text| !probe::digits_together(&text).contains(&all)) {
            until::a_moment().await;
        }
    })
    .await;
    let took_ms = "const all = window.probe.answers; const last = all[all.length - 1];
        return last.askedMs + last.roundTripMs - all[0].askedMs";
    let rows_per_second = FILE_ROWS as f64 / probe::number(&page, took_ms).await? * 1e3;
    Ok(PageBulk { rows: FILE_ROWS, rows_per_second, longest_task_ms: probe::longest_task_ms(&page).await? })
}
