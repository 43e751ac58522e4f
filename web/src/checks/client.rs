//! The page's side of the worker: owns it, numbers questions, hands out answers, and says
//! so when there will be none. A worker that failed is replaced at the next question.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_channel::oneshot;
use gloo_timers::callback::Timeout;
use js_sys::Uint8Array;
use prost::Message as _;
use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};
use yew::Callback;

use super::message::{Answer, Question};

/// The longest a check may take, in milliseconds; a pattern of a schema can be made to take for ever.
pub const ANSWER_TIMEOUT_MS: u32 = 5000;

/// The longest the worker may take to load and start, in milliseconds.
pub const START_TIMEOUT_MS: u32 = 30_000;

/// An answer, or a sentence that says why there is none.
pub type Outcome = Result<Answer, String>;

/// A handle on the worker; clones share it.
#[derive(Clone, Default)]
pub struct Checker(Rc<RefCell<Inner>>);

impl PartialEq for Checker {
    fn eq(&self, other: &Checker) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

#[derive(Default)]
struct Inner {
    running: Option<Running>,
    /// Few at a time: the newest question, and those that are not stale yet.
    waiting: Vec<Waiting>,
    last_sequence: u64,
}

struct Waiting {
    sequence: u64,
    done: Callback<Outcome>,
    _timeout: Timeout,
}

struct Running {
    worker: Worker,
    /// Questions asked before the worker could listen.
    queue: Option<Vec<Uint8Array>>,
    _on_message: Closure<dyn Fn(MessageEvent)>,
    _on_error: Closure<dyn Fn(ErrorEvent)>,
    start_timeout: Option<Timeout>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

impl Checker {
    /// Loads the worker, so that the first answer does not wait for it.
    pub fn start(&self) {
        if self.0.borrow().running.is_none()
            && let Err(why) = self.launch()
        {
            self.fail(&why);
        }
    }

    /// Asks; the answer comes later, once. Its sequence is set here and answered.
    pub fn ask(&self, mut question: Question, done: Callback<Outcome>) -> u64 {
        self.start();
        let this = self.clone();
        let mut inner = self.0.borrow_mut();
        inner.last_sequence += 1;
        let sequence = inner.last_sequence;
        question.sequence = sequence;
        let bytes = Uint8Array::from(question.encode_to_vec().as_slice());
        let Some(running) = &mut inner.running else {
            drop(inner);
            done.emit(Err("the schema worker could not be started; reload the page".to_owned()));
            return sequence;
        };
        let starting = running.queue.is_some();
        match &mut running.queue {
            Some(queue) => queue.push(bytes),
            None => post(&running.worker, &bytes),
        }
        let limit_ms = if starting { START_TIMEOUT_MS } else { ANSWER_TIMEOUT_MS };
        let timeout = Timeout::new(limit_ms, move || {
            this.fail(&format!("the check took longer than {} s and was stopped", limit_ms / 1000));
        });
        inner.waiting.push(Waiting { sequence, done, _timeout: timeout });
        sequence
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// A sentence, where there will be none.
    pub async fn answer_to(&self, question: Question) -> Outcome {
        let (sender, receiver) = oneshot::channel();
        let sender = Cell::new(Some(sender));
        let answered = move |outcome| {
            if let Some(sender) = sender.take() {
                // Whoever asked may have gone.
                let _gone = sender.send(outcome);
            }
        };
        self.ask(question, Callback::from(answered));
        receiver.await.unwrap_or_else(|_| Err("the schema worker was stopped".to_owned()))
    }

    fn launch(&self) -> Result<(), String> {
        let url = worker_url().ok_or("index.html does not say where the schema worker is")?;
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(&url, &options)
            .map_err(|_| format!("the browser refused to start the schema worker {url}"))?;
        let this = self.clone();
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| this.receive(&event));
        let this = self.clone();
        let on_error = Closure::<dyn Fn(ErrorEvent)>::new(move |event: ErrorEvent| {
            let message = event.message();
            let why = if message.is_empty() { "it could not be loaded".to_owned() } else { message };
            this.fail(&format!("the schema worker stopped: {why}"));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        let this = self.clone();
        let start_timeout = Timeout::new(START_TIMEOUT_MS, move || {
            this.fail(&format!("the schema worker did not start within {} s", START_TIMEOUT_MS / 1000));
        });
        self.0.borrow_mut().running = Some(Running {
            worker,
            queue: Some(Vec::new()),
            _on_message: on_message,
            _on_error: on_error,
            start_timeout: Some(start_timeout),
        });
        Ok(())
    }

    fn receive(&self, event: &MessageEvent) {
        let Ok(array) = event.data().dyn_into::<Uint8Array>() else { return };
        let Ok(answer) = Answer::decode(array.to_vec().as_slice()) else {
            return self.fail("the schema worker is of another version than the page; reload the page");
        };
        let mut inner = self.0.borrow_mut();
        if answer.sequence == 0 {
            let Some(running) = &mut inner.running else { return };
            running.start_timeout = None;
            for question in running.queue.take().unwrap_or_default() {
                post(&running.worker, &question);
            }
            return;
        }
        let known = inner.waiting.iter().position(|waiting| waiting.sequence == answer.sequence);
        let waiting = known.map(|index| inner.waiting.swap_remove(index));
        // The callback may ask again at once.
        drop(inner);
        if let Some(waiting) = waiting {
            waiting.done.emit(Ok(answer));
        }
    }

    /// Ends the worker and everyone's hope of an answer from it.
    fn fail(&self, why: &str) {
        let (running, waiting) = {
            let mut inner = self.0.borrow_mut();
            (inner.running.take(), std::mem::take(&mut inner.waiting))
        };
        if let Some(running) = running {
            running.worker.terminate();
            // This may run inside a closure that `running` owns, or its timer: let that return first.
            Timeout::new(0, move || drop(running)).forget();
        }
        for waiting in waiting {
            waiting.done.emit(Err(why.to_owned()));
            Timeout::new(0, move || drop(waiting)).forget();
        }
    }
}

fn post(worker: &Worker, bytes: &Uint8Array) {
    if let Err(error) = worker.post_message_with_transfer(bytes, &js_sys::Array::of1(&bytes.buffer())) {
        web_sys::console::error_1(&error);
    }
}

fn worker_url() -> Option<String> {
    gloo_utils::document().get_element_by_id("schema-worker")?.get_attribute("href")
}
