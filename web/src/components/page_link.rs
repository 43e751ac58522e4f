//! A link to another page of the console: an ordinary link, so that it can be opened in a
//! new tab, which changes the page without loading it anew when it is simply clicked.

use yew::prelude::*;

use crate::hooks::use_address::{url, use_address};
use crate::routes::Route;

/// Properties of [`PageLink`].
#[derive(Clone, PartialEq, Properties)]
pub struct PageLinkProps {
    /// Where it leads.
    pub to: Route,
    /// What the page there opens with: a parameter and its value.
    #[prop_or_default]
    pub with: Option<(&'static str, AttrValue)>,
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
    let (to, with) = (props.to, props.with.clone());
    let href = url(to, &parameters(with.as_ref()));
    let onclick = Callback::from(move |event: MouseEvent| {
        let elsewhere = event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
        if !elsewhere {
            event.prevent_default();
            address.go(to, &parameters(with.as_ref()), true);
        }
    });
    html! { <a {href} data-testid={props.id.clone()} class={props.class.clone()} {onclick}>{ props.children.clone() }</a> }
}

fn parameters<'a>(with: Option<&'a (&'static str, AttrValue)>) -> Vec<(&'a str, &'a str)> {
    with.map(|(name, value)| (*name, value.as_str())).into_iter().collect()
}
