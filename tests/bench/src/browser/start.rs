//! The start: what the page weighs on the wire, whether validators are in it, and how soon it can be used, also on a machine that
//! is four times as slow. Every start has an empty cache.

use std::collections::BTreeMap;

use anyhow::ensure;
use irongate_tests::{Host, browser::Browser, http, until};
use serde_json::json;

use crate::page::median;

/// How much slower the slow machine is.
pub const SLOW_DOWN: u32 = 4;

/// A keyword that whoever validates by JSON Schema has to know, and that nobody types in a form.
const VALIDATORS_WORD: &[u8] = b"unevaluatedProperties";

/// The start in numbers.
pub struct Start {
    /// Bytes with brotli by part: page, pages, worker, editor, and what more the worker fetches.
    pub weights: BTreeMap<&'static str, usize>,
    /// Milliseconds until the form is drawn and takes keys.
    pub ready_ms: f64,
    /// The same with the processor slowed down.
    pub slow_ready_ms: f64,
    /// Modules of the page that know what only a validator needs; those of the worker do.
    pub page_validators: usize,
}

/// Weighs and starts.
///
/// # Errors
/// The host does not serve a part of the console.
pub async fn measure(host: &Host, browser: &Browser, rounds: usize) -> anyhow::Result<Start> {
    let (weights, page_validators) = weigh(host).await?;
    let (mut ready, mut slow) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        ready.push(ready_ms(host, browser, 1).await?);
        slow.push(ready_ms(host, browser, SLOW_DOWN).await?);
    }
    Ok(Start { weights, ready_ms: median(ready), slow_ready_ms: median(slow), page_validators })
}

async fn ready_ms(host: &Host, browser: &Browser, slow_down: u32) -> anyhow::Result<f64> {
    browser.goto("about:blank").await;
    browser.devtools("Network.clearBrowserCache", json!({})).await;
    browser.devtools("Emulation.setCPUThrottlingRate", json!({"rate": slow_down})).await;
    browser.goto(&format!("{}/produce", host.url())).await;
    let page = browser.page();
    let ready =
        until::some("the page to be ready", async || page.script("return window.probe.readyMs || null").await.as_f64())
            .await;
    browser.devtools("Emulation.setCPUThrottlingRate", json!({"rate": 1})).await;
    Ok(ready)
}

/// Fetches all that the console has, and asks each module whether it knows what validators know.
async fn weigh(host: &Host) -> anyhow::Result<(BTreeMap<&'static str, usize>, usize)> {
    let mut weights = BTreeMap::new();
    let (mut in_page, mut in_worker) = (0, 0);
    let mut seen = vec!["index.html".to_owned()];
    let mut at = 0;
    while at < seen.len() {
        let name = seen[at].clone();
        at += 1;
        let path = if name == "index.html" { "/".to_owned() } else { format!("/{name}") };
        let plain = http::get(host.address(), &path, &[]).await;
        let packed = http::get(host.address(), &path, &["accept-encoding: br"]).await;
        ensure!(plain.status == 200 && packed.status == 200, "{path} answers {} and {}", plain.status, packed.status);
        ensure!(packed.headers.contains("content-encoding: br"), "{path} is served without brotli");
        *weights.entry(part(&name)).or_default() += packed.body.len();
        if name.ends_with(".wasm") {
            let knows = plain.body.windows(VALIDATORS_WORD.len()).any(|bytes| bytes == VALIDATORS_WORD);
            *(if part(&name) == "worker" { &mut in_worker } else { &mut in_page }) += usize::from(knows);
        } else {
            for named in names(&plain.text()) {
                if !seen.contains(&named) {
                    seen.push(named);
                }
            }
        }
    }
    ensure!(in_worker > 0, "the worker's module does not know what every validator knows");
    ensure!(weights.len() == 5, "the console has the parts {:?}", weights.keys());
    Ok((weights, in_page))
}

/// The files of the console that a file of it names: each name carries a hash of sixteen digits.
fn names(text: &str) -> Vec<String> {
    let quotes = ['"', '\'', '`'];
    let is_name = |word: &&str| {
        let hash = word.rsplit_once('-').and_then(|(_, end)| end.split_once('.'));
        hash.is_some_and(|(hash, _)| hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let words = text.split(quotes).map(|word| word.trim_start_matches("./").trim_start_matches('/'));
    words.filter(is_name).map(str::to_owned).collect()
}

fn part(name: &str) -> &'static str {
    let starts = [
        ("schema_worker", "worker"),
        ("code_editor", "editor"),
        ("split_pages", "pages"),
        ("split_", "more"),
        ("chunk_", "more"),
    ];
    starts.iter().find(|(start, _)| name.starts_with(start)).map_or("page", |(_, part)| part)
}

impl Start {
    /// The weight of a part in kB; not a number where there is no such part.
    pub fn kb(&self, part: &str) -> f64 {
        self.weights.get(part).map_or(f64::NAN, |bytes| *bytes as f64 / 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_their_hash() {
        let text = r#"import init from './console-0123456789abcdef.js'; "/style-0123456789abcdef.css" "./other.js""#;
        assert_eq!(names(text), ["console-0123456789abcdef.js", "style-0123456789abcdef.css"]);
        assert_eq!(part("split_pages-0123456789abcdef.wasm"), "pages");
        assert_eq!(part("split_samples-0123456789abcdef.wasm"), "more");
        assert_eq!(part("icon-0123456789abcdef.svg"), "page");
    }
}
