//! Components in a real browser: what they draw and what their events do. No host stands
//! behind this page, so whatever asks for one shows that it was not reached.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;
use irongate_proto::irongate_v1::Violation;
use irongate_web::app::{App, AppProps};
use irongate_web::components::editor::{CaretRequest, Editor, Mark};
use irongate_web::components::later::{Draw, Module};
use irongate_web::components::violation_list::ViolationList;
use irongate_web::components::{later, operations};
use wasm_bindgen::JsCast as _;
use wasm_bindgen_test::*;
use web_sys::{Element, HtmlElement, HtmlTextAreaElement};
use yew::prelude::*;

wasm_bindgen_test_configure!(run_in_browser);

/// Longest wait for the page to change, in milliseconds.
const PATIENCE_MS: u32 = 5000;

/// A place in the document of its own, removed at the end of the test.
struct Stage(Element);

impl Stage {
    fn new() -> Stage {
        let document = gloo_utils::document();
        let root = document.create_element("div").unwrap();
        document.body().unwrap().append_child(&root).unwrap();
        Stage(root)
    }

    fn all(&self, test_id: &str) -> Vec<HtmlElement> {
        let found = self.0.query_selector_all(&format!("[data-testid='{test_id}']")).unwrap();
        (0..found.length()).map(|index| found.get(index).unwrap().unchecked_into()).collect()
    }

    /// The element, as soon as there is one that passes.
    async fn find(&self, test_id: &str, passes: impl Fn(&HtmlElement) -> bool) -> HtmlElement {
        let mut waited_ms = 0;
        loop {
            if let Some(element) = self.all(test_id).into_iter().find(|element| passes(element)) {
                return element;
            }
            assert!(waited_ms < PATIENCE_MS, "no {test_id} passes in {}", self.0.inner_html());
            TimeoutFuture::new(10).await;
            waited_ms += 10;
        }
    }

    fn type_into(&self, area: &HtmlElement, text: &str) {
        area.unchecked_ref::<HtmlTextAreaElement>().set_value(text);
        let options = web_sys::EventInit::new();
        options.set_bubbles(true);
        let event = web_sys::Event::new_with_event_init_dict("input", &options).unwrap();
        area.dispatch_event(&event).unwrap();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.0.remove();
    }
}

fn text(element: &HtmlElement) -> String {
    element.text_content().unwrap_or_default()
}

#[derive(Clone, PartialEq, Properties)]
struct DeskProps {
    value: Rc<str>,
    violations: Rc<[Violation]>,
}

/// An editor and a list that sends its caret.
#[component]
fn Desk(props: &DeskProps) -> Html {
    let value = use_state(|| props.value.clone());
    let caret = use_state(CaretRequest::default);
    let onchange = {
        let value = value.setter();
        Callback::from(move |text: String| value.set(text.into()))
    };
    let onlocate = {
        let caret = caret.clone();
        Callback::from(move |byte| caret.set(CaretRequest { byte, number: caret.number + 1 }))
    };
    let mark = |violation: &Violation| Mark {
        range: violation.byte_start as usize..violation.byte_end as usize,
        message: violation.message.clone().into(),
    };
    let marks: Rc<[_]> = props.violations.iter().map(mark).collect();
    html! {
        <>
            <Editor id="desk" label="Text" value={(*value).clone()} {onchange} {marks} caret={*caret} />
            <ViolationList violations={props.violations.clone()} {onlocate} />
        </>
    }
}

fn violation() -> Violation {
    Violation {
        instance_path: "/é".to_owned(),
        line: 2,
        column: 8,
        byte_start: 9,
        byte_end: 12,
        rule: "type".to_owned(),
        schema_path: "/properties/é/type".to_owned(),
        message: "123 is an integer, expected string".to_owned(),
    }
}

#[wasm_bindgen_test]
async fn a_row_of_a_violation_moves_the_caret() {
    let stage = Stage::new();
    let props = DeskProps { value: "{\n \"é\": 123\n}".into(), violations: [violation()].into() };
    yew::Renderer::<Desk>::with_root_and_props(stage.0.clone(), props).render();
    let row = stage.find("violation", |_| true).await;
    let said = |id: &str| text(&stage.all(id)[0]);
    assert_eq!(said("violation-rule"), "type");
    assert_eq!(said("violation-instance-path"), "/é");
    assert_eq!(said("violation-position"), "line 2, column 8");
    assert_eq!(said("violation-schema-path"), "/properties/é/type");
    assert_eq!(said("violation-message"), "123 is an integer, expected string");
    row.click();
    let area =
        stage.find("desk", |area| area.unchecked_ref::<HtmlTextAreaElement>().selection_start() == Ok(Some(8))).await;
    assert!(gloo_utils::document().active_element().is_some_and(|active| active.is_same_node(Some(&area))));
}

/// The runner's page does not say where the code editor is: the text area that stands in for it does the work.
#[wasm_bindgen_test]
async fn without_the_code_editor_a_text_area_takes_what_is_typed() {
    let stage = Stage::new();
    let props = DeskProps { value: "{}".into(), violations: [].into() };
    yew::Renderer::<Desk>::with_root_and_props(stage.0.clone(), props).render();
    let area = stage.find("desk", |_| true).await;
    assert_eq!(area.unchecked_ref::<HtmlTextAreaElement>().value(), "{}");
    stage.type_into(&area, "{\n  \"a\": true\n}");
    stage.find("desk", |area| area.unchecked_ref::<HtmlTextAreaElement>().value() == "{\n  \"a\": true\n}").await;
    assert!(stage.0.query_selector(".cm-editor").unwrap().is_none());
}

/// One module, as the test runner builds it.
fn everything_at_once() -> AppProps {
    AppProps {
        load: |module| {
            let draw: Draw = match module {
                Module::Pages => later::draw,
                Module::Operations => operations::draw,
            };
            Box::pin(async move { Some(draw) })
        },
    }
}

#[wasm_bindgen_test]
async fn the_application_starts_without_a_host_and_says_so() {
    let stage = Stage::new();
    let app = yew::Renderer::<App>::with_root_and_props(stage.0.clone(), everything_at_once()).render();
    // The runner's page has an address of its own; the navigation leads to Produce from anywhere.
    let link = stage.find("nav-produce", |_| true).await;
    link.query_selector("a").unwrap().unwrap().unchecked_into::<HtmlElement>().click();
    stage.find("produce-topic", |_| true).await;
    stage.find("environment", |badge| text(badge) == "Host not reached").await;
    stage.find("verdict-schema", |verdict| text(verdict).contains("No schema")).await;
    assert_eq!(stage.all("verdict-schema")[0].get_attribute("data-tone").as_deref(), Some("neutral"));
    stage.find("attribute-add", |_| true).await.click();
    stage.find("attribute-key-0", |_| true).await;
    stage.find("help-open", |_| true).await.click();
    stage.find("help-close", |_| true).await.click();
    let toggle = stage.find("theme-toggle", |_| true).await;
    let root = gloo_utils::document().document_element().unwrap();
    let mut seen = Vec::new();
    for _ in 0..3 {
        toggle.click();
        seen.push(root.get_attribute("data-theme"));
    }
    assert_eq!(seen, [Some("light".to_owned()), Some("dark".to_owned()), None]);
    app.destroy();
}
