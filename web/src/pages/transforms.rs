//! Transforms: which topics have some, and every plugin of this host with what it may do and take. Sets none: a component comes from a
//! folder, by the command.

use irongate_proto::pipelines_v1::Pipeline;
use irongate_proto::transforms_v1::TopicTransforms;
use tonic::Code;
use yew::prelude::*;
use yew::props;

use crate::api;
use crate::components::copy_button::{CommandProps, command};
use crate::components::failure::{failure, lacking};
use crate::components::plugin_table::{PluginTableProps, plugin_table};
use crate::components::topic_chain::TopicChain;
use crate::hooks::use_console::use_console;
use crate::hooks::use_remote::{Remote, use_remote};
use crate::state::plugins::plugins;
use crate::state::verdict::sentence;

/// What the host says.
struct Answer {
    topics: Vec<TopicTransforms>,
    pipelines: Vec<Pipeline>,
}

/// The page. Test ids besides those of its components: `transforms-refresh`, `transforms-lacking`, `transforms-barred`, `empty`.
#[component]
pub fn Transforms() -> Html {
    let console = use_console();
    let asked = use_state(|| 0_u32);
    let answer = use_remote((console.revision, *asked), |_| async {
        let topics = api::transforms::list().await?;
        Ok(Answer { topics, pipelines: api::pipelines::list().await?.pipelines })
    });
    let refresh = {
        let asked = asked.clone();
        Callback::from(move |_: MouseEvent| asked.set(asked.wrapping_add(1)))
    };
    let barred = console.read_only();
    let content = match &answer {
        Remote::Pending => html! { <p class="muted">{ "Fetching the transforms…" }</p> },
        Remote::Failed(failed) if failed.code == Code::Unimplemented => html! {
            <div class="empty-state" data-testid="transforms-lacking">
                <p class="empty-title">{ "Topics behind this host have no transforms" }</p>
                <p>{ sentence(&failed.message) }</p>
            </div>
        },
        Remote::Failed(failed) => failure(failed),
        Remote::Ready(answer) => found(answer, barred.as_ref()),
    };
    html! {
        <div class="transforms">
            <header class="page-head">
                <h1>{ "Transforms" }</h1>
                <button type="button" class="secondary" data-testid="transforms-refresh" onclick={refresh}>{ "Refresh" }</button>
            </header>
            { lacking("transforms-barred", barred.as_ref()) }
            { content }
        </div>
    }
}

fn found(answer: &Answer, barred: Option<&AttrValue>) -> Html {
    let all = plugins(&answer.topics, &answer.pipelines);
    let chain = |topic: &TopicTransforms| {
        html! { <TopicChain key={topic.topic.clone()} topic={topic.clone()} barred={barred.is_some()} /> }
    };
    html! {
        <>
            if answer.topics.is_empty() {
                { nothing() }
            } else {
                <h2>{ "Topics" }</h2>
                <p class="muted">{ "Every message passes the transforms of its topic before it is checked and kept, whichever client sends it." }</p>
                { answer.topics.iter().map(chain).collect::<Html>() }
            }
            if !all.is_empty() {
                <h2>{ "Plugins" }</h2>
                { plugin_table(&props!(PluginTableProps { plugins: all })) }
            }
        </>
    }
}

/// How to get the first one.
fn nothing() -> Html {
    let step =
        |id: &'static str, what: &'static str, text: &'static str| command(&props!(CommandProps { id, what, text }));
    html! {
        <section class="first-steps" data-testid="empty">
            <p class="empty-title">{ "No topic has transforms yet" }</p>
            <p class="muted">{ "A transform is a small WebAssembly component that changes, drops or refuses messages on their way into a topic. It reaches nothing that it is not granted." }</p>
            { step("step-make", "Make one and build it:", "irongate plugin new mark-words\nirongate plugin build mark-words") }
            { step("step-file", "Say in orders.toml which ones a topic has:",
                "[[stages]]\nid = \"mark\"\nuses = \"./mark-words/mark-words.wasm\"\nwith = { mark = \"seen\" }") }
            { step("step-set", "Give it to a topic:", "irongate topics transform set /default/orders orders.toml") }
        </section>
    }
}
