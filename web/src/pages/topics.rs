//! Topics: what there is, with the way to produce to it and to watch it.

use irongate_proto::danube::DispatchStrategy;
use irongate_proto::irongate_v1::{Feature, TopicSummary};
use yew::prelude::*;
use yew::props;

use crate::api;
use crate::components::failure::{failure, lacking};
use crate::components::field::{SelectField, TextFieldProps, text_field};
use crate::components::page_link::PageLink;
use crate::components::topic_create::{TopicCreateProps, topic_create};
use crate::components::topic_detail::TopicDetail;
use crate::hooks::use_address::{Address, use_address};
use crate::hooks::use_console::use_console;
use crate::hooks::use_remote::{Remote, use_remote};
use crate::routes::Route;
use crate::state::verdict::sentence;
use crate::text::size::{counted, grouped};

/// Rows drawn; more are found with the search field.
const ROWS_MAX: usize = 500;

/// The page. Test ids besides those of its components: `topics-search`, `topics-namespace`, `topic-new`, `topic-row`,
/// `topic-name`, `topic-produce`, `topic-tail`, `topics-all`,
/// `topics-count`, `topics-barred`, `empty`.
#[component]
pub fn Topics() -> Html {
    let console = use_console();
    let address = use_address();
    let chosen = address.parameter("topic");
    // Asked again whenever the list comes back: others send to these topics meanwhile.
    let answer = use_remote((console.revision, chosen.is_empty()), |_| api::topics::list());
    let search = use_state(String::new);
    let namespace = use_state(String::new);
    let creating = use_state(|| false);
    let set = |state: &UseStateHandle<String>| {
        let state = state.setter();
        Callback::from(move |text| state.set(text))
    };
    let set_creating = |open: bool| {
        let creating = creating.setter();
        Callback::from(move |()| creating.set(open))
    };
    if !chosen.is_empty() {
        return one(&chosen, console.revision, &address);
    }
    let create = set_creating(true).reform(|_: MouseEvent| ());
    let no_topics = console.missing(Feature::Topics);
    let no_counts = console.missing(Feature::Counts);
    let read_only = console.read_only();
    let prefix = if namespace.is_empty() { String::new() } else { format!("/{}/", *namespace) };
    let content = match &answer {
        _ if no_topics.is_some() => cannot_list(no_topics.as_ref()),
        Remote::Pending => html! { <p class="muted">{ "Fetching the topics…" }</p> },
        Remote::Failed(failed) => failure(failed),
        Remote::Ready(answer) if answer.topics.is_empty() => html! {
            <div class="empty-state" data-testid="empty">
                <p class="empty-title">{ "There are no topics yet" }</p>
                <p>{ "A topic is created by the first message sent to it, or here." }</p>
                <PageLink to={Route::Produce} class="button primary">{ "Produce the first message" }</PageLink>
            </div>
        },
        Remote::Ready(answer) => {
            table(&answer.topics, &prefix, &search.to_ascii_lowercase(), &address, no_counts.as_ref())
        }
    };
    let namespaces = answer.ready().map(|answer| answer.namespaces.as_slice()).unwrap_or_default();
    let oncreated = {
        let (address, close) = (address.clone(), set_creating(false));
        Callback::from(move |topic: String| {
            close.emit(());
            address.go(Route::Topics, &[("topic", &topic)], true);
        })
    };
    html! {
        <div class="topics">
            <header class="page-head">
                <h1>{ "Topics" }</h1>
                <button type="button" class="primary" data-testid="topic-new" onclick={create} disabled={no_topics.is_some() || read_only.is_some()}>{ "Create a topic" }</button>
            </header>
            <div class="filters">
                { text_field(&props!(TextFieldProps {
                    id: "topics-search", label: "Search", value: (*search).clone(), onchange: set(&search),
                    kind: "search", search: true, placeholder: "part of a name or subject",
                })) }
                <SelectField id="topics-namespace" label="Namespace" value={(*namespace).clone()} onchange={set(&namespace)}
                    groups={vec![(AttrValue::default(), namespace_options(namespaces))]} />
            </div>
            { lacking("topics-barred", read_only.as_ref()) }
            { content }
            { topic_create(&props!(TopicCreateProps { open: *creating, onclose: set_creating(false), oncreated })) }
        </div>
    }
}

