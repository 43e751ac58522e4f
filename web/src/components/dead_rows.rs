//! The letters of one kind: where each was, what is in it, and a tick for those that are to be sent again.

use std::collections::BTreeSet;
use std::rc::Rc;

use yew::prelude::*;

use crate::browser::{checked_of, utc_offset_minutes};
use crate::state::dead_letters::{Group, Held, Marks, Pile};
use crate::text::hex::preview;
use crate::text::size::{counted, grouped};
use crate::text::time::date_time;

/// Letters drawn at first, and each time that more are asked for.
const PART: usize = 100;

/// Characters of a payload shown in a row.
const PREVIEW_CHARACTERS_MAX: usize = 60;

/// Properties of [`DeadRows`].
#[derive(Clone, Properties)]
pub struct DeadRowsProps {
    /// What was read.
    pub pile: Rc<Pile>,
    /// The kind.
    pub group: Group,
    /// What was sent again.
    pub marks: Rc<Marks>,
    /// Which are ticked.
    pub chosen: BTreeSet<usize>,
    /// Called with those that are.
    pub onchosen: Callback<BTreeSet<usize>>,
    /// Called with a letter to open.
    pub onshow: Callback<usize>,
    /// Called with letters to send again.
    pub onredrive: Callback<Vec<usize>>,
}

impl PartialEq for DeadRowsProps {
    fn eq(&self, other: &DeadRowsProps) -> bool {
        Rc::ptr_eq(&self.pile, &other.pile)
            && Rc::ptr_eq(&self.marks, &other.marks)
            && self.group.kind == other.group.kind
            && self.chosen == other.chosen
    }
}

/// The letters. Test ids: `dead-row`, `dead-row-open`, `dead-row-choose`, `dead-row-origin`, `dead-row-mark`, `dead-choose-all`,
/// `dead-redrive-chosen`, `dead-more`.
#[component]
pub fn DeadRows(props: &DeadRowsProps) -> Html {
    let drawn = use_state(|| PART);
    let all = &props.group.letters;
    let choose_all = {
        let (onchosen, letters) = (props.onchosen.clone(), all.clone());
        Callback::from(move |event: Event| {
            let letters = if checked_of(&event) { letters.iter().copied().collect() } else { BTreeSet::new() };
            onchosen.emit(letters);
        })
    };
    let redrive = {
        let letters: Vec<usize> = props.chosen.iter().copied().collect();
        props.onredrive.reform(move |_: MouseEvent| letters.clone())
    };
    let more = {
        let (next, drawn) = (*drawn + PART, drawn.setter());
        Callback::from(move |_: MouseEvent| drawn.set(next))
    };
    let held = all.iter().take(*drawn).filter_map(|&index| Some((index, props.pile.letters.get(index)?)));
    let left = all.len().saturating_sub(*drawn);
    let chosen = props.chosen.len();
    html! {
        <section class="dead" aria-label="Letters of this kind">
            <div class="load-head">
                <h2>{ counted(all.len(), "letter", "letters") }{ ": " }{ &props.group.kind.reason }</h2>
                <button type="button" class="secondary" data-testid="dead-redrive-chosen" disabled={chosen == 0} onclick={redrive}>
                    { format!("Redrive {}…", if chosen == 0 { "those ticked".to_owned() } else { counted(chosen, "letter", "letters") }) }</button>
            </div>
            <div class="table-scroll" tabindex="0" role="region" aria-label="Letters">
                <table>
                    <thead><tr>
                        <th scope="col"><input type="checkbox" aria-label="Tick all letters of this kind" data-testid="dead-choose-all"
                            checked={chosen == all.len()} onchange={choose_all} /></th>
                        <th scope="col">{ "Letter" }</th><th scope="col">{ "Was at" }</th><th scope="col">{ "Key" }</th>
                        <th scope="col" class="number">{ "Tries" }</th><th scope="col">{ "Put here" }</th><th scope="col">{ "Payload" }</th>
                    </tr></thead>
                    <tbody>{ held.map(|(index, held)| row(props, index, held)).collect::<Html>() }</tbody>
                </table>
            </div>
            if left > 0 {
                <button type="button" class="quiet" data-testid="dead-more" onclick={more}>{ format!("Show more, {} left", grouped(left as u64)) }</button>
            }
        </section>
    }
}

fn row(props: &DeadRowsProps, index: usize, held: &Held) -> Html {
    let letter = &held.letter;
    let name = place(held);
    let choose = {
        let (onchosen, chosen) = (props.onchosen.clone(), props.chosen.clone());
        Callback::from(move |event: Event| {
            let mut chosen = chosen.clone();
            if checked_of(&event) {
                chosen.insert(index)
            } else {
                chosen.remove(&index)
            };
            onchosen.emit(chosen);
        })
    };
    html! {
        <tr key={index} data-testid="dead-row">
            <td><input type="checkbox" aria-label={format!("Tick letter {name}")} data-testid="dead-row-choose"
                checked={props.chosen.contains(&index)} onchange={choose} /></td>
            <td>
                <button type="button" class="quiet mono" data-testid="dead-row-open" onclick={props.onshow.reform(move |_: MouseEvent| index)}>{ &name }</button>
                if props.marks.has(held) { <span class="chip" data-testid="dead-row-mark">{ "redriven" }</span> }
            </td>
            <td class="mono">{ origin(held, "dead-row-origin") }</td>
            <td class="mono">{ letter.key.clone().unwrap_or_default() }</td>
            <td class="number">{ letter.attempts() }</td>
            <td>{ date_time(held.append_time_ms, utc_offset_minutes(held.append_time_ms)) }</td>
            <td class="mono">{ preview(&letter.payload, PREVIEW_CHARACTERS_MAX) }</td>
        </tr>
    }
}

/// A letter's name within its topic: its offset, with the partition where there are some.
pub fn place(held: &Held) -> String {
    let letter = &held.letter;
    match crate::state::topic_name::partition_of(&letter.topic) {
        Some((_, partition)) => format!("{partition}/{}", letter.offset),
        None => letter.offset.to_string(),
    }
}

/// Where the message was, as a way there.
pub fn origin(held: &Held, id: &'static str) -> Html {
    let Some((topic, offset)) = held.origin() else { return html! { held.letter.original_topic().to_owned() } };
    let named = js_sys::encode_uri_component(topic);
    html! { <a data-testid={id} href={format!("/tail?topic={named}&start=offset&at={offset}")}>{ format!("{topic} @ {offset}") }</a> }
}
