//! Produce: a form on the left, on the right what will happen and what has happened.

use irongate_proto::irongate_v1::Feature;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew::props;

use crate::archive;
use crate::browser::{checked_of, epoch_ms};
use crate::components::attributes::{AttributesProps, attributes};
use crate::components::bulk_sheet::{BulkSheetProps, bulk_sheet};
use crate::components::confirm::{ConfirmProps, confirm};
use crate::components::copy_sheet::{CopySheetProps, copy_sheet};
use crate::components::dry_run_sheet::{DryRunSheetProps, dry_run_sheet};
use crate::components::editor::CaretRequest;
use crate::components::filled_view::FilledViewProps;
use crate::components::history_sheet::{HistorySheetProps, history_sheet};
use crate::components::later::{Later, Part};
use crate::components::outcome_list::{OutcomeListProps, outcome_list};
use crate::components::payload::Payload;
use crate::components::register_panel::{RegisterPanelProps, register_panel};
use crate::components::schema_picker::{SchemaPickerProps, schema_picker};
use crate::components::send_bar::{SendBarProps, send_bar};
use crate::components::target::{TargetProps, target_fields};
use crate::components::templates_sheet::{TemplatesSheetProps, templates_sheet};
use crate::components::verdict_card::{VerdictCardProps, verdict_card};
use crate::components::violation_list::ViolationList;
use crate::components::wire_view::{WireViewProps, wire_view};
use crate::hooks::use_action::Progress;
use crate::hooks::use_address::{Address, use_address};
use crate::hooks::use_console::{Console, use_console};
use crate::hooks::use_produce::{Produce as Knowledge, use_produce};
use crate::hooks::use_sender::Sender;
use crate::hooks::use_shortcuts::is_send;
use crate::routes::Route;
use crate::state::example;
use crate::state::explain::Remedy;
use crate::state::form::{FormAction, ProduceForm};
use crate::state::history::Record;
use crate::state::outcomes::OutcomeAction;
use crate::state::schema_choice::VersionChoice;
use crate::text::size::counted;

/// The page. Test ids besides those of its components: `produce-example`, `produce-template`, and `check`, which is
/// busy while the violations are those of an older text.
#[component]
pub fn Produce() -> Html {
    let console = use_console();
    let known = use_produce(&console);
    let panel = use_panel(&known, &console);
    let sheets = use_sheets(&known, &console);
    let address = use_address();
    let caret = use_state(CaretRequest::default);
    let locate = {
        let caret = caret.clone();
        Callback::from(move |byte| caret.set(CaretRequest { byte, number: caret.number + 1 }))
    };
    let onkeydown = {
        let send = known.sender.send.clone();
        Callback::from(move |event: KeyboardEvent| {
            if is_send(&event) {
                event.prevent_default();
                send.emit(());
            }
        })
    };
    let Knowledge { form, facts, sender, violations, .. } = &known;
    let list = html! {
        <div aria-busy={known.checking.to_string()} data-testid="check">
            <p class="hidden" role="status" aria-live="polite">{ spoken(violations.len()) }</p>
            <ViolationList violations={violations.clone()} onlocate={(!form.template).then(|| locate.clone())} />
        </div>
    };
    html! {
        <div class="produce" {onkeydown}>
            <header class="page-head">
                <h1>{ "Produce" }</h1>
                <button type="button" class="quiet" data-testid="produce-example" onclick={panel.example.clone()}>{ "Try the guide's example" }</button>
                <div class="row-actions">
                    <button type="button" class="secondary" data-testid="produce-bulk" onclick={sheets.bulk}>{ "From a file…" }</button>
                    <button type="button" class="secondary" data-testid="produce-copy" onclick={sheets.copy}>{ "Copy as…" }</button>
                    <button type="button" class="secondary" data-testid="produce-templates" onclick={sheets.templates}>{ "Templates" }</button>
                    <button type="button" class="secondary" data-testid="produce-history" onclick={sheets.history}>{ "History" }</button>
                </div>
            </header>
            <div class="columns">
                <div class="column-main">
                    { target_fields(&props!(TargetProps {
                        form: form.clone(), facts: facts.clone(), topics: known.topics.clone(),
                    })) }
                    { attributes(&props!(AttributesProps { form: form.clone() })) }
                    { schema_picker(&props!(SchemaPickerProps {
                        form: form.clone(), facts: facts.clone(), subjects: known.subjects.clone(),
                        versions: known.versions.clone(), onregister: panel.open.clone(),
                    })) }
                    <Payload form={form.clone()} schema={known.schema.clone()} violations={violations.clone()} marks={known.marks()}
                        caret={*caret} kept={known.kept} sampling={known.sampling.clone()} />
                    { template(&known) }
                    { wire_view(&props!(WireViewProps { form: form.clone(), format: known.format.clone() })) }
                    { send_bar(&props!(SendBarProps {
                        form: form.clone(), facts: facts.clone(), sender: sender.clone(), barred: console.read_only(),
                        ondry: sheets.dry_run.clone(),
                    })) }
                </div>
                <aside class="column-side" aria-label="Verdicts and results">
                    { verdict_card(&props!(VerdictCardProps {
                        id: "verdict-schema", title: "What the schema says",
                        verdict: known.of_schema.clone(), children: list,
                    })) }
                    { verdict_card(&props!(VerdictCardProps {
                        id: "verdict-broker", title: "What the broker will do",
                        verdict: known.of_broker.clone(),
                    })) }
                    { outcome_list(&props!(OutcomeListProps {
                        outcomes: sender.outcomes.clone(), onremedy: remedy(&known, &panel, &address), onclear: clear(&known), onlocate: locate,
                        no_offsets: console.missing(Feature::Offsets),
                    })) }
                </aside>
            </div>
            { panel.content.clone() }
            { sheets.content }
            { on_production(form, sender) }
        </div>
    }
}

