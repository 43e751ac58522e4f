//! What a template is filled in as: read only, because this, and nothing else, is checked and sent.

use std::rc::Rc;

use yew::prelude::*;

use crate::browser;
use crate::state::filling::Filling;
use crate::state::form::ProduceForm;
use crate::state::verdict::sentence;

/// Seeds that nobody chose are less: short enough to be read out.
const SEED_MAX: f64 = 1_000_000.0;

/// Characters of the payload shown; more are sent all the same.
const SHOWN_CHARACTERS_MAX: usize = 20_000;

/// Properties of [`FilledView`].
#[derive(Clone, PartialEq, Properties)]
pub struct FilledViewProps {
    /// What it became.
    pub filling: Filling,
    /// What decides the random values.
    pub seed: u64,
    /// Which message of the seed it is.
    pub number: u64,
    /// Called with another seed.
    pub onseed: Callback<u64>,
    /// Fills in the time anew.
    pub onagain: Callback<()>,
}

/// The preview. Test ids: `filled`, `filled-payload`, `filled-key`, `filled-attribute`, `filled-problem`, `filled-seed`, `filled-other`,
/// `filled-again`.
#[component]
pub fn FilledView(props: &FilledViewProps) -> Html {
    let typed = use_state(|| None::<String>);
    let oninput = {
        let typed = typed.setter();
        Callback::from(move |event: InputEvent| typed.set(Some(browser::value_of(&event))))
    };
    let onchange = {
        let (typed, onseed) = (typed.setter(), props.onseed.clone());
        Callback::from(move |event: Event| {
            if let Ok(seed) = browser::value_of(&event).trim().parse() {
                onseed.emit(seed);
            }
            // What is no seed gives way to the one there is.
            typed.set(None);
        })
    };
    let other = props.onseed.reform(|_: MouseEvent| (js_sys::Math::random() * SEED_MAX) as u64);
    let again = props.onagain.reform(|_: MouseEvent| ());
    let value = (*typed).clone().unwrap_or_else(|| props.seed.to_string());
    html! {
        <section class="filled" aria-label="What is sent" data-testid="filled">
            <div class="filled-head">
                <span class="label">{ format!("Message {} of the seed", props.number) }</span>
                <input data-testid="filled-seed" aria-label="Seed" class="mono" inputmode="numeric" {value} autocomplete="off" {oninput} {onchange} />
                <button type="button" class="quiet" data-testid="filled-other" onclick={other}>{ "Another seed" }</button>
                <button type="button" class="quiet" data-testid="filled-again" title="Takes the time anew" onclick={again}>{ "Fill in again" }</button>
            </div>
            { match &props.filling {
                Filling::Failed(why) => html! { <p class="bad" role="alert" data-testid="filled-problem">{ sentence(why) }</p> },
                filling => match filling.form() {
                    Some(form) => shown(form),
                    None => html! { <p class="muted" role="status">{ "Filling in…" }</p> },
                },
            } }
        </section>
    }
}

fn shown(form: &Rc<ProduceForm>) -> Html {
    let text: String = form.payload.chars().take(SHOWN_CHARACTERS_MAX).collect();
    let rest = form.payload.len() - text.len();
    let attribute = |(index, row): (usize, &crate::state::form::AttributeRow)| {
        html! { <div key={index} data-testid="filled-attribute"><dt>{ &row.key }</dt><dd class="mono">{ &row.value }</dd></div> }
    };
    let rows = form.attributes.iter().filter(|row| !row.key.is_empty());
    html! {
        <>
            <pre class="filled-payload" tabindex="0" role="region" aria-label="Payload as it is sent" data-testid="filled-payload">{ text }</pre>
            if rest > 0 { <p class="note">{ format!("and {} more", crate::text::size::bytes(rest as u64)) }</p> }
            if !form.routing_key.is_empty() || rows.clone().next().is_some() {
                <dl class="facts">
                    if !form.routing_key.is_empty() {
                        <div><dt>{ "Routing key" }</dt><dd class="mono" data-testid="filled-key">{ form.routing_key.to_string() }</dd></div>
                    }
                    { rows.enumerate().map(attribute).collect::<Html>() }
                </dl>
            }
            <p class="note">{ "This is what is checked and sent, byte for byte. The time is that of the preview; the next message has the next number." }</p>
        </>
    }
}
