//! The transforms of one topic: in which order, since when, why they cannot run where that is so, their file, and the way to take them
//! away.

use irongate_proto::transforms_v1::TopicTransforms;
use yew::prelude::*;
use yew::props;

use super::confirm::{ConfirmProps, confirm};
use super::copy_button::{CommandProps, command};
use crate::api;
use crate::browser::utc_offset_minutes;
use crate::hooks::use_action::use_action;
use crate::hooks::use_address::use_address;
use crate::routes::Route;
use crate::state::verdict::sentence;
use crate::text::size::counted;
use crate::text::time::date_time;

/// Properties of [`TopicChain`].
#[derive(Clone, PartialEq, Properties)]
pub struct TopicChainProps {
    /// What the host says of it.
    pub topic: TopicTransforms,
    /// Nothing can be changed here.
    pub barred: bool,
}

/// The topic. Test ids: `chain`, `chain-topic`, `chain-stage`, `chain-produce`, `chain-clear`, `chain-file-open`, `chain-file`, `chain-failure`, and those of
/// the question.
#[component]
pub fn TopicChain(props: &TopicChainProps) -> Html {
    let address = use_address();
    let asked = use_state(|| false);
    let action = use_action();
    let TopicTransforms { topic, stages, configuration, is_yaml, set_at_ms, failure } = &props.topic;
    let go = |route: Route| {
        let (address, topic) = (address.clone(), topic.clone());
        Callback::from(move |_: MouseEvent| address.go(route, &[("topic", &topic)], true))
    };
    let ask = |open: bool| {
        let asked = asked.setter();
        Callback::from(move |()| asked.set(open))
    };
    let onconfirm = {
        let (action, topic, close) = (action.clone(), topic.clone(), ask(false));
        Callback::from(move |()| action.run(api::transforms::clear(topic.clone()), close.clone()))
    };
    let clear = ask(true).reform(|_: MouseEvent| ());
    // Nobody sets transforms twice in a second.
    let since = date_time(*set_at_ms / 1000 * 1000, utc_offset_minutes(*set_at_ms));
    let since = since.trim_end_matches(".000");
    let count =
        if failure.is_empty() { format!(", {}", counted(stages.len(), "stage", "stages")) } else { String::new() };
    html! {
        <section class="chain" aria-label={topic.clone()} data-testid="chain">
            <header class="detail-head">
                <h3><button type="button" class="quiet mono topic-name" data-testid="chain-topic" onclick={go(Route::Topics)}>{ topic }</button></h3>
                <div class="row-actions">
                    <button type="button" class="quiet bad" data-testid="chain-clear" disabled={props.barred} onclick={clear}>{ "Remove…" }</button>
                    <button type="button" class="secondary" data-testid="chain-produce" onclick={go(Route::Produce)}>{ "Produce" }</button>
                </div>
            </header>
            <p class="muted">{ format!("Set {since}{count}") }</p>
            if failure.is_empty() {
                <ol class="chain-stages">
                    { stages.iter().map(|stage| html! {
                        <li key={stage.id.clone()} data-testid="chain-stage"><code>{ &stage.id }</code>{ " " }<span class="muted">{ &stage.plugin }</span></li>
                    }).collect::<Html>() }
                </ol>
            } else {
                { broken(topic, failure) }
            }
            <details>
                <summary data-testid="chain-file-open">{ if *is_yaml { "The file as it was set (YAML)" } else { "The file as it was set (TOML)" } }</summary>
                <pre class="definition" tabindex="0" role="region" aria-label={format!("The file of {topic}")} data-testid="chain-file">{ configuration }</pre>
            </details>
            { confirm(&props!(ConfirmProps {
                open: *asked, title: "Take the transforms away",
                what: "From the next message on, the topic takes messages as they are sent. What is in it stays as it is.",
                name: topic.clone(), verb: "Take them away", progress: action.progress.clone(), onclose: ask(false), onconfirm,
            })) }
        </section>
    }
}

fn broken(topic: &str, why: &str) -> Html {
    html! {
        <div class="refusal bad" role="alert" data-testid="chain-failure">
            <div>
                <p><strong>{ "They cannot run, so the topic takes no message. " }</strong>{ sentence(why) }</p>
                { command(&props!(CommandProps {
                    id: "chain-again", what: "Set them again, from the folder with the file and the components:",
                    text: format!("irongate topics transform set {topic} FILE"),
                })) }
            </div>
        </div>
    }
}
