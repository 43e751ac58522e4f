//! The picture of a pipeline: source, stages, targets and dead letters, with what each edge carried. It is made of words in
//! boxes, so that it can be read in any width, and heard.

use irongate_proto::pipelines_v1::{Pipeline, Stage, Target};
use yew::prelude::*;

use super::page_link::PageLink;
use crate::routes::Route;
use crate::state::pipeline_words::{on_error, stage_facts, way};
use crate::text::size::{counted, grouped};

/// The picture. Test ids: `pipeline-flow`, `flow-source`, `flow-stage`, `flow-target`, `flow-dead`, and `flow-edge` for what goes
/// to each of them.
pub fn pipeline_flow(pipeline: &Pipeline) -> Html {
    html! {
        <figure class="flow" data-testid="pipeline-flow">
            <figcaption class="hidden">{ way(pipeline) }</figcaption>
            <ol>
                <li class="flow-node flow-topic" data-testid="flow-source">
                    <span class="flow-kind">{ "Source" }</span>
                    { topic_link(&pipeline.from) }
                    <span class="muted">{ source(pipeline) }</span>
                </li>
                { for pipeline.stages.iter().enumerate().map(|(index, one)| stage(pipeline, index, one)) }
            </ol>
            <ul class="flow-ends" aria-label="Where the records go">
                { for pipeline.targets.iter().enumerate().map(|(index, one)| target(index, one)) }
                if !pipeline.dead_letter.is_empty() {
                    <li class="flow-end flow-dead">
                        <span class="flow-edge" data-testid="flow-edge">{ counted_records(pipeline.dead_letters, "dead letter", "dead letters") }</span>
                        <div class="flow-node flow-topic" data-testid="flow-dead">
                            <span class="flow-kind">{ "Dead letters" }</span>
                            { links(&pipeline.dead_letter, Route::DeadLetters, &[(Route::Tail, "Tail"), (Route::Topics, "Topic")]) }
                        </div>
                    </li>
                }
            </ul>
        </figure>
    }
}

fn source(pipeline: &Pipeline) -> String {
    let backlog = pipeline.backlog.map(|backlog| format!(", backlog {}", grouped(backlog))).unwrap_or_default();
    format!("subscription {}{backlog}", pipeline.subscription)
}

fn counted_records(count: u64, one: &str, several: &str) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), one, several)
}

/// What a record of the source meets first is what was read.
fn read(pipeline: &Pipeline) -> String {
    format!("{} in", counted_records(pipeline.records_read, "record", "records"))
}

fn stage(pipeline: &Pipeline, index: usize, stage: &Stage) -> Html {
    let fact = |(name, fact): (&'static str, String)| html! { <><dt>{ name }</dt><dd>{ fact }</dd></> };
    html! {
        <>
            <li class="flow-edge" data-testid="flow-edge">{ if index == 0 { read(pipeline) } else { String::new() } }</li>
            <li key={index} class="flow-node" data-testid="flow-stage">
                <span class="flow-kind">{ format!("Stage {}", index + 1) }</span>
                <strong>{ &stage.id }</strong>
                <span>{ &stage.plugin }</span>
                <dl class="flow-facts">
                    { for stage_facts(stage).into_iter().map(fact) }
                    <dt>{ "sha256" }</dt><dd class="mono">{ &stage.sha256 }</dd>
                </dl>
            </li>
        </>
    }
}

fn target(index: usize, target: &Target) -> Html {
    let written = counted_records(target.messages_written, "message out", "messages out");
    html! {
        <li key={index} class="flow-end">
            <span class="flow-edge" data-testid="flow-edge">
                { written }
                if !target.when.is_empty() { <span class="muted">{ " when " }<code>{ &target.when }</code></span> }
            </span>
            <div class="flow-node flow-topic" data-testid="flow-target">
                <span class="flow-kind">{ "Target" }</span>
                { topic_link(&target.topic) }
                <span class="muted">{ held_to(target) }</span>
            </div>
        </li>
    }
}

/// The schema of a target, and what becomes of a record that it cannot take.
fn held_to(target: &Target) -> String {
    let version = match target.schema_version {
        0 => "latest version".to_owned(),
        version => format!("version {version}"),
    };
    let schema = match target.schema_subject.as_str() {
        "" => String::new(),
        subject => format!("schema {subject}, {version}; "),
    };
    format!("{schema}on error: {}", on_error(&target.on_error))
}

/// A topic, which leads to what comes out of it.
fn topic_link(topic: &str) -> Html {
    links(topic, Route::Tail, &[(Route::Topics, "Topic")])
}

/// A topic by its name, which leads to the first of these pages, and the others with their words.
fn links(topic: &str, first: Route, others: &[(Route, &'static str)]) -> Html {
    let with = ("topic", AttrValue::from(topic.to_owned()));
    let other = |(to, words): &(Route, &'static str)| {
        html! {
            <PageLink to={*to} with={with.clone()} class="flow-about">{ *words }<span class="hidden">{ format!(" {topic}") }</span></PageLink>
        }
    };
    html! {
        <span class="flow-links">
            <PageLink to={first} with={with.clone()} class="mono">{ topic.to_owned() }</PageLink>
            { for others.iter().map(other) }
        </span>
    }
}
