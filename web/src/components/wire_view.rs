//! How a typed message travels: its encoding, the Protobuf message it is, and the bytes
//! with their length. Only for types whose bytes are not simply the text.

use bytes::Bytes;
use yew::prelude::*;

use super::field::SelectField;
use super::message_detail::hex_view;
use crate::hooks::use_produce::Format;
use crate::state::check::Wire;
use crate::state::encoding;
use crate::state::form::{FormAction, ProduceForm};
use crate::text::size::bytes;

/// Properties of [`wire_view`].
#[derive(Clone, PartialEq, Properties)]
pub struct WireViewProps {
    /// The form.
    pub form: UseReducerHandle<ProduceForm>,
    /// How the message travels.
    pub format: Format,
}

/// The encoding and the bytes. Test ids: `produce-encoding`, `produce-message-type`, `wire`,
/// `wire-length`, `wire-bytes`.
pub fn wire_view(props: &WireViewProps) -> Html {
    let Format { schema_type, encoding, checked } = &props.format;
    let offered = encoding::offered(schema_type);
    if offered.is_empty() {
        return Html::default();
    }
    let choose = {
        let form = props.form.dispatcher();
        Callback::from(move |name: String| {
            if let Ok(encoding) = name.parse() {
                form.dispatch(FormAction::Encoding(encoding));
            }
        })
    };
    let options = offered.iter().map(|(value, words)| (value.to_string().into(), AttrValue::Static(words))).collect();
    let wire = match &checked.wire {
        Wire::AsTyped => Some(Bytes::copy_from_slice(props.form.payload.as_bytes())),
        Wire::Encoded(wire) => Some(wire.clone()),
        Wire::Unencodable => None,
    };
    html! {
        <section class="wire" aria-label="On the wire" data-testid="wire">
            <div class="wire-row">
                <SelectField id="produce-encoding" label="Encoding" value={encoding.to_string()} groups={vec![(AttrValue::default(), options)]}
                    onchange={choose} class="grow" />
                if !checked.message_type.is_empty() {
                    <div class="field"><span class="label">{ "Message type" }</span>
                        <code data-testid="produce-message-type" title="The first message of the definition, against which the broker checks">
                            { checked.message_type.to_string() }</code></div>
                }
            </div>
            if let Some(wire) = wire {
                <details class="wire-bytes" open=true>
                    <summary>{ "On the wire " }<span class="muted" data-testid="wire-length">{ bytes(wire.len() as u64) }</span></summary>
                    <div class="payload-body" tabindex="0" aria-label="Bytes in hexadecimal" role="region" data-testid="wire-bytes">{ hex_view(&wire) }</div>
                </details>
            } else {
                <p class="note" data-testid="wire-bytes">{ "No bytes yet: the message must satisfy its schema before it can be encoded." }</p>
            }
        </section>
    }
}
