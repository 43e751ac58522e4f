//! A valid message on demand, made by the worker from the schema. What it takes the place of goes into the history.

use yew::prelude::*;

use super::use_console::Console;
use crate::archive;
use crate::browser;
use crate::checks::message::Question;
use crate::state::form::{FormAction, ProduceForm};
use crate::state::history::Record;
use crate::state::schema_choice::SchemaLookup;
use crate::text::json_format::pretty;

/// Seeds that nobody chose are less: short enough to be read out.
const SEED_MAX: f64 = 1_000_000.0;

/// What makes samples.
#[derive(Clone, PartialEq)]
pub struct Sampling {
    /// Makes one with this seed, or with another one each time, and puts it into the form; none: there is no schema to
    /// make it from.
    pub make: Option<Callback<Option<u64>>>,
    /// What the last one was made with: the same seed makes the same sample.
    pub seed: Option<u64>,
    /// Why the last attempt made none; empty: it did.
    pub problem: AttrValue,
}

/// Samples for the form's schema.
#[hook]
pub fn use_sample(console: &Console, form: &UseReducerHandle<ProduceForm>, schema: &SchemaLookup) -> Sampling {
    let problem = use_state(AttrValue::default);
    let seed = use_state(|| None);
    let last = use_mut_ref(String::new);
    {
        // What was said of one schema says nothing of the next.
        let (problem, seed) = (problem.setter(), seed.setter());
        use_effect_with(schema.clone(), move |_| {
            problem.set(AttrValue::default());
            seed.set(None);
        });
    }
    let SchemaLookup::Found(schema) = schema else {
        return Sampling { make: None, seed: None, problem: AttrValue::default() };
    };
    let question = Question {
        schema_type: schema.schema_type.clone(),
        definition: schema.definition.clone(),
        ..Question::default()
    };
    let make = {
        let (form, checker, problem, shown) = (form.clone(), console.checker.clone(), problem.setter(), seed.setter());
        Callback::from(move |chosen: Option<u64>| {
            let seed = chosen.unwrap_or_else(|| (js_sys::Math::random() * SEED_MAX) as u64);
            shown.set(Some(seed));
            let (form, checker, problem, last) = (form.clone(), checker.clone(), problem.clone(), last.clone());
            let question = Question { sample: Some(seed), ..question.clone() };
            wasm_bindgen_futures::spawn_local(async move {
                let made = match checker.answer_to(question).await {
                    Ok(answer) => match (answer.fault, answer.wire) {
                        (Some(fault), _) => Err(fault.message),
                        (None, text) => Ok(String::from_utf8(text.unwrap_or_default().to_vec()).unwrap_or_default()),
                    },
                    Err(why) => Err(why),
                };
                match made {
                    Ok(text) => {
                        let text = pretty(&text).unwrap_or(text);
                        let typed = !form.payload.is_empty() && *form.payload != **last.borrow();
                        if typed && !form.private {
                            // Where this browser keeps nothing, the sample takes the place all the same.
                            drop(archive::keep(&Record::replaced(browser::epoch_ms(), &form)).await);
                        }
                        last.replace(text.clone());
                        form.dispatch(FormAction::Payload(text));
                        problem.set(AttrValue::default());
                    }
                    Err(why) => problem.set(why.into()),
                }
            });
        })
    };
    Sampling { make: Some(make), seed: *seed, problem: (*problem).clone() }
}
