//! Ratios and goals of transforms: from what was measured to a section that a person reads.

use super::{
    BATCHES, Contender, Measured, ROUNDS,
    clock::SLICE,
    records::{PAYLOAD_BYTES, Work},
};
use crate::page::{Goals, cores, duration, median, ratio};

/// The smallest batch from which the goals of small work hold: below it the call itself counts.
const LARGE_MIN: usize = 16;
const LARGE: &str = "batches of 16 and more";
/// The most that a copy out should take, in microseconds.
const IDENTITY_GOAL_US: f64 = 1.0;
/// The most that an edit of JSON should take, as a multiple of the native one.
const MASK_GOAL: f64 = 1.6;
/// The least that a copy out should be faster than the other engines'.
const FLUVIO_GOAL: f64 = 12.0;
const EXTISM_GOAL: f64 = 3.0;
/// The most that keeping should take, in microseconds.
const KEEP_GOAL_US: f64 = 0.5;
/// The most that a fresh instance should take, in microseconds.
const INSTANCE_GOAL_US: f64 = 100.0;
/// The most that loading from the cache should take, in microseconds.
const LOAD_GOAL_US: f64 = 5_000.0;

/// What is unequal between the engines.
const UNEQUAL: &str = "\
The comparison with the other engines is not an equal one. Extism 1.30, with wasmtime 43 inside, is given bytes that are packed as our SDK packs
them, by the same code, and keeps time limits as we do. Fluvio's SmartEngine 0.50.1, with wasmtime 34 inside, does more for a record: it counts the
guest's instructions, and encodes and decodes its protocol; its input owns the records, so a copy of them is in its figures. On the other hand its
records have no attribute, and its `keep` and `drop` are the verdicts of a filter. Both guests have the standard library's allocator, ours the SDK's.

";

/// The whole section.
pub fn markdown(measured: &Measured) -> String {
    let mut rows = String::new();
    for work in Work::ALL {
        for contender in Contender::ALL.into_iter().filter(|contender| took_part(measured, *contender)) {
            rows += &row(measured, contender, work);
        }
    }
    format!(
        "`cargo xtask bench transforms`: a transform in Rust, made with the SDK, in the host's own runtime: its settings, its default limits, its pool of\n\
         instances, time limits by epochs. Records with a key, an attribute and {PAYLOAD_BYTES} bytes of JSON; {ROUNDS} rounds of {} ms for each\n\
         figure, on one thread; {} cores. The mask reads the JSON, replaces one field and writes it again. Native is the same function on the same records,\n\
         answering owned ones. Microseconds of processor time for each record:\n\n\
         | what | {} |\n|---|{}|\n{rows}\n{}\
         | what | figure |\n|---|---:|\n\
         | {PAYLOAD_BYTES} bytes copied in and out | {:.2} us |\n\
         | an instance made, configured and thrown away | {} |\n\
         | a component loaded from the cache | {} |\n{}",
        SLICE.as_millis(),
        cores(),
        BATCHES.map(|batch| format!("batches of {batch}")).join(" | "),
        BATCHES.map(|_| "---:").join("|"),
        if took_part(measured, Contender::Extism) { UNEQUAL } else { "" },
        middle(&measured.copy),
        duration(middle(&measured.instance)),
        duration(middle(&measured.load)),
        goals(measured).markdown()
    )
}

fn row(measured: &Measured, contender: Contender, work: Work) -> String {
    let figures = BATCHES.map(|batch| format!("{:.2}", middle(us(measured, contender, work, batch))));
    format!("| {}, {} | {} |\n", work.name(), contender.name(), figures.join(" | "))
}

