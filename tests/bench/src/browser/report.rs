//! Goals of the console: from what was measured to a section that a person reads.

use super::{
    Measured,
    big::Big,
    checks::{Checks, PageBulk},
    frames::{Frames, WORK_MS_MAX},
    start,
    tail::{LASTING, Memory, RATE, ROWS, Tail},
    typing::Typing,
};
use crate::{
    page::{Goals, cores, percent},
    schema::{BULK_GOAL, KEY_GOAL, TYPED_BYTES},
};

/// Bytes.
const MIB: f64 = 1048576.0;

/// The page may weigh this with brotli, in kB.
const PAGE_KB_MAX: f64 = 250.0;

/// What validates may weigh this with brotli, in kB.
const WORKER_KB_MAX: f64 = 900.0;

/// The page can be used after this, in ms.
const READY_MS_MAX: f64 = 1_000.0;

/// The same on the slow machine.
const SLOW_READY_MS_MAX: f64 = 2_500.0;

/// How many times slower than native code the worker may be.
const WORKER_RATIO_MAX: f64 = 4.0;

/// A message of the smaller size opens within this, in ms.
const OPEN_MS_MAX: f64 = 100.0;

/// A task that is shorter is no freeze, in ms: people notice a pause, and go on.
const FREEZE_MS: f64 = 1_000.0;

/// The least share of the wanted rate that counts as it: calls are due in steps.
const RATE_SHARE_MIN: f64 = 0.99;

/// The least share of frames whose work fits.
const QUICK_FRAMES_MIN: f64 = 0.95;

/// How much the memory may grow in the second half of the minute, at most, when the ring has been full from its beginning.
const MEMORY_GROWTH_MAX: f64 = 0.05;

/// Where browsers begin to call a task long, in ms: nobody feels a shorter one.
const LONG_TASK_MS: f64 = 50.0;

