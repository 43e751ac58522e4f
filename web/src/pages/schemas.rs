//! Schemas: the subjects of the registry, one of them in full, and the panel that registers
//! a schema. The address names what is shown: `subject`, `version`.

use irongate_proto::danube_schema::SubjectSummary;
use yew::prelude::*;
use yew::props;

use crate::api;
use crate::components::register_panel::{RegisterPanelProps, register_panel};
use crate::components::subject_detail::SubjectDetail;
use crate::hooks::use_address::use_address;
use crate::hooks::use_console::use_console;
use crate::hooks::use_remote::{Remote, use_remote};
use crate::routes::Route;
use crate::state::schema_choice::RegisteredSchema;
use crate::state::verdict::sentence;

/// What the register panel begins with.
#[derive(Clone, PartialEq)]
struct Start {
    subject: AttrValue,
    schema_type: AttrValue,
    definition: AttrValue,
}

impl Default for Start {
    fn default() -> Start {
        let schema_type = AttrValue::Static("json_schema");
        Start { subject: AttrValue::default(), schema_type, definition: AttrValue::default() }
    }
}

/// The page. Test ids besides those of its components: `schema-new`, `subject-row`.
#[component]
pub fn Schemas() -> Html {
    let console = use_console();
    let subjects = use_remote(console.revision, |_| api::registry::subjects());
    let address = use_address();
    let start = use_state(|| None::<Start>);
    let chosen = address.parameter("subject");
    let version = address.parameter("version").parse().ok();
    let show = {
        let address = address.clone();
        Callback::from(move |(subject, version): (String, String)| {
            address.go(Route::Schemas, &[("subject", &subject), ("version", &version)], true);
        })
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
            let current = subjects.iter().find(|known| known.subject == chosen).or(subjects.first());
            let row = |known: &SubjectSummary| {
                let is_current = current.is_some_and(|current| current.subject == known.subject);
                subject_row(known, is_current, &show)
            };
            html! {
                <div class="columns even">
                    <ul class="subjects">{ subjects.iter().map(row).collect::<Html>() }</ul>
                    if let Some(known) = current {
                        { detail(known, version.filter(|_| known.subject == chosen), console.revision, &show, &start) }
                    }
                </div>
            }
        }
    };
    let open = {
        let start = start.setter();
        Callback::from(move |_: MouseEvent| start.set(Some(Start::default())))
    };
    html! {
        <div class="schemas">
            <header class="page-head">
                <h1>{ "Schemas" }</h1>
                <button type="button" class="primary" data-testid="schema-new" onclick={open}>{ "Register a schema" }</button>
            </header>
            { content }
            { panel(&start, &show, &console.changed) }
        </div>
    }
}

fn detail(
    known: &SubjectSummary,
    version: Option<u32>,
    revision: u32,
    show: &Callback<(String, String)>,
    start: &UseStateHandle<Option<Start>>,
) -> Html {
    let onversion = {
        let subject = known.subject.clone();
        show.reform(move |version: u32| (subject.clone(), version.to_string()))
    };
    let onevolve = {
        let start = start.setter();
        Callback::from(move |schema: RegisteredSchema| {
            start.set(Some(Start {
                subject: schema.subject.into(),
                schema_type: schema.schema_type.into(),
                definition: String::from_utf8_lossy(&schema.definition).into_owned().into(),
            }));
        })
    };
    // Each subject is a detail of its own: what was being compared does not carry over.
    html! { <SubjectDetail key={known.subject.clone()} known={known.clone()} {version} {revision} {onversion} {onevolve} /> }
}

fn panel(start: &UseStateHandle<Option<Start>>, show: &Callback<(String, String)>, changed: &Callback<()>) -> Html {
    let onclose = {
        let start = start.setter();
        Callback::from(move |()| start.set(None))
    };
    let onregistered = {
        let (show, changed) = (show.clone(), changed.clone());
        Callback::from(move |subject| {
            show.emit((subject, String::new()));
            changed.emit(());
        })
    };
    let Start { subject, schema_type, definition } = (**start).clone().unwrap_or_default();
    register_panel(&props!(RegisterPanelProps {
        open: start.is_some(),
        subject,
        schema_type,
        definition,
        onclose,
        onregistered
    }))
}

fn subject_row(known: &SubjectSummary, current: bool, show: &Callback<(String, String)>) -> Html {
    let onclick = {
        let subject = known.subject.clone();
        show.reform(move |_: MouseEvent| (subject.clone(), String::new()))
    };
    let mode = known.compatibility_mode.to_ascii_lowercase();
    html! {
        <li key={known.subject.clone()}>
            <button type="button" class={classes!("subject", current.then_some("current"))} aria-pressed={current.to_string()}
                data-testid="subject-row" {onclick}>
                <span class="mono">{ &known.subject }</span>
                <span class="muted">{ format!("{}, version {}, {mode}", known.schema_type, known.latest_version) }</span>
            </button>
        </li>
    }
}
