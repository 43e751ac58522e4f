//! The result lines: what became of each message sent, the newest on top. Errors carry the
//! status, the host's words, cause and fix.

use yew::prelude::*;

use super::failure::lacking;
use super::violation_list::ViolationList;
use crate::browser::utc_offset_minutes;
use crate::state::explain::{Failure, Remedy, explain};
use crate::state::outcomes::{Acknowledged, Fate, Outcome, Outcomes, SEEN_TIMEOUT_MS, Seen};
use crate::state::verdict::sentence;
use crate::text::size::counted;
use crate::text::time::{clock, milliseconds};

/// Properties of [`outcome_list`].
#[derive(Clone, PartialEq, Properties)]
pub struct OutcomeListProps {
    /// Messages sent.
    pub outcomes: UseReducerHandle<Outcomes>,
    /// Called to empty the list.
    pub onclear: Callback<()>,
    /// Goes to a byte of the message that is in the editor.
    pub onlocate: Callback<usize>,
    /// Does what is offered beside the newest failure.
    pub onremedy: Callback<Remedy>,
    /// Why nobody says where a message is stored, if so.
    pub no_offsets: Option<AttrValue>,
}

/// The results. Test ids: in the newest line `produce-result` with `result-topic`,
/// `result-partition`, `result-offset`, `result-ack`, `result-seen`; or `result-error` with `result-code` and, where the page can do something about it, `result-remedy`;
/// `offsets-lacking` where offsets are not told.
pub fn outcome_list(props: &OutcomeListProps) -> Html {
    let latest = &props.outcomes.latest;
    if latest.is_empty() {
        return html! {
            <section class="results empty" aria-label="Results">
                <h2>{ "Results" }</h2>
                <p class="muted">{ "Each message you send leaves a line here: how long the broker took to acknowledge it, its topic, \
                    partition and offset, and when the tail has seen it." }</p>
            </section>
        };
    }
    let clear = props.onclear.reform(|_: MouseEvent| ());
    let line = |(index, outcome): (usize, &Outcome)| {
        html! { <li key={outcome.id}>{ line(outcome, index == 0, props) }</li> }
    };
    html! {
        <section class="results" aria-label="Results">
            <div class="results-head">
                <h2>{ "Results" }</h2>
                <button type="button" class="quiet" data-testid="results-clear" onclick={clear}>{ "Clear" }</button>
            </div>
            { lacking("offsets-lacking", props.no_offsets.as_ref()) }
            <div role="status" aria-live="polite"><ol>{ latest.iter().enumerate().map(line).collect::<Html>() }</ol></div>
        </section>
    }
}

fn line(outcome: &Outcome, newest: bool, props: &OutcomeListProps) -> Html {
    let time = clock(outcome.id, utc_offset_minutes(outcome.id));
    let id = newest.then_some("produce-result");
    match &outcome.fate {
        Fate::Sending => html! {
            <div class="result neutral">
                <p class="result-head"><time>{ time }</time>{ "Sending to " }<code>{ outcome.topic.to_string() }</code>{ "…" }</p>
            </div>
        },
        Fate::Acknowledged(acknowledged) => html! {
            <div class={classes!("result", if acknowledged.warnings.is_empty() { "good" } else { "caution" })} data-testid={id}>
                { acknowledged_line(acknowledged, &time, props.no_offsets.is_some()) }
            </div>
        },
        Fate::Failed(failure) => html! {
            <div class="result bad" data-testid={newest.then_some("result-error")}>{ failed_line(failure, &time, newest, props) }</div>
        },
    }
}

fn acknowledged_line(acknowledged: &Acknowledged, time: &str, no_offsets: bool) -> Html {
    let offset = match acknowledged.offset {
        Some(offset) => offset.to_string(),
        None if no_offsets => "–".to_owned(),
        None => "not stored".to_owned(),
    };
    html! {
        <>
            <p class="result-head">
                <time>{ time.to_owned() }</time>
                <strong>{ "Acknowledged" }</strong>
                <span class="figure" data-testid="result-ack">{ milliseconds(acknowledged.ack_ms) }</span>
            </p>
            <dl class="facts">
                <div><dt>{ "Topic" }</dt><dd data-testid="result-topic">{ &acknowledged.topic }</dd></div>
                <div><dt>{ "Partition" }</dt><dd data-testid="result-partition">
                    { acknowledged.partition.map_or_else(|| "none".to_owned(), |partition| partition.to_string()) }</dd></div>
                <div><dt>{ "Offset" }</dt><dd data-testid="result-offset">{ offset }</dd></div>
                <div><dt>{ "End to end" }</dt><dd data-testid="result-seen">{ seen(acknowledged.seen) }</dd></div>
            </dl>
            if !acknowledged.warnings.is_empty() {
                <p>{ format!("Stored with {} of its schema:", counted(acknowledged.warnings.len(), "violation", "violations")) }</p>
                <ViolationList id="result-warnings" violations={acknowledged.warnings.clone()} />
            }
        </>
    }
}

fn seen(seen: Seen) -> String {
    match seen {
        Seen::Waiting => "waiting for the tail…".to_owned(),
        Seen::After(after_ms) => milliseconds(after_ms),
        Seen::TimedOut => format!("not seen within {} s", SEEN_TIMEOUT_MS / 1000),
        Seen::Unwatched => "not watched: this message created the topic".to_owned(),
    }
}

/// The host repeats the violations in its message; where they are listed below, its first part is enough.
fn headline(failure: &Failure) -> &str {
    match failure.message.split_once(';') {
        Some((first, _)) if !failure.violations.is_empty() => first,
        _ => &failure.message,
    }
}

fn failed_line(failure: &Failure, time: &str, newest: bool, props: &OutcomeListProps) -> Html {
    let explanation = explain(failure);
    let remedy = explanation.remedy;
    let mend = props.onremedy.reform(move |_: MouseEvent| remedy);
    html! {
        <>
            <p class="result-head">
                <time>{ time.to_owned() }</time>
                <strong>{ "Not published" }</strong>
                <code data-testid="result-code">{ explanation.name }</code>
            </p>
            <p class="result-message">{ sentence(headline(failure)) }</p>
            <p class="muted">{ explanation.cause }{ " " }{ explanation.fix }</p>
            if !failure.violations.is_empty() {
                <ViolationList id="result-violations" violations={failure.violations.clone()} onlocate={newest.then(|| props.onlocate.clone())} />
            }
            { for remedy.words().filter(|_| newest).map(|words| html! {
                <button type="button" class="secondary remedy" data-testid="result-remedy" onclick={mend.clone()}>{ words }</button>
            }) }
        </>
    }
}
