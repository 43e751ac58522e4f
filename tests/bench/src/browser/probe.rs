//! Talking to the script that watches a page from inside.

use anyhow::Context;
use irongate_tests::browser::{Browser, Page};
use serde_json::{Value, json};

const PROBE: &str = include_str!("probe.js");

/// Has every page of the window watched from its beginning.
pub async fn install(browser: &Browser) {
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": PROBE})).await;
    browser.devtools("Performance.enable", json!({})).await;
}

/// What the probe answers to a call, `probe.` left out; its last parameter is the function it answers through.
pub async fn call(page: &Page, method: &str, arguments: Vec<Value>) -> Value {
    page.script_that_answers(&format!("window.probe.{method}(...arguments)"), arguments).await
}

/// A number that a script returns.
///
/// # Errors
/// It returns none.
pub async fn number(page: &Page, script: &str) -> anyhow::Result<f64> {
    page.script(script).await.as_f64().with_context(|| format!("the page answers no number to {script}"))
}

/// A number in an answer.
///
/// # Errors
/// There is none of that name.
pub fn field(answer: &Value, name: &str) -> anyhow::Result<f64> {
    answer[name].as_f64().with_context(|| format!("{answer} has no number {name}"))
}

/// One of the browser's own counters of the page's main thread, in seconds or bytes.
///
/// # Errors
/// The browser has no such counter.
pub async fn metric(browser: &Browser, name: &str) -> anyhow::Result<f64> {
    let answer = browser.devtools("Performance.getMetrics", json!({})).await;
    let metrics = answer["metrics"].as_array().context("the browser tells its metrics")?;
    let metric = metrics.iter().find(|metric| metric["name"] == name);
    metric.and_then(|metric| metric["value"].as_f64()).with_context(|| format!("the browser has no metric {name}"))
}

/// The longest task of the main thread since this was last asked; 0 where none took 50 ms.
///
/// # Errors
/// The page is not watched.
pub async fn longest_task_ms(page: &Page) -> anyhow::Result<f64> {
    number(page, "return Math.max(0, ...window.probe.longTasks.splice(0))").await
}

/// A text of the page without the narrow spaces that part its thousands.
pub fn digits_together(text: &str) -> String {
    text.replace('\u{202f}', "")
}
