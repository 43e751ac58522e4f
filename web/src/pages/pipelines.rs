//! Pipelines: what runs in this host, how it is going, and one of them in full.

use irongate_proto::pipelines_v1::Pipeline;
use tonic::Code;
use yew::prelude::*;

use crate::api::Failure;
use crate::components::failure::failure;
use crate::components::page_link::PageLink;
use crate::components::pipeline_actions::actions;
use crate::components::pipeline_detail::pipeline_detail;
use crate::components::pipeline_list::{no_pipelines, pipeline_list};
use crate::hooks::use_address::use_address;
use crate::hooks::use_pipelines::use_pipelines;
use crate::routes::Route;
use crate::state::pipeline_watch::Watched;
use crate::state::verdict::sentence;

/// The page. Test ids besides those of its components: `pipelines-all`, `pipelines-told`, `pipelines-lacking`, `pipeline-missing`.
#[component]
pub fn Pipelines() -> Html {
    let watched = use_pipelines();
    let address = use_address();
    let chosen = address.parameter("pipeline");
    // What was done is said here, where it stays when the pipeline goes.
    let told = use_state(String::new);
    let ontold = {
        let told = told.setter();
        Callback::from(move |words| told.set(words))
    };
    let ongone = Callback::from(move |()| address.go(Route::Pipelines, &[], true));
    html! {
        <div class="pipelines">
            <header class="page-head">
                <h1>{ "Pipelines" }</h1>
                if !chosen.is_empty() {
                    <PageLink to={Route::Pipelines} class="button secondary" id="pipelines-all">{ "All pipelines" }</PageLink>
                }
            </header>
            <p class="pipe-told good" role="status" data-testid="pipelines-told">{ &*told }</p>
            { for watched.failure.as_ref().map(silent) }
            { content(&watched, &chosen, &|pipeline| actions(pipeline, &ontold, &ongone)) }
        </div>
    }
}

/// Why the host says nothing of pipelines.
fn silent(failed: &Failure) -> Html {
    if failed.code != Code::Unimplemented {
        return failure(failed);
    }
    html! {
        <div class="empty-state" data-testid="pipelines-lacking">
            <p class="empty-title">{ "No pipelines run in this host" }</p>
            <p>{ sentence(&failed.message) }</p>
        </div>
    }
}

fn content(watched: &Watched, chosen: &str, actions: &dyn Fn(&Pipeline) -> Html) -> Html {
    let Some(answer) = &watched.latest else {
        let waiting = html! { <p class="muted">{ "Fetching the pipelines…" }</p> };
        return if watched.failure.is_none() { waiting } else { Html::default() };
    };
    if chosen.is_empty() {
        return if answer.pipelines.is_empty() { no_pipelines() } else { pipeline_list(answer, watched) };
    }
    match answer.pipelines.iter().find(|one| one.name == chosen) {
        Some(pipeline) => pipeline_detail(pipeline, answer.answered_at_ms, watched, actions(pipeline)),
        None => html! {
            <div class="empty-state" data-testid="pipeline-missing">
                <p class="empty-title">{ format!("There is no pipeline {chosen}") }</p>
                <p>{ "It may have been deleted, or the link is to another host." }</p>
            </div>
        },
    }
}
