//! One pipeline in full: how it stands, what can be done to it, its picture, its figures, its file.

use irongate_proto::pipelines_v1::Pipeline;
use yew::prelude::*;

use super::pipeline_charts::pipeline_charts;
use super::pipeline_flow::pipeline_flow;
use super::pipeline_list::{figures_of, note_of, state_of};
use crate::state::pipeline_watch::Watched;
use crate::state::pipeline_words::{figure, per_second};
use crate::text::size::grouped;

/// The pipeline. Test ids: `pipeline-detail`, `pipeline-file`, and those of its parts.
pub fn pipeline_detail(pipeline: &Pipeline, now_ms: u64, watched: &Watched, actions: Html) -> Html {
    html! {
        <section class="pipe-detail" aria-label={pipeline.name.clone()} data-testid="pipeline-detail">
            <div class="pipe-head">
                <h2 class="mono">{ &pipeline.name }</h2>
                { state_of(pipeline, now_ms) }
            </div>
            { note_of(pipeline, now_ms) }
            { actions }
            <div class="pipe-columns">
                { pipeline_flow(pipeline) }
                <div class="pipe-side">
                    <h3>{ "Since the host started" }</h3>
                    { figures(pipeline, watched) }
                    { pipeline_charts(&pipeline.name, watched) }
                    <details class="pipe-file">
                        <summary>{ "The file as it was deployed" }</summary>
                        <pre class="definition" tabindex="0" data-testid="pipeline-file">{ &pipeline.configuration }</pre>
                    </details>
                </div>
            </div>
        </section>
    }
}

fn figures(pipeline: &Pipeline, watched: &Watched) -> Html {
    let rate = |count| per_second(watched.rate(&pipeline.name, count));
    figures_of(&[
        ("Settled a second", rate(|sample| sample.settled)),
        ("Written a second", rate(|sample| sample.written)),
        ("Backlog", figure(pipeline.backlog)),
        ("In flight", grouped(pipeline.records_in_flight)),
        ("Records in", grouped(pipeline.records_read)),
        ("Settled", grouped(pipeline.records_settled)),
        ("Messages out", grouped(pipeline.messages_written)),
        ("Filtered", grouped(pipeline.records_filtered)),
        ("Dropped", grouped(pipeline.records_dropped)),
        ("Dead letters", grouped(pipeline.dead_letters)),
        ("Failures", grouped(pipeline.restarts)),
    ])
}
