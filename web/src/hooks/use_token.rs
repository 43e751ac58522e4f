//! When the token is asked for, and how often it has changed. The token itself is `api/token.rs`'s.

use yew::prelude::*;

use crate::api::token;

/// The question for a token.
#[derive(Clone, PartialEq)]
pub struct TokenAsked {
    /// Counts up when calls carry another token: everything is fetched anew.
    pub changes: u32,
    /// What the host said, where it asks; nothing, where nobody does.
    pub why: Option<AttrValue>,
    /// Asks, or stops asking.
    pub ask: Callback<Option<AttrValue>>,
    /// Says that calls carry another token.
    pub changed: Callback<()>,
}

/// Asks as soon as the host does.
#[hook]
pub fn use_token() -> TokenAsked {
    let changes = use_state(|| 0_u32);
    let why = use_state(|| None::<AttrValue>);
    let ask = {
        let why = why.setter();
        Callback::from(move |asked| why.set(asked))
    };
    use_memo((), |()| token::when_refused(ask.reform(|sentence: String| Some(sentence.into()))));
    let changed = {
        let (changes, why) = (changes.clone(), why.setter());
        Callback::from(move |()| {
            why.set(None);
            changes.set(changes.wrapping_add(1));
        })
    };
    TokenAsked { changes: *changes, why: (*why).clone(), ask, changed }
}
