//! What a pipeline did over the time that it was watched, drawn, with the newest numbers as a table for those who do not see it.

use yew::prelude::*;

use crate::state::load_chart::{HEIGHT, WIDTH, round_above};
use crate::state::pipeline_chart::{Points, ago, line, span, y};
use crate::state::pipeline_watch::Watched;
use crate::state::pipeline_words::per_second;
use crate::text::size::grouped;

/// Rows of a table: the newest ones.
const ROWS_MAX: usize = 30;

/// A line: its words, its class, its points.
type Line = (&'static str, &'static str, Points);

/// Both drawings. Test ids: `pipeline-throughput`, `pipeline-backlog`.
pub fn pipeline_charts(name: &str, watched: &Watched) -> Html {
    let throughput = [
        ("settled", "a", watched.rates(name, |sample| sample.settled)),
        ("written", "b", watched.rates(name, |sample| sample.written)),
        ("dead letters", "d", watched.rates(name, |sample| sample.dead_letters)),
    ];
    if throughput.iter().all(|(.., points)| points.len() < 2) {
        return html! { <p class="muted">{ "The charts begin after three answers of the host…" }</p> };
    }
    let backlog = [("not settled", "a", watched.backlogs(name))];
    html! {
        <>
            { chart("pipeline-throughput", "Records a second", &throughput, |tenths| per_second(Some(tenths))) }
            { chart("pipeline-backlog", "Backlog of its source", &backlog, grouped) }
        </>
    }
}

fn chart(id: &'static str, title: &'static str, lines: &[Line], label: fn(u64) -> String) -> Html {
    let Some(span) = span(lines.iter().map(|(.., points)| points)) else { return Html::default() };
    let values = lines.iter().flat_map(|(.., points)| points.iter().map(|(_, value)| *value));
    let highest = round_above(values.max().unwrap_or(0)).max(10);
    let mark = |value: u64| {
        let y = y(value, highest);
        html! { <><path class="grid" d={format!("M0 {y}H{WIDTH}")} /><text x={(WIDTH + 6).to_string()} y={(y + 4).to_string()}>{ label(value) }</text></> }
    };
    let drawing =
        |(_, class, points): &Line| html! { <polyline class={*class} points={line(points, span, highest)} /> };
    let key = |(words, class, _): &Line| html! { <li class={*class}>{ *words }</li> };
    let below = (HEIGHT + 22).to_string();
    html! {
        <figure class="chart" data-testid={id}>
            <figcaption><h3>{ title }</h3><ul class="chart-key">{ for lines.iter().map(key) }</ul></figcaption>
            <svg viewBox={format!("-2 -12 {} {}", WIDTH + 72, HEIGHT + 40)} role="img" aria-label={format!("{title}; the numbers are in the table below")}>
                { for [0, highest / 2, highest].into_iter().map(mark) }
                { for lines.iter().rev().map(drawing) }
                <text x="0" y={below.clone()}>{ ago(span.1 - span.0) }</text>
                <text x={WIDTH.to_string()} y={below} class="end">{ "now" }</text>
            </svg>
            { table(title, lines, span.1, label) }
        </figure>
    }
}

fn table(title: &'static str, lines: &[Line], now_ms: u64, label: fn(u64) -> String) -> Html {
    // All lines of a drawing are of the same answers.
    let times: Points = lines.first().map(|(.., points)| points.clone()).unwrap_or_default();
    let row = |(index, (at_ms, _)): (usize, &(u64, u64))| {
        let value = |(.., points): &Line| points.get(index).map(|(_, value)| label(*value)).unwrap_or_default();
        html! {
            <tr key={*at_ms}><td class="number">{ ago(now_ms.saturating_sub(*at_ms)) }</td>
                { for lines.iter().map(|line| html! { <td class="number">{ value(line) }</td> }) }</tr>
        }
    };
    html! {
        <details>
            <summary>{ "As a table" }</summary>
            <div class="table-scroll chart-table" tabindex="0" role="region" aria-label={format!("{title} as a table")}>
                <table>
                    <thead><tr><th scope="col" class="number">{ "When" }</th>
                        { for lines.iter().map(|(words, ..)| html! { <th scope="col" class="number">{ *words }</th> }) }</tr></thead>
                    <tbody>{ for times.iter().enumerate().rev().take(ROWS_MAX).map(row) }</tbody>
                </table>
            </div>
        </details>
    }
}
