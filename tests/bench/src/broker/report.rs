//! Ratios and goals of the broker: from what was measured to a section that a person reads.

use super::{Measured, batch, fan_out, processor, topics};
use crate::{
    load::{MEASURED, PAYLOAD_BYTES},
    page::{Goals, cores, duration, median, percent, ratio},
};

/// The least rate of batches, against one message in each call.
const BATCH_GOAL: f64 = 30.0;
/// The least share of the plain file's rate that reliable batches should reach.
const RELIABLE_BATCH_GOAL: f64 = 0.60;
/// The least share of one subscription's deliveries that many together should reach.
const FAN_OUT_GOAL: f64 = 0.50;
/// The most processor time for each message, against the echo.
const PROCESSOR_GOAL: f64 = 1.5;
const START_GOAL_US: f64 = 3e6;
const LIST_GOAL_US: f64 = 200e3;
const RESIDENT_GOAL_MIB: f64 = 300.0;

/// The whole section.
pub fn markdown(measured: &Measured) -> String {
    let [echo, non_reliable, reliable] = &measured.processor_us;
    let table = [
        row("one message in each call, non-reliable", rate(&measured.single), "", String::new()),
        row(
            &format!("{} messages in each call, non-reliable", batch::BATCH),
            rate(&measured.batch),
            "one message in each call",
            times(ratio(&measured.batch, &measured.single)),
        ),
        row(
            &format!("plain file, groups of {:.0}", median(measured.group_messages.iter().copied())),
            rate(&measured.plain_file),
            "",
            String::new(),
        ),
        row(
            &format!("{} messages in each call, reliable, {} callers", batch::BATCH, batch::RELIABLE_CALLERS),
            rate(&measured.reliable_batch),
            "plain file",
            percent(ratio(&measured.reliable_batch, &measured.plain_file)),
        ),
        row("deliveries to 1 subscription", rate(&measured.one_subscription), "", String::new()),
        row(
            &format!("deliveries to {} subscriptions", fan_out::SUBSCRIPTIONS),
            rate(&measured.many_subscriptions),
            "1 subscription",
            percent(ratio(&measured.many_subscriptions, &measured.one_subscription)),
        ),
        row("processor time, echo", us(echo), "", String::new()),
        row("processor time, non-reliable", us(non_reliable), "echo", times(ratio(non_reliable, echo))),
        row("processor time, reliable", us(reliable), "echo", times(ratio(reliable, echo))),
    ];
    let figures = &measured.topics;
    format!(
        "`cargo xtask bench broker`. Messages of {PAYLOAD_BYTES} bytes, {} rounds of {} s each (fan-out: of a fixed number of messages, each\n\
         acknowledged by each subscription); {} cores. Batches go through `Publish` of `irongate.v1`, one caller unless it says otherwise; the plain\n\
         file is synced after groups as large as the host's were in the same round. Processor time is that of the serving process for each\n\
         message, {} producers, through Danube's `SendMessage`.\n\n\
         | what | figure | against | ratio |\n|---|---:|---|---:|\n{}\n\
         A host with {} reliable topics: ready {} after its start, lists them in {}, holds {:.0} MiB.\n{}",
        measured.single.len(),
        MEASURED.as_secs(),
        cores(),
        processor::PRODUCERS,
        table.concat(),
        topics::TOPICS,
        duration(figures.start_us),
        duration(figures.list_us),
        figures.resident_mib,
        goals(measured)
    )
}

fn goals(measured: &Measured) -> String {
    let mut goals = Goals::default();
    let reached = ratio(&measured.batch, &measured.single);
    goals.add(
        &format!("batches, at least {BATCH_GOAL:.0} times one message in each call"),
        &times(reached),
        reached >= BATCH_GOAL,
    );
    let mut share = |what: &str, goal: f64, reached: f64| {
        goals.add(&format!("{what}, at least {}", percent(goal)), &percent(reached), reached >= goal);
    };
    share(
        "reliable batches against the plain file",
        RELIABLE_BATCH_GOAL,
        ratio(&measured.reliable_batch, &measured.plain_file),
    );
    share(
        "deliveries to many subscriptions against one",
        FAN_OUT_GOAL,
        ratio(&measured.many_subscriptions, &measured.one_subscription),
    );
    let [echo, non_reliable, _] = &measured.processor_us;
    let reached = ratio(non_reliable, echo);
    goals.add(
        &format!("processor time for each message, non-reliable, at most {PROCESSOR_GOAL} times the echo's"),
        &times(reached),
        reached <= PROCESSOR_GOAL,
    );
    let figures = &measured.topics;
    let mut bound = |what: &str, goal: String, reached: String, is_met: bool| {
        goals.add(&format!("{} topics: {what}, at most {goal}", topics::TOPICS), &reached, is_met);
    };
    bound("start", duration(START_GOAL_US), duration(figures.start_us), figures.start_us <= START_GOAL_US);
    bound("list", duration(LIST_GOAL_US), duration(figures.list_us), figures.list_us <= LIST_GOAL_US);
    let resident = figures.resident_mib;
    bound("memory", format!("{RESIDENT_GOAL_MIB:.0} MiB"), format!("{resident:.0} MiB"), resident <= RESIDENT_GOAL_MIB);
    goals.markdown()
}

fn row(what: &str, figure: String, against: &str, ratio: String) -> String {
    format!("| {what} | {figure} | {against} | {ratio} |\n")
}

fn rate(values: &[f64]) -> String {
    format!("{:.0}/s", median(values.iter().copied()))
}

fn us(values: &[f64]) -> String {
    format!("{:.1} us", median(values.iter().copied()))
}

fn times(ratio: f64) -> String {
    format!("{ratio:.1} x")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_has_ratios_and_what_missed_its_goal() {
        let measured = Measured {
            single: vec![1000.0, 2000.0, 3000.0],
            batch: vec![40_000.0, 80_000.0, 120_000.0],
            reliable_batch: vec![50.0],
            plain_file: vec![100.0],
            group_messages: vec![512.0],
            one_subscription: vec![100.0],
            many_subscriptions: vec![60.0],
            processor_us: [vec![10.0], vec![16.0], vec![20.0]],
            topics: topics::Figures { start_us: 1e6, list_us: 250e3, resident_mib: 100.0 },
        };
        let section = markdown(&measured);
        for expected in [
            "| one message in each call, non-reliable | 2000/s |",
            "| 80000/s | one message in each call | 40.0 x |",
            "each call: 40.0 x: met",
            "at least 60 %: 50 %: missed",
            "at least 50 %: 60 %: met",
            "the echo's: 1.6 x: missed",
            "start, at most 3000.0 ms: 1000.0 ms: met",
            "list, at most 200.0 ms: 250.0 ms: missed",
            "memory, at most 300 MiB: 100 MiB: met",
        ] {
            assert!(section.contains(expected), "{expected} in {section}");
        }
    }
}
