//! Registering a schema: subject, type, definition with its own errors while typing, and
//! a word on compatibility before it is saved.

use std::rc::Rc;

use bytes::Bytes;
use gloo_timers::future::TimeoutFuture;
use irongate_proto::danube_schema::RegisterSchemaResponse;
use yew::prelude::*;
use yew::props;

use super::dialog::Sheet;
use super::editor::{CaretRequest, Editor, Mark};
use super::evolution::Evolution;
use super::failure::{failure, lacking};
use super::field::{SelectField, TextFieldProps, text_field};
use super::later::{Later, Part};
use crate::api;
use crate::browser::Task;
use crate::checks::message::{Answer, DefinitionFault, Question};
use crate::hooks::use_console::use_console;
use crate::hooks::use_evolution::Candidate;
use crate::hooks::use_remote::{Remote, use_remote};
use crate::state::explain::Failure;
use crate::state::verdict::sentence;
use crate::text::lines::byte_offset;

/// The types that this console can check, as Danube spells them, and in words.
const TYPES: [(&str, &str); 6] = [
    ("json_schema", "JSON Schema"),
    ("avro", "Avro"),
    ("protobuf", "Protobuf"),
    ("string", "String: any UTF-8 text"),
    ("number", "Number"),
    ("bytes", "Bytes: anything"),
];

/// What a definition of a type begins with.
fn placeholder(schema_type: &str) -> &'static str {
    match schema_type {
        "json_schema" => "{ \"type\": \"object\", … }",
        "avro" => "{ \"type\": \"record\", \"name\": …, \"fields\": […] }",
        "protobuf" => "syntax = \"proto3\"; message … { … }",
        _ => "This type needs no definition.",
    }
}

/// How long typing must rest before the definition is compiled, in milliseconds.
const REST_MS: u32 = 120;

/// Properties of [`register_panel`].
#[derive(Clone, PartialEq, Properties)]
pub struct RegisterPanelProps {
    /// Whether it is shown.
    pub open: bool,
    /// The subject to begin with.
    pub subject: AttrValue,
    /// The type to begin with, as Danube spells it.
    #[prop_or(AttrValue::Static("json_schema"))]
    pub schema_type: AttrValue,
    /// The definition to begin with.
    #[prop_or_default]
    pub definition: AttrValue,
    /// Called when it has been closed.
    pub onclose: Callback<()>,
    /// Called with the subject when a schema has been registered. The panel stays and says so.
    pub onregistered: Callback<String>,
}

/// The panel. Test ids: `schema-subject`, `schema-type`, `schema-definition`, `schema-register`,
/// `schema-register-result`, `schema-fault`, `register-barred`; once registered, `schema-done`.
pub fn register_panel(props: &RegisterPanelProps) -> Html {
    html! {
        <Sheet id="schema-panel" title="Register a schema" open={props.open} onclose={props.onclose.clone()}>
            <Later part={Part::Register(props.clone())} />
        </Sheet>
    }
}

#[derive(Clone, PartialEq)]
enum Step {
    Editing,
    Saving,
    Saved(RegisterSchemaResponse),
    Failed(Failure),
}

