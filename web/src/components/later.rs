//! What arrives when it is first opened: the further pages and the sheets, which the build cuts off into two modules
//! of their own. Only [`draw`], and [`draw`](super::operations::draw) of the operating pages, may name what is behind the
//! cuts, or it would be part of the first load again; the cuts themselves are in the program `console`, because the
//! worker has others.

use std::future::Future;
use std::pin::Pin;

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::bulk_sheet::{BulkContent, BulkSheetProps};
use super::confirm::{ConfirmProps, ConfirmQuestion};
use super::copy_sheet::{CopyContent, CopySheetProps};
use super::filled_view::{FilledView, FilledViewProps};
use super::form_view::{FormView, FormViewProps};
use super::history_sheet::{HistoryContent, HistorySheetProps};
use super::message_detail::{PayloadView, PayloadViewProps};
use super::operations::Operation;
use super::register_panel::{RegisterForm, RegisterPanelProps};
use super::templates_sheet::{TemplatesContent, TemplatesSheetProps};
use super::token_sheet::{TokenContent, TokenSheetProps};
use crate::hooks::use_console::use_console;
use crate::pages::load::Load as LoadPage;
use crate::pages::schemas::Schemas;
use crate::pages::tail::Tail;
use crate::pages::topics::Topics;

/// Something behind the cut, with what it needs.
#[derive(Clone, PartialEq)]
pub enum Part {
    /// The page of topics.
    Topics,
    /// The page of schemas.
    Schemas,
    /// The page that shows what comes out of topics.
    Tail,
    /// The page of loads.
    Load,
    /// Registers a schema.
    Register(RegisterPanelProps),
    /// What has been sent.
    History(HistorySheetProps),
    /// Asks for a name before what cannot be taken back.
    Confirm(ConfirmProps),
    /// The message to take along.
    Copy(CopySheetProps),
    /// The payload as a form.
    Form(FormViewProps),
    /// What a template is filled in as.
    Filled(FilledViewProps),
    /// Messages kept under a name.
    Templates(TemplatesSheetProps),
    /// Many messages from a file.
    Bulk(BulkSheetProps),
    /// The payload of a message in the tail.
    Payload(PayloadViewProps),
    /// Asks for a token.
    Token(TokenSheetProps),
    /// What operates topics.
    Operation(Operation),
}

/// What is fetched in one go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Module {
    /// What producers and their readers open.
    Pages,
    /// What operators open.
    Operations,
}

impl Part {
    fn module(&self) -> Module {
        match self {
            Part::Operation(_) => Module::Operations,
            _ => Module::Pages,
        }
    }
}

/// Draws a part of its module, and nothing of the other. What it names is behind the cut.
pub type Draw = fn(&Part) -> Html;

/// Brings what draws the parts of a module; nothing, where it could not be fetched. Another attempt begins anew.
pub type Load = fn(Module) -> Pin<Box<dyn Future<Output = Option<Draw>>>>;

/// Draws a part of [`Module::Pages`].
pub fn draw(part: &Part) -> Html {
    match part.clone() {
        Part::Topics => html! { <Topics /> },
        Part::Schemas => html! { <Schemas /> },
        Part::Tail => html! { <Tail /> },
        Part::Load => html! { <LoadPage /> },
        Part::Register(props) => html! { <RegisterForm ..props /> },
        Part::History(props) => html! { <HistoryContent ..props /> },
        Part::Form(props) => html! { <FormView ..props /> },
        Part::Filled(props) => html! { <FilledView ..props /> },
        Part::Templates(props) => html! { <TemplatesContent ..props /> },
        Part::Bulk(props) => html! { <BulkContent ..props /> },
        Part::Confirm(props) => html! { <ConfirmQuestion ..props /> },
        Part::Copy(props) => html! { <CopyContent ..props /> },
        Part::Payload(props) => html! { <PayloadView ..props /> },
        Part::Token(props) => html! { <TokenContent ..props /> },
        Part::Operation(_) => Html::default(),
    }
}

/// Properties of [`Later`].
#[derive(Clone, PartialEq, Properties)]
pub struct LaterProps {
    /// What to show.
    pub part: Part,
}

/// Whether the module is there.
#[derive(Clone, Copy)]
enum Arrival {
    Awaited,
    Here(Draw),
    Failed,
}

/// Shows a part as soon as it is there. Test ids: `later-failed`, `later-retry`.
#[component]
pub fn Later(props: &LaterProps) -> Html {
    let load = use_console().load;
    let arrival = use_state(|| Arrival::Awaited);
    let attempt = use_state(|| 0_u32);
    {
        let arrival = arrival.setter();
        use_effect_with((props.part.module(), *attempt), move |(module, _)| {
            let module = *module;
            spawn_local(async move {
                arrival.set(load(module).await.map_or(Arrival::Failed, Arrival::Here));
            });
        });
    }
    match *arrival {
        Arrival::Awaited => html! { <p class="muted" role="status">{ "Fetching this part of the console…" }</p> },
        Arrival::Here(draw) => draw(&props.part),
        Arrival::Failed => {
            let retry = {
                let (arrival, next, attempt) = (arrival.setter(), *attempt + 1, attempt.setter());
                Callback::from(move |_: MouseEvent| {
                    arrival.set(Arrival::Awaited);
                    attempt.set(next);
                })
            };
            html! {
                <div class="caution" role="alert" data-testid="later-failed">
                    <p>{ "This part of the console could not be fetched: the host was not reached, or it has another version by now. Try again, or reload the page." }</p>
                    <button type="button" class="secondary" data-testid="later-retry" onclick={retry}>{ "Try again" }</button>
                </div>
            }
        }
    }
}
