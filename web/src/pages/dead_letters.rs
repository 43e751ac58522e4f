//! Dead letters: why messages were given up, each one whole, and sending them again. Reads without a subscription; the letters
//! stay where they are.

use irongate_proto::irongate_v1::Feature;
use yew::prelude::*;
use yew::props;

use crate::api;
use crate::api::dead_letters::{ASKED_TOPICS_MAX, Known};
use crate::components::dead_pile::DeadPile;
use crate::components::failure::{failure, lacking};
use crate::components::field::{SelectField, TextFieldProps, text_field};
use crate::hooks::use_address::use_address;
use crate::hooks::use_console::use_console;
use crate::hooks::use_remote::{Remote, use_remote};
use crate::routes::Route;
use crate::state::dead_letters::{LETTERS_CHOICES, LETTERS_DEFAULT};
use crate::state::topic_name;
use crate::state::verdict::sentence;
use crate::text::size::{counted, grouped};

/// The page. Test ids besides those of its components: `dead-topic`, `dead-newest`, `dead-read`, `dead-lacking`, `dead-known`,
/// `dead-empty`.
#[component]
pub fn DeadLetters() -> Html {
    let console = use_console();
    let address = use_address();
    let topic = address.parameter("topic");
    let typed = use_state(|| topic.clone());
    let newest = use_state(|| LETTERS_DEFAULT);
    let turn = use_state(|| 0_u32);
    {
        // The browser's way back changes the topic too.
        let typed = typed.setter();
        use_effect_with(topic.clone(), move |topic| typed.set(topic.clone()));
    }
    let known = use_remote(console.revision, |_| api::dead_letters::known());
    let lacks = console.missing(Feature::Browse).or_else(|| console.missing(Feature::BrowseStored));
    let onread = {
        let (address, topic, turn) = (address.clone(), topic.clone(), turn.clone());
        Callback::from(move |wanted: String| {
            let wanted = wanted.trim();
            if wanted == topic {
                turn.set(turn.wrapping_add(1));
            } else {
                address.go(Route::DeadLetters, &[("topic", wanted)], true);
            }
        })
    };
    let problem = topic_name::problem(typed.trim()).filter(|_| !typed.is_empty());
    let onsubmit = {
        let (onread, typed) = (onread.clone(), typed.to_string());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            onread.emit(typed.clone());
        })
    };
    let type_in = {
        let typed = typed.setter();
        Callback::from(move |text| typed.set(text))
    };
    let choose = {
        let newest = newest.setter();
        Callback::from(move |text: String| newest.set(text.parse().unwrap_or(LETTERS_DEFAULT)))
    };
    let choices =
        LETTERS_CHOICES.map(|count| (count.to_string().into(), format!("the newest {}", grouped(count.into())).into()));
    html! {
        <div class="dead">
            <header class="page-head"><h1>{ "Dead letters" }</h1></header>
            <form class="tail-form" {onsubmit}>
                { text_field(&props!(TextFieldProps {
                    id: "dead-topic", label: "Topic of dead letters", value: (*typed).clone(), onchange: type_in, mono: true,
                    search: true, placeholder: "/default/orders-dlq", suggestions: "dead-topics", class: "grow",
                    problem: problem.as_deref().map(sentence).map(AttrValue::from),
                })) }
                <datalist id="dead-topics">{ suggestions(&known) }</datalist>
                <SelectField id="dead-newest" label="Letters" value={newest.to_string()} onchange={choose} class="start"
                    groups={vec![(AttrValue::default(), choices.to_vec())]} />
                <div class="tail-connect">
                    <button type="submit" class="primary" data-testid="dead-read"
                        disabled={lacks.is_some() || problem.is_some() || typed.is_empty()}>{ "Read" }</button>
                </div>
            </form>
            { lacking("dead-lacking", lacks.as_ref()) }
            if lacks.is_some() {
                if console.missing(Feature::Browse).is_none() {
                    <p class="muted">{ "What is given up from now on can be followed on the Tail page as it comes." }</p>
                }
            } else if topic.is_empty() {
                { overview(&known, &onread) }
            } else {
                <DeadPile key={format!("{topic} {} {}", *newest, *turn)} topic={topic.clone()} letters_max={*newest} />
            }
        </div>
    }
}

/// Topics that are known to hold letters come first.
fn suggestions(known: &Remote<Known>) -> Html {
    let Some(known) = known.ready() else { return Html::default() };
    let rest = known.all.iter().filter(|name| !known.topics.contains_key(*name));
    let option = |name: &String| html! { <option key={name.clone()} value={name.clone()} /> };
    known.topics.keys().chain(rest).map(option).collect()
}

fn overview(known: &Remote<Known>, onread: &Callback<String>) -> Html {
    let known = match known {
        Remote::Pending => return html! { <p class="muted">{ "Asking where dead letters are put…" }</p> },
        Remote::Failed(failed) => return failure(failed),
        Remote::Ready(known) => known,
    };
    let row = |(topic, who): (&String, &Vec<String>)| {
        let open = {
            let topic = topic.clone();
            onread.reform(move |_: MouseEvent| topic.clone())
        };
        let letters = known.letters.get(topic).map_or_else(|| "none yet".to_owned(), |count| grouped(*count));
        html! {
            <tr key={topic.clone()}>
                <td><button type="button" class="quiet topic-name mono" data-testid="dead-known" onclick={open}>{ topic }</button></td>
                <td class="number">{ letters }</td>
                <td class="why">{ for who.iter().map(|who| html! { <div>{ who }</div> }) }</td>
            </tr>
        }
    };
    html! {
        <>
            if known.topics.is_empty() {
                <div class="empty-state" data-testid="dead-empty">
                    <p class="empty-title">{ "Nothing puts dead letters anywhere" }</p>
                    <p>{ "A dead letter is a message that was given up, with the reason. A pipeline puts them into the topic that its file \
                        names under [pipeline.dead_letter]; a subscription does when its failure policy says dead_letter. Any other topic \
                        can be typed above." }</p>
                </div>
            } else {
                <div class="table-scroll" tabindex="0" role="region" aria-label="Topics of dead letters">
                    <table>
                        <thead><tr><th scope="col">{ "Topic" }</th><th scope="col" class="number">{ "Letters" }</th><th scope="col">{ "From" }</th></tr></thead>
                        <tbody>{ known.topics.iter().map(row).collect::<Html>() }</tbody>
                    </table>
                </div>
            }
            if known.cut {
                <p class="note">{ format!("The subscriptions of {} were asked, those of further topics were not.", counted(ASKED_TOPICS_MAX, "topic", "topics")) }</p>
            }
            if let Some(why) = &known.unasked {
                <p class="note">{ "Perhaps not all: " }{ why }</p>
            }
        </>
    }
}
