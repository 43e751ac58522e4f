//! Validation as the user types: finds the schema, asks the worker, keeps the latest answer.

use std::rc::Rc;

use bytes::Bytes;
use gloo_timers::future::TimeoutFuture;
use yew::prelude::*;

use super::use_console::Console;
use crate::api;
use crate::browser::Task;
use crate::checks::client::Outcome;
use crate::checks::message::{Answer, Question};
use crate::state::check::{CheckAction, CheckState, Checked, Finding, Wire};
use crate::state::encoding::Encoding;
use crate::state::schema_choice::{RegisteredSchema, SchemaLookup, VersionChoice, accept};

/// How long typing must rest before the worker is asked, in milliseconds. Less than a frame and a
/// half: a person does not notice, a paste of many keys does.
const REST_MS: u32 = 20;

/// The schema a choice means; asked again when `revision` changes.
#[hook]
pub fn use_schema(subject: &AttrValue, choice: VersionChoice, revision: u32) -> SchemaLookup {
    let lookup = use_state(|| (AttrValue::default(), choice, SchemaLookup::None));
    {
        let setter = lookup.setter();
        use_effect_with((subject.clone(), choice, revision), move |(subject, choice, _)| {
            let (subject, choice) = (subject.clone(), *choice);
            let task = Task::spawn(async move {
                if subject.is_empty() {
                    return setter.set((subject, choice, SchemaLookup::None));
                }
                let found = match api::registry::schema(&subject, choice).await {
                    Ok(schema) => accept(schema, choice),
                    Err(failure) => SchemaLookup::Unresolved(failure.message),
                };
                setter.set((subject, choice, found));
            });
            move || drop(task)
        });
    }
    match &*lookup {
        (known, version, found) if known == subject && *version == choice => found.clone(),
        _ if subject.is_empty() => SchemaLookup::None,
        _ => SchemaLookup::Pending,
    }
}

fn finding(outcome: Outcome, encoding: Encoding) -> Finding {
    match outcome {
        Err(why) => Finding::WorkerFailed(why),
        Ok(Answer { fault: Some(fault), .. }) => Finding::SchemaUnusable(fault.message),
        Ok(answer) => Finding::Checked(Checked {
            violations: answer.violations.into(),
            elapsed_ms: answer.elapsed_ms,
            wire: match (encoding, answer.wire) {
                (Encoding::Text, _) => Wire::AsTyped,
                (Encoding::Binary | Encoding::Container, Some(wire)) => Wire::Encoded(wire),
                (Encoding::Binary | Encoding::Container, None) => Wire::Unencodable,
            },
            message_type: answer.message_type.into(),
        }),
    }
}

/// The check of a payload against a schema, and its bytes in an encoding.
#[hook]
pub fn use_check(console: &Console, schema: &SchemaLookup, payload: &Rc<str>, encoding: Encoding) -> CheckState {
    let check = use_reducer(CheckState::default);
    let numbers = use_mut_ref(|| 0_u64);
    let schema = match schema {
        SchemaLookup::Found(schema) => Some(schema.clone()),
        SchemaLookup::None | SchemaLookup::Pending | SchemaLookup::Unresolved(_) => None,
    };
    let asked_for = use_mut_ref(|| None::<(Rc<RegisteredSchema>, Rc<str>, Encoding)>);
    {
        let dispatcher = check.dispatcher();
        let dispatcher_of_schema = dispatcher.clone();
        use_effect_with(schema.clone(), move |_| dispatcher_of_schema.dispatch(CheckAction::Forgotten));
        let checker = console.checker.clone();
        use_effect_with((schema.clone(), payload.clone(), encoding), move |(schema, payload, encoding)| {
            let encoding = *encoding;
            let task = schema.clone().map(|schema| {
                let number = {
                    let mut last = numbers.borrow_mut();
                    *last += 1;
                    *last
                };
                dispatcher.dispatch(CheckAction::Asked(number));
                let question = Question {
                    sequence: 0,
                    schema_type: schema.schema_type.clone(),
                    definition: schema.definition.clone(),
                    payload: Some(Bytes::copy_from_slice(payload.as_bytes())),
                    encoding: encoding.to_string(),
                    bulk: None,
                    sample: None,
                    form: false,
                    fill: None,
                    file: None,
                };
                Task::spawn(async move {
                    TimeoutFuture::new(REST_MS).await;
                    let answered = move |outcome| {
                        dispatcher.dispatch(CheckAction::Answered(number, finding(outcome, encoding)));
                    };
                    checker.ask(question, Callback::from(answered));
                })
            });
            move || drop(task)
        });
    }
    // Between a key and the effect above, the newest answer is of the text before it.
    let current = schema.map(|schema| (schema, payload.clone(), encoding));
    let mut asked_for = asked_for.borrow_mut();
    let unasked = *asked_for != current;
    *asked_for = current;
    if unasked { check.outdated() } else { (*check).clone() }
}
