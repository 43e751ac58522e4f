//! Many messages from a file: has it cut and checked by the worker, all of it before anything is sent, sends what is
//! valid in batches, and remembers what was acknowledged. What a row is and becomes, the state decides.

use std::cell::RefCell;
use std::rc::Rc;

use bytes::Bytes;
use irongate_proto::irongate_v1::OutgoingMessage;
use js_sys::Uint8Array;
use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::JsFuture;
use web_sys::File;
use yew::prelude::*;

use super::use_console::use_console;
use crate::api;
use crate::archive;
use crate::browser::Task;
use crate::checks::bulk::number_of;
use crate::checks::client::Checker;
use crate::checks::message::{Answer, Bulk, Question};
use crate::state::bulk::{BadRow, Counts, FILE_BYTES_MAX, Run, fingerprint};
use crate::state::encoding::Encoding;
use crate::state::explain::Failure;
use crate::state::form::ProduceForm;
use crate::state::schema_choice::SchemaLookup;
use crate::state::topic_facts::TopicFacts;
use crate::text::rows::Layout;
use crate::text::size::bytes;

/// What the rows are sent as: everything of the form but its payload.
#[derive(Clone, PartialEq)]
pub struct BulkTarget {
    /// Topic, key, attributes.
    pub form: ProduceForm,
    /// What is known of the topic.
    pub facts: TopicFacts,
    /// What every row is checked against.
    pub schema: SchemaLookup,
    /// How rows travel.
    pub encoding: Encoding,
    /// The name of this page as a producer.
    pub producer_name: AttrValue,
}

impl BulkTarget {
    /// Why no file can be taken yet, if so.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        if let Some(problem) = self.form.problems().into_iter().next() {
            return Some(problem);
        }
        if self.form.template {
            return Some("the rows of a file are sent as they are, and key and attributes are to be filled in: untick that first".to_owned());
        }
        match &self.schema {
            SchemaLookup::Unresolved(why) => Some(format!("the schema cannot be resolved: {why}")),
            SchemaLookup::Pending => Some("the schema is being fetched".to_owned()),
            SchemaLookup::None | SchemaLookup::Found(_) => None,
        }
    }

    /// What every check asks. Without a schema, a row need only be JSON.
    fn question(&self) -> Question {
        let (schema_type, definition) = match &self.schema {
            SchemaLookup::Found(schema) => (schema.schema_type.clone(), schema.definition.clone()),
            SchemaLookup::None | SchemaLookup::Pending | SchemaLookup::Unresolved(_) => {
                ("json_schema".to_owned(), Bytes::from_static(b"true"))
            }
        };
        Question { schema_type, definition, encoding: self.encoding.to_string(), ..Question::default() }
    }
}

/// What a run is doing.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Phase {
    /// No file has been chosen.
    #[default]
    Empty,
    /// The file is read and cut into rows.
    Reading,
    /// The worker checks rows.
    Checking,
    /// Waits for a person.
    Ready,
    /// Rows are being sent.
    Sending,
    /// The file cannot be used; a sentence says why.
    Unusable(String),
}

/// What a run shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// The file's name.
    pub name: AttrValue,
    /// What it is doing.
    pub phase: Phase,
    /// How many rows are where.
    pub counts: Counts,
    /// The first bad rows.
    pub bad: Rc<[BadRow]>,
    /// Why sending stopped.
    pub failure: Option<Failure>,
}

/// A run and what can be asked of it.
#[derive(Clone, PartialEq)]
pub struct BulkRun {
    /// What to show.
    pub shown: Shown,
    /// Takes a file, in the place of the one before.
    pub open: Callback<File>,
    /// Sends what is valid and has not been sent.
    pub send: Callback<()>,
    /// Stops after the batch under way.
    pub stop: Callback<()>,
    /// The report.
    pub report: Callback<(), String>,
    /// Forgets what an earlier run of the file has sent.
    pub forget: Callback<()>,
}

/// What outlives a redraw.
#[derive(Default)]
struct Work {
    run: Run,
    name: AttrValue,
    fingerprint: String,
    /// Dropping it ends what is under way.
    task: Option<Task>,
}

/// Shows a step of the work.
#[derive(Clone)]
struct Show {
    work: Rc<RefCell<Work>>,
    shown: UseStateSetter<Shown>,
}

impl Show {
    fn phase(&self, phase: Phase) {
        self.end(phase, None);
    }

    fn end(&self, phase: Phase, failure: Option<Failure>) {
        let work = self.work.borrow();
        let (name, counts, bad) = (work.name.clone(), work.run.counts(), work.run.bad().into());
        self.shown.set(Shown { name, phase, counts, bad, failure });
    }
}

