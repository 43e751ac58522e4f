//! Tries a definition that is not registered yet against the messages stored under its subject and the templates for
//! it: reads them without a subscription, checks each in the worker.

use std::rc::Rc;

use bytes::Bytes;
use irongate_proto::irongate_v1::browse_request::Start;
use irongate_proto::irongate_v1::{BrowseRequest, Violation};
use tonic::Code;
use yew::prelude::*;

use super::use_console::use_console;
use crate::api::{self, Failure};
use crate::archive;
use crate::browser::Task;
use crate::checks::client::Checker;
use crate::checks::message::Question;
use crate::state::encoding;
use crate::state::evolution::{Evolution, MESSAGES_PER_PARTITION_MAX};
use crate::state::filling::asked;
use crate::state::form::ProduceForm;

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
    examine_templates(checker, candidate, &mut evolution).await?;
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
            let violations = violations(checker, candidate, message.payload, String::new()).await?;
            let id = message.msg_id.unwrap_or_default();
            evolution.take(&id.topic_name, id.topic_offset, violations);
        }
    }
    Ok(evolution)
}

/// What a message of this browser or of a topic has against the candidate.
async fn violations(
    checker: &Checker,
    candidate: &Candidate,
    payload: Bytes,
    encoding: String,
) -> Result<Vec<Violation>, Failure> {
    let question = Question {
        schema_type: candidate.schema_type.to_string(),
        definition: Bytes::copy_from_slice(candidate.definition.as_bytes()),
        payload: Some(payload),
        encoding,
        ..Question::default()
    };
    let answer = checker.answer_to(question).await.map_err(|why| Failure::new(Code::Internal, why))?;
    match answer.fault {
        Some(fault) => Err(Failure::new(Code::InvalidArgument, fault.message)),
        None => Ok(answer.violations),
    }
}

/// Tries the templates for the subject: those that name it, and those for a topic that is bound to it.
async fn examine_templates(checker: &Checker, candidate: &Candidate, evolution: &mut Evolution) -> Result<(), Failure> {
    // Where this browser keeps nothing, there are none.
    for template in archive::templates().await.unwrap_or_default() {
        let form = template.form();
        let by_topic = form.subject.is_empty() && evolution.topics.iter().any(|topic| **topic == *form.topic);
        if *form.subject != *candidate.subject && !by_topic {
            continue;
        }
        let encoding = encoding::in_force(form.encoding, &candidate.schema_type);
        let found = match message_of(checker, &form).await? {
            Ok(payload) => violations(checker, candidate, payload, encoding.to_string()).await?,
            Err(why) => vec![Violation { rule: "template".to_owned(), message: why, ..Violation::default() }],
        };
        evolution.take_template(&template.name, found);
    }
    Ok(())
}

/// What a template is filled in as; a sentence, where it cannot be.
async fn message_of(checker: &Checker, form: &ProduceForm) -> Result<Result<Bytes, String>, Failure> {
    let text = |text: &str| Ok(Ok(Bytes::copy_from_slice(text.as_bytes())));
    if !form.template {
        return text(&form.payload);
    }
    let question = Question { fill: Some(asked(form, 1, "console")), ..Question::default() };
    let answer = checker.answer_to(question).await.map_err(|why| Failure::new(Code::Internal, why))?;
    match answer.fault {
        Some(fault) => Ok(Err(fault.message)),
        None => text(answer.filled.first().map_or("", String::as_str)),
    }
}
