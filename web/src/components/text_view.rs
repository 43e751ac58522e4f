//! Text of any length in parts: the beginning, and more when it is asked for, so that a long one does not stop the page.

use std::rc::Rc;

use yew::prelude::*;

use crate::text::json_scan::laid_out;
use crate::text::size::bytes;

/// Bytes shown at first, and each time that more is asked for.
const PART_BYTES: usize = 64 * 1024;

/// Properties of [`TextView`].
#[derive(Clone, PartialEq, Properties)]
pub struct TextViewProps {
    /// The text.
    pub text: Rc<String>,
    /// It is one JSON value, and laid out over lines.
    #[prop_or_default]
    pub pretty: bool,
}

/// The text. Test id: `text-more`.
#[component]
pub fn TextView(props: &TextViewProps) -> Html {
    let parts = use_state(|| 1_usize);
    let bytes_max = *parts * PART_BYTES;
    let (shown, left) = match props.pretty {
        true => laid_out(&props.text, bytes_max),
        false => {
            let shown = &props.text[..props.text.floor_char_boundary(bytes_max)];
            (shown.to_owned(), props.text.len() - shown.len())
        }
    };
    let more = {
        let parts = parts.clone();
        Callback::from(move |_: MouseEvent| parts.set(*parts + 1))
    };
    html! {
        <>
            <pre>{ shown }</pre>
            if left > 0 {
                <button type="button" class="quiet" data-testid="text-more" onclick={more}>{ format!("Show more, {} left", bytes(left as u64)) }</button>
            }
        </>
    }
}
