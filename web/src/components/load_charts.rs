//! The drawings of a load, each with its numbers as a table for those who do not see it.

use irongate_proto::irongate_v1::{LoadLatencies, LoadSecond};
use yew::prelude::*;

use crate::state::load_chart::{HEIGHT, Scale, Value, WIDTH, bars, drawn, line, time};
use crate::text::size::grouped;

/// A line of a chart: its words, its class, its value.
type Line = (&'static str, &'static str, Value);

const THROUGHPUT: [Line; 2] =
    [("acknowledged", "a", |second| second.acknowledged), ("failed", "d", |second| second.failed)];
const LATENCY: [Line; 4] = [
    ("p50", "a", |second| second.p50_us),
    ("p95", "b", |second| second.p95_us),
    ("p99", "c", |second| second.p99_us),
    ("slowest", "d", |second| second.max_us),
];

/// Both charts over the seconds of a run.
pub fn over_time(seconds: &[LoadSecond]) -> Html {
    let drawn = drawn(seconds);
    let highest = |lines: &[Line]| lines.iter().flat_map(|(_, _, value)| drawn.iter().map(value)).max().unwrap_or(0);
    let lowest = drawn.iter().filter(|second| second.acknowledged > 0).map(|second| second.p50_us).min().unwrap_or(0);
    let each = seconds.len().div_ceil(drawn.len().max(1));
    html! {
        <>
            { chart("Messages per second", &drawn, each, &THROUGHPUT, Scale::counts(highest(&THROUGHPUT)), grouped) }
            { chart("Latency of acknowledgement", &drawn, each, &LATENCY, Scale::times(lowest, highest(&LATENCY)), time) }
        </>
    }
}

fn chart(
    title: &'static str,
    seconds: &[LoadSecond],
    each: usize,
    lines: &[Line],
    scale: Scale,
    label: fn(u64) -> String,
) -> Html {
    let mark = |value: u64| {
        let y = scale.y(value);
        html! { <><path class="grid" d={format!("M0 {y}H{WIDTH}")} /><text x={(WIDTH + 6).to_string()} y={(y + 4).to_string()}>{ label(value) }</text></> }
    };
    let drawing =
        |(_, class, value): &Line| html! { <polyline class={*class} points={line(seconds, scale, *value)} /> };
    let key = |(words, class, _): &Line| html! { <li class={*class}>{ *words }</li> };
    let row = |(index, second): (usize, &LoadSecond)| {
        html! {
            <tr key={index}><td class="number">{ (index + 1) * each }</td>
                { for lines.iter().map(|(_, _, value)| html! { <td class="number">{ label(value(second)) }</td> }) }</tr>
        }
    };
    html! {
        <figure class="chart">
            <figcaption><h2>{ title }</h2><ul class="chart-key">{ for lines.iter().map(key) }</ul></figcaption>
            <svg viewBox={format!("-2 -10 {} {}", WIDTH + 72, HEIGHT + 20)} role="img" aria-label={format!("{title}; the numbers are in the table below")}>
                { for scale.marks().into_iter().map(mark) }
                { for lines.iter().rev().map(drawing) }
            </svg>
            <details>
                <summary>{ "As a table" }</summary>
                <div class="table-scroll chart-table" tabindex="0" role="region" aria-label={format!("{title} as a table")}>
                    <table>
                        <thead><tr><th scope="col" class="number">{ "Second" }</th>
                            { for lines.iter().map(|(words, ..)| html! { <th scope="col" class="number">{ *words }</th> }) }</tr></thead>
                        <tbody>{ for seconds.iter().enumerate().map(row) }</tbody>
                    </table>
                </div>
            </details>
        </figure>
    }
}

/// How many messages took how long.
pub fn histogram(title: &'static str, class: &'static str, latencies: &LoadLatencies) -> Html {
    let bars = bars(&latencies.buckets);
    if bars.is_empty() {
        return Html::default();
    }
    // Few enough that they do not run into each other.
    let labelled = bars.len().div_ceil(8);
    let drawing = bars.iter().enumerate().map(|(index, bar)| {
        let y = HEIGHT - bar.height;
        html! {
            <>
                <rect class={class} x={bar.x.to_string()} y={y.to_string()} width={bar.width.to_string()} height={bar.height.to_string()} rx="2">
                    <title>{ format!("up to {}: {}", time(bar.bucket.upper_us), grouped(bar.bucket.count)) }</title>
                </rect>
                if index % labelled == 0 {
                    <text x={(bar.x + bar.width).to_string()} y={(HEIGHT + 16).to_string()} class="end">{ time(bar.bucket.upper_us) }</text>
                }
            </>
        }
    });
    let row = |(index, bar): (usize, &crate::state::load_chart::Bar)| {
        html! { <tr key={index}><td class="number">{ time(bar.bucket.upper_us) }</td><td class="number">{ grouped(bar.bucket.count) }</td></tr> }
    };
    html! {
        <figure class="chart">
            <figcaption><h2>{ title }</h2></figcaption>
            <svg viewBox={format!("-24 -2 {} {}", WIDTH + 28, HEIGHT + 24)} role="img" aria-label={format!("{title}; the numbers are in the table below")}>
                <path class="grid" d={format!("M0 {HEIGHT}H{WIDTH}")} />
                { for drawing }
            </svg>
            <details>
                <summary>{ "As a table" }</summary>
                <div class="table-scroll chart-table" tabindex="0" role="region" aria-label={format!("{title} as a table")}>
                    <table>
                        <thead><tr><th scope="col" class="number">{ "Up to" }</th><th scope="col" class="number">{ "Messages" }</th></tr></thead>
                        <tbody>{ for bars.iter().enumerate().map(row) }</tbody>
                    </table>
                </div>
            </details>
        </figure>
    }
}
