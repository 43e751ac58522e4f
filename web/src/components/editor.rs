//! A field for code. The code editor stands in it as soon as its script is there; until then, and where it could not be
//! fetched, a plain text area. What is typed into one is never lost to the other: they change places only while nobody
//! is typing.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, HtmlTextAreaElement};
use yew::prelude::*;

use super::code_editor::{CodeEditor, Options, loaded};
use crate::browser;
use crate::text::lines::utf16_offset;
use crate::text::marks::{utf16_places, visible};

/// Where the caret shall go. Two requests for one place differ in their number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaretRequest {
    /// A byte of the text.
    pub byte: usize,
    /// Counts up.
    pub number: u32,
}

/// Something to underline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Bytes of the text.
    pub range: Range<usize>,
    /// What is wrong there.
    pub message: AttrValue,
}

/// Properties of [`Editor`].
#[derive(Clone, PartialEq, Properties)]
pub struct EditorProps {
    /// Unique in the page; also the `data-testid` of what takes the keys.
    pub id: AttrValue,
    /// What the text is, for screen readers.
    pub label: AttrValue,
    /// The text.
    pub value: Rc<str>,
    /// Called with the new text at every change.
    pub onchange: Callback<String>,
    /// What it is coloured as: `json`, `protobuf`, `plain`.
    #[prop_or(AttrValue::Static("json"))]
    pub language: AttrValue,
    /// What to underline.
    #[prop_or_default]
    pub marks: Rc<[Mark]>,
    /// Moves the caret when its number changes.
    #[prop_or_default]
    pub caret: CaretRequest,
    /// The `id` of the element that says what is wrong.
    #[prop_or_default]
    pub described_by: Option<AttrValue>,
    /// Shown while the text is empty.
    #[prop_or_default]
    pub placeholder: AttrValue,
}

/// An editor with what it holds on to.
struct Running {
    editor: CodeEditor,
    /// The text that it has, so that it is not told what it said itself.
    text: Rc<RefCell<String>>,
    _onchange: Closure<dyn Fn(String)>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.editor.destroy();
    }
}

fn open(host: &NodeRef, props: &EditorProps, latest: &Rc<RefCell<EditorProps>>) -> Option<Running> {
    let text = Rc::new(RefCell::new(props.value.to_string()));
    let onchange = {
        let (text, latest) = (text.clone(), latest.clone());
        Closure::<dyn Fn(String)>::new(move |typed: String| {
            text.borrow_mut().clone_from(&typed);
            let onchange = latest.borrow().onchange.clone();
            onchange.emit(typed);
        })
    };
    let options = Options {
        id: &props.id,
        label: &props.label,
        described_by: props.described_by.as_deref().unwrap_or_default(),
        placeholder: &props.placeholder,
        language: &props.language,
        text: &props.value,
    };
    let editor = CodeEditor::open(&host.cast::<Element>()?, &options, &onchange)?;
    Some(Running { editor, text, _onchange: onchange })
}

/// The editor.
#[component]
pub fn Editor(props: &EditorProps) -> Html {
    let area = use_node_ref();
    let host = use_node_ref();
    let running = use_state(|| None::<Rc<Running>>);
    let is_loaded = use_state(|| false);
    let latest = use_mut_ref(|| props.clone());
    latest.replace(props.clone());
    {
        let is_loaded = is_loaded.setter();
        use_effect_with((), move |()| spawn_local(async move { is_loaded.set(loaded().await) }));
    }
    let change_places = {
        let (area, host, running, is_loaded, latest) =
            (area.clone(), host.clone(), running.clone(), *is_loaded, latest.clone());
        Callback::from(move |()| {
            let typing = area.cast::<Element>().is_some_and(|area| browser::has_focus(&area));
            if is_loaded && running.is_none() && !typing {
                let props = latest.borrow().clone();
                running.set(open(&host, &props, &latest).map(Rc::new));
            }
        })
    };
    {
        let change_places = change_places.clone();
        use_effect_with(*is_loaded, move |_| change_places.emit(()));
    }
    use_state_of_code(&running, props);
    {
        let (area, running, text) = (area.clone(), (*running).clone(), props.value.clone());
        use_effect_with(props.caret, move |caret| {
            if caret.number > 0 {
                go_to(running.as_deref(), &area, utf16_offset(&text, caret.byte));
            }
        });
    }
    let oninput = props.onchange.reform(|event: InputEvent| browser::value_of(&event));
    let onchange = props.onchange.reform(|event: Event| browser::value_of(&event));
    let onblur = change_places.reform(|_: FocusEvent| ());
    html! {
        <div class="editor">
            <div class="editor-code" ref={host}></div>
            if running.is_none() {
                <textarea
                    ref={area}
                    id={props.id.clone()}
                    data-testid={props.id.clone()}
                    aria-label={props.label.clone()}
                    aria-describedby={props.described_by.clone()}
                    placeholder={props.placeholder.clone()}
                    value={props.value.to_string()}
                    spellcheck="false"
                    autocomplete="off"
                    autocapitalize="none"
                    wrap="off"
                    {oninput}
                    {onchange}
                    {onblur}
                />
            }
        </div>
    }
}

/// Text, language and underlines of a running editor follow the properties.
#[hook]
fn use_state_of_code(running: &UseStateHandle<Option<Rc<Running>>>, props: &EditorProps) {
    let number = running.as_ref().map_or(0, |running| Rc::as_ptr(running) as usize);
    {
        let running = (**running).clone();
        use_effect_with((number, props.value.clone()), move |(_, value)| {
            let Some(running) = running else { return };
            if *running.text.borrow() != **value {
                running.text.replace(value.to_string());
                running.editor.set_text(value);
            }
        });
    }
    {
        let running = (**running).clone();
        use_effect_with((number, props.language.clone()), move |(_, language)| {
            if let Some(running) = running {
                running.editor.set_language(language);
            }
        });
    }
    let (running, text) = ((**running).clone(), props.value.clone());
    use_effect_with((number, props.marks.clone()), move |(_, marks)| {
        let Some(running) = running else { return };
        let ranges: Vec<_> = marks.iter().map(|mark| visible(&text, &mark.range)).collect();
        running.editor.set_violations(&utf16_places(&text, &ranges), marks.iter().map(|mark| mark.message.as_str()));
    });
}

fn go_to(running: Option<&Running>, area: &NodeRef, offset: u32) {
    if let Some(running) = running {
        return running.editor.go_to(offset);
    }
    let Some(area) = area.cast::<HtmlTextAreaElement>() else { return };
    // The focus is wanted where the caret is; if either fails the text is still as it was.
    let _focused = area.focus();
    let _selected = area.set_selection_range(offset, offset);
}
