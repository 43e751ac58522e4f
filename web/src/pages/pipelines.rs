//! Pipelines.

use yew::prelude::*;

/// The page.
#[component]
pub fn Pipelines() -> Html {
    html! { <h1>{ "Pipelines" }</h1> }
}
