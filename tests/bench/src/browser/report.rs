//! Goals of the console: from what was measured to a section that a person reads.

use super::{Measured, start};
use crate::page::{Goals, cores};

/// The page may weigh this with brotli, in kB.
const PAGE_KB_MAX: f64 = 250.0;

/// What validates may weigh this with brotli, in kB.
const WORKER_KB_MAX: f64 = 900.0;

/// The page can be used after this, in ms.
const READY_MS_MAX: f64 = 1_000.0;

/// The same on the slow machine.
const SLOW_READY_MS_MAX: f64 = 2_500.0;

/// The whole section.
pub fn markdown(measured: &Measured) -> String {
    let mut goals = Goals::default();
    let text = format!(
        "`cargo xtask bench browser`: the console in headless Chromium, host and browser on the same {} cores; {} rounds. Page and worker are the\n\
         built ones; a script that is there before the page's own watches from inside, and changes nothing that they do.\n",
        cores(),
        measured.rounds,
    );
    text + &start_section(&measured.start, &mut goals) + &goals.markdown()
}

fn start_section(start: &start::Start, goals: &mut Goals) -> String {
    let [page, worker, pages, samples, editor] =
        ["page", "worker", "pages", "samples", "editor"].map(|part| start.kb(part));
    let (ready, slow) = (start.ready_ms, start.slow_ready_ms);
    let times = start::SLOW_DOWN;
    goals.add(&format!("page, at most {PAGE_KB_MAX:.0} kB"), &format!("{page:.1} kB"), page <= PAGE_KB_MAX);
    goals.add(&format!("worker, at most {WORKER_KB_MAX:.0} kB"), &format!("{worker:.1} kB"), worker <= WORKER_KB_MAX);
    let none = start.page_validators == 0;
    goals.add("no validator in the page's modules", &format!("{}", start.page_validators), none);
    goals.add(&format!("ready within {READY_MS_MAX:.0} ms"), &format!("{ready:.0} ms"), ready <= READY_MS_MAX);
    let slowly = format!("ready within {SLOW_READY_MS_MAX:.0} ms at {times} times the processor time");
    goals.add(&slowly, &format!("{slow:.0} ms"), slow <= SLOW_READY_MS_MAX);
    format!(
        "\nStart with an empty cache, until the form of Produce is painted and takes keys: {ready:.0} ms; with the page's processor slowed down\n\
         {times} times: {slow:.0} ms. On the wire, with brotli: page {page:.1} kB; fetched when first needed:\n\
         worker {worker:.1} kB, further pages {pages:.1} kB, samples and forms {samples:.1} kB, editor {editor:.1} kB.\n"
    )
}
