//! A change that cannot be taken back: what it does, and the name of what goes, which has to be
//! typed before the button works.

use yew::prelude::*;
use yew::props;

use super::dialog::Sheet;
use super::failure::outcome_of;
use super::field::{TextFieldProps, text_field};
use super::later::{Later, Part};
use crate::hooks::use_action::Progress;

/// Properties of [`confirm`].
#[derive(Clone, PartialEq, Properties)]
pub struct ConfirmProps {
    /// Whether it is asked.
    pub open: bool,
    /// The heading.
    pub title: AttrValue,
    /// What will happen, in a sentence.
    pub what: AttrValue,
    /// What must be typed.
    pub name: AttrValue,
    /// The word on the button.
    pub verb: AttrValue,
    /// Where the change stands.
    pub progress: Progress,
    /// Called when it has been closed.
    pub onclose: Callback<()>,
    /// Called when it has been confirmed.
    pub onconfirm: Callback<()>,
}

/// The question. Test ids: `confirm`, `confirm-name`, `confirm-go`.
pub fn confirm(props: &ConfirmProps) -> Html {
    html! {
        <Sheet id="confirm" title={props.title.clone()} open={props.open} onclose={props.onclose.clone()}>
            <Later part={Part::Confirm(props.clone())} />
        </Sheet>
    }
}

/// Its content.
#[component]
pub fn ConfirmQuestion(props: &ConfirmProps) -> Html {
    let typed = use_state(String::new);
    let fits = typed.trim() == props.name.as_str();
    let type_in = {
        let typed = typed.setter();
        Callback::from(move |text| typed.set(text))
    };
    let onsubmit = {
        let onconfirm = props.onconfirm.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if fits {
                onconfirm.emit(());
            }
        })
    };
    let running = props.progress == Progress::Running;
    html! {
        <form class="register" {onsubmit}>
            <p>{ &props.what }</p>
            { text_field(&props!(TextFieldProps {
                id: "confirm-name", label: format!("Type {} to confirm", props.name), value: (*typed).clone(),
                onchange: type_in, mono: true,
            })) }
            { outcome_of(&props.progress) }
            <div class="register-foot">
                <button type="submit" class="danger" data-testid="confirm-go" disabled={!fits || running}>{ &props.verb }</button>
            </div>
        </form>
    }
}
