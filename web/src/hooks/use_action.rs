//! A change on the host that a component asks for: once at a time, with its failure kept
//! for the page to show. Not for sending messages.

use std::future::Future;
use std::pin::Pin;

use yew::prelude::*;

use super::use_console::use_console;
use crate::api::Failure;

type Doing = Pin<Box<dyn Future<Output = Result<(), Failure>>>>;

/// Where the change stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Progress {
    /// Nothing asked for, or all of it done.
    #[default]
    Idle,
    /// On its way.
    Running,
    /// The host said no.
    Failed(Failure),
}

/// The change and its progress.
#[derive(Clone, PartialEq)]
pub struct Action {
    /// Where it stands.
    pub progress: Progress,
    start: Callback<(Callback<()>, DoingOnce)>,
}

/// A future on its way through a callback, which clones nothing.
struct DoingOnce(Doing);

impl Action {
    /// Does it; `done` is called when the host has said yes, after all lists know.
    pub fn run(&self, doing: impl Future<Output = Result<(), Failure>> + 'static, done: Callback<()>) {
        self.start.emit((done, DoingOnce(Box::pin(doing))));
    }

    /// Whether it is on its way.
    #[must_use]
    pub fn running(&self) -> bool {
        self.progress == Progress::Running
    }
}

/// A change that can be asked for.
#[hook]
pub fn use_action() -> Action {
    let progress = use_state(Progress::default);
    let changed = use_console().changed;
    let setter = progress.setter();
    let start = Callback::from(move |(done, doing): (Callback<()>, DoingOnce)| {
        let (progress, changed) = (setter.clone(), changed.clone());
        progress.set(Progress::Running);
        wasm_bindgen_futures::spawn_local(async move {
            match doing.0.await {
                Ok(()) => {
                    progress.set(Progress::Idle);
                    changed.emit(());
                    done.emit(());
                }
                Err(failure) => progress.set(Progress::Failed(failure)),
            }
        });
    });
    Action { progress: (*progress).clone(), start }
}
