//! Tries a definition that is not registered yet against the messages stored under its
//! subject: reads them without a subscription, checks each in the worker.

use std::rc::Rc;

use bytes::Bytes;
use irongate_proto::irongate_v1::BrowseRequest;
use irongate_proto::irongate_v1::browse_request::Start;
use tonic::Code;
use yew::prelude::*;

use super::use_console::use_console;
use crate::api::{self, Failure};
use crate::browser::Task;
use crate::checks::client::Checker;
use crate::checks::message::Question;
use crate::state::evolution::{Evolution, MESSAGES_PER_PARTITION_MAX};

/// Where the trial stands.
#[derive(Clone, Default, PartialEq)]
pub enum Trial {
    /// Not asked for, or the definition has changed since.
    #[default]
    Idle,
    /// Messages are being read and checked.
    Running,
    /// All have been.
    Done(Rc<Evolution>),
    /// They could not be.
    Failed(Failure),
}

/// The definition on trial.
#[derive(Clone, PartialEq)]
pub struct Candidate {
    /// The subject it would be a version of.
    pub subject: AttrValue,
    /// Its type.
    pub schema_type: AttrValue,
    /// Its text.
    pub definition: Rc<str>,
}

/// The trial, and what starts it.
#[hook]
pub fn use_evolution(candidate: Candidate) -> (Trial, Callback<()>) {
    let checker = use_console().checker;
    let trial = use_state(Trial::default);
    let running = use_mut_ref(|| None::<Task>);
    {
        let (trial, running) = (trial.setter(), running.clone());
        use_effect_with(candidate.clone(), move |_| {
            running.replace(None);
            trial.set(Trial::Idle);
        });
    }
    let start = {
        let trial = trial.setter();
        Callback::from(move |()| {
            trial.set(Trial::Running);
            let (trial, checker, candidate) = (trial.clone(), checker.clone(), candidate.clone());
            let task = Task::spawn(async move {
                trial.set(match examine(&checker, &candidate).await {
                    Ok(evolution) => Trial::Done(Rc::new(evolution)),
                    Err(failure) => Trial::Failed(failure),
                });
            });
            running.replace(Some(task));
        })
    };
    ((*trial).clone(), start)
}

async fn examine(checker: &Checker, candidate: &Candidate) -> Result<Evolution, Failure> {
    let topics = api::topics::list().await?.topics;
    let bound = topics.into_iter().filter(|topic| topic.schema_subject == candidate.subject.as_str());
    let mut evolution = Evolution { topics: bound.map(|topic| topic.name).collect(), ..Evolution::default() };
    if evolution.topics.is_empty() {
        return Ok(evolution);
    }
    let start = Some(Start::LastCount(MESSAGES_PER_PARTITION_MAX));
    let request = BrowseRequest { topics: evolution.topics.clone(), start, follow: false };
    let mut browsing = api::browse::browse(request).await?;
    while let Some(response) = browsing.next().await? {
        let messages = response.messages.into_iter().filter(|browsed| browsed.stored);
        for message in messages.filter_map(|browsed| browsed.message) {
            if evolution.is_full() {
                evolution.cut = true;
                return Ok(evolution);
            }
            let question = Question {
                schema_type: candidate.schema_type.to_string(),
                definition: Bytes::copy_from_slice(candidate.definition.as_bytes()),
                payload: Some(message.payload),
                ..Question::default()
            };
            let answer = checker.answer_to(question).await.map_err(|why| Failure::new(Code::Internal, why))?;
            if let Some(fault) = answer.fault {
                return Err(Failure::new(Code::InvalidArgument, fault.message));
            }
            let id = message.msg_id.unwrap_or_default();
            evolution.take(&id.topic_name, id.topic_offset, answer.violations);
        }
    }
    Ok(evolution)
}
