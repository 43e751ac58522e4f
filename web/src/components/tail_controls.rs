//! What the tail is asked for, and its buttons: topics, start, connect; pause, clear, filter.

use irongate_proto::irongate_v1::TopicSummary;
use yew::prelude::*;
use yew::props;

use super::failure::lacking;
use super::field::{SelectField, TextFieldProps, text_field};
use crate::hooks::use_remote::Remote;
use crate::state::tail_query::{StartKind, TailQuery};
use crate::state::verdict::sentence;

/// Properties of [`tail_form`].
#[derive(Clone, PartialEq, Properties)]
pub struct TailFormProps {
    /// The fields as typed.
    pub query: TailQuery,
    /// Called with the fields after a change.
    pub onchange: Callback<TailQuery>,
    /// Called to connect with the fields as they are.
    pub onconnect: Callback<()>,
    /// Called to end the stream.
    pub ondisconnect: Callback<()>,
    /// Whether a stream is open or being opened.
    pub connected: bool,
    /// What is wrong with the fields, after an attempt to connect.
    pub problem: Option<AttrValue>,
    /// Why stored messages cannot be read, if they cannot.
    pub no_past: Option<AttrValue>,
    /// Why nothing can be read, if nothing can.
    pub no_browse: Option<AttrValue>,
    /// All topics, for suggestions.
    pub topics: Remote<Vec<TopicSummary>>,
}

/// The form. Test ids: `tail-topics`, `tail-start`, `tail-at`, `tail-connect`, `tail-disconnect`.
pub fn tail_form(props: &TailFormProps) -> Html {
    let change = |set: fn(&mut TailQuery, String)| {
        let (query, onchange) = (props.query.clone(), props.onchange.clone());
        Callback::from(move |text| {
            let mut query = query.clone();
            set(&mut query, text);
            onchange.emit(query);
        })
    };
    let topics = change(|query, text| query.topics = text);
    let argument = change(|query, text| query.argument = text);
    let start = change(|query, text| {
        query.start = text.parse().unwrap_or_default();
        query.argument = if query.start == StartKind::Last { "100".to_owned() } else { String::new() };
    });
    let onsubmit = props.onconnect.reform(|event: SubmitEvent| event.prevent_default());
    let kinds = StartKind::ALL.map(|kind| (AttrValue::from(kind.to_string()), AttrValue::Static(kind.label())));
    let names = props.topics.ready().map(Vec::as_slice).unwrap_or_default();
    html! {
        <form class="tail-form" {onsubmit}>
            { text_field(&props!(TextFieldProps {
                id: "tail-topics", label: "Topics", value: props.query.topics.clone(), onchange: topics,
                mono: true, search: true, placeholder: "/default/user-events, /default/orders",
                suggestions: "tail-topic-names", problem: props.problem.clone(), hint: "several with commas",
                class: "grow",
            })) }
            <datalist id="tail-topic-names">
                { for names.iter().map(|topic| html! { <option key={topic.name.clone()} value={topic.name.clone()} /> }) }
            </datalist>
            <SelectField id="tail-start" label="Start" value={props.query.start.to_string()} onchange={start}
                groups={vec![(AttrValue::default(), kinds.to_vec())]} class="start"
                disabled={props.no_past.is_some()} hint={props.no_past.as_deref().map(sentence).map(AttrValue::from).unwrap_or_default()} />
            { argument_field(&props.query, argument) }
            <div class="tail-connect">
                <button type="submit" class="primary" data-testid="tail-connect" disabled={props.no_browse.is_some()}>
                    { if props.connected { "Start anew" } else { "Connect" } }
                </button>
                { lacking("tail-lacking", props.no_browse.as_ref()) }
                if props.connected {
                    <button type="button" class="secondary" data-testid="tail-disconnect"
                        onclick={props.ondisconnect.reform(|_: MouseEvent| ())}>{ "Stop" }</button>
                }
            </div>
        </form>
    }
}

/// The field that the start needs, if it needs one.
fn argument_field(query: &TailQuery, onchange: Callback<String>) -> Html {
    let (label, kind, mode) = match query.start {
        StartKind::Latest | StartKind::Earliest => return Html::default(),
        StartKind::Last => ("Messages", "text", Some("numeric")),
        StartKind::Offset => ("Offset", "text", Some("numeric")),
        StartKind::Timestamp => ("Local time", "datetime-local", None),
    };
    html! {
        { text_field(&props!(TextFieldProps {
            id: "tail-at", label, kind, input_mode: mode.map(AttrValue::Static), value: query.argument.clone(),
            onchange, mono: true, class: "at",
        })) }
    }
}
