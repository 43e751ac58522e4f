//! The worker as the browser sees it: takes byte arrays, posts byte arrays. All thinking
//! is in [`super::answer`].

use std::cell::RefCell;

use js_sys::Uint8Array;
use prost::Message as _;
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use super::answer::answer_bytes;
use super::cache::SchemaCache;
use super::message::Answer;

/// Serves questions for as long as the worker lives.
pub fn run() {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let cache = RefCell::new(SchemaCache::default());
    let answering = scope.clone();
    let performance = scope.performance();
    let now_ms = move || performance.as_ref().map_or(0.0, web_sys::Performance::now);
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        let Ok(question) = event.data().dyn_into::<Uint8Array>() else { return };
        let bytes = answer_bytes(&mut cache.borrow_mut(), &question.to_vec(), &now_ms);
        post(&answering, &bytes);
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // The worker ends with the page or by the page's hand; until then it listens.
    on_message.forget();
    post(&scope, &Answer::default().encode_to_vec());
}

fn post(scope: &DedicatedWorkerGlobalScope, bytes: &[u8]) {
    // A copy in JavaScript's memory, handed over without another.
    let array = Uint8Array::from(bytes);
    if let Err(error) = scope.post_message_with_transfer(&array, &js_sys::Array::of1(&array.buffer())) {
        web_sys::console::error_1(&error);
    }
}