fn goals(measured: &Measured) -> Goals {
    let others = [(Contender::Fluvio, FLUVIO_GOAL), (Contender::Extism, EXTISM_GOAL)];
    let mut goals = Goals::default();
    let ours = |work, batch| us(measured, Contender::Irongate, work, batch);
    let large = || BATCHES.into_iter().filter(|batch| *batch >= LARGE_MIN);
    let mut at_most = |text: &str, reached: f64, goal: f64, figure: fn(f64) -> String| {
        goals.add(&format!("{text}, at most {}", figure(goal)), &figure(reached), reached <= goal);
    };
    let identity = worst(large().map(|batch| middle(ours(Work::Identity, batch))));
    at_most(&format!("identity, {LARGE}"), identity, IDENTITY_GOAL_US, fine);
    let against_native = |batch| ratio(ours(Work::Mask, batch), us(measured, Contender::Native, Work::Mask, batch));
    at_most(&format!("mask against native, {LARGE}"), worst(large().map(against_native)), MASK_GOAL, times);
    at_most("mask against native, batches of 1", against_native(1), MASK_GOAL, times);
    let keep = worst(large().map(|batch| middle(ours(Work::Keep, batch))));
    at_most(&format!("keep, {LARGE}"), keep, KEEP_GOAL_US, fine);
    at_most("a fresh instance", middle(&measured.instance), INSTANCE_GOAL_US, duration);
    at_most("load from the cache", middle(&measured.load), LOAD_GOAL_US, duration);
    for (contender, goal) in others.into_iter().filter(|(contender, _)| took_part(measured, *contender)) {
        let faster = BATCHES.map(|batch| {
            ratio(
                us(measured, contender, Work::Identity, batch),
                us(measured, Contender::Irongate, Work::Identity, batch),
            )
        });
        let least = faster.into_iter().min_by(f64::total_cmp).unwrap_or(f64::NAN);
        let text = format!("identity, times faster than {}, every batch, at least {goal}", contender.name());
        goals.add(&text, &format!("{least:.1}"), least >= goal);
    }
    goals
}

fn took_part(measured: &Measured, contender: Contender) -> bool {
    measured.cases.iter().any(|case| case.contender == contender)
}

/// What one contender took, round by round.
fn us(measured: &Measured, contender: Contender, work: Work, batch: usize) -> &[f64] {
    let case = measured.cases.iter().find(|case| (case.contender, case.work, case.batch) == (contender, work, batch));
    case.map_or(&[], |case| &case.us)
}

fn middle(values: &[f64]) -> f64 {
    median(values.iter().copied())
}

/// The largest; not a number if any is not.
fn worst(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().max_by(f64::total_cmp).unwrap_or(f64::NAN)
}

fn fine(us: f64) -> String {
    format!("{us:.2} us")
}

fn times(ratio: f64) -> String {
    format!("{ratio:.2} times")
}

impl Contender {
    fn name(self) -> &'static str {
        match self {
            Contender::Native => "native",
            Contender::Irongate => "Irongate",
            Contender::Extism => "Extism",
            Contender::Fluvio => "Fluvio",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Case, *};

    /// Every native figure is 4, every figure of ours this.
    fn measured(ours: f64) -> Measured {
        let case = |contender, work, batch| {
            let us = match contender {
                Contender::Native => 4.0,
                Contender::Irongate => ours,
                Contender::Extism => 16.0,
                Contender::Fluvio => 96.0,
            };
            Case { contender, work, batch, us: vec![us; 3] }
        };
        let cases = Contender::ALL.into_iter().flat_map(|contender| {
            Work::ALL.into_iter().flat_map(move |work| BATCHES.map(|batch| case(contender, work, batch)))
        });
        Measured { cases: cases.collect(), copy: vec![0.05], instance: vec![90.0], load: vec![6_000.0] }
    }

    #[test]
    fn a_section_has_every_figure_and_what_missed_its_goal() {
        let section = markdown(&measured(8.0));
        for expected in [
            "| what | batches of 1 | batches of 16 | batches of 256 |\n|---|---:|---:|---:|\n| identity, native | 4.00 |",
            "identity, times faster than Fluvio, every batch, at least 12: 12.0: met",
            "identity, times faster than Extism, every batch, at least 3: 2.0: missed",
            "| drop, Irongate | 8.00 | 8.00 | 8.00 |",
            "identity, batches of 16 and more, at most 1.00 us: 8.00 us: missed",
            "mask against native, batches of 16 and more, at most 1.60 times: 2.00 times: missed",
            "a fresh instance, at most 100 us: 90 us: met",
            "load from the cache, at most 5.0 ms: 6.0 ms: missed",
        ] {
            assert!(section.contains(expected), "{expected} in {section}");
        }
        assert!(markdown(&measured(0.5)).contains("keep, batches of 16 and more, at most 0.50 us: 0.50 us: met"));
    }

    #[test]
    fn a_goal_without_a_figure_is_missed() {
        let section = markdown(&Measured::default());
        assert!(
            section.contains("mask against native, batches of 1, at most 1.60 times: NaN times: missed"),
            "{section}"
        );
    }
}