/// A run, ended with the component.
#[hook]
pub fn use_bulk(target: &BulkTarget) -> BulkRun {
    let console = use_console();
    let shown = use_state(Shown::default);
    let work = use_mut_ref(Work::default);
    let show = Show { work: work.clone(), shown: shown.setter() };
    let open = {
        let (show, target, checker) = (show.clone(), target.clone(), console.checker.clone());
        Callback::from(move |file: File| {
            show.work.replace(Work { name: file.name().into(), ..Work::default() });
            show.phase(Phase::Reading);
            let (show, target, checker) = (show.clone(), target.clone(), checker.clone());
            let work = show.work.clone();
            let task = Task::spawn(async move {
                match prepare(&file, &target, &checker, &show).await {
                    Ok(()) => show.phase(Phase::Ready),
                    Err(why) => show.phase(Phase::Unusable(why)),
                }
            });
            work.borrow_mut().task = Some(task);
        })
    };
    let send = {
        let (show, target, changed) = (show.clone(), target.clone(), console.changed.clone());
        Callback::from(move |()| {
            let (sending, target, changed) = (show.clone(), target.clone(), changed.clone());
            show.phase(Phase::Sending);
            let task = Task::spawn(async move {
                let failure = send_all(&target, &sending).await.err();
                changed.emit(());
                sending.end(Phase::Ready, failure);
            });
            show.work.borrow_mut().task = Some(task);
        })
    };
    let stop = {
        let show = show.clone();
        Callback::from(move |()| {
            // What is on its way may or may not arrive; its rows count as not sent.
            drop(show.work.borrow_mut().task.take());
            show.phase(Phase::Ready);
        })
    };
    let forget = {
        let (show, open) = (show.clone(), shown.setter());
        Callback::from(move |()| {
            let (key, open) = (show.work.borrow().fingerprint.clone(), open.clone());
            wasm_bindgen_futures::spawn_local(async move {
                // Where nothing can be kept there is nothing to forget.
                drop(archive::forget_run(&key).await);
                open.set(Shown::default());
            });
        })
    };
    let report = {
        let work = work.clone();
        Callback::from(move |()| work.borrow().run.report())
    };
    BulkRun { shown: (*shown).clone(), open, send, stop, report, forget }
}

/// Reads, cuts and checks a file.
async fn prepare(file: &File, target: &BulkTarget, checker: &Checker, show: &Show) -> Result<(), String> {
    let size = file.size();
    if size > FILE_BYTES_MAX as f64 {
        return Err(format!(
            "the file has {}; one run takes {} at most: split it, or use irongate produce --jsonl",
            bytes(size as u64),
            bytes(FILE_BYTES_MAX as u64)
        ));
    }
    let buffer = JsFuture::from(file.array_buffer()).await.map_err(|_| "the browser could not read the file")?;
    let content = Bytes::from(Uint8Array::new(&buffer.unchecked_into()).to_vec());
    let layout = Layout::of(&file.name(), &content);
    let key = fingerprint(&content, &format!("{} {}", target.form.topic, target.form.subject));
    let cutting = Bulk { layout: number_of(layout), ..Bulk::default() };
    let question = Question { payload: Some(content), bulk: Some(cutting), ..Question::default() };
    let answer = usable(checker.answer_to(question).await?)?;
    {
        let mut work = show.work.borrow_mut();
        work.run = Run::new(answer.rows);
        work.fingerprint = key.clone();
    }
    show.phase(Phase::Checking);
    let mut from = 0;
    loop {
        let (indices, rows) = {
            let work = show.work.borrow();
            let indices = work.run.to_check(from);
            let rows = work.run.payloads(&indices);
            (indices, rows)
        };
        let Some(last) = indices.last() else { break };
        from = last + 1;
        let bulk = Bulk { layout: 0, rows, cells: layout == Layout::Csv };
        let answer = usable(checker.answer_to(Question { bulk: Some(bulk), ..target.question() }).await?)?;
        show.work.borrow_mut().run.checked(&indices, answer.rows);
        show.phase(Phase::Checking);
    }
    // Where this browser keeps nothing, there is nothing to recall.
    let earlier = archive::earlier_run(&key).await.unwrap_or_default();
    show.work.borrow_mut().run.recall(&earlier);
    Ok(())
}

fn usable(answer: Answer) -> Result<Answer, String> {
    match answer.fault {
        Some(fault) => Err(fault.message),
        None => Ok(answer),
    }
}

/// Sends batch after batch; each is kept as sent before the next one goes.
async fn send_all(target: &BulkTarget, show: &Show) -> Result<(), Failure> {
    let mut from = 0;
    loop {
        let (indices, payloads, key) = {
            let work = show.work.borrow();
            let indices = work.run.to_send(from);
            let payloads = work.run.payloads(&indices);
            (indices, payloads, work.fingerprint.clone())
        };
        let Some(last) = indices.last() else { return Ok(()) };
        from = last + 1;
        let mut request = target.form.request(&target.facts, Bytes::new(), &target.producer_name, 0);
        let like = request.messages.pop().unwrap_or_default();
        request.messages = payloads.into_iter().map(|payload| OutgoingMessage { payload, ..like.clone() }).collect();
        let results = api::publish::publish_all(request).await?;
        let (sent, acknowledged) = {
            let mut work = show.work.borrow_mut();
            let sent = work.run.sent(&indices, results);
            (sent, work.run.acknowledged())
        };
        // Where this browser keeps nothing, the run goes on; it could not be taken up again after a reload.
        drop(archive::keep_run(&key, &acknowledged).await);
        show.phase(Phase::Sending);
        sent?;
    }
}