/// Asks for the topic's name before a message goes to production.
fn on_production(form: &ProduceForm, sender: &Sender) -> Html {
    let (yes, no) = (sender.answer.reform(|()| true), sender.answer.reform(|()| false));
    confirm(&props!(ConfirmProps {
        open: sender.asking,
        title: "Send to production",
        what: "This host is production: whoever reads the topic gets this message, and it cannot be taken back.",
        name: form.topic.to_string(),
        verb: "Send the message",
        progress: Progress::Idle,
        onclose: no,
        onconfirm: yes,
    }))
}

/// Which sheet lies over the page.
#[derive(Clone, Copy, PartialEq)]
enum Over {
    Nothing,
    History,
    Templates,
    Copy,
    Bulk,
    DryRun,
}

/// History and copies, with what opens them.
struct Sheets {
    history: Callback<MouseEvent>,
    templates: Callback<MouseEvent>,
    copy: Callback<MouseEvent>,
    bulk: Callback<MouseEvent>,
    dry_run: Callback<MouseEvent>,
    content: Html,
}

#[hook]
fn use_sheets(known: &Knowledge, console: &Console) -> Sheets {
    let over = use_state(|| Over::Nothing);
    let set = |which: Over| {
        let over = over.setter();
        Callback::from(move |()| over.set(which))
    };
    let edit = {
        let (form, close) = (known.form.clone(), set(Over::Nothing));
        Callback::from(move |other: ProduceForm| {
            keep_replaced(&form, &other);
            form.dispatch(FormAction::Replace(other));
            close.emit(());
        })
    };
    let resend = {
        let (edit, send) = (edit.clone(), known.sender.send.clone());
        Callback::from(move |other| {
            edit.emit(other);
            // It waits for topic, schema and check like any other.
            send.emit(());
        })
    };
    let content = html! {
        <>
            { history_sheet(&props!(HistorySheetProps {
                open: *over == Over::History, onclose: set(Over::Nothing), onedit: edit.clone(), onresend: resend,
            })) }
            { templates_sheet(&props!(TemplatesSheetProps {
                open: *over == Over::Templates, onclose: set(Over::Nothing), form: known.settled(), onload: edit.clone(),
            })) }
            { bulk_sheet(&props!(BulkSheetProps {
                open: *over == Over::Bulk, onclose: set(Over::Nothing), target: known.bulk.clone(),
            })) }
            { dry_run_sheet(&props!(DryRunSheetProps {
                open: *over == Over::DryRun, onclose: set(Over::Nothing), form: known.filling.form().map(|form| (**form).clone()),
                facts: known.facts.clone(), payload: known.payload(), checking: known.checking, barred: console.read_only(),
                onsend: known.sender.send.clone(),
            })) }
            { copy_sheet(&props!(CopySheetProps {
                open: *over == Over::Copy, onclose: set(Over::Nothing), form: known.filling.form().map(|form| (**form).clone()).unwrap_or_default(),
                typed: known.settled(), facts: known.facts.clone(), payload: known.payload(),
            })) }
        </>
    };
    let opening = |which: Over| set(which).reform(|_: MouseEvent| ());
    Sheets {
        history: opening(Over::History),
        templates: opening(Over::Templates),
        copy: opening(Over::Copy),
        bulk: opening(Over::Bulk),
        dry_run: opening(Over::DryRun),
        content,
    }
}

