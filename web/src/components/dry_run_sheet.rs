//! The dry run of the message in the editor: what its topic's transforms, or a pipeline that reads the topic, make of it, before anything is sent.

use bytes::Bytes;
use yew::prelude::*;
use yew::props;

use super::dialog::Sheet;
use super::dry_run_view::{FoundViewProps, found_view};
use super::failure::{failure, lacking};
use super::field::SelectField;
use super::later::{Later, Part};
use super::operations::Operation;
use crate::api;
use crate::hooks::use_dry_run::{DryRun, Trial, Way, use_dry_run};
use crate::hooks::use_remote::use_remote;
use crate::state::form::ProduceForm;
use crate::state::topic_facts::{ExistingTopic, TopicFacts};

/// Properties of [`dry_run_sheet`].
#[derive(Clone, PartialEq, Properties)]
pub struct DryRunSheetProps {
    /// Whether it is shown.
    pub open: bool,
    /// Called when it has been closed.
    pub onclose: Callback<()>,
    /// What was typed, filled in where it is a template; none: it is not filled in yet.
    pub form: Option<ProduceForm>,
    /// What is known of the topic.
    pub facts: TopicFacts,
    /// What travels; none: what is typed cannot be encoded.
    pub payload: Option<Bytes>,
    /// The text has changed since and is being checked.
    pub checking: bool,
    /// Why nothing can be sent, if so.
    pub barred: Option<AttrValue>,
    /// Sends the message.
    pub onsend: Callback<()>,
}

/// The sheet. Test ids: `dry-run`, and those of its content.
pub fn dry_run_sheet(props: &DryRunSheetProps) -> Html {
    html! {
        <Sheet id="dry-run" title="Dry run" open={props.open} onclose={props.onclose.clone()}>
            <Later part={Part::Operation(Operation::DryRun(Box::new(props.clone())))} />
        </Sheet>
    }
}

/// Its content. Test ids besides those of [`found_view`]: `dry-run-way`, `dry-run-stage-choice`, `dry-run-stop`, `dry-run-again`,
/// `dry-run-send`, `dry-run-barred`.
#[component]
pub fn DryRunContent(props: &DryRunSheetProps) -> Html {
    let topic = props.form.as_ref().map(|form| AttrValue::from(form.topic.clone())).unwrap_or_default();
    let facts = match &props.facts {
        TopicFacts::Exists(facts) => facts.clone(),
        _ => ExistingTopic::default(),
    };
    let (way, choices) = use_way(&topic, &facts);
    let message = props.form.as_ref().zip(props.payload.clone()).filter(|_| !props.checking);
    // The time is the host's: a time of ours would be another message at each look.
    let message = message.and_then(|(form, payload)| form.request(&props.facts, payload, "", 0).messages.pop());
    let unencodable = props.payload.is_none() && !props.checking;
    let run = use_dry_run(message.map(|message| (way.clone(), message)));
    let send = {
        let (close, send) = (props.onclose.clone(), props.onsend.clone());
        Callback::from(move |_: MouseEvent| {
            close.emit(());
            send.emit(());
        })
    };
    let note = match facts.transformed {
        true => {
            "Sending sends your message as you typed it: the transforms run on it then, as they do on every message."
        }
        false => "Sending sends your message as you typed it, to the topic above.",
    };
    html! {
        <div class="dry-run" aria-busy={(run.trial == Trial::Running).to_string()}>
            { choices }
            { said_of(&way, &topic, facts.transformed) }
            if unencodable {
                <p class="bad" role="alert">{ "The message cannot be encoded: there are no bytes to try." }</p>
            } else {
                { state(&run, props.barred.is_some()) }
            }
            { lacking("dry-run-barred", props.barred.as_ref()) }
            <div class="dry-run-foot">
                <p class="note">{ note }</p>
                <button type="button" class="primary" data-testid="dry-run-send" disabled={unencodable || props.barred.is_some()} onclick={send}>{ "Send" }</button>
            </div>
        </div>
    }
}

