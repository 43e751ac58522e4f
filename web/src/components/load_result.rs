//! What a load has shown up to now: counts, latencies, failures, warnings. The drawings are in `load_charts.rs`.

use irongate_proto::irongate_v1::LoadLatencies;
use yew::prelude::*;

use super::failure::failure;
use super::load_charts::{histogram, over_time};
use crate::browser;
use crate::state::load_chart::time;
use crate::state::load_run::{LoadRun, Stage};
use crate::state::verdict::sentence;
use crate::text::size::grouped;

/// The result. Test ids: `load-state`, `load-acknowledged`, `load-failed`, `load-per-second`, `load-latencies`,
/// `load-failure`, `load-export`.
pub fn load_result(run: &LoadRun) -> Html {
    let (state, words) = match &run.stage {
        Stage::Idle => return nothing_yet(),
        Stage::Failed(failed) if run.last.elapsed_ms == 0 => return failure(failed),
        Stage::Failed(_) => ("failed", "Broken off"),
        Stage::Running => ("running", "Running"),
        Stage::Done => ("done", "Done"),
        Stage::Stopped => ("stopped", "Stopped"),
    };
    let last = &run.last;
    let export = {
        let text = run.export();
        Callback::from(move |_: MouseEvent| browser::download("load.json", "application/json", &text))
    };
    let figure = |id: &'static str, words: &'static str, value: String, class: &'static str| {
        html! { <div class={classes!("figure", class)}><dt>{ words }</dt><dd data-testid={id}>{ value }</dd></div> }
    };
    let failed = if last.failed > 0 { "bad" } else { "" };
    html! {
        <section class="load-result" aria-label="What was measured">
            <div class="load-head">
                <p class={classes!("stream", if state == "running" { "live" } else { "idle" })} role="status" data-testid="load-state" data-state={state}>
                    <span class="dot" aria-hidden="true"></span>{ words }
                </p>
                <button type="button" class="secondary" data-testid="load-export" onclick={export}>{ "Export as JSON" }</button>
            </div>
            if let Stage::Failed(failed) = &run.stage { { failure(failed) } }
            <dl class="figures">
                { figure("load-acknowledged", "Acknowledged", grouped(last.acknowledged), "") }
                { figure("load-per-second", "Per second", grouped(run.per_second()), "") }
                { figure("load-failed", "Failed", grouped(last.failed), failed) }
                { figure("load-elapsed", "Time", time(last.elapsed_ms * 1_000), "") }
            </dl>
            { warnings(run) }
            { latencies(run) }
            { over_time(&run.seconds) }
            if let Some(acknowledgement) = &last.acknowledgement {
                { histogram("Acknowledgement: how many took how long", "a", acknowledgement) }
            }
            if let Some(end_to_end) = &last.end_to_end {
                { histogram("End to end: how many took how long", "b", end_to_end) }
            }
        </section>
    }
}

fn nothing_yet() -> Html {
    html! {
        <div class="empty-state">
            <p class="empty-title">{ "Nothing has been sent yet" }</p>
            <p>{ "The host makes the load and gives it to the broker; this page only draws. What is measured is broker and disk, not \
                the network: for that, run `irongate load` on another machine." }</p>
        </div>
    }
}

fn warnings(run: &LoadRun) -> Html {
    let last = &run.last;
    let mut words = Vec::new();
    if last.generator_late {
        words.push("One message in a hundred left the generator more than 10 ms late, so the figures are its own more than the \
            broker's. Take a lower rate or a simpler payload."
            .to_owned());
    }
    if last.held_back_ms > 0 {
        words.push(format!(
            "For {} as many messages were in flight as are allowed, and the next had to wait; the latencies count that.",
            time(last.held_back_ms * 1_000)
        ));
    }
    if !last.end_to_end_missing.is_empty() {
        words.push(format!("The topic is not read: {}.", last.end_to_end_missing));
    }
    if !last.ended_because.is_empty() {
        words.push(format!("It ended early: {}", sentence(&last.ended_because)));
    }
    let unread = last.end_to_end.as_ref().map_or(0, |read| last.acknowledged.saturating_sub(read.count));
    if unread > 0 && run.stage == Stage::Done {
        words.push(format!("{} acknowledged messages were not seen by the reader.", grouped(unread)));
    }
    let failures = last.failures.iter().map(|failed| {
        html! {
            <li key={failed.code.clone()} data-testid="load-failure" class="bad">
                <strong>{ format!("{} × ", grouped(failed.count)) }</strong><code>{ &failed.code }</code>{ ": " }{ sentence(&failed.first) }
            </li>
        }
    });
    html! {
        if !words.is_empty() || !last.failures.is_empty() {
            <ul class="load-notes">{ for failures }{ for words.iter().map(|words| html! { <li class="caution">{ words }</li> }) }</ul>
        }
    }
}

fn latencies(run: &LoadRun) -> Html {
    let last = &run.last;
    let row = |words: &'static str, why: &'static str, latencies: &Option<LoadLatencies>| {
        let Some(it) = latencies else { return Html::default() };
        let values = [it.p50_us, it.p90_us, it.p95_us, it.p99_us, it.p999_us, it.max_us];
        html! {
            <tr><th scope="row" title={why}>{ words }</th>
                { for values.into_iter().map(|value| html! { <td class="number">{ if it.count == 0 { "–".to_owned() } else { time(value) } }</td> }) }</tr>
        }
    };
    let with_rate = run.request.rate > 0.0;
    html! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="Latencies" data-testid="load-latencies">
            <table>
                <thead><tr><th scope="col">{ "Latency" }</th>
                    { for ["p50", "p90", "p95", "p99", "p99.9", "slowest"].map(|words| html! { <th scope="col" class="number">{ words }</th> }) }</tr></thead>
                <tbody>
                    { row("Acknowledgement", "From when a message was due", &last.acknowledgement) }
                    { row("End to end", "From when a message was due until it was read", &last.end_to_end) }
                    if with_rate {
                        { row("Not corrected", "From when a message was really sent: what waited is not counted", &last.service) }
                        { row("Generator late", "How late the generator itself was", &last.generator_lateness) }
                    }
                </tbody>
            </table>
        </div>
    }
}
