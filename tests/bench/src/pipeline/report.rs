//! Ratios and goals of pipelines: from what was measured to a section that a person reads.

use super::{Measured, ROUNDS, added, copy};
use crate::{
    load::PAYLOAD_BYTES,
    page::{Goals, cores, duration, median, percent, ratio},
};

/// The least share of the copy's rate that one stage should leave.
const STAGE_GOAL: f64 = 0.50;
/// The most that a pipeline should add to the latency beside one group commit.
const ADDED_GOAL_US: f64 = 10e3;

/// The whole section.
pub fn markdown(measured: &Measured) -> String {
    let share = ratio(&measured.stage, &measured.copy);
    let added = &measured.added;
    let beside = added.p99_us - added.commit_us;
    let mut goals = Goals::default();
    let goal = format!("one stage against the copy without it, at least {}", percent(STAGE_GOAL));
    goals.add(&goal, &percent(share), share >= STAGE_GOAL);
    let goal = format!("added latency, p99, at most {} above one group commit", duration(ADDED_GOAL_US));
    goals.add(&goal, &duration(beside.max(0.0)), beside <= ADDED_GOAL_US);
    format!(
        "`cargo xtask bench pipeline`. Deployed pipelines between reliable topics, each record exactly once: outputs and the place in the source are\n\
         one commit. Records of {PAYLOAD_BYTES} bytes of JSON, {} of them in each of {ROUNDS} rounds, {} lanes; {} cores. The stage is the example\n\
         `mask-fields`, written in Rust, which parses each record, changes one field and writes it out again. Latency: {} records, one every {},\n\
         from when a follower sees a record in the source to when another sees it in the target.\n\n\
         | what | figure | against | ratio |\n|---|---:|---|---:|\n\
         | copy, no stage | {} |  |  |\n\
         | one stage | {} | copy, no stage | {} |\n\
         | added latency, p50 | {} |  |  |\n\
         | added latency, p99 | {} |  |  |\n\
         | one group commit meanwhile, mean | {} |  |  |\n{}",
        copy::RECORDS,
        copy::LANES,
        cores(),
        added::RECORDS,
        duration(added::PAUSE.as_secs_f64() * 1e6),
        rate(&measured.copy),
        rate(&measured.stage),
        percent(share),
        duration(added.p50_us),
        duration(added.p99_us),
        duration(added.commit_us),
        goals.markdown()
    )
}

fn rate(values: &[f64]) -> String {
    format!("{:.0}/s", median(values.iter().copied()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_has_the_share_and_what_missed_its_goal() {
        let section = markdown(&Measured {
            copy: vec![1000.0, 2000.0, 3000.0],
            stage: vec![600.0, 1000.0, 1800.0],
            added: added::Added { p50_us: 900.0, p99_us: 13_500.0, commit_us: 1_500.0 },
        });
        for expected in [
            "| one stage | 1000/s | copy, no stage | 60 % |",
            "at least 50 %: 60 %: met",
            "| added latency, p99 | 13.5 ms |",
            "above one group commit: 12.0 ms: missed",
        ] {
            assert!(section.contains(expected), "{expected} in {section}");
        }
    }
}
