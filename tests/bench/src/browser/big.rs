//! Messages of megabytes: arriving in the tail, opened, and shown in each look, with the longest time that the page stood still.

use anyhow::Context;
use bytes::Bytes;
use irongate_proto::{
    danube::DispatchStrategy,
    irongate_v1::{OutgoingMessage, PublishRequest},
};
use irongate_tests::{
    Host,
    browser::{Browser, Page},
    until,
};
use serde_json::json;

use super::probe;
use crate::{broker::publish, page::median, schema::order};

/// What the host is told to take, in bytes.
const MESSAGE_BYTES_MAX: &str = "33554432";

/// The sizes, in bytes.
const SIZES: [usize; 2] = [1_000_000, 20_000_000];

/// The looks of a payload besides the first, by their test ids.
const LOOKS: [(&str, &str); 3] = [("tail-look-text", "Pretty"), ("tail-look-raw", "Raw"), ("tail-look-hex", "Hex")];

/// One size.
pub struct Big {
    /// Of the payload.
    pub bytes: usize,
    /// From the click on the row until its tree is painted.
    pub open_ms: f64,
    /// From the click on each other look until it is painted.
    pub looks_ms: Vec<(&'static str, f64)>,
    /// The longest task while the message arrived; 0: none took 50 ms.
    pub arriving_task_ms: f64,
    /// The longest task while it was opened and looked at.
    pub longest_task_ms: f64,
}

/// Measures each size.
///
/// # Errors
/// A message is refused.
pub async fn measure(browser: &Browser, rounds: usize) -> anyhow::Result<Vec<Big>> {
    let host = Host::start_with(&["--message-bytes-max", MESSAGE_BYTES_MAX]).await;
    let mut rpc = host.rpc().await;
    let mut measured = Vec::new();
    for bytes in SIZES {
        // Items differ in length a little: as many as half of them suggests.
        let half = bytes / order(0..1, None).to_string().len() / 2;
        let items = half * bytes / order(0..half, None).to_string().len();
        let payload = Bytes::from(order(0..items, None).to_string().into_bytes());
        let bytes = payload.len();
        let topic = format!("/default/big-{bytes}");
        for payload in [Bytes::from_static(b"{\"small\":1}"), payload] {
            let request = PublishRequest {
                topic: topic.clone(),
                dispatch_strategy: Some(DispatchStrategy::Reliable.into()),
                messages: vec![OutgoingMessage { payload, ..Default::default() }],
                ..Default::default()
            };
            publish(&mut rpc, request).await?;
        }
        let mut opened = Vec::new();
        for _ in 0..rounds {
            opened.push(once(&host, browser, &topic, bytes).await?);
        }
        measured.push(together(bytes, &opened));
    }
    host.assert_never_panicked();
    Ok(measured)
}

async fn once(host: &Host, browser: &Browser, topic: &str, bytes: usize) -> anyhow::Result<Big> {
    let tail = browser.tail(&host.url(), &format!("?topic={topic}&start=earliest")).await;
    let page = tail.page().clone();
    until::some("both rows", async || (page.elements("tail-row").await.len() == 2).then_some(())).await;
    // Long tasks are told of after they have ended.
    page.script_that_answers("setTimeout(() => arguments[0](0), 200)", Vec::new()).await;
    let arriving_task_ms = probe::longest_task_ms(&page).await?;
    // What shows a payload is fetched with the first message that is opened: the small one, which is below.
    click(&page, ".tail-window > :last-child", ".json-tree .twist").await?;
    page.click("tail-detail-close").await;
    until::some("the message to be closed", async || page.elements("tail-detail").await.is_empty().then_some(())).await;
    let (mut open_ms, mut longest_task_ms) =
        click(&page, ".tail-window > :first-child", "[data-testid=\"tail-load-anyway\"], .json-tree .twist").await?;
    if !page.elements("tail-load-anyway").await.is_empty() {
        let (anyway_ms, task_ms) = click(&page, "[data-testid=\"tail-load-anyway\"]", ".json-tree .twist").await?;
        open_ms += anyway_ms;
        longest_task_ms = longest_task_ms.max(task_ms);
    }
    let mut looks_ms = Vec::new();
    for (id, name) in LOOKS {
        let tab = format!("[data-testid=\"{id}\"]");
        let (took_ms, task_ms) = click(&page, &tab, &format!("{tab}.current")).await?;
        looks_ms.push((name, took_ms));
        longest_task_ms = longest_task_ms.max(task_ms);
    }
    Ok(Big { bytes, open_ms, looks_ms, arriving_task_ms, longest_task_ms })
}

/// Clicks and answers how long it took until something was painted, and the longest task.
async fn click(page: &Page, clicked: &str, there: &str) -> anyhow::Result<(f64, f64)> {
    let answer = probe::call(page, "clickUntil", vec![json!(clicked), json!(there)]).await;
    let read = |name: &str| probe::field(&answer, name);
    Ok((read("tookMs").context("painting is timed")?, read("longestTaskMs")?))
}

/// Medians of times, the worst of tasks.
fn together(bytes: usize, rounds: &[Big]) -> Big {
    let worst = |read: fn(&Big) -> f64| rounds.iter().map(read).fold(0.0, f64::max);
    let look = |at: usize| median(rounds.iter().map(|round| round.looks_ms[at].1));
    Big {
        bytes,
        open_ms: median(rounds.iter().map(|round| round.open_ms)),
        looks_ms: LOOKS.iter().enumerate().map(|(at, (_, name))| (*name, look(at))).collect(),
        arriving_task_ms: worst(|round| round.arriving_task_ms),
        longest_task_ms: worst(|round| round.longest_task_ms),
    }
}
