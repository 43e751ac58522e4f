//! What was read of a topic of dead letters: the kinds of failure, the letters of one kind, and which of them are to be sent again.

use std::collections::BTreeSet;
use std::rc::Rc;

use yew::prelude::*;

use super::dead_letter::{DeadLetterProps, dead_letter_sheet};
use super::dead_rows::DeadRows;
use super::failure::failure;
use super::redrive_sheet::{RedriveSheetProps, redrive_sheet};
use crate::browser::utc_offset_minutes;
use crate::hooks::use_dead_letters::{use_dead_letters, use_marks};
use crate::hooks::use_remote::Remote;
use crate::state::dead_letters::{Group, Marks, Pile};
use crate::text::hex::preview;
use crate::text::size::{counted, grouped};
use crate::text::time::date_time;

/// Characters of a payload shown as the sample of a kind.
const SAMPLE_CHARACTERS_MAX: usize = 80;

/// Characters shown of a plugin's sha256.
const DIGEST_CHARACTERS: usize = 12;

/// Kinds drawn; where there are more, the reasons hardly have anything in common.
const GROUPS_MAX: usize = 200;

/// Properties of [`DeadPile`].
#[derive(Clone, PartialEq, Properties)]
pub struct DeadPileProps {
    /// The topic.
    pub topic: AttrValue,
    /// How many letters to read.
    pub letters_max: u32,
}

/// The letters of a topic. Test ids besides those of its components: `dead-summary`, `dead-group`, `dead-group-open`, `dead-group-redrive`,
/// `dead-none`.
#[component]
pub fn DeadPile(props: &DeadPileProps) -> Html {
    let read = use_dead_letters(props.topic.clone(), props.letters_max);
    match read {
        Remote::Pending => html! { <p class="muted" role="status">{ "Reading the letters…" }</p> },
        Remote::Failed(failed) => failure(&failed),
        Remote::Ready(pile) if pile.letters.is_empty() => html! {
            <div class="empty-state" data-testid="dead-none">
                <p class="empty-title">{ "There is no letter in this topic" }</p>
                <p>{ "Nothing was given up, or its retention has taken it away since. What fails from now on is shown when the topic is read again." }</p>
            </div>
        },
        Remote::Ready(pile) => html! { <Opened {pile} /> },
    }
}

#[derive(Clone, Properties)]
struct OpenedProps {
    pile: Rc<Pile>,
}

impl PartialEq for OpenedProps {
    /// It never changes; comparing thousands of letters at each redraw would stop the page.
    fn eq(&self, other: &OpenedProps) -> bool {
        Rc::ptr_eq(&self.pile, &other.pile)
    }
}

#[component]
fn Opened(props: &OpenedProps) -> Html {
    let pile = &props.pile;
    let groups = use_memo((), {
        let pile = Rc::clone(pile);
        move |()| pile.groups()
    });
    let (marks, mark) = use_marks();
    let group = use_state(|| (groups.len() == 1).then_some(0_usize));
    let chosen = use_state(BTreeSet::<usize>::new);
    let shown = use_state(|| None::<usize>);
    let redriving = use_state(|| None::<Rc<[usize]>>);
    let toggle = {
        let (group, chosen) = (group.clone(), chosen.setter());
        Callback::from(move |index: usize| {
            chosen.set(BTreeSet::new());
            group.set((*group != Some(index)).then_some(index));
        })
    };
    let redrive = {
        let (redriving, shown) = (redriving.setter(), shown.setter());
        Callback::from(move |mut letters: Vec<usize>| {
            // Oldest first, so that those with the same key stay in order.
            letters.sort_unstable();
            shown.set(None);
            redriving.set(Some(letters.into()));
        })
    };
    let close = {
        let redriving = redriving.setter();
        Callback::from(move |()| redriving.set(None))
    };
    let onsent = {
        let pile = Rc::clone(pile);
        mark.reform(move |letters| (Rc::clone(&pile), letters))
    };
    let onchosen = {
        let chosen = chosen.setter();
        Callback::from(move |letters| chosen.set(letters))
    };
    let onshow = {
        let shown = shown.setter();
        Callback::from(move |index| shown.set(index))
    };
    html! {
        <>
            <p class="note" role="status" data-testid="dead-summary">{ summary(pile, groups.len()) }</p>
            { kinds(pile, &groups, *group, &marks, &toggle, &redrive) }
            if let Some(open) = group.and_then(|index| groups.get(index)) {
                <DeadRows key={group.unwrap_or_default()} pile={Rc::clone(pile)} group={open.clone()} marks={marks.clone()} chosen={(*chosen).clone()}
                    {onchosen} onshow={onshow.reform(Some)} onredrive={redrive.clone()} />
            }
            { dead_letter_sheet(&DeadLetterProps {
                pile: Rc::clone(pile), index: *shown, marks: marks.clone(), onclose: onshow.reform(|()| None), onredrive: redrive,
            }) }
            { redrive_sheet(&RedriveSheetProps { pile: Rc::clone(pile), letters: (*redriving).clone(), marks, onclose: close, onsent }) }
        </>
    }
}

