//! Dead letters.

use yew::prelude::*;

/// The page.
#[component]
pub fn DeadLetters() -> Html {
    html! { <h1>{ "Dead letters" }</h1> }
}
