//! Tries a message on the transforms of its topic, or on a pipeline that reads it, as soon as it is there; the answer is waited for so long and not longer, and
//! whoever asked can stop waiting. Sends nothing.

use std::rc::Rc;

use futures_util::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use irongate_proto::irongate_v1::OutgoingMessage;
use tonic::Code;
use yew::prelude::*;

use crate::api::{self, Failure};
use crate::browser::Task;
use crate::state::dry_run::{ANSWER_MS_MAX, Found, of_pipeline, of_topic};

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

/// What a message is run through.
#[derive(Clone, PartialEq)]
pub enum Way {
    /// The transforms of this topic.
    Topic(AttrValue),
    /// A pipeline; of it one stage, where one is named.
    Pipeline(AttrValue, AttrValue),
}

/// A message, and what it is run through.
pub type Tried = (Way, OutgoingMessage);

/// Runs when there is a message, and when it changes.
#[hook]
pub fn use_dry_run(tried: Option<Tried>) -> DryRun {
    let trial = use_state(|| Trial::Awaiting);
    let attempt = use_state(|| 0_u32);
    let running = use_mut_ref(|| None::<Task>);
    {
        let (trial, running) = (trial.setter(), running.clone());
        use_effect_with((tried, *attempt), move |(tried, _)| {
            let Some((way, message)) = tried.clone() else {
                trial.set(Trial::Awaiting);
                return Box::new(|| ()) as Box<dyn FnOnce()>;
            };
            trial.set(Trial::Running);
            let setter = trial.clone();
            let task = Task::spawn(async move { setter.set(answered(way, message).await) });
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

async fn found(way: Way, message: OutgoingMessage) -> Result<Found, Failure> {
    match way {
        Way::Topic(topic) => {
            let answer = api::transforms::dry_run(topic.to_string(), message.clone()).await?;
            Ok(of_topic(&message, answer))
        }
        Way::Pipeline(name, stage) => {
            let asked = api::transforms::dry_run_pipeline(name.to_string(), stage.to_string(), message.clone());
            Ok(of_pipeline(&message, asked.await?))
        }
    }
}

async fn answered(way: Way, message: OutgoingMessage) -> Trial {
    match select(Box::pin(found(way, message)), TimeoutFuture::new(ANSWER_MS_MAX)).await {
        Either::Left((Ok(found), _)) => Trial::Done(Rc::new(found)),
        Either::Left((Err(failure), _)) => Trial::Failed(failure),
        Either::Right(_) => {
            let what = format!("the host has not answered for {} s", ANSWER_MS_MAX / 1000);
            Trial::Failed(Failure::new(Code::DeadlineExceeded, what))
        }
    }
}
