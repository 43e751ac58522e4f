//! The payload of a message, as JSON in the editor or as a form of its schema, with its size, and the buttons that lay
//! JSON out and make a sample. Both show one text.

use std::rc::Rc;

use irongate_proto::irongate_v1::Violation;
use yew::prelude::*;

use super::editor::{CaretRequest, Editor, Mark};
use super::form_view::FormViewProps;
use super::later::{Later, Part};
use crate::browser;
use crate::hooks::use_sample::Sampling;
use crate::state::form::{FormAction, ProduceForm};
use crate::state::schema_choice::SchemaLookup;
use crate::text::json_format::pretty;
use crate::text::size;

/// Types of schemas that there is a form of.
const FORM_TYPES: [&str; 3] = ["json_schema", "avro", "protobuf"];

/// Properties of [`Payload`].
#[derive(Clone, PartialEq, Properties)]
pub struct PayloadProps {
    /// The form of the page.
    pub form: UseReducerHandle<ProduceForm>,
    /// What the payload is checked against.
    pub schema: SchemaLookup,
    /// What is wrong with it.
    pub violations: Rc<[Violation]>,
    /// What to underline.
    pub marks: Rc<[Mark]>,
    /// Where the caret shall go.
    pub caret: CaretRequest,
    /// Whether the draft could be kept.
    pub kept: bool,
    /// Makes samples.
    pub sampling: Sampling,
}

/// The field. Test ids: `produce-payload`, `produce-generate`, `produce-seed`, `produce-sample-problem`, `produce-format`; where there is
/// a form, `payload-json` and `payload-form`.
#[component]
pub fn Payload(props: &PayloadProps) -> Html {
    let form = &props.form;
    let as_form = use_state(|| false);
    {
        // A place in the text is shown in the text.
        let as_form = as_form.setter();
        use_effect_with(props.caret, move |caret| {
            if caret.number > 0 {
                as_form.set(false);
            }
        });
    }
    let schema = match &props.schema {
        SchemaLookup::Found(schema) if FORM_TYPES.contains(&&*schema.schema_type) => Some(schema.clone()),
        SchemaLookup::Found(_) | SchemaLookup::None | SchemaLookup::Pending | SchemaLookup::Unresolved(_) => None,
    };
    let in_form = *as_form && schema.is_some();
    let onchange = {
        let form = form.dispatcher();
        Callback::from(move |text| form.dispatch(FormAction::Payload(text)))
    };
    let tab = |id: &'static str, words: &'static str, this: bool| {
        let as_form = as_form.setter();
        let onclick = Callback::from(move |_: MouseEvent| as_form.set(this));
        let current = in_form == this;
        html! {
            <button type="button" class={classes!("tab", current.then_some("current"))} aria-pressed={current.to_string()} data-testid={id} {onclick}>
                { words }</button>
        }
    };
    html! {
        <div class="field payload">
            <div class="label-row">
                <label for="produce-payload">{ "Payload" }</label>
                if schema.is_some() {
                    <div class="tabs" role="group" aria-label="Edit the payload as">
                        { tab("payload-json", "JSON", false) }{ tab("payload-form", "Form", true) }</div>
                }
                { tools(props) }
            </div>
            if !props.sampling.problem.is_empty() {
                <p class="note problem" role="alert" data-testid="produce-sample-problem">{ "No sample: " }{ &props.sampling.problem }</p>
            }
            if let (Some(seed), Some(make)) = (props.sampling.seed, props.sampling.make.clone()) {
                <Seed {seed} {make} />
            }
            // Hidden rather than gone: it knows what can be undone.
            <div class="payload-text" hidden={in_form}>
                <Editor id="produce-payload" label="Payload" value={form.payload.clone()} onchange={onchange.clone()} marks={props.marks.clone()}
                    caret={props.caret} described_by="violations" placeholder={"{ \"user_id\": \"u123\" }"} />
            </div>
            if let Some(schema) = schema.filter(|_| in_form) {
                <Later part={Part::Form(FormViewProps { schema, text: form.payload.clone(), violations: props.violations.clone(), onchange })} />
            }
        </div>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct SeedProps {
    seed: u64,
    make: Callback<Option<u64>>,
}

/// What the last sample was made with. Another number makes another one, the same number the same.
#[component]
fn Seed(props: &SeedProps) -> Html {
    let typed = use_state(|| None::<String>);
    let oninput = {
        let typed = typed.setter();
        Callback::from(move |event: InputEvent| typed.set(Some(browser::value_of(&event))))
    };
    let onchange = {
        let (typed, make) = (typed.setter(), props.make.clone());
        Callback::from(move |event: Event| {
            if let Ok(seed) = browser::value_of(&event).trim().parse() {
                make.emit(Some(seed));
            }
            // What is no seed gives way to the one there is.
            typed.set(None);
        })
    };
    let value = (*typed).clone().unwrap_or_else(|| props.seed.to_string());
    html! {
        <p class="note seed">
            <label for="produce-seed">{ "Generated with the seed" }</label>
            <input id="produce-seed" data-testid="produce-seed" class="mono" inputmode="numeric" {value} autocomplete="off" {oninput} {onchange} />
        </p>
    }
}

/// Size and buttons.
fn tools(props: &PayloadProps) -> Html {
    let form = &props.form;
    let format = {
        let form = form.clone();
        Callback::from(move |_: MouseEvent| {
            // What is not JSON stays as it is; the underline says where.
            if let Some(text) = pretty(&form.payload) {
                form.dispatch(FormAction::Payload(text));
                browser::focus("#produce-payload");
            }
        })
    };
    html! {
        <>
            if !props.kept {
                <span class="note problem">{ "too large to be kept as a draft: a reload would lose it" }</span>
            }
            <span class="note payload-size">{ size::bytes(form.payload.len() as u64) }</span>
            if let Some(make) = &props.sampling.make {
                <button type="button" class="quiet" data-testid="produce-generate" onclick={make.reform(|_: MouseEvent| None)}
                    title="A valid message made from the schema; what is here goes into the history">{ "Generate" }</button>
            }
            <button type="button" class="quiet" data-testid="produce-format" disabled={form.payload.is_empty()} onclick={format}
                title="Lay the JSON out anew; only white space changes">{ "Format" }</button>
        </>
    }
}
