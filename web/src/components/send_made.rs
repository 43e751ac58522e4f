//! Sends what a dry run of a pipeline made for a target, to that target: once, past the pipeline, and on production after the topic's name was typed.

use irongate_proto::irongate_v1::{OutgoingMessage, PublishRequest};
use tonic::Code;
use yew::prelude::*;
use yew::props;

use super::confirm::{ConfirmProps, confirm};
use super::failure::outcome_of;
use crate::api::{self, Failure};
use crate::hooks::use_action::use_action;
use crate::hooks::use_console::use_console;
use crate::state::outcomes::{Fate, fate};

/// Who sends, as the topic's readers see it.
const PRODUCER_NAME: &str = "console-dry-run";

/// Properties of [`SendMade`].
#[derive(Clone, PartialEq, Properties)]
pub struct SendMadeProps {
    /// The target.
    pub topic: AttrValue,
    /// What was made for it.
    pub message: OutgoingMessage,
}

/// The button, and what became of it. Test ids: `send-made`, `send-made-done`, and those of the question.
#[component]
pub fn SendMade(props: &SendMadeProps) -> Html {
    let is_production = use_console().production();
    let action = use_action();
    let asking = use_state(|| false);
    let is_done = use_state(|| false);
    let send = {
        let (action, is_done, asking) = (action.clone(), is_done.setter(), asking.setter());
        let (topic, message) = (props.topic.clone(), props.message.clone());
        Callback::from(move |()| {
            let (is_done, asking) = (is_done.clone(), asking.clone());
            let done = Callback::from(move |()| {
                is_done.set(true);
                asking.set(false);
            });
            action.run(publish(topic.to_string(), message.clone()), done);
        })
    };
    let onclick = {
        let (asking, send) = (asking.setter(), send.clone());
        Callback::from(move |_: MouseEvent| if is_production { asking.set(true) } else { send.emit(()) })
    };
    let close = {
        let asking = asking.setter();
        Callback::from(move |()| asking.set(false))
    };
    html! {
        <div class="dry-run-bar">
            if *is_done {
                <p class="good" role="status" data-testid="send-made-done">{ format!("Sent to {}.", props.topic) }</p>
            } else {
                <button type="button" class="secondary" data-testid="send-made" disabled={action.running()} {onclick}>{ format!("Send this result to {}", props.topic) }</button>
            }
            if !*asking { { outcome_of(&action.progress) } }
            { confirm(&props!(ConfirmProps {
                open: *asking, title: "Send to production",
                what: "This host is production: whoever reads the target gets this message, and it cannot be taken back.",
                name: props.topic.clone(), verb: "Send the result", progress: action.progress.clone(), onclose: close, onconfirm: send,
            })) }
        </div>
    }
}

async fn publish(topic: String, message: OutgoingMessage) -> Result<(), Failure> {
    let producer_name = PRODUCER_NAME.to_owned();
    let request = PublishRequest { topic, producer_name, messages: vec![message], ..PublishRequest::default() };
    match fate(api::publish::publish(request).await?, 0.0) {
        Fate::Acknowledged(_) => Ok(()),
        Fate::Failed(failure) => Err(failure),
        Fate::Sending => Err(Failure::new(Code::Internal, "the host answered without a result")),
    }
}
