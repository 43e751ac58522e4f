//! Whether the page can be seen: its tab is in front and it has not been left. Browsers allow
//! six connections to a host, all tabs together, so what only serves the eye ends its stream
//! while nobody looks; a page kept for the back button would hold on to it.

use gloo_events::EventListener;
use yew::prelude::*;

/// True while the page can be seen.
#[hook]
pub fn use_visible() -> bool {
    let visible = use_state_eq(|| !gloo_utils::document().hidden());
    {
        let visible = visible.setter();
        use_effect_with((), move |()| {
            let document = gloo_utils::document();
            let listener = EventListener::new(&document.clone(), "visibilitychange", move |_| {
                visible.set(!document.hidden());
            });
            move || drop(listener)
        });
    }
    *visible
}
