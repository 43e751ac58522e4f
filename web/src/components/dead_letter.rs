//! One dead letter whole: why it is one, where its message was, its payload, and the ways back: as it is, or edited on the Produce page.

use std::rc::Rc;

use irongate_messages::dead_letter::{
    BACKTRACE, FAILURE_REASON, Letter, PIPELINE, PLUGIN, PLUGIN_SHA256, Redriven, redrive,
};
use irongate_messages::dead_letter::{ORIGINAL_SUBSCRIPTION, STAGE, TARGET};
use yew::prelude::*;

use super::dead_rows::{origin, place};
use super::dialog::Sheet;
use super::later::{Later, Part};
use super::message_detail::{PayloadViewProps, Placed};
use crate::browser::utc_offset_minutes;
use crate::hooks::use_permalink::{LINK_CHARACTERS_MAX, permalink};
use crate::state::dead_letters::{Held, Marks, Pile};
use crate::state::encoding::Encoding;
use crate::state::form::{AttributeRow, ProduceForm};
use crate::state::verdict::sentence;
use crate::text::size::{bytes, grouped};
use crate::text::time::date_time;

/// Properties of [`dead_letter_sheet`].
#[derive(Clone)]
pub struct DeadLetterProps {
    /// What was read.
    pub pile: Rc<Pile>,
    /// Which letter of it; none: no letter is shown.
    pub index: Option<usize>,
    /// What was sent again.
    pub marks: Rc<Marks>,
    /// Called to close it.
    pub onclose: Callback<()>,
    /// Called with the letter, to send it again.
    pub onredrive: Callback<Vec<usize>>,
}

/// The sheet. Test ids: `dead-letter`, `dead-letter-reason`, `dead-letter-origin`, `dead-letter-redrive`, `dead-letter-edit`,
/// `dead-letter-no-edit`, `dead-letter-mark`, `dead-letter-backtrace`, and those of the payload.
pub fn dead_letter_sheet(props: &DeadLetterProps) -> Html {
    let shown = props.index.and_then(|index| Some((index, props.pile.letters.get(index)?)));
    let title = shown.map(|(_, held)| format!("Letter {}", place(held))).unwrap_or_default();
    html! {
        <Sheet id="dead-letter" {title} open={shown.is_some()} onclose={props.onclose.clone()}>
            { for shown.map(|(index, held)| content(props, index, held)) }
        </Sheet>
    }
}

fn content(props: &DeadLetterProps, index: usize, held: &Held) -> Html {
    let letter = &held.letter;
    let fact = |(name, value): (&'static str, String)| html! { <div><dt>{ name }</dt><dd>{ value }</dd></div> };
    let attributes = letter.original_attributes();
    let attribute = |(name, value): (&String, &String)| html! { <div><dt>{ name }</dt><dd>{ value }</dd></div> };
    let backtrace = letter.says(BACKTRACE);
    html! {
        <div class="detail dead-letter">
            <p class="caution" data-testid="dead-letter-reason">{ if letter.reason().is_empty() { "No reason is given." } else { letter.reason() } }</p>
            if props.marks.has(held) {
                <p class="note" data-testid="dead-letter-mark">{ "Sent again from this browser. The letter itself stays as it is." }</p>
            }
            <div class="danger-row">
                <button type="button" class="primary" data-testid="dead-letter-redrive" onclick={props.onredrive.reform(move |_: MouseEvent| vec![index])}>{ "Redrive…" }</button>
                { edit(letter) }
            </div>
            <dl class="facts">
                <div><dt>{ "Was at" }</dt><dd>{ origin(held, "dead-letter-origin") }</dd></div>
                { facts(held).into_iter().map(fact).collect::<Html>() }
            </dl>
            if !backtrace.is_empty() {
                <h3>{ "Where the plugin was stopped" }</h3>
                <pre class="definition" tabindex="0" data-testid="dead-letter-backtrace">{ backtrace }</pre>
            }
            <h3>{ "Payload" }</h3>
            <Later key={index} part={Part::Payload(PayloadViewProps { payload: Placed(letter.payload.clone()) })} />
            if !attributes.is_empty() {
                <h3>{ "Attributes of the message" }</h3>
                <dl class="facts mono">{ attributes.iter().map(attribute).collect::<Html>() }</dl>
            }
            <details>
                <summary>{ "All attributes of the letter" }</summary>
                <dl class="facts mono">{ letter.attributes.iter().filter(|(name, _)| *name != BACKTRACE && *name != FAILURE_REASON).map(attribute).collect::<Html>() }</dl>
            </details>
        </div>
    }
}

fn facts(held: &Held) -> Vec<(&'static str, String)> {
    let letter = &held.letter;
    let said = [
        ("Class", letter.class()),
        ("Pipeline", letter.says(PIPELINE)),
        ("Stage", letter.says(STAGE)),
        ("Target", letter.says(TARGET)),
        ("Subscription", letter.says(ORIGINAL_SUBSCRIPTION)),
        ("Plugin", letter.says(PLUGIN)),
        ("Plugin's sha256", letter.says(PLUGIN_SHA256)),
        ("Tries", letter.attempts()),
        ("Routing key", letter.key.as_deref().unwrap_or_default()),
    ];
    let said = said.into_iter().filter(|(_, value)| !value.is_empty());
    let mut facts: Vec<(&'static str, String)> = said.map(|(name, value)| (name, value.to_owned())).collect();
    facts.push(("Put here", date_time(held.append_time_ms, utc_offset_minutes(held.append_time_ms))));
    facts.push(("In the topic", letter.topic.clone()));
    if letter.redrives() > 0 {
        facts.push(("Redriven before", grouped(letter.redrives().into())));
    }
    facts.push(("Size", bytes(letter.payload.len() as u64)));
    facts
}

/// The way to the Produce page, which checks what is typed against the schema of the topic, or why there is none.
fn edit(letter: &Letter) -> Html {
    match form(letter).and_then(|form| permalink(&form).ok_or_else(too_long)) {
        Ok(link) => {
            html! { <a class="button secondary" data-testid="dead-letter-edit" href={link}>{ "Edit in Produce" }</a> }
        }
        Err(why) => {
            html! { <p class="note lacking" data-testid="dead-letter-no-edit">{ "It cannot be edited: " }{ sentence(&why) }</p> }
        }
    }
}

fn too_long() -> String {
    let limit = grouped(LINK_CHARACTERS_MAX as u64);
    format!("it is longer than the {limit} characters of a link, by which the Produce page is opened")
}

/// The message that the letter was, as the Produce page takes it.
fn form(letter: &Letter) -> Result<ProduceForm, String> {
    if letter.payload.len() > LINK_CHARACTERS_MAX {
        return Err(too_long());
    }
    let payload = std::str::from_utf8(&letter.payload).map_err(|_| "its payload is not text".to_owned())?;
    // Whoever edits a letter decides anew how often it may go.
    let Redriven { topic, attributes } = redrive(letter, None, u32::MAX).map_err(|guard| guard.to_string())?;
    Ok(ProduceForm {
        topic: topic.into(),
        routing_key: letter.key.as_deref().unwrap_or_default().into(),
        attributes: attributes.into_iter().map(|(key, value)| AttributeRow { key, value }).collect(),
        // It is text as it lies there, whatever is usual for its schema.
        encoding: Some(Encoding::Text),
        payload: payload.into(),
        reliable: true,
        ..ProduceForm::default()
    })
}
