//! The fields of a load.

use irongate_proto::danube_schema::{SchemaVersionInfo, SubjectSummary};
use irongate_proto::irongate_v1::TopicSummary;
use yew::prelude::*;
use yew::props;

use super::field::{SelectField, TextFieldProps, text_field};
use super::schema_picker::{SchemaFieldsProps, schema_fields};
use super::target::partitions_shown;
use crate::browser::{checked_of, value_of};
use crate::hooks::use_remote::Remote;
use crate::state::load_form::LoadForm;
use crate::state::schema_choice::VersionChoice;
use crate::state::topic_facts::TopicFacts;
use crate::state::verdict::sentence;

/// Properties of [`load_fields`].
#[derive(Clone, PartialEq, Properties)]
pub struct LoadFieldsProps {
    /// What is typed.
    pub form: LoadForm,
    /// Called with the fields at every change.
    pub onchange: Callback<LoadForm>,
    /// All topics, for suggestions.
    pub topics: Remote<Vec<TopicSummary>>,
    /// What is known of the topic.
    pub facts: TopicFacts,
    /// All subjects of the registry.
    pub subjects: Remote<Vec<SubjectSummary>>,
    /// The versions of the chosen subject.
    pub versions: Remote<Vec<SchemaVersionInfo>>,
    /// Why the topic cannot be read meanwhile, if so.
    pub no_browse: Option<AttrValue>,
}

/// The fields. Test ids: `load-topic`, `load-delivery`, `load-subject`, `load-version`, `load-partitions`, `load-rate`,
/// `load-producers`, `load-in-flight`, `load-end`, `load-amount`, `load-payload`, `load-end-to-end`, `reading-lacking`.
pub fn load_fields(props: &LoadFieldsProps) -> Html {
    let form = &props.form;
    let set = |change: fn(&mut LoadForm, String)| {
        let form = form.clone();
        props.onchange.reform(move |text: String| {
            let mut form = form.clone();
            change(&mut form, text);
            form
        })
    };
    let names = props.topics.ready().map(Vec::as_slice).unwrap_or_default();
    let tick = {
        let form = form.clone();
        props.onchange.reform(move |event: Event| LoadForm { end_to_end: checked_of(&event), ..form.clone() })
    };
    let said = |problem: Option<&'static str>| problem.map(AttrValue::Static);
    html! {
        <div class="load-fields">
            { text_field(&props!(TextFieldProps {
                id: "load-topic", label: "Topic", value: form.topic.clone(), mono: true, search: true,
                onchange: set(|form, text| form.topic = text.trim().to_owned()), suggestions: "load-topics",
                hint: "/namespace/topic; made where it is missing",
                problem: form.topic_problem().map(AttrValue::from), class: "wide",
            })) }
            <datalist id="load-topics">
                { for names.iter().map(|topic| html! { <option key={topic.name.clone()} value={topic.name.clone()} /> }) }
            </datalist>
            { delivery(form, &set(|form, text| form.reliable = match text.as_str() {
                "reliable" => Some(true),
                "not" => Some(false),
                _ => None,
            })) }
            { schema(props, &set(|form, text| {
                form.subject = text;
                form.version = VersionChoice::Latest;
            })) }
            { partitions(props, set(|form, text| form.partitions = text.trim().to_owned())) }
            { text_field(&props!(TextFieldProps {
                id: "load-rate", label: "Messages per second", value: form.rate.clone(), input_mode: "decimal",
                onchange: set(|form, text| form.rate = text.trim().to_owned()), placeholder: "as fast as possible",
                hint: "Of all producers, whether the broker keeps up or not", problem: said(form.rate_problem()),
            })) }
            { text_field(&props!(TextFieldProps {
                id: "load-producers", label: "Producers", value: form.producers.clone(), input_mode: "numeric",
                onchange: set(|form, text| form.producers = text.trim().to_owned()), problem: said(form.producers_problem()),
            })) }
            { text_field(&props!(TextFieldProps {
                id: "load-in-flight", label: "In flight", value: form.in_flight.clone(), input_mode: "numeric",
                onchange: set(|form, text| form.in_flight = text.trim().to_owned()),
                placeholder: if form.rate.is_empty() { "1" } else { "100" },
                hint: "Not acknowledged yet, of each producer", problem: said(form.in_flight_problem()),
            })) }
            { end_fields(form, set(|form, text| form.amount = text.trim().to_owned()), set(|form, text| form.by_count = text == "count")) }
            { payload_field(form, &set(|form, text| form.payload = text)) }
            <label class="check wide">
                <input type="checkbox" data-testid="load-end-to-end" checked={form.end_to_end && props.no_browse.is_none()}
                    disabled={props.no_browse.is_some()} onchange={tick} />
                { "Also read the topic and measure until each message has arrived" }
            </label>
            if let Some(why) = &props.no_browse { <p class="note lacking wide" data-testid="reading-lacking">{ sentence(why) }</p> }
        </div>
    }
}

