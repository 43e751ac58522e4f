//! The address of the page: which route, which parameters, and how to go elsewhere. The
//! browser's own history does the work.

use gloo_events::EventListener;
use wasm_bindgen::JsValue;
use web_sys::UrlSearchParams;
use yew::prelude::*;

use crate::routes::Route;

/// Where the page is, and the way elsewhere.
#[derive(Clone, PartialEq)]
pub struct Address {
    /// The page.
    pub route: Route,
    /// Its parameters as they stand in the address.
    query: AttrValue,
    moved: Callback<()>,
}

impl Address {
    /// The value of one parameter; empty where it is not there.
    #[must_use]
    pub fn parameter(&self, name: &str) -> String {
        UrlSearchParams::new_with_str(&self.query).ok().and_then(|pairs| pairs.get(name)).unwrap_or_default()
    }

    /// Goes to a page with parameters; empty values are left out. `anew` makes it a step of its own in
    /// the browser's history; else it takes the place of the current one.
    pub fn go(&self, route: Route, parameters: &[(&str, &str)], anew: bool) {
        let url = url(route, parameters);
        let Ok(history) = gloo_utils::window().history() else { return };
        let gone = match anew {
            true => history.push_state_with_url(&JsValue::NULL, "", Some(&url)),
            false => history.replace_state_with_url(&JsValue::NULL, "", Some(&url)),
        };
        // A browser that refuses (too many steps a second) leaves the page where it is.
        if gone.is_ok() {
            self.moved.emit(());
        }
    }
}

/// The address of a page with parameters; empty values are left out.
#[must_use]
pub fn url(route: Route, parameters: &[(&str, &str)]) -> String {
    let mut url = route.path().to_owned();
    // A browser without these has no console.
    let Ok(pairs) = UrlSearchParams::new() else { return url };
    for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
        pairs.append(name, value);
    }
    let query = String::from(pairs.to_string());
    if !query.is_empty() {
        url.push('?');
        url.push_str(&query);
    }
    url
}

fn here() -> (Route, AttrValue) {
    let location = gloo_utils::window().location();
    let path = location.pathname().unwrap_or_default();
    (Route::of(&path), location.search().unwrap_or_default().into())
}

/// Follows the address. For the application, which provides it to the pages.
#[hook]
pub fn use_browser_address() -> Address {
    let current = use_state(here);
    let moved = {
        let current = current.setter();
        Callback::from(move |()| current.set(here()))
    };
    {
        let moved = moved.clone();
        use_effect_with((), move |()| {
            let listener = EventListener::new(&gloo_utils::window(), "popstate", move |_| moved.emit(()));
            move || drop(listener)
        });
    }
    let (route, query) = (*current).clone();
    let moved = use_memo((), |()| moved);
    Address { route, query, moved: (*moved).clone() }
}

/// The address of this page.
///
/// # Panics
/// Outside the application, which provides it.
#[hook]
pub fn use_address() -> Address {
    use_context::<Address>().expect("the application provides the address to every page")
}
