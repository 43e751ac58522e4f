//! What is said of a load: a line while it runs, a table at its end, an object for programs. Measures nothing.

use super::args::Args;
use crate::address::ServiceAddr;
use crate::output::{Output, harmless, table};
use indicatif::{ProgressBar, ProgressStyle};
use irongate_load::{LATE_US_MAX, Latencies, Measured, QUANTILES};
use serde_json::{Value, json};
use std::io::IsTerminal;

/// Tells how a load is going.
pub(super) struct Live {
    output: Output,
    bar: Option<ProgressBar>,
}

impl Live {
    pub(super) fn new(output: Output) -> Self {
        let is_seen = !output.is_json() && std::io::stderr().is_terminal();
        let bar = is_seen.then(|| {
            let bar = ProgressBar::no_length();
            ProgressStyle::with_template("{spinner} {elapsed} {msg}").map_or(bar.clone(), |style| bar.with_style(style))
        });
        Self { output, bar }
    }

    pub(super) fn tell(&mut self, measured: &Measured) {
        let Some(second) = measured.seconds.last() else { return };
        if let Some(bar) = &self.bar {
            let failed = if measured.failed > 0 { format!(", {} failed", measured.failed) } else { String::new() };
            bar.set_message(format!(
                "{} messages/s, p50 {}, p99 {}, generator late {}{failed}",
                second.acknowledged,
                time(second.p50_us),
                time(second.p99_us),
                time(measured.lateness.at(0.99))
            ));
            bar.tick();
        }
        if self.output.is_json() {
            // Where nobody reads it the load goes on.
            let _ = self.output.result(String::new, || {
                json!({ "event": "second", "number": measured.seconds.len(), "acknowledged": second.acknowledged,
                    "failed": second.failed, "p50_us": second.p50_us, "p99_us": second.p99_us })
            });
        }
    }

    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// What the load was, in a line.
pub(super) fn title(args: &Args) -> String {
    let loop_ = match args.rate {
        Some(rate) => format!("open loop, {rate} messages/s"),
        None => "closed loop".to_owned(),
    };
    let kind = if args.reliable { "reliable" } else { "as the topic is" };
    format!("{}: {loop_}, {} producers with {} in flight, {kind}", args.topic, args.producers, args.in_flight())
}

/// The end of a load for a person.
pub(super) fn text(args: &Args, measured: &Measured) -> String {
    let mut text = format!(
        "{}\n\n{} messages acknowledged in {:.1} s, {:.0} per second, {} failed\n\n",
        title(args),
        measured.acknowledged,
        measured.elapsed.as_secs_f64(),
        measured.per_second(),
        measured.failed
    );
    let row = |name: &str, latencies: &Latencies| {
        let cells = QUANTILES.iter().map(|quantile| time(latencies.at(*quantile)));
        std::iter::once(name.to_owned()).chain(cells).collect::<Vec<_>>()
    };
    let mut rows = vec![row("acknowledgement", &measured.acknowledgement)];
    if args.rate.is_some() {
        rows.push(row("  not corrected", &measured.service));
    }
    rows.extend(measured.end_to_end.as_ref().map(|end_to_end| row("end to end", end_to_end)));
    if args.rate.is_some() {
        rows.push(row("generator late", &measured.lateness));
    }
    text += &table(&["LATENCY", "P50", "P90", "P99", "P99.9", "P99.99", "MAX"], &rows);
    if let Some(arrived) = measured.end_to_end.as_ref().map(Latencies::count)
        && arrived < measured.acknowledged
    {
        text += &format!("\n\n{} acknowledged messages were not seen by the reader", measured.acknowledged - arrived);
    }
    for (code, (count, first)) in &measured.failures {
        text += &format!("\n\n{count} × {code}: {}", harmless(first));
    }
    if !measured.held_back.is_zero() {
        text += &format!(
            "\n\nfor {:.1} s as many messages were under way as --in-flight allows, and the next had to wait; the corrected \
             latencies count it",
            measured.held_back.as_secs_f64()
        );
    }
    if measured.is_generator_late() {
        text += &format!(
            "\n\nwarning: one message in a hundred left this generator more than {} late, so the figures are its own more \
             than the server's; give it a machine of its own, a lower --rate or a simpler message",
            time(LATE_US_MAX)
        );
    }
    text
}

/// The end of a load for a program.
pub(super) fn object(args: &Args, address: &ServiceAddr, measured: &Measured) -> Value {
    let mut object = measured.object();
    object["event"] = "summary".into();
    object["load"] = json!({
        "server": address.to_string(), "topic": args.topic, "rate": args.rate, "producers": args.producers,
        "in_flight": args.in_flight(), "reliable": args.reliable, "partitions": args.partitions,
        "payload_bytes": args.message.is_none().then_some(args.size), "message": args.message,
    });
    object
}

/// Microseconds as a person reads them.
pub(super) fn time(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..1_000_000 => format!("{:.1} ms", us as f64 / 1e3),
        _ => format!("{:.2} s", us as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn times_have_the_unit_that_fits() {
        assert_eq!([999, 1_500, 2_500_000].map(time), ["999 µs", "1.5 ms", "2.50 s"]);
    }
}
