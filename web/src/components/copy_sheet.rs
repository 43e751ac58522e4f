//! The message of the form to take along: as a command, as a program, as a link.

use bytes::Bytes;
use yew::prelude::*;
use yew::props;

use super::copy_button::CopyButton;
use super::dialog::Sheet;
use super::field::{TextFieldProps, text_field};
use super::later::{Later, Part};
use crate::hooks::use_permalink::permalink;
use crate::state::copy_as::{Letter, Tongue};
use crate::state::form::ProduceForm;
use crate::state::topic_facts::TopicFacts;

/// Properties of [`copy_sheet`].
#[derive(Clone, PartialEq, Properties)]
pub struct CopySheetProps {
    /// Whether it is shown.
    pub open: bool,
    /// Called when it has been closed.
    pub onclose: Callback<()>,
    /// What is sent.
    pub form: ProduceForm,
    /// What was typed, in which names in double braces are not filled in.
    pub typed: ProduceForm,
    /// What is known of the topic.
    pub facts: TopicFacts,
    /// What travels; none: what is typed cannot be encoded.
    pub payload: Option<Bytes>,
}

/// The sheet. Test ids: `copy`, `copy-as-0` and on in the order of [`Tongue::ALL`], `copy-text`, `copy-go`, `copy-link`,
/// `copy-link-go`.
pub fn copy_sheet(props: &CopySheetProps) -> Html {
    html! {
        <Sheet id="copy" title="Copy as" open={props.open} onclose={props.onclose.clone()}>
            <Later part={Part::Copy(props.clone())} />
        </Sheet>
    }
}

/// Its content.
#[component]
pub fn CopyContent(props: &CopySheetProps) -> Html {
    let tongue = use_state(Tongue::default);
    let host = gloo_utils::window().location().origin().unwrap_or_default();
    let CopySheetProps { form, typed, facts, .. } = props;
    let written =
        props.payload.as_ref().map(|payload| Letter { host: &host, form, typed, facts, payload }.written(*tongue));
    let tab = |(index, (this, words)): (usize, &(Tongue, &'static str))| {
        let (chosen, this) = (tongue.setter(), *this);
        let onclick = Callback::from(move |_: MouseEvent| chosen.set(this));
        let current = *tongue == this;
        html! {
            <button type="button" class={classes!("tab", current.then_some("current"))} aria-pressed={current.to_string()}
                data-testid={format!("copy-as-{index}")} {onclick}>{ *words }</button>
        }
    };
    let link = permalink(typed);
    html! {
        <div class="copy">
            <div class="tabs" role="group" aria-label="Write it as">{ Tongue::ALL.iter().enumerate().map(tab).collect::<Html>() }</div>
            if let Some(written) = &written {
                <pre class="definition" data-testid="copy-text" tabindex="0">{ written }</pre>
                <CopyButton id="copy-go" text={written.clone()} />
            } else {
                <p class="bad" role="alert">{ "The message cannot be encoded: there are no bytes to send." }</p>
            }
            if let Some(link) = link {
                { text_field(&props!(TextFieldProps {
                    id: "copy-link", label: "Link", value: link.clone(), onchange: Callback::noop(), readonly: true, mono: true,
                    hint: "Opens this page with the form filled in. It never sends, and no server sees the message in it.",
                })) }
                <CopyButton id="copy-link-go" text={link} />
            } else {
                <p class="note">{ "The message is too long for a link." }</p>
            }
        </div>
    }
}
