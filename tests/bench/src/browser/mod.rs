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

use irongate_tests::{Host, browser::Browser, surroundings};

/// How often what is short is measured, where `IRONGATE_BENCH_ROUNDS` says nothing else.
const ROUNDS: u64 = 3;

/// Everything that was measured.
pub struct Measured {
    rounds: usize,
    start: start::Start,
    typing: Vec<typing::Typing>,
    checks: checks::Checks,
    page_bulk: checks::PageBulk,
    big: Vec<big::Big>,
    tail: tail::Tail,
}

/// Measures all of it.
///
/// # Errors
/// The host refuses something, or worker and native code disagree.
pub async fn measure() -> anyhow::Result<Measured> {
    let rounds = surroundings::number("IRONGATE_BENCH_ROUNDS", ROUNDS).max(1) as usize;
    let host = Host::start().await;
    let browser = Browser::open().await;
    probe::install(&browser).await;
    eprintln!("start");
    let start = start::measure(&host, &browser, rounds).await?;
    eprintln!("typing");
    let typing = typing::measure(&host, &browser).await?;
    let checks = checks::measure(&host, &browser, rounds).await?;
    let page_bulk = checks::in_page(&host, &browser).await?;
    eprintln!("big messages");
    let big = big::measure(&browser, rounds).await?;
    eprintln!("tail");
    let tail = tail::measure(&host, &browser).await?;
    browser.close().await;
    host.assert_never_panicked();
    Ok(Measured { rounds, start, typing, checks, page_bulk, big, tail })
}
