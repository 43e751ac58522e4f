//! Typing into a message of ten kilobytes, key by key, and what each key costs: from the question to the worker until its
//! answer is back in the page, and on the page's main thread, once with a schema and once without.

use anyhow::{Context, ensure};
use bytes::Bytes;
use irongate_proto::danube_schema::RegisterSchemaRequest;
use irongate_tests::{
    Host,
    browser::{Browser, Page},
};
use serde_json::{Value, json};

use super::probe;
use crate::{
    page::median,
    schema::{Language, typed_text},
};

/// Keys for each language.
const KEYS: usize = 200;

/// Keys without a schema, to compare the main thread with.
const PLAIN_KEYS: usize = 60;

/// Where the caret is put: inside the text of the first member, which may be any text.
const CARET: usize = 10;

/// What typing came to with one language.
pub struct Typing {
    /// As Danube spells it; empty without a schema.
    pub schema_type: &'static str,
    /// How often a key was pressed.
    pub keys: usize,
    /// From question to answer, sorted.
    pub round_trips_ms: Vec<f64>,
    /// The worker's own part, sorted.
    pub elapsed_ms: Vec<f64>,
    /// The main thread's processor time for each key.
    pub main_thread_ms: f64,
    /// The longest task of the main thread meanwhile; 0: none took 50 ms.
    pub longest_task_ms: f64,
}

impl Typing {
    /// The value below which that share of the keys stayed.
    pub fn quantile(sorted: &[f64], share: f64) -> f64 {
        let at = (sorted.len() as f64 * share) as usize;
        sorted.get(at.min(sorted.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
    }
}

/// Types with each language, and without any.
///
/// # Errors
/// A schema is refused, or a key has no answer.
pub async fn measure(host: &Host, browser: &Browser) -> anyhow::Result<Vec<Typing>> {
    let mut registry = host.rpc().await.registry;
    let mut typed = vec![plain(host, browser).await?];
    for language in Language::all()? {
        let request = RegisterSchemaRequest {
            subject: format!("typed-{}", language.schema_type),
            schema_type: language.schema_type.to_owned(),
            schema_definition: Bytes::from(language.definition.clone().into_bytes()),
            ..Default::default()
        };
        registry.register_schema(request).await.context("registering a schema")?;
        typed.push(with_schema(host, browser, language.schema_type).await?);
    }
    Ok(typed)
}

async fn open(host: &Host, browser: &Browser, schema_type: &str) -> Page {
    let produce = browser.produce(&host.url(), "").await;
    produce.topic("/default/typed").await;
    if !schema_type.is_empty() {
        produce.subject(&format!("typed-{schema_type}")).await;
    }
    let page = produce.page().clone();
    // The code editor takes the plain field's place when it has arrived.
    page.click("produce-payload").await;
    let ready = "return !!document.querySelector('[data-testid=\"produce-payload\"].cm-content')";
    irongate_tests::until::some("the code editor", async || (page.script(ready).await == true).then_some(())).await;
    produce.payload("{\n}").await;
    page.click("produce-payload").await;
    page.chord(fantoccini::key::Key::Control, 'a').await;
    page.paste(&typed_text()).await;
    page.chord(fantoccini::key::Key::Control, fantoccini::key::Key::Home.into()).await;
    for _ in 0..CARET {
        page.press(fantoccini::key::Key::Right).await;
    }
    page
}

/// A letter, and the key that takes it away again.
async fn key(browser: &Browser, at: usize) {
    let (name, text, code) = if at.is_multiple_of(2) { ("x", json!("x"), 88) } else { ("Backspace", Value::Null, 8) };
    let mut event = json!({"type": "keyDown", "key": name, "windowsVirtualKeyCode": code});
    if !text.is_null() {
        event["text"] = text;
    }
    browser.devtools("Input.dispatchKeyEvent", event).await;
    let up = json!({"type": "keyUp", "key": name, "windowsVirtualKeyCode": code});
    browser.devtools("Input.dispatchKeyEvent", up).await;
}

async fn plain(host: &Host, browser: &Browser) -> anyhow::Result<Typing> {
    let page = open(host, browser, "").await;
    probe::longest_task_ms(&page).await?;
    let before = probe::metric(browser, "ThreadTime").await?;
    for at in 0..PLAIN_KEYS {
        key(browser, at).await;
        let two_frames = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done(0)))";
        page.script_that_answers(two_frames, Vec::new()).await;
    }
    let main_thread_ms = (probe::metric(browser, "ThreadTime").await? - before) * 1e3 / PLAIN_KEYS as f64;
    let none = Vec::new();
    Ok(Typing {
        schema_type: "",
        keys: PLAIN_KEYS,
        round_trips_ms: none.clone(),
        elapsed_ms: none,
        main_thread_ms,
        longest_task_ms: probe::longest_task_ms(&page).await?,
    })
}

async fn with_schema(host: &Host, browser: &Browser, schema_type: &'static str) -> anyhow::Result<Typing> {
    let page = open(host, browser, schema_type).await;
    page.text_where("verdict-schema", |text| !text.contains("hecking") && !text.is_empty()).await;
    page.script("window.probe.answers.length = 0").await;
    probe::longest_task_ms(&page).await?;
    let before = probe::metric(browser, "ThreadTime").await?;
    let mut count = 0;
    for at in 0..KEYS {
        key(browser, at).await;
        let answered = probe::call(&page, "answersBeyond", vec![json!(count)]).await;
        count = answered.as_u64().context("answers are counted")?;
    }
    let main_thread_ms = (probe::metric(browser, "ThreadTime").await? - before) * 1e3 / KEYS as f64;
    let longest_task_ms = probe::longest_task_ms(&page).await?;
    let answers = page.script("return window.probe.answers").await;
    let answers = answers.as_array().context("answers are listed")?;
    ensure!(answers.len() >= KEYS, "{} answers to {KEYS} keys", answers.len());
    let sorted = |name: &str| -> anyhow::Result<Vec<f64>> {
        let mut values =
            answers.iter().map(|answer| probe::field(answer, name)).collect::<anyhow::Result<Vec<f64>>>()?;
        values.sort_by(f64::total_cmp);
        Ok(values)
    };
    let elapsed_ms = sorted("elapsedMs")?;
    ensure!(median(elapsed_ms.iter().copied()) > 0.0, "{schema_type}: the worker measured nothing");
    let round_trips_ms = sorted("roundTripMs")?;
    Ok(Typing { schema_type, keys: KEYS, round_trips_ms, elapsed_ms, main_thread_ms, longest_task_ms })
}
