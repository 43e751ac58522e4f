//! Templates filled in as the user types: what comes back is shown, checked and sent, and nothing else is.

use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;
use yew::prelude::*;

use super::use_console::Console;
use crate::browser::Task;
use crate::checks::client::Outcome;
use crate::checks::message::Question;
use crate::state::filling::{Filling, asked, filled};
use crate::state::form::ProduceForm;

/// How long typing must rest before the worker is asked, in milliseconds.
const REST_MS: u32 = 60;

/// What was asked for: the form, the number of the message, and how often it was asked for anew.
type Key = (Rc<ProduceForm>, u64, u32);

/// The form with everything filled in, as message `number` of its seed. Another `again` fills in the time anew.
#[hook]
pub fn use_fill(console: &Console, form: &Rc<ProduceForm>, number: u64, producer: &AttrValue, again: u32) -> Filling {
    let latest = use_state(|| None::<(Key, Result<Rc<ProduceForm>, Rc<str>>)>);
    let key: Option<Key> = form.template.then(|| (form.clone(), number, again));
    {
        let (latest, checker, producer) = (latest.setter(), console.checker.clone(), producer.clone());
        use_effect_with(key.clone(), move |key| {
            let task = key.clone().map(|key| {
                Task::spawn(async move {
                    TimeoutFuture::new(REST_MS).await;
                    let question = Question { fill: Some(asked(&key.0, key.1, &producer)), ..Question::default() };
                    let outcome = read(&key.0, checker.answer_to(question).await);
                    latest.set(Some((key, outcome)));
                })
            });
            move || drop(task)
        });
    }
    let Some(key) = key else { return Filling::Off(form.clone()) };
    match &*latest {
        Some((known, outcome)) if *known == key => match outcome {
            Ok(form) => Filling::Done(form.clone()),
            Err(why) => Filling::Failed(why.clone()),
        },
        Some((_, Ok(before))) => Filling::Pending(Some(before.clone())),
        Some((_, Err(_))) | None => Filling::Pending(None),
    }
}

fn read(form: &ProduceForm, outcome: Outcome) -> Result<Rc<ProduceForm>, Rc<str>> {
    let answer = outcome?;
    match answer.fault {
        Some(fault) => Err(fault.message.into()),
        None => filled(form, answer.filled)
            .map(Rc::new)
            .ok_or_else(|| "the schema worker is of another version than the page; reload the page".into()),
    }
}
