//! The report page of a load: charts, the summary, nothing from elsewhere. Light and dark as the reader's system is.

use super::chart::{self, Bottom, Line};
use super::summary::time;
use irongate_load::{Latencies, Measured, QUANTILES, Second};

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b2430;--soft:#5b6673;--page:#fff;--grid:#d9dee4;--a:#0b62c4;--b:#b4470a;--c:#0a7a55}
@media(prefers-color-scheme:dark){:root{--ink:#e6ebf1;--soft:#9aa7b5;--page:#12171d;--grid:#2c3640;--a:#6cb0ff;--b:#ffa366;--c:#4fd3a4}}
body{margin:0 auto;padding:1.5rem 1rem;max-width:46rem;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.25rem;overflow-wrap:anywhere}figure{margin:1.5rem 0}figcaption{font-weight:600;margin-bottom:.25rem}
svg{width:100%;height:auto;display:block}svg text{fill:var(--soft);font-size:12px}.grid{stroke:var(--grid)}
polyline{fill:none;stroke-width:2}.a{stroke:var(--a)}.b{stroke:var(--b)}.c{stroke:var(--c)}circle.a{fill:var(--a)}circle.b{fill:var(--b)}circle.c{fill:var(--c)}
ul{list-style:none;display:flex;gap:1.25rem;padding:0;margin:.25rem 0;color:var(--soft)}
li span{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin-right:.4em}
span.a{background:var(--a)}span.b{background:var(--b)}span.c{background:var(--c)}
pre{overflow-x:auto;padding:1rem;border:1px solid var(--grid);border-radius:6px;font-size:13px}";

/// The whole page.
pub(super) fn html(title: &str, summary: &str, measured: &Measured) -> String {
    let seconds = &measured.seconds;
    let of = |name, class, value: fn(&Second) -> u64| Line {
        name,
        class,
        values: seconds.iter().map(|second| value(second) as f64).collect(),
    };
    let throughput = [of("acknowledged", "a", |second| second.acknowledged), of("failed", "b", |second| second.failed)];
    let latency = [of("p50", "a", |second| second.p50_us), of("p99", "b", |second| second.p99_us)];
    let spread = |name, class, latencies: &Latencies| Line {
        name,
        class,
        values: QUANTILES.iter().map(|quantile| latencies.at(*quantile) as f64).collect(),
    };
    let mut distribution = vec![spread("acknowledgement", "a", &measured.acknowledgement)];
    distribution.extend(measured.end_to_end.as_ref().map(|latencies| spread("end to end", "c", latencies)));
    distribution.push(spread("acknowledgement, not corrected", "b", &measured.service));
    let quantiles = ["p50", "p90", "p99", "p99.9", "p99.99", "max"];
    let label = |value: f64| time(value as u64);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>Load: {title}</title><style>{STYLE}</style></head><body>\
         <h1>{title}</h1>{}{}{}<pre>{}</pre></body></html>\n",
        chart::lines("Messages per second", &throughput, &Bottom::Seconds, |value| format!("{value}")),
        chart::lines("Latency of acknowledgement by second", &latency, &Bottom::Seconds, label),
        chart::lines("Latency by share of messages", &distribution, &Bottom::Names(&quantiles), label),
        escaped(summary),
        title = escaped(title),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn the_page_needs_nothing_else_and_escapes_what_it_was_told() {
        let mut measured = Measured::new(Instant::now());
        measured.arrived(Duration::from_millis(3));
        measured.finish(Duration::ZERO);
        let page = html("/default/<script>", "a & b", &measured);
        assert_eq!(page.matches("<svg").count(), 3);
        assert!(
            page.contains("end to end") && page.contains("a &amp; b") && page.contains("prefers-color-scheme:dark")
        );
        assert!(!page.contains("<script") && !page.contains("http"), "{page}");
    }
}
