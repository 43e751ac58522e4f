//! One verdict: who says it, a few words in its colour, a sentence.

use yew::prelude::*;

use crate::state::verdict::{Tone, Verdict};

/// Properties of [`verdict_card`].
#[derive(Clone, PartialEq, Properties)]
pub struct VerdictCardProps {
    /// Also the `data-testid`: `verdict-schema` or `verdict-broker`.
    pub id: AttrValue,
    /// Whose verdict it is.
    pub title: AttrValue,
    /// The verdict.
    pub verdict: Verdict,
    /// What belongs to it, below.
    #[prop_or_default]
    pub children: Html,
}

/// The class that gives an element the colour of a tone.
#[must_use]
pub fn class_of(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Caution => "caution",
        Tone::Bad => "bad",
        Tone::Neutral => "neutral",
    }
}

/// A verdict.
pub fn verdict_card(props: &VerdictCardProps) -> Html {
    let verdict = &props.verdict;
    let tone = class_of(verdict.tone);
    html! {
        <section class={classes!("verdict", tone)} aria-label={props.title.clone()}>
            <div data-testid={props.id.clone()} data-tone={tone}>
                <p class="verdict-title">{ &props.title }</p>
                <p class="verdict-headline"><span class="dot" aria-hidden="true"></span>{ &verdict.headline }</p>
                if !verdict.detail.is_empty() {
                    <p class="verdict-detail">{ &verdict.detail }</p>
                }
            </div>
            { props.children.clone() }
        </section>
    }
}
