//! The worker as the browser sees it: takes byte arrays, posts byte arrays. All thinking
//! is in [`super::answer`].

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use js_sys::Uint8Array;
use prost::Message as _;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use super::answer::{Filler, Sampler, answer, read};
use super::cache::SchemaCache;
use super::message::{Answer, DefinitionFault, Question};

/// Brings what makes samples or fills templates in; nothing, where it could not be fetched.
pub type Load<T> = fn() -> Pin<Box<dyn Future<Output = Option<T>>>>;

/// Serves questions for as long as the worker lives.
pub fn run(samplers: Load<Sampler>, fillers: Load<Filler>, files: Load<Filler>) {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let cache = Rc::new(RefCell::new(SchemaCache::default()));
    let answering = scope.clone();
    let performance = scope.performance();
    let now_ms = move || performance.as_ref().map_or(0.0, web_sys::Performance::now);
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        let Ok(question) = event.data().dyn_into::<Uint8Array>() else { return };
        let question = read(&question.to_vec());
        if question.sample.is_some() || question.form {
            let (cache, answering) = (cache.clone(), answering.clone());
            return spawn_local(async move {
                let answer = match samplers().await {
                    Some(sampler) => sampler(&mut cache.borrow_mut(), &question),
                    None => not_fetched(&question, "what makes samples and forms"),
                };
                post(&answering, &answer.encode_to_vec());
            });
        }
        if question.fill.is_some() || question.file.is_some() {
            let answering = answering.clone();
            let (load, what) = match question.file {
                Some(_) => (files, "what reads and writes files of messages"),
                None => (fillers, "what fills templates in"),
            };
            return spawn_local(async move {
                let answer = match load().await {
                    Some(filler) => filler(&question),
                    None => not_fetched(&question, what),
                };
                post(&answering, &answer.encode_to_vec());
            });
        }
        let answer = answer(&mut cache.borrow_mut(), &question, &now_ms);
        post(&answering, &answer.encode_to_vec());
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // The worker ends with the page or by the page's hand; until then it listens.
    on_message.forget();
    post(&scope, &Answer::default().encode_to_vec());
}

fn not_fetched(question: &Question, what: &str) -> Answer {
    let message = format!("{what} could not be fetched from the host; try again, or reload the page");
    let fault = Some(DefinitionFault { message, line: 0, column: 0 });
    Answer { sequence: question.sequence, fault, ..Answer::default() }
}

fn post(scope: &DedicatedWorkerGlobalScope, bytes: &[u8]) {
    // A copy in JavaScript's memory, handed over without another.
    let array = Uint8Array::from(bytes);
    if let Err(error) = scope.post_message_with_transfer(&array, &js_sys::Array::of1(&array.buffer())) {
        web_sys::console::error_1(&error);
    }
}