fn delivery(form: &LoadForm, onchange: &Callback<String>) -> Html {
    let value = match form.reliable {
        None => "topic",
        Some(true) => "reliable",
        Some(false) => "not",
    };
    let options = [("topic", "As the topic is"), ("reliable", "Reliable"), ("not", "Not stored")];
    let options = options.map(|(value, words)| (AttrValue::Static(value), AttrValue::Static(words))).to_vec();
    html! {
        <SelectField id="load-delivery" label="Delivery" {value} onchange={onchange.clone()}
            groups={vec![(AttrValue::default(), options)]} hint="A new topic is not stored unless you say so" />
    }
}

fn schema(props: &LoadFieldsProps, onsubject: &Callback<String>) -> Html {
    let form = &props.form;
    let onversion = {
        let form = form.clone();
        props.onchange.reform(move |version| LoadForm { version, ..form.clone() })
    };
    schema_fields(&props!(SchemaFieldsProps {
        id: "load",
        subject: form.subject.clone(),
        version: form.version,
        facts: props.facts.clone(),
        subjects: props.subjects.clone(),
        versions: props.versions.clone(),
        onsubject: onsubject.clone(),
        onversion,
    }))
}

fn partitions(props: &LoadFieldsProps, onchange: Callback<String>) -> Html {
    let (value, fixed, hint) = partitions_shown(&props.facts, &props.form.partitions);
    text_field(&props!(TextFieldProps {
        id: "load-partitions",
        label: "Partitions",
        value,
        onchange,
        readonly: fixed,
        placeholder: "1",
        input_mode: "numeric",
        hint,
        problem: props.form.partitions_problem(&props.facts).map(AttrValue::Static),
    }))
}

/// When the run ends: after how much of what.
fn end_fields(form: &LoadForm, onamount: Callback<String>, onunit: Callback<String>) -> Html {
    html! {
        <div class="load-end">
            { text_field(&props!(TextFieldProps {
                id: "load-amount", label: "For", value: form.amount.clone(), input_mode: "numeric",
                onchange: onamount, problem: form.amount_problem().map(AttrValue::Static),
            })) }
            <SelectField id="load-end" label="Unit" value={if form.by_count { "count" } else { "seconds" }} onchange={onunit}
                groups={vec![(AttrValue::default(), vec![
                    (AttrValue::Static("seconds"), AttrValue::Static("seconds")),
                    (AttrValue::Static("count"), AttrValue::Static("messages")),
                ])]} />
        </div>
    }
}

fn payload_field(form: &LoadForm, onchange: &Callback<String>) -> Html {
    let oninput = onchange.reform(|event: InputEvent| value_of(&event));
    html! {
        <div class="field wide">
            <label for="load-payload">{ "Payload of each message" }</label>
            <textarea id="load-payload" data-testid="load-payload" class="load-payload mono" rows="4" spellcheck="false"
                aria-describedby="load-payload-note" value={form.payload.clone()} {oninput} />
            <p id="load-payload-note" class="note">
                { "Filled in for each: " }<code>{ "{{seq}} {{uuid}} {{now}} {{now_ms}} {{producer}} {{random_int(1, 6)}}" }</code>{ " " }
                <code>{ "{{random_choice(['a', 'b'])}} {{random_text(100)}} {{random_hex(8)}}" }</code>
            </p>
        </div>
    }
}
