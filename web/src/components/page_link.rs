//! A link to another page of the console: an ordinary link, so that it can be opened in a
//! new tab, which changes the page without loading it anew when it is simply clicked.

use yew::prelude::*;

use crate::hooks::use_address::use_address;
use crate::routes::Route;

/// Properties of [`PageLink`].
#[derive(Clone, PartialEq, Properties)]
pub struct PageLinkProps {
    /// Where it leads.
    pub to: Route,
    /// Its classes.
    #[prop_or_default]
    pub class: Classes,
    /// Its `data-testid`.
    #[prop_or_default]
    pub id: Option<AttrValue>,
    /// Its content.
    pub children: Html,
}

/// A link.
#[component]
pub fn PageLink(props: &PageLinkProps) -> Html {
    let address = use_address();
    let to = props.to;
    let onclick = Callback::from(move |event: MouseEvent| {
        let elsewhere = event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
        if !elsewhere {
            event.prevent_default();
            address.go(to, &[], true);
        }
    });
    html! { <a href={to.path()} data-testid={props.id.clone()} class={props.class.clone()} {onclick}>{ props.children.clone() }</a> }
}
