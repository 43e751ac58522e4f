//! The page for an address that leads nowhere.

use yew::prelude::*;

use crate::components::page_link::PageLink;
use crate::routes::Route;

/// Says so, and leads back.
pub fn not_found() -> Html {
    html! {
        <div class="empty-state">
            <h1>{ "There is no such page" }</h1>
            <p>{ "The address leads nowhere in this console." }</p>
            <PageLink to={Route::Produce} class="button primary">{ "Go to Produce" }</PageLink>
        </div>
    }
}