/// Its content.
#[component]
pub fn RegisterForm(props: &RegisterPanelProps) -> Html {
    let subject = use_state(|| props.subject.to_string());
    let schema_type = use_state(|| props.schema_type.to_string());
    let definition = use_state(|| Rc::<str>::from(props.definition.as_str()));
    let step = use_state(|| Step::Editing);
    let caret = use_state(CaretRequest::default);
    let barred = use_console().read_only();
    let fault = use_fault(&schema_type, &definition);
    let conflicts = use_conflicts(&subject, &schema_type, &definition, fault == Some(None));
    let text = |state: &UseStateHandle<String>| {
        let (state, step) = (state.setter(), step.setter());
        Callback::from(move |value| {
            state.set(value);
            step.set(Step::Editing);
        })
    };
    let edit = {
        let (definition, step) = (definition.setter(), step.setter());
        Callback::from(move |value: String| {
            definition.set(value.into());
            step.set(Step::Editing);
        })
    };
    let save = {
        let (props, step) = (props.clone(), step.setter());
        let (subject, schema_type, definition) = (subject.clone(), schema_type.clone(), definition.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            step.set(Step::Saving);
            let bytes = Bytes::copy_from_slice(definition.as_bytes());
            let (subject, schema_type) = (subject.trim().to_owned(), (*schema_type).clone());
            let (step, onregistered) = (step.clone(), props.onregistered.clone());
            wasm_bindgen_futures::spawn_local(async move {
                match api::registry::register(&subject, &schema_type, bytes).await {
                    Ok(response) => {
                        step.set(Step::Saved(response));
                        onregistered.emit(subject);
                    }
                    Err(failure) => step.set(Step::Failed(failure)),
                }
            });
        })
    };
    let place = fault.clone().flatten().filter(|fault| fault.line > 0);
    let marks: Rc<[_]> = place.iter().map(|fault| mark(&definition, fault)).collect();
    let locate = {
        let (caret, definition) = (caret.clone(), definition.clone());
        Callback::from(move |fault: DefinitionFault| {
            caret.set(CaretRequest { byte: at(&definition, &fault), number: caret.number + 1 });
        })
    };
    let done = props.onclose.reform(|_: MouseEvent| ());
    let ready = !subject.trim().is_empty() && fault == Some(None) && *step != Step::Saving;
    let types = TYPES.map(|(value, words)| (AttrValue::Static(value), AttrValue::Static(words))).to_vec();
    html! {
        <form class="register" onsubmit={save}>
            { text_field(&props!(TextFieldProps {
                id: "schema-subject", label: "Subject", value: (*subject).clone(), onchange: text(&subject),
                mono: true, placeholder: "user-events",
                hint: "The name under which the versions of this schema are kept.",
            })) }
            <SelectField id="schema-type" label="Type" value={(*schema_type).clone()} onchange={text(&schema_type)}
                groups={vec![(AttrValue::default(), types)]} />
            <div class="field grow">
                <label for="schema-definition">{ "Definition" }</label>
                <Editor id="schema-definition" label="Definition" value={(*definition).clone()} onchange={edit} {marks} caret={*caret} language={language(&schema_type)}
                    described_by="schema-fault" placeholder={placeholder(&schema_type)} />
            </div>
            if !subject.trim().is_empty() {
                <Evolution ready={fault == Some(None)} candidate={Candidate {
                    subject: subject.trim().to_owned().into(), schema_type: (*schema_type).clone().into(), definition: (*definition).clone(),
                }} />
            }
            <div class="register-foot">
                { verdict(&fault, &definition, &conflicts, &locate) }
                if matches!(*step, Step::Saved(_)) {
                    <button type="button" class="primary" data-testid="schema-done" onclick={done}>{ "Done" }</button>
                } else {
                    <button type="submit" class="primary" data-testid="schema-register" disabled={!ready || barred.is_some()}>{ "Register" }</button>
                }
            </div>
            { lacking("register-barred", barred.as_ref()) }
            { result(&step, subject.trim()) }
        </form>
    }
}

/// What a definition of a type is coloured as.
fn language(schema_type: &str) -> &'static str {
    match schema_type {
        "json_schema" | "avro" => "json",
        "protobuf" => "protobuf",
        _ => "plain",
    }
}

fn mark(definition: &str, fault: &DefinitionFault) -> Mark {
    let byte = at(definition, fault);
    Mark { range: byte..byte, message: sentence(&fault.message).into() }
}

fn at(definition: &str, fault: &DefinitionFault) -> usize {
    byte_offset(definition, fault.line, fault.column)
}

