//! What cannot be taken back: every message of a topic deleted, or the topic itself. Each asks for the name first.

use irongate_proto::irongate_v1::Feature;
use yew::prelude::*;
use yew::props;

use super::confirm::{ConfirmProps, confirm};
use super::failure::lacking;
use crate::api;
use crate::hooks::use_action::use_action;
use crate::hooks::use_console::use_console;

/// Properties of [`TopicDanger`].
#[derive(Clone, PartialEq, Properties)]
pub struct TopicDangerProps {
    /// Its name.
    pub topic: AttrValue,
    /// Whether it stores messages.
    pub reliable: bool,
    /// Called when the topic has been deleted.
    pub ongone: Callback<()>,
}

/// What was asked for.
#[derive(Clone, Copy, PartialEq)]
enum Asked {
    Nothing,
    Truncate,
    Delete,
}

/// The section. Test ids: `topic-truncate`, `topic-delete`, and those of the question.
#[component]
pub fn TopicDanger(props: &TopicDangerProps) -> Html {
    let asked = use_state(|| Asked::Nothing);
    let action = use_action();
    let console = use_console();
    let ask = |what: Asked| {
        let asked = asked.setter();
        Callback::from(move |()| asked.set(what))
    };
    let onconfirm = {
        let (action, topic, what) = (action.clone(), props.topic.to_string(), *asked);
        let (close, gone) = (ask(Asked::Nothing), props.ongone.clone());
        Callback::from(move |()| match what {
            Asked::Nothing => {}
            Asked::Truncate => action.run(api::topics::truncate(topic.clone()), close.clone()),
            Asked::Delete => action.run(api::topics::delete(topic.clone()), gone.clone()),
        })
    };
    let (title, what, verb) = match *asked {
        Asked::Nothing | Asked::Truncate => (
            "Delete every message",
            "All messages stored in this topic are deleted. Subscriptions move past them; the topic, its schema and its subscriptions stay.",
            "Delete the messages",
        ),
        Asked::Delete => (
            "Delete the topic",
            "The topic goes with its partitions, messages and subscriptions. Whoever is connected is cut off.",
            "Delete the topic",
        ),
    };
    let (no_truncate, no_delete) = (console.barred(Feature::Retention), console.barred(Feature::Topics));
    let button = |what: Asked, id: &'static str, words: &'static str, lacking: &Option<AttrValue>| {
        let onclick = ask(what).reform(|_: MouseEvent| ());
        html! { <button type="button" class="quiet bad" data-testid={id} {onclick} disabled={lacking.is_some()}>{ words }</button> }
    };
    html! {
        <>
            <h3>{ "Delete" }</h3>
            <div class="danger-row">
                if props.reliable {
                    { button(Asked::Truncate, "topic-truncate", "Delete every message…", &no_truncate) }
                }
                { button(Asked::Delete, "topic-delete", "Delete the topic…", &no_delete) }
            </div>
            { for no_truncate.iter().chain(no_delete.iter().filter(|why| no_truncate.as_ref() != Some(*why))).map(|why| lacking("danger-lacking", Some(why))) }
            { confirm(&props!(ConfirmProps {
                open: *asked != Asked::Nothing, title, what, name: props.topic.clone(), verb,
                progress: action.progress.clone(), onclose: ask(Asked::Nothing), onconfirm,
            })) }
        </>
    }
}