/// The whole section.
pub fn markdown(measured: &Measured) -> String {
    let mut goals = Goals::default();
    let text = format!(
        "`cargo xtask bench browser`: the console in headless Chromium, host and browser on the same {} cores; {} rounds. Page and worker are the\n\
         built ones; a script that is there before the page's own watches from inside, and changes nothing that they do.\n",
        cores(),
        measured.rounds,
    );
    text + &start_section(&measured.start, &mut goals)
        + &typing_section(&measured.typing, &mut goals)
        + &checks_section(&measured.checks, &measured.page_bulk, &mut goals)
        + &big_section(&measured.big, &mut goals)
        + &tail_section(&measured.tail, &mut goals)
        + &goals.markdown()
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

fn typing_section(typing: &[Typing], goals: &mut Goals) -> String {
    let mut text = format!(
        "\nTyping into a message of {TYPED_BYTES} bytes in the code editor, key by key. The check is the worker's own time, the way there and back is\n\
         from the question to the answer in the page; the main thread's processor time is all that it did for a key, drawing included:\n\n\
         | schema | keys | check p50 | p99 | there and back p50 | p99 | main thread a key | longest task |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|\n"
    );
    let limit_ms = KEY_GOAL.as_secs_f64() * 1e3;
    for one in typing {
        let [p50, p99] = [0.5, 0.99].map(|share| Typing::quantile(&one.elapsed_ms, share));
        let [way_p50, way_p99] = [0.5, 0.99].map(|share| Typing::quantile(&one.round_trips_ms, share));
        let (keys, main) = (one.keys, one.main_thread_ms);
        let longest = task(one.longest_task_ms);
        if one.schema_type.is_empty() {
            text += &format!("| none | {keys} | | | | | {main:.1} ms | {longest} |\n");
            continue;
        }
        text += &format!(
            "| {} | {keys} | {p50:.2} ms | {p99:.2} ms | {way_p50:.1} ms | {way_p99:.1} ms | {main:.1} ms | {longest} |\n",
            one.schema_type
        );
    }
    let worst = worst(typing.iter().map(|one| Typing::quantile(&one.elapsed_ms, 0.99)));
    let goal = format!("check of a key at {TYPED_BYTES} bytes, p99 at most {limit_ms:.0} ms");
    goals.add(&goal, &format!("{worst:.2} ms"), worst <= limit_ms);
    let longest = self::worst(typing.iter().map(|one| one.longest_task_ms));
    let goal = format!("no task of {LONG_TASK_MS:.0} ms on the main thread while typing");
    goals.add(&goal, &task(longest), longest < LONG_TASK_MS);
    text
}

fn checks_section(checks: &Checks, page_bulk: &PageBulk, goals: &mut Goals) -> String {
    let mut text = format!(
        "\nThe worker next to the same code natively, for one message; {} cases of the corpus have the same verdict on both sides:\n\n\
         | what | native | worker | ratio |\n|---|---:|---:|---:|\n",
        checks.cases
    );
    for one in &checks.compared {
        let (native, worker, ratio) = (one.native_us, one.worker_us, one.ratio);
        text += &format!("| {} | {native:.1} us | {worker:.1} us | {ratio:.1} x |\n", one.name);
    }
    let ratio = worst(checks.compared.iter().map(|one| one.ratio));
    goals.add(
        &format!("worker at most {WORKER_RATIO_MAX:.0} times native"),
        &format!("{ratio:.1} x"),
        ratio <= WORKER_RATIO_MAX,
    );
    text += "\nSmall messages in bulk, questions and answers included:\n\n| what | messages/s |\n|---|---:|\n";
    for (name, rate) in &checks.bulk {
        text += &format!("| {name} | {rate:.0} |\n");
    }
    let least = checks.bulk.iter().map(|(_, rate)| *rate).fold(f64::INFINITY, f64::min);
    goals.add(&format!("in bulk, at least {BULK_GOAL:.0}/s"), &format!("{least:.0}/s"), least >= BULK_GOAL);
    let longest = task(page_bulk.longest_task_ms);
    text += &format!("| a file of {} rows through the page | {:.0} |\n", page_bulk.rows, page_bulk.rows_per_second);
    text + &format!("\nWhile the page read, cut, checked and listed that file its longest task took {longest}.\n")
}

fn big_section(big: &[Big], goals: &mut Goals) -> String {
    let mut text = "\nMessages of megabytes, valid JSON: from the click on the row until its tree is painted (where the page asks first, both clicks), from the\n\
        click on another look until that is painted, and the longest task while the message arrived and while it was looked at:\n\n\
        | bytes | open | Pretty | Raw | Hex | longest task arriving | opened |\n|---:|---:|---:|---:|---:|---:|---:|\n"
        .to_owned();
    for one in big {
        let looks: Vec<String> = one.looks_ms.iter().map(|(_, ms)| format!("{ms:.0} ms")).collect();
        let (arriving, longest) = (task(one.arriving_task_ms), task(one.longest_task_ms));
        text +=
            &format!("| {} | {:.0} ms | {} | {arriving} | {longest} |\n", one.bytes, one.open_ms, looks.join(" | "));
    }
    if let Some(small) = big.first() {
        let goal = format!("{:.0} MB opened within {OPEN_MS_MAX:.0} ms", small.bytes as f64 / 1e6);
        goals.add(&goal, &format!("{:.0} ms", small.open_ms), small.open_ms <= OPEN_MS_MAX);
    }
    if let Some(large) = big.last() {
        let longest = large.longest_task_ms.max(large.arriving_task_ms);
        let goal = format!("{:.0} MB without freezing: no task of {FREEZE_MS:.0} ms", large.bytes as f64 / 1e6);
        goals.add(&goal, &task(longest), longest < FREEZE_MS);
    }
    text
}

fn tail_section(tail: &Tail, goals: &mut Goals) -> String {
    let mib = |read: fn(&Memory) -> f64, at: usize| tail.memory.get(at).map_or(f64::NAN, read) / MIB;
    let (middle, last) = (tail.memory.len() / 2, tail.memory.len().saturating_sub(1));
    let heap_last = mib(|memory| memory.heap, last);
    let [wasm_first, wasm_middle, wasm_last] = [0, middle, last].map(|at| mib(|memory| memory.wasm, at));
    let heap_most = worst(tail.memory.iter().map(|memory| memory.heap)) / MIB;
    // Of what scripts hold, some is only not yet collected: the most of each half is compared.
    let most = |half: &[Memory]| worst(half.iter().map(|memory| memory.heap + memory.wasm));
    let (first_half, second_half) = tail.memory.split_at(middle);
    let growth = most(second_half) / most(first_half) - 1.0;
    let (seconds, frames) = (LASTING.as_secs(), &tail.frames);
    let reached = format!("{} at {:.0} messages/s", percent(frames.quick), tail.rate);
    goals.add(
        &format!(
            "{RATE} messages/s for {seconds} s, {} of the frames below {WORK_MS_MAX:.0} ms",
            percent(QUICK_FRAMES_MIN)
        ),
        &reached,
        frames.quick >= QUICK_FRAMES_MIN && tail.rate >= RATE_SHARE_MIN * RATE as f64,
    );
    goals.add(
        &format!("most memory in the second half of that, at most {} above the first", percent(MEMORY_GROWTH_MAX)),
        &format!("{:+.1} %", growth * 100.0),
        growth <= MEMORY_GROWTH_MAX,
    );
    goals.add(&format!("{ROWS} rows held"), &format!("{}", tail.held), tail.held >= ROWS);
    goals.add(
        &format!("scrolled from end to end, {} of the frames below {WORK_MS_MAX:.0} ms", percent(QUICK_FRAMES_MIN)),
        &percent(tail.scrolled.quick),
        tail.scrolled.quick >= QUICK_FRAMES_MIN,
    );
    format!(
        "\nThe tail: {ROWS} rows arrived in it with {:.0} messages/s and were held; then {:.0} messages/s for {seconds} s, {} in all, the last on top {:.1} s\n\
         after it was sent; the main thread kept a processor busy for {} of that. A frame's work counts from the refresh that it is for until it is painted:\n\n\
         | what | frames | work below {WORK_MS_MAX:.0} ms | p95 | longest | with the next refresh |\n|---|---:|---:|---:|---:|---:|\n\
         {}{}\n\
         Memory: modules {wasm_first:.0} MiB at first, {wasm_middle:.0} in the middle, {wasm_last:.0} at the end; scripts {heap_most:.0} MiB at most, {heap_last:.0} at the end.\n",
        tail.catch_up,
        tail.rate,
        tail.arrived,
        tail.behind.as_secs_f64(),
        percent(tail.busy),
        frames_row("while they arrive", frames),
        frames_row("while scrolling from the newest to the oldest", &tail.scrolled),
    )
}

fn frames_row(what: &str, frames: &Frames) -> String {
    format!(
        "| {what} | {} | {} | {:.1} ms | {:.0} ms | {} |\n",
        frames.count,
        percent(frames.quick),
        frames.p95_ms,
        frames.longest_ms,
        percent(frames.on_time)
    )
}

/// Shorter ones are not told of by the browser.
fn task(longest_ms: f64) -> String {
    if longest_ms < LONG_TASK_MS { format!("below {LONG_TASK_MS:.0} ms") } else { format!("{longest_ms:.0} ms") }
}

/// The greatest. What was not measured, as the checks without a schema, is not a number.
fn worst(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().filter(|value| !value.is_nan()).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use super::*;
    use crate::browser::{checks::Compared, start::Start};

    fn measured(check_ms: f64, memory_at_the_end: f64) -> Measured {
        let parts = ["page", "worker", "pages", "samples", "editor"];
        let frames = Frames { count: 3600, on_time: 1.0, quick: 0.97, p95_ms: 9.0, longest_ms: 30.0 };
        let plain = Typing {
            schema_type: "",
            keys: 60,
            round_trips_ms: Vec::new(),
            elapsed_ms: Vec::new(),
            main_thread_ms: 2.0,
            longest_task_ms: 0.0,
        };
        let typed = Typing {
            schema_type: "avro",
            round_trips_ms: vec![2.0; 200],
            elapsed_ms: vec![check_ms; 200],
            longest_task_ms: 61.0,
            ..plain
        };
        let compared = vec![Compared { name: "avro, corpus".to_owned(), native_us: 2.0, worker_us: 5.0, ratio: 2.5 }];
        let bulk = vec![("avro, small".to_owned(), 49_000.0), ("json_schema, small".to_owned(), 90_000.0)];
        let looks_ms = vec![("Pretty", 20.0), ("Raw", 10.0), ("Hex", 5.0)];
        let small = Big { bytes: 1_000_000, open_ms: 80.0, looks_ms, arriving_task_ms: 0.0, longest_task_ms: 60.0 };
        let large = Big { bytes: 20_000_000, looks_ms: small.looks_ms.clone(), longest_task_ms: 1_200.0, ..small };
        let memory = |wasm| Memory { heap: 2.0 * MIB, wasm };
        Measured {
            rounds: 1,
            start: Start {
                weights: BTreeMap::from(parts.map(|part| (part, 240_000))),
                ready_ms: 300.0,
                slow_ready_ms: 2_600.0,
                page_validators: 0,
            },
            typing: vec![plain, typed],
            checks: Checks { compared, bulk, cases: 290 },
            page_bulk: PageBulk { rows: 50_000, rows_per_second: 60_000.0, longest_task_ms: 70.0 },
            big: vec![small, large],
            tail: Tail {
                catch_up: 200_000.0,
                frames,
                busy: 0.4,
                rate: 9_999.0,
                behind: Duration::from_millis(300),
                memory: vec![memory(98.0 * MIB), memory(98.0 * MIB), memory(memory_at_the_end * MIB)],
                arrived: 1_600_000,
                held: 1_000_000,
                scrolled: frames,
            },
        }
    }

    #[test]
    fn a_page_has_its_figures_and_what_missed_its_goal() {
        let page = markdown(&measured(0.5, 98.0));
        for expected in [
            "| none | 60 | | | | | 2.0 ms | below 50 ms |",
            "| avro | 60 | 0.50 ms | 0.50 ms | 2.0 ms | 2.0 ms | 2.0 ms | 61 ms |",
            "p99 at most 5 ms: 0.50 ms: met",
            "on the main thread while typing: 61 ms: missed",
            "worker at most 4 times native: 2.5 x: met",
            "at least 50000/s: 49000/s: missed",
            "ready within 1000 ms: 300 ms: met",
            "2600 ms: missed",
            "1 MB opened within 100 ms: 80 ms: met",
            "20 MB without freezing: no task of 1000 ms: 1200 ms: missed",
            "97 % at 9999 messages/s: met",
            "+0.0 %: met",
            "1000000 rows held: 1000000: met",
        ] {
            assert!(page.contains(expected), "{expected} in {page}");
        }
    }

    #[test]
    fn slow_checks_and_memory_that_grows_miss_their_goals() {
        let page = markdown(&measured(7.0, 118.0));
        for expected in ["7.00 ms: missed", "+20.0 %: missed"] {
            assert!(page.contains(expected), "{expected} in {page}");
        }
    }
}