/// What the message is run through, and the fields that choose it where there is a choice.
#[hook]
fn use_way(topic: &AttrValue, facts: &ExistingTopic) -> (Way, Html) {
    let chosen = use_state(|| None::<AttrValue>);
    let stage = use_state(AttrValue::default);
    let listed = use_remote(facts.pipelines.clone(), |names| {
        let names = names.clone();
        async move {
            let pipelines = if names.is_empty() { Vec::new() } else { api::pipelines::list().await?.pipelines };
            Ok(pipelines.into_iter().filter(|one| names.contains(&one.name)).collect::<Vec<_>>())
        }
    });
    // No pipeline has an empty name.
    let first =
        if facts.transformed { None } else { facts.pipelines.first().map(|name| AttrValue::from(name.clone())) };
    let name = (*chosen).clone().or(first).unwrap_or_default();
    let choose = {
        let (chosen, stage) = (chosen.setter(), stage.setter());
        Callback::from(move |name: String| {
            chosen.set(Some(name.into()));
            stage.set(AttrValue::default());
        })
    };
    let choose_stage = {
        let stage = stage.setter();
        Callback::from(move |id: String| stage.set(id.into()))
    };
    let own = facts.transformed.then(|| (AttrValue::default(), AttrValue::Static("The topic's transforms")));
    let pipelines = facts.pipelines.iter().map(|name| (name.clone().into(), format!("The pipeline {name}").into()));
    let ways: Vec<(AttrValue, AttrValue)> = own.into_iter().chain(pipelines).collect();
    let known = listed.ready().and_then(|listed| listed.iter().find(|one| one.name == name.as_str()));
    let ids = known.map(|one| one.stages.iter().map(|stage| stage.id.clone()).collect::<Vec<_>>()).unwrap_or_default();
    let all = (AttrValue::default(), AttrValue::Static("All stages, and the targets"));
    let stages: Vec<_> =
        [all].into_iter().chain(ids.into_iter().map(|id| (id.clone().into(), format!("Only {id}").into()))).collect();
    let fields = html! {
        if !facts.pipelines.is_empty() {
            <div class="dry-run-ways">
                <SelectField id="dry-run-way" label="Run it through" value={name.clone()} onchange={choose} groups={vec![(AttrValue::default(), ways)]} />
                if !name.is_empty() {
                    <SelectField id="dry-run-stage-choice" label="Stages" value={(*stage).clone()} onchange={choose_stage} groups={vec![(AttrValue::default(), stages)]} />
                }
            </div>
        }
    };
    let way = if name.is_empty() { Way::Topic(topic.clone()) } else { Way::Pipeline(name, (*stage).clone()) };
    (way, fields)
}

fn said_of(way: &Way, topic: &str, is_transformed: bool) -> Html {
    let topic = html! { <code>{ topic }</code> };
    match way {
        Way::Topic(_) => html! {
            <p class="muted">{ "What the transforms of " }{ topic }{ " make of this message, and what the topic would say to that. Nothing is sent and nothing is kept." }</p>
        },
        Way::Pipeline(name, _) => html! {
            <p class="muted">
                { format!("What the pipeline {name} makes of this message, read from ") }{ topic }
                { ", and what its targets would say. Its state is read as it is; nothing is written and nothing remembered." }
                if is_transformed { { " The topic's transforms are left out: the pipeline gets the message as you typed it." } }
            </p>
        },
    }
}

fn state(run: &DryRun, barred: bool) -> Html {
    let again = html! {
        <button type="button" class="secondary" data-testid="dry-run-again" onclick={run.again.reform(|_: MouseEvent| ())}>{ "Run again" }</button>
    };
    match &run.trial {
        Trial::Awaiting => html! { <p class="muted" role="status">{ "Waiting for the check of the message…" }</p> },
        Trial::Running => html! {
            <div class="dry-run-bar">
                <p class="muted" role="status">{ "It is at work…" }</p>
                <button type="button" class="secondary" data-testid="dry-run-stop" onclick={run.stop.reform(|_: MouseEvent| ())}>{ "Stop waiting" }</button>
            </div>
        },
        Trial::Stopped => html! { <div class="dry-run-bar"><p role="status">{ "Stopped." }</p>{ again }</div> },
        Trial::Failed(failed) => html! { <>{ failure(failed) }<div class="dry-run-bar">{ again }</div></> },
        Trial::Done(found) => found_view(&props!(FoundViewProps { found: found.clone(), barred, children: again })),
    }
}
