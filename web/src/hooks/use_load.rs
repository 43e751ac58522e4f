//! One load at a time: begins it on the host, takes in what is told, and stops it by closing the stream. Leaving the page
//! stops it as well.

use std::cell::RefCell;
use std::rc::Rc;

use irongate_proto::irongate_v1::RunLoadRequest;
use tonic::Code;
use yew::prelude::*;

use crate::api;
use crate::api::Failure;
use crate::browser::Task;
use crate::state::load_run::{LoadAction, LoadRun};

/// The run, and what can be done about it.
#[derive(Clone, PartialEq)]
pub struct Load {
    /// What is known of it.
    pub run: UseReducerHandle<LoadRun>,
    /// Begins another.
    pub begin: Callback<RunLoadRequest>,
    /// Stops it.
    pub stop: Callback<()>,
}

/// A load that ends with its component.
#[hook]
pub fn use_load() -> Load {
    let run = use_reducer(LoadRun::default);
    let task = use_memo((), |()| Rc::new(RefCell::new(None::<Task>)));
    let task = Rc::clone(&task);
    {
        let task = Rc::clone(&task);
        use_effect_with((), move |()| move || drop(task.take()));
    }
    let begin = {
        let (task, dispatcher) = (Rc::clone(&task), run.dispatcher());
        Callback::from(move |request: RunLoadRequest| {
            let told = dispatcher.clone();
            dispatcher.dispatch(LoadAction::Begin(request.clone()));
            task.replace(Some(Task::spawn(async move {
                if let Err(failure) = follow(request, &told).await {
                    told.dispatch(LoadAction::Fail(failure));
                }
            })));
        })
    };
    let stop = {
        let dispatcher = run.dispatcher();
        Callback::from(move |()| {
            drop(task.take());
            dispatcher.dispatch(LoadAction::Stop);
        })
    };
    Load { run, begin, stop }
}

async fn follow(request: RunLoadRequest, told: &UseReducerDispatcher<LoadRun>) -> Result<(), Failure> {
    let mut loading = api::load::run(request).await?;
    while let Some(snapshot) = loading.next().await? {
        let last = snapshot.last;
        told.dispatch(LoadAction::Told(Box::new(snapshot)));
        if last {
            return Ok(());
        }
    }
    Err(Failure::new(Code::Unavailable, "the host ended the run without its last word"))
}
