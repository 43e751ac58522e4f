//! The host's pipelines, asked about again and again while somebody can see the page.

use gloo_timers::future::TimeoutFuture;
use tonic::Code;
use yew::prelude::*;

use super::use_console::use_console;
use super::use_visible::use_visible;
use crate::api;
use crate::browser::Task;
use crate::state::backoff;
use crate::state::pipeline_watch::{PERIOD_MS, Watched};

/// What is known of them. A change on the host by this page is looked at at once.
#[hook]
pub fn use_pipelines() -> UseReducerHandle<Watched> {
    let watched = use_reducer(Watched::default);
    let told = watched.dispatcher();
    let (visible, console) = (use_visible(), use_console());
    use_effect_with((visible, console.revision), move |(visible, _)| {
        let task = visible.then(|| Task::spawn(watch(told)));
        move || drop(task)
    });
    watched
}

async fn watch(told: UseReducerDispatcher<Watched>) {
    let mut failures = 0;
    loop {
        let answer = api::pipelines::list().await;
        failures = if answer.is_ok() { 0 } else { failures + 1 };
        // A host that has no pipelines will have none.
        let for_ever = answer.as_ref().is_err_and(|failure| failure.code == Code::Unimplemented);
        told.dispatch(answer);
        if for_ever {
            return;
        }
        TimeoutFuture::new(if failures == 0 { PERIOD_MS } else { backoff::wait_ms(failures) }).await;
    }
}
