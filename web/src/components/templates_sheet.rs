//! Messages kept under a name in this browser: save the one in the form, load one into it, rename and delete them.

use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew::props;

use super::dialog::Sheet;
use super::field::{TextFieldProps, text_field};
use super::icons;
use super::later::{Later, Part};
use super::message_files::MessageFiles;
use crate::archive;
use crate::state::form::ProduceForm;
use crate::state::template::{Template, problem};
use crate::state::verdict::sentence;
use crate::text::hex::preview;

/// Characters of a payload shown in a row.
const PREVIEW_CHARACTERS_MAX: usize = 160;

/// Properties of [`templates_sheet`].
#[derive(Clone, PartialEq, Properties)]
pub struct TemplatesSheetProps {
    /// Whether it is shown.
    pub open: bool,
    /// Called when it has been closed.
    pub onclose: Callback<()>,
    /// What would be saved.
    pub form: ProduceForm,
    /// Called with a form to edit.
    pub onload: Callback<ProduceForm>,
}

/// The sheet. Test ids: `templates`, `template-name`, `template-save`, `template-problem`, `template-row`, `template-load`,
/// `template-rename`, `template-rename-name`, `template-rename-go`, `template-remove`.
pub fn templates_sheet(props: &TemplatesSheetProps) -> Html {
    html! {
        <Sheet id="templates" title="Templates" open={props.open} onclose={props.onclose.clone()}>
            <Later part={Part::Templates(props.clone())} />
        </Sheet>
    }
}

/// What is kept.
#[derive(Clone, PartialEq)]
enum Kept {
    Pending,
    Ready(Vec<Template>),
    Nothing,
}

/// The kept templates, and how they change.
#[derive(Clone, PartialEq)]
struct Shelf {
    kept: Kept,
    refused: AttrValue,
    /// Keeps a template; the second is what it was called before.
    keep: Callback<(Template, Option<String>)>,
    forget: Callback<String>,
    /// Reads again what is kept.
    reload: Callback<()>,
}

impl Shelf {
    fn templates(&self) -> &[Template] {
        match &self.kept {
            Kept::Ready(templates) => templates,
            Kept::Pending | Kept::Nothing => &[],
        }
    }
}

#[hook]
fn use_shelf() -> Shelf {
    let kept = use_state(|| Kept::Pending);
    let refused = use_state(AttrValue::default);
    let done = {
        let (kept, refused) = (kept.setter(), refused.setter());
        Callback::from(move |outcome: Result<(), JsValue>| {
            let (kept, refused) = (kept.clone(), refused.clone());
            refused.set(AttrValue::Static(if outcome.is_ok() {
                ""
            } else {
                "this browser did not keep that: its storage is full or closed to the page"
            }));
            spawn_local(async move { kept.set(archive::templates().await.map_or(Kept::Nothing, Kept::Ready)) });
        })
    };
    {
        let done = done.clone();
        use_effect_with((), move |()| done.emit(Ok(())));
    }
    let keep = {
        let done = done.clone();
        Callback::from(move |(template, before): (Template, Option<String>)| {
            let done = done.clone();
            spawn_local(async move { done.emit(archive::keep_template(&template, before.as_deref()).await) });
        })
    };
    let reload = done.reform(|()| Ok(()));
    let forget = Callback::from(move |name: String| {
        let done = done.clone();
        spawn_local(async move { done.emit(archive::forget_template(&name).await) });
    });
    Shelf { kept: (*kept).clone(), refused: (*refused).clone(), keep, forget, reload }
}

