//! Asks for the token that the host wants. Where it is kept is `api/token.rs`'s business.

use yew::prelude::*;
use yew::props;

use super::dialog::Sheet;
use super::field::{TextFieldProps, text_field};
use super::later::{Later, Part};
use crate::api::token;
use crate::state::verdict::sentence;

/// Properties of [`token_sheet`].
#[derive(Clone, PartialEq, Properties)]
pub struct TokenSheetProps {
    /// Whether it is asked.
    pub open: bool,
    /// What the host said.
    pub why: AttrValue,
    /// Called when it has been closed.
    pub onclose: Callback<()>,
    /// Called when calls carry another token, or none.
    pub onchanged: Callback<()>,
}

/// The question. Test ids: `token`, `token-field`, `token-use`, `token-forget`, `token-why`.
pub fn token_sheet(props: &TokenSheetProps) -> Html {
    html! {
        <Sheet id="token" title="Token" open={props.open} onclose={props.onclose.clone()}>
            <Later part={Part::Token(props.clone())} />
        </Sheet>
    }
}

/// Its content.
#[component]
pub fn TokenContent(props: &TokenSheetProps) -> Html {
    let typed = use_state(String::new);
    let text = typed.trim().to_owned();
    let fits = token::fits(&text);
    let type_in = {
        let typed = typed.setter();
        Callback::from(move |text| typed.set(text))
    };
    let onsubmit = {
        let changed = props.onchanged.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if token::fits(&text) {
                token::keep(Some(&text));
                changed.emit(());
            }
        })
    };
    let forget = props.onchanged.reform(|_: MouseEvent| token::keep(None));
    let problem = (!typed.is_empty() && !fits)
        .then_some(AttrValue::Static("a token is one word, as irongate token mint prints it"));
    html! {
        <form class="register" {onsubmit}>
            if !props.why.is_empty() {
                <p class="bad" role="alert" data-testid="token-why">{ sentence(&props.why) }</p>
            }
            { text_field(&props!(TextFieldProps {
                id: "token-field", label: "Token of this host", value: (*typed).clone(), onchange: type_in, kind: "password",
                mono: true, problem, hint: "Sent with every call. Kept in this tab until it is closed, and in no link, history or export.",
            })) }
            <div class="register-foot">
                if token::there() {
                    <button type="button" class="quiet bad" data-testid="token-forget" onclick={forget}>{ "Forget the token" }</button>
                }
                <button type="submit" class="primary" data-testid="token-use" disabled={!fits}>{ "Use it" }</button>
            </div>
        </form>
    }
}
