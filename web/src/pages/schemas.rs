//! Schemas: subjects, their versions, and the text of each as it was registered.

use irongate_proto::danube_schema::{SchemaVersionInfo, SubjectSummary};
use yew::prelude::*;
use yew::props;

use crate::api;
use crate::browser::utc_offset_minutes;
use crate::components::register_panel::{RegisterPanelProps, register_panel};
use crate::hooks::use_console::use_console;
use crate::hooks::use_remote::{Remote, use_remote};
use crate::state::schema_choice::VersionChoice;
use crate::state::verdict::sentence;
use crate::text::time::date_time;

/// The page. Test ids: `schema-new`, `subject-row`, `subject-versions`, `subject-definition`.
#[component]
pub fn Schemas() -> Html {
    let console = use_console();
    let subjects = use_remote(console.revision, |_| api::registry::subjects());
    let chosen = use_state(String::new);
    let panel = use_state(|| false);
    let set_panel = |open: bool| {
        let panel = panel.setter();
        Callback::from(move |()| panel.set(open))
    };
    let registered = {
        let (chosen, changed) = (chosen.setter(), console.changed.clone());
        Callback::from(move |subject| {
            chosen.set(subject);
            changed.emit(());
        })
    };
    let choose = |subject: &str| {
        let (chosen, subject) = (chosen.setter(), subject.to_owned());
        Callback::from(move |_: MouseEvent| chosen.set(subject.clone()))
    };
    let content = match &subjects {
        Remote::Pending => html! { <p class="muted">{ "Fetching the subjects…" }</p> },
        Remote::Failed(failure) => html! { <p class="bad" role="alert">{ sentence(&failure.message) }</p> },
        Remote::Ready(subjects) if subjects.is_empty() => html! {
            <div class="empty-state">
                <p class="empty-title">{ "No schema is registered yet" }</p>
                <p>{ "Register one, then choose it on the Produce page: from then on its topic takes valid messages only." }</p>
            </div>
        },
        Remote::Ready(subjects) => {
            let current = subjects.iter().find(|known| known.subject == *chosen).or(subjects.first());
            let row = |known: &SubjectSummary| {
                let current = current.is_some_and(|current| current.subject == known.subject);
                subject_row(known, current, choose(&known.subject))
            };
            html! {
                <div class="columns even">
                    <ul class="subjects">{ subjects.iter().map(row).collect::<Html>() }</ul>
                    if let Some(known) = current { <Subject known={known.clone()} revision={console.revision} /> }
                </div>
            }
        }
    };
    html! {
        <div class="schemas">
            <header class="page-head">
                <h1>{ "Schemas" }</h1>
                <button type="button" class="primary" data-testid="schema-new" onclick={set_panel(true).reform(|_: MouseEvent| ())}>
                    { "Register a schema" }
                </button>
            </header>
            { content }
            { register_panel(&props!(RegisterPanelProps {
                open: *panel, subject: (*chosen).clone(), example: false, onclose: set_panel(false),
                onregistered: registered,
            })) }
        </div>
    }
}

fn subject_row(known: &SubjectSummary, current: bool, onclick: Callback<MouseEvent>) -> Html {
    html! {
        <li key={known.subject.clone()}>
            <button type="button" class={classes!("subject", current.then_some("current"))} aria-pressed={current.to_string()}
                data-testid="subject-row" {onclick}>
                <span class="mono">{ &known.subject }</span>
                <span class="muted">{ format!("{}, version {}, {}", known.schema_type, known.latest_version, known.compatibility_mode.to_ascii_lowercase()) }</span>
            </button>
        </li>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct SubjectProps {
    known: SubjectSummary,
    revision: u32,
}

#[component]
fn Subject(props: &SubjectProps) -> Html {
    let subject = &props.known.subject;
    let chosen = use_state(|| (String::new(), 0));
    let version = if chosen.0 == *subject { chosen.1 } else { props.known.latest_version };
    let versions = use_remote((subject.clone(), props.revision), |(subject, _)| {
        let subject = subject.clone();
        async move { api::registry::versions(&subject).await }
    });
    let schema = use_remote((subject.clone(), version), |(subject, version)| {
        let (subject, version) = (subject.clone(), *version);
        async move { api::registry::schema(&subject, VersionChoice::Pinned(version)).await }
    });
    let row = |info: &SchemaVersionInfo| {
        let (chosen, pick) = (chosen.setter(), (subject.clone(), info.version));
        let onclick = Callback::from(move |_: MouseEvent| chosen.set(pick.clone()));
        let created_ms = info.created_at * 1000;
        let current = info.version == version;
        html! {
            <li key={info.version}>
                <button type="button" class={classes!("subject", current.then_some("current"))} aria-pressed={current.to_string()} {onclick}>
                    <span>{ format!("Version {}", info.version) }</span>
                    <span class="muted">{ format!("{} by {}", date_time(created_ms, utc_offset_minutes(created_ms)), author(info)) }</span>
                </button>
            </li>
        }
    };
    let definition = match &schema {
        Remote::Ready(schema) => String::from_utf8_lossy(&schema.definition).into_owned(),
        Remote::Pending => String::new(),
        Remote::Failed(failure) => sentence(&failure.message),
    };
    let versions = versions.ready().map(Vec::as_slice).unwrap_or_default();
    html! {
        <section class="subject-detail" aria-label={subject.clone()}>
            <h2 class="mono">{ subject }</h2>
            <ul class="versions" data-testid="subject-versions">{ versions.iter().map(row).collect::<Html>() }</ul>
            <pre class="definition" data-testid="subject-definition" tabindex="0">{ definition }</pre>
        </section>
    }
}

fn author(info: &SchemaVersionInfo) -> &str {
    if info.created_by.is_empty() { "unknown" } else { &info.created_by }
}
