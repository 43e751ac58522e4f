//! Ratios and goals of producing: from what was measured to a section that a person reads.

use super::{Measured, ROUNDS, Series};
use crate::{
    load::{MEASURED, Outcome, PAYLOAD_BYTES},
    page::{Goals, cores, duration, median, percent, ratio},
};

/// The least share of the echo's rate that a non-reliable topic should reach.
const NON_RELIABLE_GOAL: f64 = 0.70;

/// The least share of the plain file's rate that a reliable topic should reach with many producers.
const RELIABLE_GOAL: f64 = 0.60;

/// The producer count that goal is for.
const RELIABLE_GOAL_PRODUCERS: usize = 32;

/// The most memory an idle host should hold.
const IDLE_GOAL_MIB: f64 = 40.0;

/// The whole section.
pub fn markdown(measured: &Measured) -> String {
    let mut text = format!(
        "`cargo xtask bench produce`. Messages of {PAYLOAD_BYTES} bytes through Danube's own `SendMessage`, each producer on a connection of its\n\
         own and awaiting every acknowledgement; {ROUNDS} rounds of {} s each; {} cores. The echo is a bare tonic server that answers the same call\n\
         and does nothing else, driven by the same client; the plain file is appended to and synced (fdatasync) with groups as large as the\n\
         host's group commits were in the same round.\n\n\
         | producers | what | messages/s | p50 | p99 | against | ratio |\n\
         |---:|---|---:|---:|---:|---|---:|\n",
        MEASURED.as_secs(),
        cores()
    );
    for (producers, series) in &measured.series {
        text += &rows(*producers, series);
    }
    text += &format!(
        "\nResident memory of the host: {:.1} MiB idle after the start, {:.1} MiB idle after all loads.\n",
        measured.idle_mib, measured.after_mib
    );
    text + &goals(measured)
}

fn rows(producers: usize, series: &Series) -> String {
    let row = |what: &str, outcomes: &[Outcome], against: String| {
        let [rate, p50, p99] = [
            median(rates(outcomes)),
            median(outcomes.iter().map(|outcome| outcome.p50_us as f64)),
            median(outcomes.iter().map(|outcome| outcome.p99_us as f64)),
        ];
        format!("| {producers} | {what} | {rate:.0} | {} | {} | {against} |\n", duration(p50), duration(p99))
    };
    let plain = median(series.plain_file.iter().copied());
    let group = median(series.group_messages.iter().copied());
    row("echo", &series.echo, "| ".to_owned())
        + &row("non-reliable", &series.non_reliable, format!("echo | {}", percent(non_reliable_ratio(series))))
        + &format!("| {producers} | plain file, groups of {group:.1} | {plain:.0} | | | | |\n")
        + &row("reliable", &series.reliable, format!("plain file | {}", percent(reliable_ratio(series))))
}

fn goals(measured: &Measured) -> String {
    let mut goals = Goals::default();
    for (producers, series) in &measured.series {
        let ratio = non_reliable_ratio(series);
        let text = format!("non-reliable, {producers} producers, at least {} of the echo", percent(NON_RELIABLE_GOAL));
        goals.add(&text, &percent(ratio), ratio >= NON_RELIABLE_GOAL);
        if *producers == RELIABLE_GOAL_PRODUCERS {
            let ratio = reliable_ratio(series);
            let text =
                format!("reliable, {producers} producers, at least {} of the plain file", percent(RELIABLE_GOAL));
            goals.add(&text, &percent(ratio), ratio >= RELIABLE_GOAL);
        }
    }
    let idle = measured.idle_mib;
    goals.add(
        &format!("idle memory, at most {IDLE_GOAL_MIB:.0} MiB"),
        &format!("{idle:.1} MiB"),
        idle <= IDLE_GOAL_MIB,
    );
    goals.markdown()
}

fn non_reliable_ratio(series: &Series) -> f64 {
    ratio(rates(&series.non_reliable), rates(&series.echo))
}

fn reliable_ratio(series: &Series) -> f64 {
    ratio(rates(&series.reliable), &series.plain_file)
}

fn rates(outcomes: &[Outcome]) -> impl Iterator<Item = f64> {
    outcomes.iter().map(|outcome| outcome.messages_per_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(messages_per_second: f64) -> Outcome {
        Outcome { messages_per_second, p50_us: 500, p99_us: 2500 }
    }

    #[test]
    fn a_page_has_medians_ratios_and_what_missed_its_goal() {
        let series = Series {
            echo: vec![outcome(1000.0), outcome(2000.0), outcome(1500.0)],
            non_reliable: vec![outcome(500.0), outcome(1600.0), outcome(1200.0)],
            reliable: vec![outcome(50.0); 3],
            group_messages: vec![8.0; 3],
            plain_file: vec![100.0; 3],
        };
        let page = markdown(&Measured { series: vec![(32, series)], idle_mib: 12.0, after_mib: 20.0 });
        for expected in [
            "| 32 | echo | 1500 | 500 us | 2.5 ms | |  |",
            "| 32 | non-reliable | 1200 | 500 us | 2.5 ms | echo | 80 % |",
            "| 32 | plain file, groups of 8.0 | 100 |",
            "of the echo: 80 %: met",
            "of the plain file: 50 %: missed",
            "12.0 MiB: met",
        ] {
            assert!(page.contains(expected), "{expected} in {page}");
        }
    }
}
