//! The application: routes to pages, and the context they share.

use yew::prelude::*;

use crate::api;
use crate::checks::client::Checker;
use crate::components::later::{Later, Load, Part};
use crate::components::operations::Operation;
use crate::components::shell::Shell;
use crate::hooks::use_address::{Address, use_browser_address};
use crate::hooks::use_console::Console;
use crate::hooks::use_remote::use_remote;
use crate::hooks::use_token::use_token;
use crate::pages::not_found::not_found;
use crate::pages::produce::Produce;
use crate::routes::Route;

/// Starts the console in the element `#app`, or in the body where there is none.
pub fn start(load: Load) {
    match gloo_utils::document().get_element_by_id("app") {
        Some(root) => drop(yew::Renderer::<App>::with_root_and_props(root, AppProps { load }).render()),
        None => drop(yew::Renderer::<App>::with_props(AppProps { load }).render()),
    }
}

/// Properties of [`App`].
#[derive(Clone, Properties)]
pub struct AppProps {
    /// Brings what is beyond the first load.
    pub load: Load,
}

impl PartialEq for AppProps {
    fn eq(&self, _: &AppProps) -> bool {
        // A page has one for its whole life.
        true
    }
}

/// The whole console.
#[component]
pub fn App(props: &AppProps) -> Html {
    let address = use_browser_address();
    let checker = use_memo((), |()| Checker::default());
    let revision = use_reducer(Revision::default);
    let token = use_token();
    let host = use_remote(token.changes, |_| api::host::info());
    {
        // After the first paint: the page does not wait for the worker.
        let checker = (*checker).clone();
        use_effect_with((), move |()| checker.start());
    }
    let changed = {
        let revision = revision.dispatcher();
        Callback::from(move |()| revision.dispatch(()))
    };
    let revision = revision.0;
    let console = Console { checker: (*checker).clone(), host, revision, changed, load: props.load };
    // With another token a page is another: all it shows is fetched anew. Drafts are kept elsewhere.
    let shown = html! { <Page key={token.changes}>{ page(address.route) }</Page> };
    html! {
        <ContextProvider<Address> context={address.clone()}>
            <ContextProvider<Console> context={console}>
                <Shell token={token.clone()}>{ shown }</Shell>
            </ContextProvider<Console>>
        </ContextProvider<Address>>
    }
}

/// Counts changes made on the host.
#[derive(Clone, Copy, Default, PartialEq)]
struct Revision(u32);

impl Reducible for Revision {
    type Action = ();

    fn reduce(self: std::rc::Rc<Self>, (): ()) -> std::rc::Rc<Self> {
        std::rc::Rc::new(Revision(self.0.wrapping_add(1)))
    }
}

/// Properties of [`Page`].
#[derive(Clone, PartialEq, Properties)]
struct PageProps {
    children: Html,
}

/// What has a key, so that it can be begun anew.
#[component]
fn Page(props: &PageProps) -> Html {
    props.children.clone()
}

fn page(route: Route) -> Html {
    match route {
        Route::Produce => html! { <Produce /> },
        Route::Tail => html! { <Later key="tail" part={Part::Tail} /> },
        Route::Topics => html! { <Later key="topics" part={Part::Topics} /> },
        Route::Schemas => html! { <Later key="schemas" part={Part::Schemas} /> },
        Route::Pipelines => html! { <Later key="pipelines" part={Part::Operation(Operation::Pipelines)} /> },
        Route::Transforms => html! { <Later key="transforms" part={Part::Operation(Operation::Transforms)} /> },
        Route::DeadLetters => html! { <Later key="dead-letters" part={Part::Operation(Operation::DeadLetters)} /> },
        Route::Load => html! { <Later key="load" part={Part::Load} /> },
        Route::NotFound => not_found(),
    }
}
