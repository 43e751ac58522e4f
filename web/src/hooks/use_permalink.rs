//! A link that holds a whole message: the fragment of an address, which no server sees. Opening
//! it fills the form and nothing else; it never sends. The draft it takes the place of
//! goes into the history.

use gloo_events::EventListener;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::archive;
use crate::browser;
use crate::routes::Route;
use crate::state::draft;
use crate::state::form::{FormAction, ProduceForm};
use crate::state::history::Record;

/// What the fragment begins with.
const PREFIX: &str = "#m=";

/// The longest link that is offered, in characters; browsers and chat programs cut longer ones.
pub const LINK_CHARACTERS_MAX: usize = 30_000;

/// The link to a form; none where it would be longer than [`LINK_CHARACTERS_MAX`].
#[must_use]
pub fn permalink(form: &ProduceForm) -> Option<String> {
    let origin = gloo_utils::window().location().origin().ok()?;
    let text = browser::base64(&draft::encode(form))?.replace('+', "-").replace('/', "_");
    let link = format!("{origin}{}{PREFIX}{}", Route::Produce.path(), text.trim_end_matches('='));
    (link.len() <= LINK_CHARACTERS_MAX).then_some(link)
}

fn form_in_address() -> Option<ProduceForm> {
    let hash = gloo_utils::window().location().hash().ok()?;
    let text = hash.strip_prefix(PREFIX)?.replace('-', "+").replace('_', "/");
    draft::decode(&browser::from_base64(&text)?)
}

/// Fills the form from the address, now and whenever a link is opened in this window.
#[hook]
pub fn use_permalink(form: &UseReducerHandle<ProduceForm>) {
    let latest = use_mut_ref(ProduceForm::default);
    latest.replace((**form).clone());
    let dispatcher = form.dispatcher();
    use_effect_with((), move |()| {
        let open = move || {
            let Some(linked) = form_in_address() else { return };
            let location = gloo_utils::window().location();
            let path = location.pathname().unwrap_or_default();
            if let Ok(history) = gloo_utils::window().history() {
                // Else a reload would undo what is typed next. Where it fails, the link stays in the address.
                let _stays = history.replace_state_with_url(&JsValue::NULL, "", Some(&path));
            }
            let replaced = latest.borrow().clone();
            if !replaced.payload.is_empty() && replaced != linked {
                let record = Record::replaced(browser::epoch_ms(), &replaced);
                // Where this browser keeps nothing, there was no draft to lose either.
                spawn_local(async move { drop(archive::keep(&record).await) });
            }
            dispatcher.dispatch(FormAction::Replace(linked));
        };
        open();
        let listener = EventListener::new(&gloo_utils::window(), "hashchange", move |_| open());
        move || drop(listener)
    });
}
