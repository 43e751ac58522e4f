//! The evolution preview: which of the messages stored under a subject, and of the templates for it, a new definition
//! would refuse, asked before it is registered.

use yew::prelude::*;

use super::failure::failure;
use crate::hooks::use_evolution::{Candidate, Trial, use_evolution};
use crate::state::evolution::{Evolution as Found, Failing, MESSAGES_PER_PARTITION_MAX};
use crate::state::verdict::sentence;
use crate::text::size::counted;

/// Properties of [`Evolution`].
#[derive(Clone, PartialEq, Properties)]
pub struct EvolutionProps {
    /// The definition on trial.
    pub candidate: Candidate,
    /// Whether it compiles.
    pub ready: bool,
}

/// The preview. Test ids: `evolution-try`, `evolution-result`, `evolution-templates`; in each failing message `evolution-failing`.
#[component]
pub fn Evolution(props: &EvolutionProps) -> Html {
    let (trial, start) = use_evolution(props.candidate.clone());
    let onclick = start.reform(|_: MouseEvent| ());
    let running = trial == Trial::Running;
    html! {
        <section class="evolution" aria-label="Evolution preview">
            <div class="evolution-head">
                <p class="note">{ format!("Try it on what is stored: the last {MESSAGES_PER_PARTITION_MAX} messages of each topic bound to this subject, and the templates for it.") }</p>
                <button type="button" class="secondary" data-testid="evolution-try" disabled={!props.ready || running} {onclick}>
                    { if running { "Trying…" } else { "Try on stored messages" } }
                </button>
            </div>
            <div role="status">
                { match &trial {
                    Trial::Idle | Trial::Running => Html::default(),
                    Trial::Failed(failed) => failure(failed),
                    Trial::Done(found) => result(found),
                } }
            </div>
        </section>
    }
}

/// What of the templates would fail, where there are any.
fn templates_line(found: &Found) -> Html {
    let tried = counted(found.templates_tried, "template", "templates");
    let (tone, words) = match (found.templates_tried, found.templates_failing) {
        (0, _) => return Html::default(),
        (_, 0) => ("good", format!("{tried} of this browser, and none would fail.")),
        (_, failing) => ("caution", format!("{failing} of {tried} of this browser would fail.")),
    };
    html! { <p class={tone} data-testid="evolution-templates">{ words }</p> }
}

fn result(found: &Found) -> Html {
    let topics = counted(found.topics.len(), "topic", "topics");
    let tried = counted(found.tried, "stored message", "stored messages");
    let (tone, words) = match (found.topics.is_empty(), found.tried, found.failing) {
        (true, ..) => ("neutral", "No topic is bound to this subject yet: nothing can fail.".to_owned()),
        (false, 0, _) => ("neutral", format!("{topics} bound to this subject, no messages stored: nothing can fail.")),
        (false, _, 0) => ("good", format!("All {tried} of {topics} satisfy it.")),
        (false, _, failing) => ("caution", format!("{failing} of {tried} would fail.")),
    };
    let row = |one: &Failing| {
        let more = if one.count > 1 { format!(" and {} more", one.count - 1) } else { String::new() };
        let place = if one.first.instance_path.is_empty() { "(the whole message)" } else { &one.first.instance_path };
        html! {
            <li class="violation" data-testid="evolution-failing">
                <span class="violation-head">
                    <span class="rule">{ &one.first.rule }</span><code class="pointer">{ place.to_owned() }</code>
                    <span class="position">{ &one.place }</span>
                </span>
                <span>{ sentence(&one.first.message) }{ more }</span>
            </li>
        }
    };
    html! {
        <div data-testid="evolution-result">
            <p class={tone}>{ words }{ if found.cut { " There are more than were tried." } else { "" } }</p>
            { templates_line(found) }
            if found.failing_all() > 0 {
                <ul class="violations">{ found.listed.iter().map(row).collect::<Html>() }</ul>
                if found.failing_all() > found.listed.len() {
                    <p class="muted">{ format!("and {} more", found.failing_all() - found.listed.len()) }</p>
                }
            }
        </div>
    }
}
