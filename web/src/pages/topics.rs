//! Topics: what there is, with the way to produce to it and to watch it.

use irongate_proto::danube::DispatchStrategy;
use irongate_proto::irongate_v1::TopicSummary;
use yew::prelude::*;
use yew::props;

use crate::api;
use crate::components::field::{TextFieldProps, text_field};
use crate::components::page_link::PageLink;
use crate::hooks::use_address::{Address, use_address};
use crate::hooks::use_console::use_console;
use crate::hooks::use_remote::{Remote, use_remote};
use crate::routes::Route;
use crate::state::verdict::sentence;
use crate::text::size::{counted, grouped};

/// Rows drawn; more are found with the search field.
const ROWS_MAX: usize = 500;

/// The page. Test ids: `topics-search`, `topic-row`, `topic-name`, `topic-produce`, `topic-tail`.
#[component]
pub fn Topics() -> Html {
    let console = use_console();
    let topics = use_remote(console.revision, |_| async { Ok(api::topics::list().await?.topics) });
    let address = use_address();
    let search = use_state(String::new);
    let onsearch = {
        let search = search.setter();
        Callback::from(move |text| search.set(text))
    };
    let content = match &topics {
        Remote::Pending => html! { <p class="muted">{ "Fetching the topics…" }</p> },
        Remote::Failed(failure) => html! { <p class="bad" role="alert">{ sentence(&failure.message) }</p> },
        Remote::Ready(topics) if topics.is_empty() => html! {
            <div class="empty-state">
                <p class="empty-title">{ "There are no topics yet" }</p>
                <p>{ "A topic is created by the first message sent to it." }</p>
                <PageLink to={Route::Produce} class="button primary">{ "Produce the first message" }</PageLink>
            </div>
        },
        Remote::Ready(topics) => table(topics, &search.to_ascii_lowercase(), &address),
    };
    html! {
        <div class="topics">
            <header class="page-head"><h1>{ "Topics" }</h1></header>
            { text_field(&props!(TextFieldProps {
                id: "topics-search", label: "Search", value: (*search).clone(), onchange: onsearch,
                kind: "search", search: true, placeholder: "part of a name or subject", class: "narrow",
            })) }
            { content }
        </div>
    }
}

fn table(topics: &[TopicSummary], search: &str, address: &Address) -> Html {
    let go = |route: Route, topic: &str| {
        let (address, topic) = (address.clone(), topic.to_owned());
        Callback::from(move |_: MouseEvent| {
            address.go(route, &[("topic", &topic)], true);
        })
    };
    let fits = |topic: &&TopicSummary| {
        topic.name.to_ascii_lowercase().contains(search) || topic.schema_subject.to_ascii_lowercase().contains(search)
    };
    let found: Vec<&TopicSummary> = topics.iter().filter(fits).collect();
    let row = |topic: &&TopicSummary| {
        let reliable = topic.dispatch_strategy == DispatchStrategy::Reliable as i32;
        let count = if reliable { grouped(topic.message_count) } else { "not stored".to_owned() };
        let partitions = if topic.partitions == 0 { "–".to_owned() } else { topic.partitions.to_string() };
        html! {
            <tr key={topic.name.clone()} data-testid="topic-row">
                <td class="mono" data-testid="topic-name">{ &topic.name }</td>
                <td>{ if reliable { "reliable" } else { "non-reliable" } }</td>
                <td class="number">{ partitions }</td>
                <td class="number">{ count }</td>
                <td class="number">{ topic.subscription_count }</td>
                <td>{ binding(topic) }</td>
                <td class="row-actions">
                    <button type="button" class="quiet" data-testid="topic-produce" onclick={go(Route::Produce, &topic.name)}>{ "Produce" }</button>
                    <button type="button" class="quiet" data-testid="topic-tail" onclick={go(Route::Tail, &topic.name)}>{ "Tail" }</button>
                </td>
            </tr>
        }
    };
    html! {
        <>
            <p class="muted" role="status">{ counted(found.len(), "topic", "topics") }</p>
            <div class="table-scroll">
                <table>
                    <thead><tr>
                        <th scope="col">{ "Topic" }</th><th scope="col">{ "Dispatch" }</th><th scope="col" class="number">{ "Partitions" }</th>
                        <th scope="col" class="number">{ "Messages" }</th><th scope="col" class="number">{ "Subscriptions" }</th>
                        <th scope="col">{ "Schema" }</th><th scope="col"><span class="hidden">{ "Actions" }</span></th>
                    </tr></thead>
                    <tbody>{ found.iter().take(ROWS_MAX).map(row).collect::<Html>() }</tbody>
                </table>
            </div>
            if found.len() > ROWS_MAX {
                <p class="muted">{ format!("and {} more: narrow the search", found.len() - ROWS_MAX) }</p>
            }
        </>
    }
}

fn binding(topic: &TopicSummary) -> Html {
    if topic.schema_subject.is_empty() {
        return html! { <span class="muted">{ "none" }</span> };
    }
    html! { <><span class="mono">{ &topic.schema_subject }</span>{ " " }<span class="chip">{ &topic.validation_policy }</span></> }
}
