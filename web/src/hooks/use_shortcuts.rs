//! Keys that work anywhere on a page: `/` to the search field, `?` for help. Never takes a
//! key from a field that is being typed in, nor one with a modifier.

use gloo_events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast as _;
use web_sys::{Element, Event, KeyboardEvent};
use yew::prelude::*;

use crate::browser;

/// The element that `/` goes to carries this attribute.
const SEARCH: &str = "[data-search]";

fn typing(event: &Event) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|element| {
        matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
            || element.closest("dialog[open], [contenteditable=true]").is_ok_and(|found| found.is_some())
    })
}

/// Listens for as long as the component lives.
#[hook]
pub fn use_shortcuts(help: Callback<()>) {
    use_effect_with((), move |()| {
        let options = EventListenerOptions::enable_prevent_default();
        let listener = EventListener::new_with_options(&gloo_utils::document(), "keydown", options, move |event| {
            let Some(key) = event.dyn_ref::<KeyboardEvent>() else { return };
            if key.ctrl_key() || key.meta_key() || key.alt_key() || typing(event) {
                return;
            }
            match key.key().as_str() {
                "/" => {
                    // Else the slash lands in the field it opens.
                    event.prevent_default();
                    browser::focus(SEARCH);
                }
                "?" => help.emit(()),
                _ => {}
            }
        });
        move || drop(listener)
    });
}

/// Whether a key event means "send": Enter with Ctrl or Cmd.
#[must_use]
pub fn is_send(event: &KeyboardEvent) -> bool {
    event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) && !event.alt_key()
}
