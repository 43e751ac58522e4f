//! The frame around every page: brand, navigation, environment, theme and help.

use irongate_proto::irongate_v1::GetHostInfoResponse;
use tonic::Code;
use yew::prelude::*;
use yew::props;

use super::help::{HelpProps, keys_sheet};
use super::icons;
use super::page_link::PageLink;
use super::token_sheet::{TokenSheetProps, token_sheet};
use crate::api::token;
use crate::hooks::use_address::use_address;
use crate::hooks::use_console::{is_production, use_console};
use crate::hooks::use_remote::Remote;
use crate::hooks::use_shortcuts::use_shortcuts;
use crate::hooks::use_theme::{Theme, use_theme};
use crate::hooks::use_token::TokenAsked;
use crate::routes::Route;

/// Properties of [`Shell`].
#[derive(Clone, PartialEq, Properties)]
pub struct ShellProps {
    /// The question for a token.
    pub token: TokenAsked,
    /// The page.
    pub children: Html,
}

/// Frame and page. Test ids: `nav-produce`, `nav-tail`, `nav-topics`, `nav-schemas`, `nav-pipelines`,
/// `nav-transforms`, `nav-dead-letters`, `nav-load`, `theme-toggle`, `help-open`, `environment`, `read-only`.
#[component]
pub fn Shell(props: &ShellProps) -> Html {
    let console = use_console();
    let help = use_state(|| false);
    let open = {
        let help = help.setter();
        Callback::from(move |()| help.set(true))
    };
    let close = {
        let help = help.setter();
        Callback::from(move |()| help.set(false))
    };
    use_shortcuts(open.clone());
    let ask_token = props.token.ask.reform(|_: MouseEvent| Some(AttrValue::default()));
    html! {
        <div class={classes!("shell", console.environment_class())}>
            <a class="skip" href="#page">{ "Skip to the page" }</a>
            <header class="side">
                <div class="brand">{ icons::mark() }<span class="brand-name">{ "Irongate" }</span></div>
                <Navigation />
                <div class="side-foot">
                    { host_line(&console.host) }
                    <div class="side-buttons">
                        if token::there() {
                            <button type="button" class="quiet icon-button" aria-label="Token" title="Change or forget the token"
                                data-testid="token-open" onclick={ask_token}>{ icons::token() }</button>
                        }
                        <ThemeToggle />
                        <button type="button" class="quiet icon-button" aria-label="Keyboard help" title="Keys (?)"
                            data-testid="help-open" onclick={open.reform(|_: MouseEvent| ())}>{ "?" }</button>
                    </div>
                </div>
            </header>
            <main id="page" class="page" tabindex="-1">{ props.children.clone() }</main>
            { token_sheet(&props!(TokenSheetProps {
                open: props.token.why.is_some(), why: props.token.why.clone().unwrap_or_default(),
                onclose: props.token.ask.reform(|()| None), onchanged: props.token.changed.clone(),
            })) }
            { keys_sheet(&props!(HelpProps { open: *help, onclose: close })) }
        </div>
    }
}

fn host_line(host: &Remote<GetHostInfoResponse>) -> Html {
    match host {
        Remote::Pending => Html::default(),
        Remote::Failed(failure) if failure.code == Code::Unauthenticated => html! {
            <span class="environment lost" role="status" data-testid="environment">{ "Token needed" }</span>
        },
        Remote::Failed(failure) => html! {
            <span class="environment lost" role="status" title={failure.message.clone()} data-testid="environment">{ "Host not reached" }</span>
        },
        Remote::Ready(info) => {
            let production = is_production(&info.environment);
            let name = if info.environment.is_empty() { "local" } else { info.environment.as_str() };
            html! {
                <>
                    <span class={classes!("environment", production.then_some("production"))} data-testid="environment"
                        title={format!("Irongate {}", info.version)}>{ name.to_owned() }</span>
                    if info.read_only_console { <span class="environment lost" data-testid="read-only">{ "read-only" }</span> }
                </>
            }
        }
    }
}

#[component]
fn Navigation() -> Html {
    let route = use_address().route;
    let item = |to: Route, id: &'static str, icon: Html, words: &'static str| {
        let current = route == to;
        html! {
            <li class={classes!("nav-item", current.then_some("current"))} data-testid={id} aria-current={current.then_some("page")}>
                <PageLink {to}>{ icon }<span>{ words }</span></PageLink>
            </li>
        }
    };
    html! {
        <nav aria-label="Pages">
            <ul>
                { item(Route::Topics, "nav-topics", icons::topics(), "Topics") }
                { item(Route::Produce, "nav-produce", icons::produce(), "Produce") }
                { item(Route::Tail, "nav-tail", icons::tail(), "Tail") }
                { item(Route::Schemas, "nav-schemas", icons::schemas(), "Schemas") }
                { item(Route::Pipelines, "nav-pipelines", icons::pipelines(), "Pipelines") }
                { item(Route::Transforms, "nav-transforms", icons::transforms(), "Transforms") }
                { item(Route::DeadLetters, "nav-dead-letters", icons::dead_letters(), "Dead letters") }
                { item(Route::Load, "nav-load", icons::load(), "Load") }
            </ul>
        </nav>
    }
}

#[component]
fn ThemeToggle() -> Html {
    let (theme, next) = use_theme();
    let icon = match theme {
        Theme::System => icons::system(),
        Theme::Light => icons::sun(),
        Theme::Dark => icons::moon(),
    };
    let words = format!("Theme: {}. Change to {}", theme.label(), theme.next().label());
    html! {
        <button type="button" class="quiet icon-button" aria-label={words.clone()} title={words} data-testid="theme-toggle"
            onclick={next.reform(|_: MouseEvent| ())}>{ icon }</button>
    }
}