/// What is wrong with a definition: `None` while it is being compiled, `Some(None)` where nothing is.
#[hook]
fn use_fault(schema_type: &str, definition: &Rc<str>) -> Option<Option<DefinitionFault>> {
    let console = use_console();
    let fault = use_state(|| None);
    {
        let setter = fault.setter();
        use_effect_with((schema_type.to_owned(), definition.clone()), move |(schema_type, definition)| {
            setter.set(None);
            let question = Question {
                sequence: 0,
                schema_type: schema_type.clone(),
                definition: Bytes::copy_from_slice(definition.as_bytes()),
                payload: None,
                encoding: String::new(),
                bulk: None,
                sample: None,
                form: false,
                fill: None,
                file: None,
            };
            let task = Task::spawn(async move {
                TimeoutFuture::new(REST_MS).await;
                let answered = move |outcome: Result<Answer, String>| {
                    setter.set(Some(match outcome {
                        Ok(answer) => answer.fault,
                        Err(message) => Some(DefinitionFault { message, line: 0, column: 0 }),
                    }));
                };
                console.checker.ask(question, Callback::from(answered));
            });
            move || drop(task)
        });
    }
    (*fault).clone()
}

/// Why a definition may not follow the versions there are. Asked only once it compiles.
#[hook]
fn use_conflicts(subject: &str, schema_type: &str, definition: &Rc<str>, compiles: bool) -> Vec<String> {
    let dependencies = (subject.trim().to_owned(), schema_type.to_owned(), definition.clone(), compiles);
    let conflicts = use_remote(dependencies, |(subject, schema_type, definition, compiles)| {
        let (subject, schema_type, compiles) = (subject.clone(), schema_type.clone(), *compiles);
        let definition = Bytes::copy_from_slice(definition.as_bytes());
        async move {
            if !compiles || subject.is_empty() {
                return Ok(Vec::new());
            }
            TimeoutFuture::new(REST_MS).await;
            // A subject without versions has nothing to be compatible with.
            if !api::registry::subjects().await?.iter().any(|known| known.subject == subject) {
                return Ok(Vec::new());
            }
            api::registry::incompatibilities(&subject, &schema_type, definition).await
        }
    });
    match conflicts {
        Remote::Ready(conflicts) => (*conflicts).clone(),
        Remote::Pending | Remote::Failed(_) => Vec::new(),
    }
}

fn verdict(
    fault: &Option<Option<DefinitionFault>>,
    definition: &str,
    conflicts: &[String],
    locate: &Callback<DefinitionFault>,
) -> Html {
    let content = match fault {
        None => html! { <span class="neutral">{ "Compiling…" }</span> },
        Some(Some(_)) if definition.trim().is_empty() => {
            html! { <span class="neutral">{ "Paste or type the definition; it is compiled as you type." }</span> }
        }
        Some(Some(fault)) if fault.line > 0 => {
            let onclick = {
                let fault = fault.clone();
                locate.reform(move |_: MouseEvent| fault.clone())
            };
            html! { <button type="button" class="violation bad" {onclick}>{ sentence(&fault.message) }</button> }
        }
        Some(Some(fault)) => html! { <span class="bad">{ sentence(&fault.message) }</span> },
        Some(None) if conflicts.is_empty() => html! { <span class="good">{ "Compiles." }</span> },
        Some(None) => html! {
            <div class="caution">
                <p>{ "Compiles, but does not follow the latest version:" }</p>
                <ul>{ conflicts.iter().map(|conflict| html! { <li>{ sentence(conflict) }</li> }).collect::<Html>() }</ul>
            </div>
        },
    };
    html! { <div id="schema-fault" class="register-verdict" data-testid="schema-fault" aria-live="polite">{ content }</div> }
}

fn result(step: &Step, subject: &str) -> Html {
    let content = match step {
        Step::Editing => return Html::default(),
        Step::Saving => html! { <p class="neutral">{ "Registering…" }</p> },
        Step::Saved(response) => {
            let what = if response.is_new_version { "Registered" } else { "Already registered, unchanged:" };
            let words = format!("{what} {subject} version {} (schema id {}).", response.version, response.schema_id);
            html! { <p class="good">{ words }</p> }
        }
        Step::Failed(failed) => failure(failed),
    };
    html! { <div class="register-result" role="status" data-testid="schema-register-result">{ content }</div> }
}
