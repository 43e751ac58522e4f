//! One message of the tail in full: where and when, attributes, and its payload as tree,
//! text or hexadecimal. Large payloads wait for the user's word.

use std::rc::Rc;

use bytes::Bytes;
use yew::prelude::*;

use super::icons;
use super::json_view::JsonView;
use super::later::{Later, Part};
use super::text_view::TextView;
use crate::browser::utc_offset_minutes;
use crate::state::tail_buffer::TailRow;
use crate::text::hex;
use crate::text::json_scan::is_value;
use crate::text::size::{bytes, counted};
use crate::text::time::{date_time, milliseconds};

/// A larger payload is not laid out before the user asks for it.
pub const GUARD_BYTES: usize = 4 * 1024 * 1024;

/// The most bytes shown in hexadecimal.
const HEX_BYTES_MAX: usize = 64 * 1024;

/// Properties of [`message_detail`].
#[derive(Clone, PartialEq, Properties)]
pub struct MessageDetailProps {
    /// The message.
    pub row: TailRow,
    /// Called to close it.
    pub onclose: Callback<()>,
}

/// The message. Test ids: `tail-detail`, `tail-detail-close`, `tail-detail-payload`, `tail-load-anyway`,
/// `tail-look-tree`, `tail-look-text`, `tail-look-raw`, `tail-look-hex`.
pub fn message_detail(props: &MessageDetailProps) -> Html {
    let row = &props.row;
    let close = props.onclose.reform(|_: MouseEvent| ());
    let attribute = |(key, value): &(String, String)| html! { <div><dt>{ key }</dt><dd>{ value }</dd></div> };
    html! {
        <section class="detail" aria-label="Message" data-testid="tail-detail">
            <header class="detail-head">
                <h2>{ row.offset.map_or_else(|| "Message".to_owned(), |offset| format!("Offset {offset}")) }</h2>
                <button type="button" class="quiet icon-button" aria-label="Close" data-testid="tail-detail-close" onclick={close}>{ icons::close() }</button>
            </header>
            <dl class="facts">{ facts(row).into_iter().map(|(name, value)| html! { <div><dt>{ name }</dt><dd>{ value }</dd></div> }).collect::<Html>() }</dl>
            if !row.attributes.is_empty() {
                <h3>{ "Attributes" }</h3>
                <dl class="facts mono">{ row.attributes.iter().map(attribute).collect::<Html>() }</dl>
            }
            <Later key={row.sequence} part={Part::Payload(PayloadViewProps { payload: Placed(row.payload.clone()) })} />
        </section>
    }
}

fn facts(row: &TailRow) -> Vec<(&'static str, String)> {
    let time = |time_ms: u64| date_time(time_ms, utc_offset_minutes(time_ms));
    let mut facts = vec![("Topic", row.topic.to_string())];
    if let Some(key) = &row.routing_key {
        facts.push(("Routing key", key.to_string()));
    }
    if let Some(id) = row.schema_id {
        let version = row.schema_version.map_or_else(String::new, |version| format!(", version {version}"));
        facts.push(("Schema", format!("id {id}{version}")));
    }
    facts.push(("Producer", row.producer_name.to_string()));
    if row.publish_time_ms > 0 {
        facts.push(("Published", time(row.publish_time_ms)));
    }
    if row.append_time_ms > 0 {
        let behind = row.append_time_ms.checked_sub(row.publish_time_ms).filter(|_| row.publish_time_ms > 0);
        let behind = behind.map_or_else(String::new, |behind| format!(" (+{})", milliseconds(behind as f64)));
        let name = if row.offset.is_some() { "Stored" } else { "Received, not stored" };
        facts.push((name, time(row.append_time_ms) + &behind));
    }
    facts.push(("Size", bytes(row.payload.len() as u64)));
    facts
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Look {
    Tree,
    Text,
    Raw,
    Hex,
}

/// Bytes that are the same where they lie in the same place: comparing megabytes at each redraw would stop the page.
#[derive(Clone)]
pub struct Placed(pub Bytes);

impl PartialEq for Placed {
    fn eq(&self, other: &Placed) -> bool {
        std::ptr::eq::<[u8]>(&*self.0, &*other.0)
    }
}

/// Properties of [`PayloadView`].
#[derive(Clone, PartialEq, Properties)]
pub struct PayloadViewProps {
    /// What is shown.
    pub payload: Placed,
}

/// A payload in the look that suits it.
#[component]
pub fn PayloadView(props: &PayloadViewProps) -> Html {
    let guarded = use_state(|| props.payload.0.len() > GUARD_BYTES);
    let parsed = use_memo((props.payload.clone(), *guarded), |(payload, guarded)| {
        // An `Rc<str>` would be compared letter by letter at each redraw; this is the same when it is the same one.
        let text = std::str::from_utf8(&payload.0).ok().filter(|_| !guarded).map(|text| Rc::new(text.to_owned()));
        let is_json = text.as_ref().is_some_and(|text| is_value(text));
        (text, is_json)
    });
    let (text, is_json) = &*parsed;
    let chosen = use_state(|| None);
    let best = if *is_json {
        Look::Tree
    } else if text.is_some() {
        Look::Text
    } else {
        Look::Hex
    };
    let look = chosen.unwrap_or(best);
    if *guarded {
        let load = Callback::from(move |_: MouseEvent| guarded.set(false));
        return html! {
            <div class="guard">
                <p>{ format!("This payload has {}. Laying it out may take a moment.", bytes(props.payload.0.len() as u64)) }</p>
                <button type="button" class="secondary" data-testid="tail-load-anyway" onclick={load}>{ "Load anyway" }</button>
            </div>
        };
    }
    let tab = |this: Look, id: &'static str, words: &'static str, there: bool| {
        let chosen = chosen.setter();
        let onclick = Callback::from(move |_: MouseEvent| chosen.set(Some(this)));
        html! {
            <button type="button" class={classes!("tab", (look == this).then_some("current"))} aria-pressed={(look == this).to_string()}
                data-testid={id} disabled={!there} {onclick}>{ words }</button>
        }
    };
    html! {
        <div class="payload-view">
            <div class="tabs" role="group" aria-label="Show the payload as">
                { tab(Look::Tree, "tail-look-tree", "Tree", *is_json) }
                { tab(Look::Text, "tail-look-text", "Pretty", text.is_some()) }
                { tab(Look::Raw, "tail-look-raw", "Raw", text.is_some()) }
                { tab(Look::Hex, "tail-look-hex", "Hex", true) }
            </div>
            <div class="payload-body" data-testid="tail-detail-payload">
                { match (look, text) {
                    (Look::Tree, Some(text)) => html! { <JsonView text={text.clone()} /> },
                    (Look::Text, Some(text)) => html! { <TextView key="text" text={text.clone()} pretty={*is_json} /> },
                    (Look::Raw, Some(text)) => html! { <TextView key="raw" text={text.clone()} /> },
                    _ => hex_view(&props.payload.0),
                } }
            </div>
        </div>
    }
}

/// Bytes in hexadecimal, bounded.
pub fn hex_view(payload: &Bytes) -> Html {
    let shown = &payload[..payload.len().min(HEX_BYTES_MAX)];
    let lines: String =
        hex::rows(shown).iter().map(|row| format!("{}  {:<49} {}\n", row.offset, row.hex, row.ascii)).collect();
    let left = payload.len() - shown.len();
    html! {
        <>
            <pre class="hex">{ lines }</pre>
            if left > 0 { <p class="muted">{ format!("and {} more", counted(left, "byte", "bytes")) }</p> }
        </>
    }
}