fn summary(pile: &Pile, groups: usize) -> String {
    let letters = pile.letters.len();
    let mut words = format!("{} of {}.", counted(letters, "letter", "letters"), counted(groups, "kind", "kinds"));
    let beyond = pile.beyond();
    if beyond > 0 {
        let all = grouped(pile.stored);
        words += &format!(" The topic holds {all}; the oldest {} were not read.", grouped(beyond));
    }
    words + " Sending one again sends a copy: the letter stays in the topic."
}

fn kinds(
    pile: &Pile,
    groups: &[Group],
    open: Option<usize>,
    marks: &Marks,
    toggle: &Callback<usize>,
    redrive: &Callback<Vec<usize>>,
) -> Html {
    let time = |time_ms: u64| date_time(time_ms, utc_offset_minutes(time_ms));
    let row = |(index, group): (usize, &Group)| {
        let newest = group.letters.first().and_then(|&letter| pile.letters.get(letter)).map(|held| &held.letter);
        let sample = newest.map(|letter| preview(&letter.payload, SAMPLE_CHARACTERS_MAX)).unwrap_or_default();
        let sent = group.letters.iter().filter(|&&letter| pile.letters.get(letter).is_some_and(|held| marks.has(held)));
        let sent = sent.count();
        let all = {
            let letters = group.letters.clone();
            redrive.reform(move |_: MouseEvent| letters.clone())
        };
        let kind = &group.kind;
        let reason = if kind.reason.is_empty() { "no reason is given" } else { &kind.reason };
        html! {
            <tr key={index} class={classes!((open == Some(index)).then_some("current"))} data-testid="dead-group">
                <td class="number">{ grouped(group.letters.len() as u64) }</td>
                <td class="why">
                    <button type="button" class="quiet topic-name" data-testid="dead-group-open" aria-expanded={(open == Some(index)).to_string()}
                        title={newest.map(|letter| letter.reason().to_owned())}
                        onclick={toggle.reform(move |_: MouseEvent| index)}>{ reason.to_owned() }</button>
                    if !kind.class.is_empty() { { " " }<span class="chip">{ &kind.class }</span> }
                    if sent > 0 { { " " }<span class="chip">{ format!("{} redriven", grouped(sent as u64)) }</span> }
                    <br /><code class="muted">{ sample }</code>
                </td>
                <td class="why">{ &kind.place }</td>
                <td class="mono" title={kind.plugin_sha256.clone()}>{ kind.plugin_sha256.chars().take(DIGEST_CHARACTERS).collect::<String>() }</td>
                <td>
                    { time(group.first_ms) }
                    if group.last_ms > group.first_ms { <br />{ time(group.last_ms) } }
                </td>
                <td class="row-actions">
                    <button type="button" class="quiet" data-testid="dead-group-redrive" onclick={all}>{ "Redrive all…" }</button>
                </td>
            </tr>
        }
    };
    html! {
        <>
            <div class="table-scroll" tabindex="0" role="region" aria-label="Kinds of failure">
                <table>
                    <thead><tr>
                        <th scope="col" class="number">{ "Letters" }</th><th scope="col">{ "Reason" }</th>
                        <th scope="col">{ "Stage, target or subscription" }</th><th scope="col">{ "Plugin" }</th>
                        <th scope="col">{ "First and last" }</th><td></td>
                    </tr></thead>
                    <tbody>{ groups.iter().take(GROUPS_MAX).enumerate().map(row).collect::<Html>() }</tbody>
                </table>
            </div>
            if groups.len() > GROUPS_MAX {
                <p class="note">{ format!("and {} more, with fewer letters each", counted(groups.len() - GROUPS_MAX, "kind", "kinds")) }</p>
            }
        </>
    }
}
