//! What a dry run found: the verdict, each made message with its differences, and what every stage took and said.

use std::rc::Rc;

use yew::prelude::*;
use yew::props;

use super::send_made::SendMade;
use super::verdict_card::{VerdictCardProps, class_of, verdict_card};
use super::violation_list::ViolationList;
use crate::state::compared::{Compared, Row};
use crate::state::dry_run::{Found, Made, Stage};
use crate::text::line_diff::Change;
use crate::text::size::{bytes, counted, grouped};
use crate::text::time::milliseconds;

/// Properties of [`found_view`].
#[derive(Clone, PartialEq, Properties)]
pub struct FoundViewProps {
    /// What was found.
    pub found: Rc<Found>,
    /// Nothing can be sent.
    pub barred: bool,
    /// What stands beside the verdict.
    pub children: Html,
}

/// What was found. Test ids: `dry-run-verdict`; in each message `dry-run-made`, `dry-run-diff`; in each stage `dry-run-stage`,
/// `dry-run-state`, `dry-run-log`.
pub fn found_view(props: &FoundViewProps) -> Html {
    let found = &props.found;
    let all = found.made.len();
    html! {
        <>
            <div class="dry-run-bar" role="status">
                { verdict_card(&props!(VerdictCardProps {
                    id: "dry-run-verdict", title: format!("After {}", duration(found.elapsed_us)), verdict: found.verdict.clone(),
                })) }
                { props.children.clone() }
            </div>
            { found.made.iter().enumerate().map(|(index, made)| message(index, all, made, props.barred)).collect::<Html>() }
            if found.left_out > 0 {
                <p class="muted">{ format!("and {} more", counted(found.left_out, "message", "messages")) }</p>
            }
            if !found.stages.is_empty() {
                <h3>{ "Stages" }</h3>
                <ol class="dry-run-stages">{ found.stages.iter().enumerate().map(stage).collect::<Html>() }</ol>
            }
        </>
    }
}

/// Microseconds where milliseconds would be nought.
fn duration(elapsed_us: u64) -> String {
    if elapsed_us < 1000 { format!("{elapsed_us} µs") } else { milliseconds(elapsed_us as f64 / 1000.0) }
}

fn message(index: usize, all: usize, made: &Made, barred: bool) -> Html {
    let name = if !made.topic.is_empty() {
        format!("To {}", made.topic)
    } else if all == 1 {
        "The message".to_owned()
    } else {
        format!("Message {}", index + 1)
    };
    let tone = class_of(made.verdict.tone);
    html! {
        <section key={index} class="dry-run-made" aria-label={format!("{}: {name}", index + 1)} data-testid="dry-run-made">
            <h3>{ name }{ " " }<span class={tone}>{ &made.verdict.headline }</span></h3>
            if !made.verdict.detail.is_empty() { <p class="muted">{ &made.verdict.detail }</p> }
            <ViolationList violations={made.violations.clone()} id="dry-run-violations" />
            { compared(index, "Key and attributes", &made.head) }
            { compared(index, "Payload", &made.payload) }
            if let Some(message) = made.sendable.clone().filter(|_| !barred) {
                <SendMade topic={made.topic.clone()} {message} />
            }
        </section>
    }
}

/// Each comparison has a name of its own, for those who go from one to the next.
fn compared(index: usize, what: &'static str, compared: &Compared) -> Html {
    let row = |row: &Row| match row {
        Row::Line(Change::Same, text) => html! { <span class="same">{ "  " }{ text }{ "\n" }</span> },
        Row::Line(Change::Removed, text) => html! { <span class="removed">{ "- " }{ text }{ "\n" }</span> },
        Row::Line(Change::Added, text) => html! { <span class="added">{ "+ " }{ text }{ "\n" }</span> },
        Row::Folded(count) => {
            html! { <span class="muted">{ format!("  … {} as before\n", counted(*count, "line", "lines")) }</span> }
        }
        Row::LeftOut(count) => {
            html! { <span class="muted">{ format!("  … and {} more\n", counted(*count, "line", "lines")) }</span> }
        }
    };
    match compared {
        Compared::Same => html! { <p class="note">{ format!("{what}: as it was sent.") }</p> },
        Compared::TooLong { before, after } => html! {
            <p class="note">{ format!("{what}: changed from {} to {}, too much to compare here.", bytes(*before as u64), bytes(*after as u64)) }</p>
        },
        Compared::Differ { rows, is_hex } => html! {
            <figure class="dry-run-figure">
                <figcaption class="note">{ what }{ if *is_hex { ", no text: its bytes in hexadecimal" } else { "" } }{ ": - as sent, + as made" }</figcaption>
                <pre class="definition diff" tabindex="0" role="region" aria-label={format!("{what} of message {}: differences", index + 1)} data-testid="dry-run-diff">{ rows.iter().map(row).collect::<Html>() }</pre>
            </figure>
        },
    }
}

fn stage((index, stage): (usize, &Stage)) -> Html {
    let Stage { run, records, refusals, state } = stage;
    html! {
        <li key={index} data-testid="dry-run-stage">
            <p><code>{ &run.id }</code>{ " " }<span class="muted">{ format!("{}, {} of memory", duration(run.elapsed_us), bytes(run.memory_bytes)) }</span></p>
            if !records.is_empty() { <p class="note">{ format!("Records: {records}.") }</p> }
            { for refusals.iter().map(|why| html! { <p class="bad">{ why }</p> }) }
            { for state.iter().map(|entry| html! { <p class="note" data-testid="dry-run-state">{ "Would remember " }<code>{ entry }</code></p> }) }
            if run.calls_stopped > 0 {
                <p class="bad">{ format!("{} stopped at a limit or by a trap", counted(run.calls_stopped as usize, "call was", "calls were")) }</p>
            }
            if !run.log.is_empty() {
                <pre class="definition" tabindex="0" role="region" aria-label={format!("What {} logged", run.id)} data-testid="dry-run-log">
                    { run.log.iter().map(|line| html! { <span>{ format!("{:<5} {}\n", line.level, line.message) }</span> }).collect::<Html>() }
                </pre>
            }
            if run.log_lines_left_out > 0 {
                <p class="note">{ format!("{} more log lines were left out: a call may write so many and no more.", grouped(run.log_lines_left_out)) }</p>
            }
        </li>
    }
}
