//! Every pipeline of the host with how it stands and what it does.

use irongate_proto::pipelines_v1::{ListPipelinesResponse, Pipeline};
use yew::prelude::*;
use yew::props;

use super::copy_button::{CommandProps, command};
use super::page_link::PageLink;
use crate::browser::utc_offset_minutes;
use crate::routes::Route;
use crate::state::pipeline_watch::Watched;
use crate::state::pipeline_words::{figure, per_second, standing};
use crate::state::verdict::sentence;
use crate::text::size::{counted, grouped};
use crate::text::time::date_time;

/// The list. Test ids: `pipelines-count`, and for each `pipeline-row`, `pipeline-name`, `pipeline-state`, `pipeline-note`.
pub fn pipeline_list(answer: &ListPipelinesResponse, watched: &Watched) -> Html {
    html! {
        <>
            <p class="muted" data-testid="pipelines-count">{ counted(answer.pipelines.len(), "pipeline", "pipelines") }</p>
            <ul class="pipes">{ for answer.pipelines.iter().map(|one| row(one, answer.answered_at_ms, watched)) }</ul>
        </>
    }
}

fn row(pipeline: &Pipeline, now_ms: u64, watched: &Watched) -> Html {
    let name = AttrValue::from(pipeline.name.clone());
    let figures = [
        ("Settled a second", per_second(watched.rate(&name, |sample| sample.settled))),
        ("Backlog", figure(pipeline.backlog)),
        ("In flight", grouped(pipeline.records_in_flight)),
        ("Records in", grouped(pipeline.records_read)),
        ("Messages out", grouped(pipeline.messages_written)),
        ("Dead letters", grouped(pipeline.dead_letters)),
    ];
    html! {
        <li key={pipeline.name.clone()} class="pipe" data-testid="pipeline-row">
            <div class="pipe-head">
                <h2><PageLink to={Route::Pipelines} with={("pipeline", name)} class="mono" id="pipeline-name">{ &pipeline.name }</PageLink></h2>
                { state_of(pipeline, now_ms) }
            </div>
            <p class="mono pipe-way">{ &pipeline.from }{ " → " }{ pipeline.to.join(", ") }</p>
            { note_of(pipeline, now_ms) }
            { figures_of(&figures) }
        </li>
    }
}

/// Its state, its version, and since when that is there.
pub fn state_of(pipeline: &Pipeline, now_ms: u64) -> Html {
    let standing = standing(pipeline, now_ms);
    let since = date_time(pipeline.deployed_at_ms, utc_offset_minutes(pipeline.deployed_at_ms));
    // Nobody deploys twice in a second.
    let since = since.split('.').next().unwrap_or_default();
    html! {
        <>
            <span class={classes!("pipe-state", standing.class)} data-testid="pipeline-state"><span class="dot" />{ standing.word }</span>
            <span class="muted">{ format!("version {} since {since}", pipeline.version) }</span>
        </>
    }
}

/// Why it failed and when it is tried again, or what else there is to be said.
pub fn note_of(pipeline: &Pipeline, now_ms: u64) -> Html {
    let standing = standing(pipeline, now_ms);
    if standing.note.is_empty() {
        return Html::default();
    }
    let class = if standing.class == "bad" { "bad" } else { "caution" };
    html! { <p class={classes!("pipe-note", class)} data-testid="pipeline-note">{ sentence(&standing.note) }</p> }
}

/// Figures, each under its name.
pub fn figures_of(figures: &[(&'static str, String)]) -> Html {
    let one = |(name, value): &(&'static str, String)| {
        html! { <div class="pipe-figure"><dt>{ *name }</dt><dd>{ value }</dd></div> }
    };
    html! { <dl class="pipe-figures">{ for figures.iter().map(one) }</dl> }
}

/// The way to a first pipeline.
const COMMANDS: [(&str, &str, &str); 3] = [
    ("pipelines-new", "Make a transform, with a test that passes:", "irongate plugin new mask-email --lang rust"),
    ("pipelines-test", "Try the pipeline\u{2019}s file, with the tests in it:", "irongate pipeline test orders.toml"),
    ("pipelines-deploy", "Have this host run it:", "irongate pipeline deploy orders.toml"),
];

/// What is shown where there are none. Test ids: `pipelines-empty`, and those of [`COMMANDS`].
pub fn no_pipelines() -> Html {
    let step = |(id, what, text): (&'static str, &'static str, &'static str)| {
        html! { <li>{ command(&props!(CommandProps { id, what, text })) }</li> }
    };
    html! {
        <div class="first-steps" data-testid="pipelines-empty">
            <p class="empty-title">{ "No pipeline runs in this host" }</p>
            <p class="muted">{ "A pipeline takes the records of a topic through transforms to other topics. It is one file, and every record is there exactly once." }</p>
            <ol class="steps">{ for COMMANDS.into_iter().map(step) }</ol>
        </div>
    }
}
