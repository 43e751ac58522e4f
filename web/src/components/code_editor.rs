//! The boundary to the code editor: the script that `index.html` names, fetched when it is first asked for, and the few
//! calls that are made of it. What it does is in `web/editor/editor.js`; what it is for, [`super::editor`] knows.

use js_sys::{Array, Function, Object, Promise, Reflect, Uint32Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::Element;

/// Where the script leaves what it can do.
const GLOBAL: &str = "irongateCodeEditor";

/// The `id` of the element in `index.html` that says where the script is, and of the one that loads it.
const ADDRESS: &str = "code-editor";
const SCRIPT: &str = "code-editor-script";

#[wasm_bindgen]
extern "C" {
    /// An editor in the page.
    #[derive(Clone, PartialEq)]
    pub type CodeEditor;

    #[wasm_bindgen(catch, js_namespace = irongateCodeEditor, js_name = create)]
    fn create(parent: &Element, options: &Object, onchange: &Function) -> Result<CodeEditor, JsValue>;

    /// Takes the place of its text; says nothing back.
    #[wasm_bindgen(method, js_name = setText)]
    pub fn set_text(this: &CodeEditor, text: &str);

    /// Colours it as another language: `json`, `protobuf`, `plain`.
    #[wasm_bindgen(method, js_name = choose)]
    pub fn set_language(this: &CodeEditor, language: &str);

    #[wasm_bindgen(method, js_name = setViolations)]
    fn set_places(this: &CodeEditor, places: &Uint32Array, sentences: &Array);

    /// Puts the caret at an offset in UTF-16 units, and the focus with it.
    #[wasm_bindgen(method, js_name = goTo)]
    pub fn go_to(this: &CodeEditor, offset: u32);

    /// Removes it from the page.
    #[wasm_bindgen(method)]
    pub fn destroy(this: &CodeEditor);
}

/// What an editor begins with.
pub struct Options<'a> {
    /// Its `id` and `data-testid`.
    pub id: &'a str,
    /// What the text is, for screen readers.
    pub label: &'a str,
    /// The `id` of the element that says what is wrong; empty: none.
    pub described_by: &'a str,
    /// Shown while the text is empty.
    pub placeholder: &'a str,
    /// As for [`CodeEditor::set_language`].
    pub language: &'a str,
    /// Its text.
    pub text: &'a str,
}

impl CodeEditor {
    /// Opens one; none where the script is of another version.
    pub fn open(parent: &Element, options: &Options<'_>, onchange: &Closure<dyn Fn(String)>) -> Option<CodeEditor> {
        let given = Object::new();
        for (name, value) in [
            ("id", options.id),
            ("label", options.label),
            ("describedBy", options.described_by),
            ("placeholder", options.placeholder),
            ("language", options.language),
            ("text", options.text),
        ] {
            Reflect::set(&given, &name.into(), &value.into()).ok()?;
        }
        create(parent, &given, onchange.as_ref().unchecked_ref()).ok()
    }

    /// Underlines places, two offsets in UTF-16 units for each sentence.
    pub fn set_violations<'a>(&self, places: &[u32], sentences: impl Iterator<Item = &'a str>) {
        self.set_places(&Uint32Array::from(places), &sentences.map(JsValue::from).collect());
    }
}

/// Whether the script is there: fetches it the first time, and again after it could not be.
pub async fn loaded() -> bool {
    let there = || Reflect::has(&js_sys::global(), &GLOBAL.into()).unwrap_or(false);
    if !there() {
        let Some(script) = script() else { return false };
        let mut listen = |resolve: Function, reject: Function| {
            // Where neither can be listened to, the plain text area stays.
            drop(script.add_event_listener_with_callback("load", &resolve));
            drop(script.add_event_listener_with_callback("error", &reject));
        };
        if JsFuture::from(Promise::new(&mut listen)).await.is_err() {
            script.remove();
        }
    }
    there()
}

/// The element that loads the script.
fn script() -> Option<Element> {
    let document = gloo_utils::document();
    if let Some(script) = document.get_element_by_id(SCRIPT) {
        return Some(script);
    }
    let address = document.get_element_by_id(ADDRESS)?.get_attribute("href")?;
    let script = document.create_element("script").ok()?;
    for (name, value) in [("id", SCRIPT), ("type", "module"), ("src", &address)] {
        script.set_attribute(name, value).ok()?;
    }
    document.head()?.append_child(&script).ok()?;
    Some(script)
}
