//! One subject of the registry: its mode, its versions, the text of one of them or how it
//! differs from another, and what can be done to it.

use irongate_proto::danube_schema::{SchemaVersionInfo, SubjectSummary};
use yew::prelude::*;
use yew::props;

use super::confirm::{ConfirmProps, confirm};
use super::definition_view::{DefinitionViewProps, definition_view};
use super::failure::{lacking, outcome_of};
use super::field::SelectField;
use crate::api;
use crate::browser::utc_offset_minutes;
use crate::hooks::use_action::{Action, use_action};
use crate::hooks::use_console::use_console;
use crate::hooks::use_remote::{Remote, use_remote};
use crate::state::schema_choice::{RegisteredSchema, VersionChoice};
use crate::state::verdict::sentence;
use crate::text::time::date_time;

/// What must keep working when a schema changes, as Danube spells it, and in words.
const MODES: [(&str, &str); 4] = [
    ("backward", "Backward: new readers read old messages"),
    ("forward", "Forward: old readers read new messages"),
    ("full", "Full: both"),
    ("none", "None: anything goes"),
];

/// Properties of [`SubjectDetail`].
#[derive(Clone, PartialEq, Properties)]
pub struct SubjectDetailProps {
    /// The subject.
    pub known: SubjectSummary,
    /// The version to show; none: the latest.
    pub version: Option<u32>,
    /// Counts up when something has changed on the host.
    pub revision: u32,
    /// Called with the version to show.
    pub onversion: Callback<u32>,
    /// Called with a schema that the next version shall be made of.
    pub onevolve: Callback<RegisteredSchema>,
}

/// The subject. Test ids: `subject-mode`, `subject-versions`, `subject-version` for each of them, `subject-compare`,
/// `subject-definition` or `subject-diff`, `subject-evolve`, `subject-delete`, `subject-barred`.
#[component]
pub fn SubjectDetail(props: &SubjectDetailProps) -> Html {
    let subject = &props.known.subject;
    let version = props.version.unwrap_or(props.known.latest_version);
    let versions = use_remote((subject.clone(), props.revision), |(subject, _)| {
        let subject = subject.clone();
        async move { api::registry::versions(&subject).await }
    });
    let other = use_state(|| None::<u32>);
    let schema = use_schema_text(subject, Some(version), props.revision);
    let older = use_schema_text(subject, *other, props.revision);
    let action = use_action();
    let barred = use_console().read_only();
    let listed = versions.ready().map(Vec::as_slice).unwrap_or_default();
    let row = |info: &SchemaVersionInfo| version_row(info, info.version == version, &props.onversion);
    let evolve = match &schema {
        Remote::Ready(schema) => (**schema).clone(),
        Remote::Pending | Remote::Failed(_) => None,
    };
    let onevolve = {
        let (onevolve, schema) = (props.onevolve.clone(), evolve.clone());
        Callback::from(move |_: MouseEvent| schema.clone().into_iter().for_each(|schema| onevolve.emit(schema)))
    };
    html! {
        <section class="subject-detail" aria-label={subject.clone()}>
            <header class="detail-head">
                <h2 class="mono">{ subject }</h2>
                <div class="row-actions">
                    <button type="button" class="secondary" data-testid="subject-evolve" disabled={evolve.is_none()} onclick={onevolve}>{ "New version…" }</button>
                    <Delete subject={subject.clone()} {version} last={listed.len() == 1} barred={barred.is_some()} />
                </div>
            </header>
            { lacking("subject-barred", barred.as_ref()) }
            { mode(&props.known, &action, barred.is_some()) }
            { outcome_of(&action.progress) }
            <ul class="versions" data-testid="subject-versions">{ listed.iter().map(row).collect::<Html>() }</ul>
            { compare(listed, version, &other) }
            { shown(&schema, &older) }
        </section>
    }
}

type SchemaText = Remote<Option<RegisteredSchema>>;

#[hook]
fn use_schema_text(subject: &str, version: Option<u32>, revision: u32) -> SchemaText {
    use_remote((subject.to_owned(), version, revision), |(subject, version, _)| {
        let (subject, version) = (subject.clone(), *version);
        async move {
            let Some(version) = version else { return Ok(None) };
            Ok(Some(api::registry::schema(&subject, VersionChoice::Pinned(version)).await?))
        }
    })
}