/// Why there is no list.
fn cannot_list(why: Option<&AttrValue>) -> Html {
    html! {
        <div class="empty-state" data-testid="topics-lacking">
            <p class="empty-title">{ "Topics cannot be listed through this host" }</p>
            { for why.map(|why| html! { <p>{ sentence(why) }</p> }) }
            <PageLink to={Route::Produce} class="button secondary">{ "Produce to a topic that you know" }</PageLink>
        </div>
    }
}

fn namespace_options(namespaces: &[String]) -> Vec<(AttrValue, AttrValue)> {
    let mut options = vec![(AttrValue::default(), AttrValue::Static("All namespaces"))];
    options.extend(namespaces.iter().map(|name| {
        let name = AttrValue::from(name.clone());
        (name.clone(), name)
    }));
    options
}

/// One topic in the place of the list.
fn one(topic: &str, revision: u32, address: &Address) -> Html {
    let go = |route: Route| {
        let (address, topic) = (address.clone(), topic.to_owned());
        Callback::from(move |()| address.go(route, &[("topic", &topic)], true))
    };
    let gone = {
        let address = address.clone();
        Callback::from(move |()| address.go(Route::Topics, &[], true))
    };
    html! {
        <div class="topics">
            <header class="page-head">
                <h1>{ "Topics" }</h1>
                <PageLink to={Route::Topics} class="button secondary" id="topics-all">{ "All topics" }</PageLink>
            </header>
            <TopicDetail key={topic.to_owned()} topic={topic.to_owned()} {revision} ongone={gone}
                onproduce={go(Route::Produce)} ontail={go(Route::Tail)} />
        </div>
    }
}

fn table(
    topics: &[TopicSummary],
    prefix: &str,
    search: &str,
    address: &Address,
    no_counts: Option<&AttrValue>,
) -> Html {
    let go = |route: Route, topic: &str| {
        let (address, topic) = (address.clone(), topic.to_owned());
        Callback::from(move |_: MouseEvent| {
            address.go(route, &[("topic", &topic)], true);
        })
    };
    let fits = |topic: &&TopicSummary| {
        let named = |text: &str| text.to_ascii_lowercase().contains(search);
        topic.name.starts_with(prefix) && (named(&topic.name) || named(&topic.schema_subject))
    };
    let found: Vec<&TopicSummary> = topics.iter().filter(fits).collect();
    let row = |topic: &&TopicSummary| {
        let reliable = topic.dispatch_strategy == DispatchStrategy::Reliable as i32;
        let count = if no_counts.is_some() {
            "–".to_owned()
        } else if reliable {
            grouped(topic.message_count)
        } else {
            "not stored".to_owned()
        };
        let partitions = if topic.partitions == 0 { "–".to_owned() } else { topic.partitions.to_string() };
        html! {
            <tr key={topic.name.clone()} data-testid="topic-row">
                <td><button type="button" class="quiet mono topic-name" data-testid="topic-name" onclick={go(Route::Topics, &topic.name)}>{ &topic.name }</button></td>
                <td>{ if reliable { "reliable" } else { "non-reliable" } }</td>
                <td class="number">{ partitions }</td>
                <td class="number">{ count }</td>
                <td class="number">{ if no_counts.is_some() { "–".to_owned() } else { topic.subscription_count.to_string() } }</td>
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
            <p class="muted" role="status" data-testid="topics-count">{ counted(found.len(), "topic", "topics") }</p>
            { lacking("counts-lacking", no_counts) }
            <div class="table-scroll" tabindex="0" role="region" aria-label="Topics">
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
