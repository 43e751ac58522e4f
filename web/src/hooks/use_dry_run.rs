//! Tries a message on the transforms of its topic as soon as it is there; the answer is waited for so long and not longer, and
//! whoever asked can stop waiting. Sends nothing.

use std::rc::Rc;

use futures_util::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use irongate_proto::irongate_v1::OutgoingMessage;
use tonic::Code;
use yew::prelude::*;

use crate::api::{self, Failure};
use crate::browser::Task;
use crate::state::dry_run::{ANSWER_MS_MAX, Found, of_topic};

/// Where the dry run stands.
#[derive(Clone, PartialEq)]
pub enum Trial {
    /// There is no message to try yet.
    Awaiting,
    /// The transforms are at it.
    Running,
    /// Nobody waits for it any more.
    Stopped,
    /// This came out.
    Done(Rc<Found>),
    /// There is no answer.
    Failed(Failure),
}

/// A dry run.
#[derive(Clone, PartialEq)]
pub struct DryRun {
    /// Where it stands.
    pub trial: Trial,
    /// Runs it again.
    pub again: Callback<()>,
    /// Waits no longer.
    pub stop: Callback<()>,
}

/// A message and its topic.
pub type Tried = (AttrValue, OutgoingMessage);

/// Runs when there is a message, and when it changes.
#[hook]
pub fn use_dry_run(tried: Option<Tried>) -> DryRun {
    let trial = use_state(|| Trial::Awaiting);
    let attempt = use_state(|| 0_u32);
    let running = use_mut_ref(|| None::<Task>);
    {
        let (trial, running) = (trial.setter(), running.clone());
        use_effect_with((tried, *attempt), move |(tried, _)| {
            let Some((topic, message)) = tried.clone() else {
                trial.set(Trial::Awaiting);
                return Box::new(|| ()) as Box<dyn FnOnce()>;
            };
            trial.set(Trial::Running);
            let setter = trial.clone();
            let task = Task::spawn(async move { setter.set(answered(topic, message).await) });
            running.replace(Some(task));
            // An answer to an older message, or to a sheet that is closed, is dropped.
            Box::new(move || drop(running.take()))
        });
    }
    let again = {
        let attempt = attempt.clone();
        Callback::from(move |()| attempt.set(attempt.wrapping_add(1)))
    };
    let stop = {
        let trial = trial.setter();
        Callback::from(move |()| {
            drop(running.take());
            trial.set(Trial::Stopped);
        })
    };
    DryRun { trial: (*trial).clone(), again, stop }
}

async fn answered(topic: AttrValue, message: OutgoingMessage) -> Trial {
    let asked = Box::pin(api::transforms::dry_run(topic.to_string(), message.clone()));
    match select(asked, TimeoutFuture::new(ANSWER_MS_MAX)).await {
        Either::Left((Ok(answer), _)) => Trial::Done(Rc::new(of_topic(&message, answer))),
        Either::Left((Err(failure), _)) => Trial::Failed(failure),
        Either::Right(_) => {
            let what = format!("the host has not answered for {} s", ANSWER_MS_MAX / 1000);
            Trial::Failed(Failure::new(Code::DeadlineExceeded, what))
        }
    }
}