fn text_of(schema: &SchemaText) -> Option<AttrValue> {
    let definition = &schema.ready()?.as_ref()?.definition;
    Some(String::from_utf8_lossy(definition).into_owned().into())
}

fn shown(schema: &SchemaText, older: &SchemaText) -> Html {
    match (schema, text_of(schema)) {
        (Remote::Failed(failure), _) => html! { <p class="bad" role="alert">{ sentence(&failure.message) }</p> },
        (_, None) => html! { <p class="muted">{ "Fetching the definition…" }</p> },
        (_, Some(text)) => definition_view(&props!(DefinitionViewProps { text, older: text_of(older) })),
    }
}

fn mode(known: &SubjectSummary, action: &Action, barred: bool) -> Html {
    let options = MODES.map(|(value, words)| (AttrValue::Static(value), AttrValue::Static(words))).to_vec();
    let onchange = {
        let (subject, action) = (known.subject.clone(), action.clone());
        Callback::from(move |mode| {
            action.run(api::registry::set_compatibility_mode(subject.clone(), mode), Callback::noop());
        })
    };
    html! {
        <SelectField id="subject-mode" label="Compatibility" value={known.compatibility_mode.to_ascii_lowercase()} disabled={barred || action.running()}
            groups={vec![(AttrValue::default(), options)]} {onchange} class="narrow" />
    }
}

fn version_row(info: &SchemaVersionInfo, current: bool, onversion: &Callback<u32>) -> Html {
    let version = info.version;
    let onclick = onversion.reform(move |_: MouseEvent| version);
    let created_ms = info.created_at * 1000;
    let author = if info.created_by.is_empty() { "unknown" } else { &info.created_by };
    html! {
        <li key={version}>
            <button type="button" class={classes!("subject", current.then_some("current"))} aria-pressed={current.to_string()}
                data-testid="subject-version" {onclick}>
                <span>{ format!("Version {version}") }</span>
                <span class="muted">{ format!("{} by {author}", date_time(created_ms, utc_offset_minutes(created_ms))) }</span>
            </button>
        </li>
    }
}

fn compare(listed: &[SchemaVersionInfo], version: u32, other: &UseStateHandle<Option<u32>>) -> Html {
    let numbers = listed.iter().map(|info| info.version).filter(|number| *number != version);
    let mut options = vec![(AttrValue::default(), AttrValue::Static("Nothing: show the definition"))];
    options.extend(numbers.map(|number| (number.to_string().into(), format!("Version {number}").into())));
    if options.len() == 1 {
        return Html::default();
    }
    let onchange = {
        let other = other.setter();
        Callback::from(move |value: String| other.set(value.parse().ok()))
    };
    let value = other.map(|number| number.to_string()).unwrap_or_default();
    html! {
        <SelectField id="subject-compare" label={format!("Compare version {version} with")} {value}
            groups={vec![(AttrValue::default(), options)]} {onchange} class="narrow" />
    }
}

#[derive(Clone, PartialEq, Properties)]
struct DeleteProps {
    subject: AttrValue,
    version: u32,
    /// The subject goes with it.
    last: bool,
    /// This page changes nothing.
    barred: bool,
}

#[component]
fn Delete(props: &DeleteProps) -> Html {
    let open = use_state(|| false);
    let action = use_action();
    let set = |value: bool| {
        let open = open.setter();
        Callback::from(move |()| open.set(value))
    };
    let onconfirm = {
        let (action, closed, version, subject) = (action.clone(), set(false), props.version, props.subject.to_string());
        Callback::from(move |()| {
            action.run(api::registry::delete_version(subject.clone(), version), closed.clone());
        })
    };
    let goes = if props.last { "It is the last one: the subject goes with it. " } else { "" };
    html! {
        <>
            <button type="button" class="quiet bad" data-testid="subject-delete" disabled={props.barred} onclick={set(true).reform(|_: MouseEvent| ())}>
                { format!("Delete version {}…", props.version) }
            </button>
            { confirm(&props!(ConfirmProps {
                open: *open, title: format!("Delete version {} of {}", props.version, props.subject),
                what: format!("{goes}Messages that were made with this version stay, but nobody can look their schema up any more. \
                    This cannot be taken back."),
                name: props.subject.clone(), verb: "Delete", progress: action.progress.clone(), onclose: set(false), onconfirm,
            })) }
        </>
    }
}
