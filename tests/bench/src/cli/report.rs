//! Ratios and goals of the command next to Danube's client: from what was measured to a section that a person reads.

use super::{MESSAGES, Measured, Series};
use crate::{
    load::{MEASURED, PAYLOAD_BYTES},
    page::{Goals, cores, median, ratio},
};

/// How many times the client's rate the command should reach.
const GOAL: f64 = 5.0;

/// The whole section.
pub fn markdown(measured: &Measured) -> String {
    let mut text = format!(
        "`cargo xtask bench cli`. `irongate produce --quiet` with one producer and {MESSAGES} messages of {PAYLOAD_BYTES} bytes, from before the process\n\
         starts until after it ended, next to Danube's own Rust client, which has one message under way at a time, in a tight loop for {} s; the same\n\
         server, {} rounds, {} cores. The loop is timed without its start.\n\n\
         | topic | danube-client, messages/s | irongate produce, messages/s | ratio |\n\
         |---|---:|---:|---:|\n",
        MEASURED.as_secs(),
        measured.reliable.client.len(),
        cores()
    );
    let mut goals = Goals::default();
    for (what, series) in [("non-reliable", &measured.non_reliable), ("reliable", &measured.reliable)] {
        let Series { client, command } = series;
        let times = ratio(command, client);
        let [client, command] = [client, command].map(|rates| median(rates.iter().copied()));
        text += &format!("| {what} | {client:.0} | {command:.0} | {times:.1} |\n");
        let text = format!("{what}, one producer, at least {GOAL:.0} times the client's rate");
        goals.add(&text, &format!("{times:.1} times"), times >= GOAL);
    }
    text + &goals.markdown()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_medians_ratios_and_what_missed_its_goal() {
        let measured = Measured {
            non_reliable: Series { client: vec![100.0, 200.0, 300.0], command: vec![1_000.0, 1_200.0, 3_000.0] },
            reliable: Series { client: vec![100.0; 3], command: vec![400.0; 3] },
        };
        let page = markdown(&measured);
        for expected in [
            "| non-reliable | 200 | 1200 | 10.0 |",
            "| reliable | 100 | 400 | 4.0 |",
            "non-reliable, one producer, at least 5 times the client's rate: 10.0 times: met",
            "reliable, one producer, at least 5 times the client's rate: 4.0 times: missed",
            "3 rounds",
        ] {
            assert!(page.contains(expected), "{expected} in {page}");
        }
    }
}
