//! Transforms.

use yew::prelude::*;

/// The page.
#[component]
pub fn Transforms() -> Html {
    html! { <h1>{ "Transforms" }</h1> }
}
