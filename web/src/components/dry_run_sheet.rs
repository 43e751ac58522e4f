//! The dry run of the message in the editor: what its topic's transforms make of it, before anything is sent.

use bytes::Bytes;
use yew::prelude::*;
use yew::props;

use super::dialog::Sheet;
use super::dry_run_view::{FoundViewProps, found_view};
use super::failure::{failure, lacking};
use super::later::{Later, Part};
use super::operations::Operation;
use crate::hooks::use_dry_run::{DryRun, Trial, use_dry_run};
use crate::state::form::ProduceForm;
use crate::state::topic_facts::TopicFacts;

/// Properties of [`dry_run_sheet`].
#[derive(Clone, PartialEq, Properties)]
pub struct DryRunSheetProps {
    /// Whether it is shown.
    pub open: bool,
    /// Called when it has been closed.
    pub onclose: Callback<()>,
    /// What was typed, filled in where it is a template; none: it is not filled in yet.
    pub form: Option<ProduceForm>,
    /// What is known of the topic.
    pub facts: TopicFacts,
    /// What travels; none: what is typed cannot be encoded.
    pub payload: Option<Bytes>,
    /// The text has changed since and is being checked.
    pub checking: bool,
    /// Why nothing can be sent, if so.
    pub barred: Option<AttrValue>,
    /// Sends the message.
    pub onsend: Callback<()>,
}

/// The sheet. Test ids: `dry-run`, and those of its content.
pub fn dry_run_sheet(props: &DryRunSheetProps) -> Html {
    html! {
        <Sheet id="dry-run" title="Dry run" open={props.open} onclose={props.onclose.clone()}>
            <Later part={Part::Operation(Operation::DryRun(Box::new(props.clone())))} />
        </Sheet>
    }
}

/// Its content. Test ids besides those of [`found_view`]: `dry-run-stop`, `dry-run-again`, `dry-run-send`, `dry-run-barred`.
#[component]
pub fn DryRunContent(props: &DryRunSheetProps) -> Html {
    let message = props.form.as_ref().zip(props.payload.clone()).filter(|_| !props.checking);
    // The time is the host's: a time of ours would be another message at each look.
    let message = message.and_then(|(form, payload)| form.request(&props.facts, payload, "", 0).messages.pop());
    let topic = props.form.as_ref().map(|form| AttrValue::from(form.topic.clone())).unwrap_or_default();
    let unencodable = props.payload.is_none() && !props.checking;
    let run = use_dry_run(message.map(|message| (topic.clone(), message)));
    let send = {
        let (close, send) = (props.onclose.clone(), props.onsend.clone());
        Callback::from(move |_: MouseEvent| {
            close.emit(());
            send.emit(());
        })
    };
    html! {
        <div class="dry-run" aria-busy={(run.trial == Trial::Running).to_string()}>
            <p class="muted">{ "What the transforms of " }<code>{ topic }</code>{ " make of this message, and what the topic would say to that. Nothing is sent and nothing is kept." }</p>
            if unencodable {
                <p class="bad" role="alert">{ "The message cannot be encoded: there are no bytes to try." }</p>
            } else {
                { state(&run) }
            }
            { lacking("dry-run-barred", props.barred.as_ref()) }
            <div class="dry-run-foot">
                <p class="note">{ "Sending sends your message as you typed it: the transforms run on it then, as they do on every message." }</p>
                <button type="button" class="primary" data-testid="dry-run-send" disabled={unencodable || props.barred.is_some()} onclick={send}>{ "Send" }</button>
            </div>
        </div>
    }
}

fn state(run: &DryRun) -> Html {
    let again = html! {
        <button type="button" class="secondary" data-testid="dry-run-again" onclick={run.again.reform(|_: MouseEvent| ())}>{ "Run again" }</button>
    };
    match &run.trial {
        Trial::Awaiting => html! { <p class="muted" role="status">{ "Waiting for the check of the message…" }</p> },
        Trial::Running => html! {
            <div class="dry-run-bar">
                <p class="muted" role="status">{ "The transforms are at it…" }</p>
                <button type="button" class="secondary" data-testid="dry-run-stop" onclick={run.stop.reform(|_: MouseEvent| ())}>{ "Stop waiting" }</button>
            </div>
        },
        Trial::Stopped => html! { <div class="dry-run-bar"><p role="status">{ "Stopped." }</p>{ again }</div> },
        Trial::Failed(failed) => html! { <>{ failure(failed) }<div class="dry-run-bar">{ again }</div></> },
        Trial::Done(found) => found_view(&props!(FoundViewProps { found: found.clone(), children: again })),
    }
}
