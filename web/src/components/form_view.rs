//! The payload as a form of its schema. The text is what there is: every field shows a place of it and changes that
//! place only. While the text is not JSON, the form waits.

use std::rc::Rc;

use irongate_proto::irongate_v1::Violation;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::form_field::{Drawing, draw_root};
use crate::checks::form_model::Field;
use crate::checks::message::Question;
use crate::hooks::use_console::use_console;
use crate::state::form_value::{blank, resolved};
use crate::state::schema_choice::RegisteredSchema;
use crate::state::verdict::sentence;
use crate::text::json_edit::{Step, remove, rename, set};
use crate::text::json_tree::parse;
use crate::text::size;

/// Longer texts are edited as text: a form of them would not help anybody.
pub const FORM_TEXT_BYTES_MAX: usize = 300_000;

/// One change to the text.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// A value takes this place.
    Set(Vec<Step>, String),
    /// A value goes.
    Remove(Vec<Step>),
    /// A member gets another name.
    Rename(Vec<Step>, String),
}

impl Edit {
    fn of(&self, text: &str) -> Option<String> {
        match self {
            Edit::Set(steps, value) => set(text, steps, value),
            Edit::Remove(steps) => remove(text, steps),
            Edit::Rename(steps, name) => rename(text, steps, name),
        }
    }
}

/// Properties of [`FormView`].
#[derive(Clone, PartialEq, Properties)]
pub struct FormViewProps {
    /// What it is a form of.
    pub schema: Rc<RegisteredSchema>,
    /// The text.
    pub text: Rc<str>,
    /// What is wrong with it.
    pub violations: Rc<[Violation]>,
    /// Called with the text after a change.
    pub onchange: Callback<String>,
}

/// Where the form stands.
#[derive(Clone, PartialEq)]
enum Model {
    Pending,
    Ready(Rc<Field>),
    Failed(AttrValue),
}

#[hook]
fn use_model(schema: &Rc<RegisteredSchema>) -> Model {
    let checker = use_console().checker;
    let model = use_state(|| Model::Pending);
    {
        let model = model.setter();
        use_effect_with(schema.clone(), move |schema| {
            let question = Question {
                schema_type: schema.schema_type.clone(),
                definition: schema.definition.clone(),
                form: true,
                ..Question::default()
            };
            model.set(Model::Pending);
            spawn_local(async move {
                model.set(match checker.answer_to(question).await.map(|answer| (answer.fault, answer.form)) {
                    Ok((None, Some(form))) => Model::Ready(Rc::new(form)),
                    Ok((Some(fault), _)) => Model::Failed(fault.message.into()),
                    Ok((None, None)) => {
                        Model::Failed("the schema worker is of another version; reload the page".into())
                    }
                    Err(why) => Model::Failed(why.into()),
                });
            });
        });
    }
    (*model).clone()
}

/// The form. Test ids: `form`, `form-waiting`, `form-begin`; of each field, `form` with the JSON pointer of its value,
/// and that with `-remove`, `-null`, `-add`, `-branch`, `-name`.
#[component]
pub fn FormView(props: &FormViewProps) -> Html {
    let model = use_model(&props.schema);
    let onedit = {
        let (text, onchange) = (props.text.clone(), props.onchange.clone());
        Callback::from(move |edits: Vec<Edit>| {
            let begun = text.to_string();
            // Where one of them cannot be made, none is: the text stays as it is.
            if let Some(text) = edits.iter().try_fold(begun, |text, edit| edit.of(&text)) {
                onchange.emit(text);
            }
        })
    };
    let root = match &model {
        Model::Pending => return html! { <p class="muted" role="status">{ "Reading the schema…" }</p> },
        Model::Failed(why) => return html! { <p class="bad" role="alert">{ "No form: " }{ why }</p> },
        Model::Ready(root) => root,
    };
    if props.text.len() > FORM_TEXT_BYTES_MAX {
        let limit = size::bytes(FORM_TEXT_BYTES_MAX as u64);
        return waiting(&format!("Texts longer than {limit} are edited as JSON."));
    }
    if props.text.trim().is_empty() {
        let value = blank(root, resolved(root, root));
        let begin = onedit.reform(move |_: MouseEvent| vec![Edit::Set(Vec::new(), value.clone())]);
        return html! {
            <div class="form-waiting">
                <p class="muted">{ "Nothing has been written yet." }</p>
                <button type="button" class="secondary" data-testid="form-begin" onclick={begin}>{ "Begin with the required fields" }</button>
            </div>
        };
    }
    let Some(tree) = parse(&props.text) else {
        return waiting(
            "The text is not JSON at the moment, so the form waits. The text is kept as it is; the form follows as soon as it can be read.",
        );
    };
    let notes: Vec<(String, String)> =
        props.violations.iter().map(|broken| (broken.instance_path.clone(), sentence(&broken.message))).collect();
    let drawing = Drawing { root, text: &props.text, notes: &notes, onedit: &onedit };
    html! {
        <div class="form" data-testid="form" role="group" aria-label="Payload as a form">
            { draw_root(&drawing, &tree) }
        </div>
    }
}

fn waiting(words: &str) -> Html {
    html! { <div class="form-waiting"><p class="muted" role="status" data-testid="form-waiting">{ words.to_owned() }</p></div> }
}
