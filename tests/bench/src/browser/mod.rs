//! The console in a real browser, next to the same code run natively where there is some: checks while typing, checks in bulk,
//! the live tail, messages of megabytes, the start. Everything is seen from inside the page, by a script that is there before
//! the page's own (`probe.js`).

mod big;
mod checks;
mod frames;
mod probe;
mod report;
mod start;
mod tail;
mod typing;

pub use report::markdown;

use irongate_tests::{Host, browser::Browser};

/// How often what is short is measured; the rounds of all of it are interleaved.
pub const ROUNDS: usize = 3;

/// Everything that was measured.
pub struct Measured {
    start: start::Start,
    typing: Vec<typing::Typing>,
    checks: checks::Checks,
    page_bulk: checks::PageBulk,
    tail: tail::Tail,
    big: Vec<big::Big>,
}

/// Measures all of it.
///
/// # Errors
/// The host refuses something, or worker and native code disagree.
pub async fn measure() -> anyhow::Result<Measured> {
    let host = Host::start_with(&["--message-bytes-max", big::MESSAGE_BYTES_MAX]).await;
    let browser = Browser::open().await;
    probe::install(&browser).await;
    eprintln!("start");
    let start = start::measure(&host, &browser).await?;
    eprintln!("typing");
    let typing = typing::measure(&host, &browser).await?;
    eprintln!("checks");
    let checks = checks::measure(&host, &browser).await?;
    let page_bulk = checks::in_page(&host, &browser).await?;
    eprintln!("big messages");
    let big = big::measure(&host, &browser).await?;
    eprintln!("tail");
    let tail = tail::measure(&host, &browser).await?;
    browser.close().await;
    host.assert_never_panicked();
    Ok(Measured { start, typing, checks, page_bulk, tail, big })
}