/// Its content.
#[component]
pub fn TemplatesContent(props: &TemplatesSheetProps) -> Html {
    let shelf = use_shelf();
    let list = match &shelf.kept {
        Kept::Pending => html! { <p class="muted">{ "Reading…" }</p> },
        Kept::Nothing => {
            html! { <p class="caution" role="alert">{ "This browser does not let the page keep anything." }</p> }
        }
        Kept::Ready(templates) if templates.is_empty() => html! {
            <p class="muted">{ "Nothing is kept yet. A template is the whole message: topic, schema, key, attributes and payload. It stays in this browser." }</p>
        },
        Kept::Ready(templates) => html! {
            <ol class="history">{ for templates.iter().map(|template| html! {
                <Row key={template.name.clone()} template={template.clone()} shelf={shelf.clone()} onload={props.onload.clone()} />
            }) }</ol>
        },
    };
    html! {
        <div class="templates">
            <Save form={props.form.clone()} shelf={shelf.clone()} />
            if !shelf.refused.is_empty() { <p class="bad" role="alert">{ sentence(&shelf.refused) }</p> }
            { list }
            if let Kept::Ready(templates) = &shelf.kept {
                <MessageFiles templates={templates.clone()} onimported={shelf.reload.clone()} />
            }
        </div>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct SaveProps {
    form: ProduceForm,
    shelf: Shelf,
}

/// The form under a new name.
#[component]
fn Save(props: &SaveProps) -> Html {
    let name = use_state(String::new);
    let onchange = {
        let name = name.setter();
        Callback::from(move |text: String| name.set(text))
    };
    let wrong = problem(&name, props.shelf.templates());
    let ready = !name.trim().is_empty() && wrong.is_none();
    let onsubmit = {
        let (name, form, keep) = (name.clone(), props.form.clone(), props.shelf.keep.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if ready {
                keep.emit((Template::new(&name, &form), None));
                name.set(String::new());
            }
        })
    };
    html! {
        <form class="template-save" {onsubmit}>
            { text_field(&props!(TextFieldProps {
                id: "template-name", label: "Save the message in the form as", value: (*name).clone(), onchange,
                placeholder: "order, paid", problem: wrong.map(AttrValue::from),
            })) }
            <button type="submit" class="primary" data-testid="template-save" disabled={!ready}>{ "Save" }</button>
        </form>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct RowProps {
    template: Template,
    shelf: Shelf,
    onload: Callback<ProduceForm>,
}

#[component]
fn Row(props: &RowProps) -> Html {
    let naming = use_state(|| None::<String>);
    let form = props.template.form();
    let own = props.template.name.clone();
    let load = {
        let form = form.clone();
        props.onload.reform(move |_: MouseEvent| form.clone())
    };
    let remove = {
        let own = own.clone();
        props.shelf.forget.reform(move |_: MouseEvent| own.clone())
    };
    let begin = {
        let (naming, own) = (naming.setter(), own.clone());
        Callback::from(move |_: MouseEvent| naming.set(Some(own.clone())))
    };
    let topic = if form.topic.is_empty() { "no topic" } else { &*form.topic };
    html! {
        <li class="history-row" data-testid="template-row">
            if let Some(name) = &*naming {
                <Rename name={name.clone()} naming={naming.setter()} template={props.template.clone()} shelf={props.shelf.clone()} />
            } else {
                <p class="result-head"><strong>{ &own }</strong><code>{ topic }</code></p>
            }
            <p class="mono history-payload">{ preview(form.payload.as_bytes(), PREVIEW_CHARACTERS_MAX) }</p>
            <div class="history-foot">
                <span class="muted">{ if form.template { "filled in before it is sent" } else { "sent as it is" } }</span>
                <button type="button" class="quiet" data-testid="template-load" onclick={load}>{ "Load" }</button>
                <button type="button" class="quiet" data-testid="template-rename" onclick={begin}>{ "Rename" }</button>
                <button type="button" class="quiet icon-button" data-testid="template-remove" aria-label={format!("Delete the template {own}")} onclick={remove}>
                    { icons::close() }
                </button>
            </div>
        </li>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct RenameProps {
    name: String,
    naming: UseStateSetter<Option<String>>,
    template: Template,
    shelf: Shelf,
}

/// Another name for a template.
#[component]
fn Rename(props: &RenameProps) -> Html {
    let own = &props.template.name;
    let others: Vec<Template> = props.shelf.templates().iter().filter(|other| other.name != *own).cloned().collect();
    let wrong = problem(&props.name, &others);
    let ready = !props.name.trim().is_empty() && wrong.is_none();
    let onchange = {
        let naming = props.naming.clone();
        Callback::from(move |text: String| naming.set(Some(text)))
    };
    let onsubmit = {
        let props = props.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if ready {
                props.shelf.keep.emit((props.template.renamed(&props.name), Some(props.template.name.clone())));
                props.naming.set(None);
            }
        })
    };
    html! {
        <form class="template-save" {onsubmit}>
            { text_field(&props!(TextFieldProps {
                id: "template-rename-name", label: format!("Another name for {own}"), value: props.name.clone(), onchange,
                problem: wrong.map(AttrValue::from),
            })) }
            <button type="submit" class="secondary" data-testid="template-rename-go" disabled={!ready}>{ "Rename" }</button>
        </form>
    }
}
