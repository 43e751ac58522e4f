//! A sheet over the page: the browser's own modal dialog, which keeps the focus inside and
//! closes with Esc. Not for questions of yes and no.

use web_sys::HtmlDialogElement;
use yew::prelude::*;

use super::icons;

/// Properties of [`Sheet`].
#[derive(Clone, PartialEq, Properties)]
pub struct SheetProps {
    /// The heading.
    pub title: AttrValue,
    /// Also the `data-testid`.
    pub id: AttrValue,
    /// Whether it is shown.
    pub open: bool,
    /// Called when it has been closed, in whatever way.
    pub onclose: Callback<()>,
    /// Its content, which exists only while it is open.
    pub children: Html,
}

/// A sheet at the right edge; over everything on a narrow screen.
#[component]
pub fn Sheet(props: &SheetProps) -> Html {
    let dialog = use_node_ref();
    {
        let dialog = dialog.clone();
        use_effect_with(props.open, move |open| {
            if let Some(dialog) = dialog.cast::<HtmlDialogElement>() {
                match (open, dialog.open()) {
                    // It fails only for a dialog that is open already or not in the document.
                    (true, false) => drop(dialog.show_modal()),
                    (false, true) => dialog.close(),
                    (true, true) | (false, false) => {}
                }
            }
        });
    }
    let closed = props.onclose.reform(|_: Event| ());
    let close = props.onclose.reform(|_: MouseEvent| ());
    let heading = format!("{}-title", props.id);
    html! {
        <dialog ref={dialog} class="sheet" data-testid={props.id.clone()} aria-labelledby={heading.clone()} onclose={closed}>
            if props.open {
                <header class="sheet-head">
                    <h2 id={heading}>{ &props.title }</h2>
                    <button type="button" class="quiet icon-button" aria-label="Close" data-testid={format!("{}-close", props.id)} onclick={close}>
                        { icons::close() }
                    </button>
                </header>
                <div class="sheet-body">{ props.children.clone() }</div>
            }
        </dialog>
    }
}
