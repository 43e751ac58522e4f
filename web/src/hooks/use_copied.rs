//! A button that puts a text on the clipboard and says whether it could. No markup, so that each module of the console
//! draws its own without carrying the other's.

use yew::prelude::*;

use crate::browser;

/// The words on the button, and what a click does.
#[hook]
pub fn use_copied(text: &AttrValue) -> (&'static str, Callback<MouseEvent>) {
    let copied = use_state(|| None::<bool>);
    {
        let copied = copied.setter();
        use_effect_with(text.clone(), move |_| copied.set(None));
    }
    let onclick = {
        let (copied, text) = (copied.setter(), text.clone());
        Callback::from(move |_: MouseEvent| {
            let (copied, text) = (copied.clone(), text.clone());
            wasm_bindgen_futures::spawn_local(async move { copied.set(Some(browser::copy(&text).await)) });
        })
    };
    let words = match *copied {
        None => "Copy",
        Some(true) => "Copied",
        Some(false) => "Not copied: select the text and copy it by hand",
    };
    (words, onclick)
}
