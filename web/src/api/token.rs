//! The token that calls carry, where the host asks for one. Kept in this tab until it is closed, in nothing that is linked,
//! exported or kept in the history. Which calls it permits is the host's to say.

use std::cell::RefCell;

use tonic::metadata::{Ascii, MetadataValue};
use web_sys::Storage;
use yew::Callback;

const KEY: &str = "irongate.token";

thread_local! {
    /// A tab that may keep nothing has it here.
    static TOKEN: RefCell<Option<String>> = RefCell::new(storage().and_then(|storage| storage.get_item(KEY).ok().flatten()));
    static REFUSED: RefCell<Option<Callback<String>>> = const { RefCell::new(None) };
}

fn storage() -> Option<Storage> {
    gloo_utils::window().session_storage().ok().flatten()
}

/// Whether calls carry one.
#[must_use]
pub fn there() -> bool {
    TOKEN.with_borrow(Option::is_some)
}

/// Whether a text can be a token: what fits into a header.
#[must_use]
pub fn fits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Takes a token for all further calls, or none.
pub fn keep(token: Option<&str>) {
    TOKEN.set(token.map(str::to_owned));
    if let Some(storage) = storage() {
        // Where nothing can be kept, the tab has it until it is loaded anew.
        let _kept = match token {
            Some(token) => storage.set_item(KEY, token),
            None => storage.remove_item(KEY),
        };
    }
}

/// Says whom to tell, with the host's sentence, when it answers that it wants a token, or another.
pub fn when_refused(told: Callback<String>) {
    REFUSED.set(Some(told));
}

pub(super) fn refused(sentence: &str) {
    if let Some(told) = REFUSED.with_borrow(Clone::clone) {
        told.emit(sentence.to_owned());
    }
}

pub(super) fn bearer() -> Option<MetadataValue<Ascii>> {
    TOKEN.with_borrow(|token| format!("Bearer {}", token.as_ref()?).parse().ok())
}
