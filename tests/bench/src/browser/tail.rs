//! The live tail at its bound: a million rows are held, then ten thousand messages arrive in each second of a minute while
//! frames and memory are watched, then the rows are scrolled from one end to the other.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::Bytes;
use irongate_proto::{
    danube::DispatchStrategy,
    irongate_v1::{OutgoingMessage, PublishRequest},
};
use irongate_tests::{
    Host,
    browser::{Browser, Page},
    rpc::Rpc,
    until,
};
use serde_json::{Value, json};

use super::{
    frames::{self, Frames},
    probe,
};
use crate::broker::publish;

/// The rows that the page holds at most.
pub const ROWS: u64 = 1_000_000;

/// Messages in a second.
pub const RATE: u64 = 10_000;

/// How long they arrive.
pub const LASTING: Duration = Duration::from_secs(60);

/// How often a call is due, each with what has become due.
const TICK: Duration = Duration::from_millis(20);

/// Messages in a call while the topic is filled.
const FILL_BATCH: u64 = 250;

/// Positions that are scrolled to.
const POSITIONS: u32 = 240;

/// The longest that a million rows may take to arrive before something is wrong.
const FILL_PATIENCE: Duration = Duration::from_secs(180);

const TOPIC: &str = "/default/bench-tail";

/// Memory at one moment, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// What scripts and the document hold.
    pub heap: f64,
    /// What the modules have.
    pub wasm: f64,
}

/// The tail in numbers.
pub struct Tail {
    /// Messages in a second while the first million arrived.
    pub catch_up: f64,
    /// The frames of the minute.
    pub frames: Frames,
    /// The share of the minute for which the main thread kept a processor busy.
    pub busy: f64,
    /// What was truly sent in each second.
    pub rate: f64,
    /// How long after the last message was sent its row was on top.
    pub behind: Duration,
    /// Once a second.
    pub memory: Vec<Memory>,
    /// Messages that arrived in all.
    pub arrived: u64,
    /// Rows that the page holds at the end.
    pub held: u64,
    /// The frames of scrolling.
    pub scrolled: Frames,
}

/// Fills, watches a minute, scrolls.
///
/// # Errors
/// A message is refused, or rows are missing.
pub async fn measure(host: &Host, browser: &Browser) -> anyhow::Result<Tail> {
    let mut rpc = host.rpc().await;
    for first in (0..ROWS).step_by(FILL_BATCH as usize) {
        send(&mut rpc, first, FILL_BATCH).await?;
    }
    let began = Instant::now();
    let tail = browser.tail(&host.url(), &format!("?topic={TOPIC}&start=earliest")).await;
    let page = tail.page().clone();
    newest(&page, ROWS - 1).await;
    let catch_up = ROWS as f64 / began.elapsed().as_secs_f64();
    eprintln!("tail: {ROWS} rows are held, {} s of {RATE} in a second begin", LASTING.as_secs());

    let (watching, busy_before) = (Instant::now(), probe::metric(browser, "ThreadTime").await?);
    let sending = tokio::spawn(send_for(rpc, ROWS));
    frames::watch(&page).await;
    let mut memory = Vec::new();
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    while !sending.is_finished() {
        ticks.tick().await;
        memory.push(Memory { heap: probe::metric(browser, "JSHeapUsedSize").await?, wasm: wasm_bytes(&page).await? });
    }
    let (sent, rate) = sending.await??;
    let ended = Instant::now();
    let frames = frames::taken(&page).await;
    let busy = (probe::metric(browser, "ThreadTime").await? - busy_before) / watching.elapsed().as_secs_f64();
    newest(&page, ROWS + sent - 1).await;
    let behind = ended.elapsed();
    let told = page.text("tail-count").await.unwrap_or_default();
    let held = probe::digits_together(&told).split(' ').next().and_then(|count| count.parse().ok());
    let held = held.with_context(|| format!("the page does not say how many rows it holds, but {told:?}"))?;
    let scrolled = scroll(&page, ROWS + sent).await?;
    Ok(Tail { catch_up, frames, busy, rate, behind, memory, arrived: ROWS + sent, held, scrolled })
}

async fn wasm_bytes(page: &Page) -> anyhow::Result<f64> {
    probe::number(page, "return window.probe.wasmBytes()").await
}

/// Waits until the row on top has this offset.
async fn newest(page: &Page, offset: u64) {
    let top = "const row = document.querySelector('[data-testid=\"tail-row-offset\"]'); return row && row.textContent";
    until::done_within(FILL_PATIENCE, "the newest row on top", async {
        while page.script(top).await != offset.to_string().as_str() {
            until::a_moment().await;
        }
    })
    .await;
}

async fn send_for(mut rpc: Rpc, first: u64) -> anyhow::Result<(u64, f64)> {
    let began = Instant::now();
    let mut ticks = tokio::time::interval(TICK);
    let mut sent = 0;
    while began.elapsed() < LASTING {
        ticks.tick().await;
        let due = (began.elapsed().as_secs_f64() * RATE as f64) as u64;
        // What is behind is made up for, in calls of a size that hosts take.
        while sent < due {
            let count = (due - sent).min(FILL_BATCH);
            send(&mut rpc, first + sent, count).await?;
            sent += count;
        }
    }
    Ok((sent, sent as f64 / began.elapsed().as_secs_f64()))
}

async fn send(rpc: &mut Rpc, first: u64, count: u64) -> anyhow::Result<()> {
    let message = |at: u64| OutgoingMessage {
        payload: Bytes::from(format!("{{\"order\":{at},\"amount\":19.5,\"paid\":true,\"note\":\"at the door\"}}")),
        ..Default::default()
    };
    let request = PublishRequest {
        topic: TOPIC.to_owned(),
        producer_name: "bench".to_owned(),
        dispatch_strategy: Some(DispatchStrategy::Reliable.into()),
        messages: (first..first + count).map(message).collect(),
        ..Default::default()
    };
    publish(rpc, request).await
}

/// Scrolls from the newest to the oldest row, one position in a frame, and looks whether rows are drawn at each.
async fn scroll(page: &Page, arrived: u64) -> anyhow::Result<Frames> {
    let script = "const [positions, done] = arguments;
        const list = document.querySelector('.tail-rows');
        let at = 0, empty = 0;
        const step = () => {
            if (at > 0 && !document.querySelector('[data-testid=\"tail-row\"]')) empty += 1;
            if (at > positions) {
                // What the last position draws is drawn by the frame after.
                return requestAnimationFrame(() => requestAnimationFrame(() => {
                    const offsets = [...document.querySelectorAll('[data-testid=\"tail-row-offset\"]')];
                    done([empty, Number(offsets[offsets.length - 1].textContent)]);
                }));
            }
            list.scrollTop = (list.scrollHeight - list.clientHeight) * at / positions;
            at += 1;
            requestAnimationFrame(step);
        };
        requestAnimationFrame(step)";
    frames::watch(page).await;
    let answer: Value = page.script_that_answers(script, vec![json!(POSITIONS)]).await;
    let frames = frames::taken(page).await;
    let [empty, oldest] = [0, 1].map(|at| answer[at].as_u64());
    ensure!(empty.context("empty positions are counted")? == 0, "no rows are drawn at {empty:?} positions");
    ensure!(oldest == Some(arrived - ROWS), "the oldest row has the offset {oldest:?}, not {}", arrived - ROWS);
    Ok(frames)
}