/// What another message takes the place of goes into the history, unless it is there or shall not be.
fn keep_replaced(form: &ProduceForm, other: &ProduceForm) {
    if form.payload.is_empty() || form.private || form == other {
        return;
    }
    let record = Record::replaced(epoch_ms(), form);
    // Where this browser keeps nothing, the other message is shown all the same.
    spawn_local(async move { drop(archive::keep(&record).await) });
}

fn spoken(count: usize) -> String {
    if count == 0 { String::new() } else { counted(count, "violation", "violations") }
}

/// Whether the message is a template, and what it is filled in as.
fn template(known: &Knowledge) -> Html {
    let form = &known.form;
    let onchange = {
        let form = form.dispatcher();
        Callback::from(move |event: Event| form.dispatch(FormAction::Template(checked_of(&event))))
    };
    let onseed = {
        let form = form.dispatcher();
        Callback::from(move |seed| form.dispatch(FormAction::Seed(seed)))
    };
    html! {
        <div class="template">
            <label class="check private">
                <input type="checkbox" data-testid="produce-template" checked={form.template} {onchange} />
                <span>{ "Fill in " }<code>{ "{{uuid}} {{now}} {{seq}} {{random_int(1, 6)}}" }</code>{ " and the like" }</span>
            </label>
            if form.template {
                <Later part={Part::Filled(FilledViewProps {
                    filling: known.filling.clone(), seed: form.seed, number: known.number, onseed, onagain: known.again.clone(),
                })} />
            }
        </div>
    }
}

/// Does what a button beside a failure says.
fn remedy(known: &Knowledge, panel: &Panel, address: &Address) -> Callback<Remedy> {
    let (form, topic, send) = (known.form.dispatcher(), known.form.topic.clone(), known.sender.send.clone());
    let (register, address) = (panel.open.clone(), address.clone());
    Callback::from(move |remedy| match remedy {
        Remedy::Nothing => {}
        Remedy::OwnSubject => form.dispatch(FormAction::Subject(String::new())),
        Remedy::LatestVersion => form.dispatch(FormAction::Version(VersionChoice::Latest)),
        Remedy::Register => register.emit(()),
        Remedy::Topic => address.go(Route::Topics, &[("topic", &topic)], true),
        Remedy::Again => send.emit(()),
    })
}

fn clear(known: &Knowledge) -> Callback<()> {
    let outcomes = known.sender.outcomes.dispatcher();
    Callback::from(move |()| outcomes.dispatch(OutcomeAction::Cleared))
}

/// The register panel with what opens it.
struct Panel {
    open: Callback<()>,
    example: Callback<MouseEvent>,
    content: Html,
}

/// Whether the panel is open, and what it begins with.
#[derive(Clone, Default, PartialEq)]
struct PanelState {
    open: bool,
    subject: AttrValue,
    definition: AttrValue,
}

#[hook]
fn use_panel(known: &Knowledge, console: &Console) -> Panel {
    let state = use_state(PanelState::default);
    let open = {
        let (state, subject) = (state.setter(), known.form.subject.clone());
        Callback::from(move |()| {
            state.set(PanelState { open: true, subject: subject.clone().into(), definition: AttrValue::default() })
        })
    };
    let example = {
        let (form, state, registered) = (known.form.dispatcher(), state.setter(), known.example_registered());
        Callback::from(move |_: MouseEvent| {
            form.dispatch(FormAction::Replace(example::form()));
            let subject = example::SUBJECT.into();
            state.set(PanelState { open: !registered, subject, definition: example::DEFINITION.into() });
        })
    };
    let close = {
        let state = state.clone();
        Callback::from(move |()| state.set(PanelState { open: false, ..(*state).clone() }))
    };
    let registered = {
        let (form, changed) = (known.form.dispatcher(), console.changed.clone());
        Callback::from(move |subject| {
            form.dispatch(FormAction::Subject(subject));
            changed.emit(());
        })
    };
    let PanelState { open: is_open, subject, definition } = (*state).clone();
    let content = html! {
        { register_panel(&props!(RegisterPanelProps {
            open: is_open, subject, definition, onclose: close, onregistered: registered,
        })) }
    };
    Panel { open, example, content }
}
