//! The bar under the editor: reliable or not, and the button that sends.

use yew::prelude::*;
use yew::props;

use super::failure::lacking;
use crate::browser;
use crate::hooks::use_sender::{Refusal, Sender};
use crate::state::form::{FormAction, ProduceForm};
use crate::state::topic_facts::TopicFacts;

/// Properties of [`send_bar`].
#[derive(Clone, PartialEq, Properties)]
pub struct SendBarProps {
    /// The form.
    pub form: UseReducerHandle<ProduceForm>,
    /// What is known of the topic.
    pub facts: TopicFacts,
    /// Sends.
    pub sender: Sender,
    /// Why nothing can be sent, if so.
    pub barred: Option<AttrValue>,
    /// Opens the dry run, which is offered where the topic has transforms or pipelines read it.
    pub ondry: Callback<MouseEvent>,
}

/// The bar. Test ids: `produce-reliable`, `produce-private`, `produce-send`, `produce-dry-run`, `produce-send-anyway`, `send-barred`; `result-error` where
/// an attempt was stopped on the page.
pub fn send_bar(props: &SendBarProps) -> Html {
    let send = props.sender.send.reform(|_: MouseEvent| ());
    let insist = props.sender.insist.reform(|_: MouseEvent| ());
    let private = {
        let form = props.form.dispatcher();
        Callback::from(move |event: Event| form.dispatch(FormAction::Private(browser::checked_of(&event))))
    };
    html! {
        <div class="send-bar">
            { lacking("send-barred", props.barred.as_ref()) }
            <div class="send-row">
                <div class="send-options">
                    { reliable(&props!(ReliableProps { form: props.form.clone(), facts: props.facts.clone() })) }
                    <label class="check private">
                        <input type="checkbox" data-testid="produce-private" checked={props.form.private} onchange={private} />
                        { "Do not keep in the history" }
                    </label>
                </div>
                if matches!(&props.facts, TopicFacts::Exists(topic) if topic.transformed || !topic.pipelines.is_empty()) {
                    <button type="button" class="secondary" data-testid="produce-dry-run" onclick={props.ondry.clone()}>{ "Dry run" }</button>
                }
                <button type="button" class="primary send" data-testid="produce-send" onclick={send} disabled={props.barred.is_some()} aria-keyshortcuts="Control+Enter Meta+Enter">
                    { if props.sender.waiting { "Checking…" } else { "Send" } }
                    <kbd aria-hidden="true">{ "Ctrl ↵" }</kbd>
                </button>
            </div>
            if let Some(Refusal { why, may_insist }) = &props.sender.refusal {
                <div class="refusal bad" role="alert" data-testid="result-error">
                    <p><strong>{ "Not sent. " }</strong>{ why }</p>
                    if *may_insist {
                        <button type="button" class="secondary" data-testid="produce-send-anyway" onclick={insist}>{ "Send anyway" }</button>
                    }
                </div>
            }
        </div>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct ReliableProps {
    form: UseReducerHandle<ProduceForm>,
    facts: TopicFacts,
}

/// A topic is reliable or not for ever: where it exists, the box only shows what it is.
fn reliable(props: &ReliableProps) -> Html {
    let onchange = {
        let form = props.form.dispatcher();
        Callback::from(move |event: Event| form.dispatch(FormAction::Reliable(browser::checked_of(&event))))
    };
    let (checked, fixed, hint) = match &props.facts {
        TopicFacts::Exists(topic) if topic.reliable => {
            (true, true, "This topic is reliable: stored before it is acknowledged.")
        }
        TopicFacts::Exists(_) => {
            (false, true, "This topic is not reliable: delivered to whoever listens, never stored.")
        }
        _ => (props.form.reliable, false, "Stored on disk before it is acknowledged; survives a crash."),
    };
    html! {
        <div class="reliable">
            <label class="check">
                <input type="checkbox" data-testid="produce-reliable" {checked} disabled={fixed} {onchange} aria-describedby="reliable-note" />
                { "Reliable" }
            </label>
            <p class="note" id="reliable-note">{ hint }</p>
        </div>
    }
}
