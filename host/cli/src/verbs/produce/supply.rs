//! The messages of a run as they will be sent: what the composer makes, put through transforms. Each pass begins with fresh
//! transforms, so that what was checked is what is sent.

use super::args::TransformArgs;
use super::encoding::encoded;
use crate::failure::Failure;
use crate::messages::composer::{Composer, Routes};
use crate::output::harmless;
use crate::plugin::engine::{self, Allowed};
use crate::sender::{Message, now_ms};
use anyhow::{Context, Result, anyhow, bail};
use irongate_messages::{Encoding, SchemaName};
use irongate_proto::irongate_v1::Violation;
use irongate_runtime::{Limits, MemoryState, Outcome, OutputRecord, Plugin, Record, SchemaReference, Transform};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

/// Makes the messages of a run, as often as it is asked to.
pub(super) struct Supply {
    pub(super) composer: Arc<Composer>,
    pub(super) routes: Arc<Routes>,
    pub(super) stages: Vec<Stage>,
    /// How payloads that say nothing of it travel.
    pub(super) encoding: Encoding,
}

/// A component with what it is configured with.
pub(super) struct Stage {
    plugin: Plugin,
    configuration: String,
    allow: Vec<Allowed>,
}

/// One message, or why there is none.
pub(super) enum Made {
    Message(Message),
    /// As it came to the transform that would not have it.
    Rejected(Message, String),
    /// As it is written, because it has no bytes in the encoding that it is to travel in.
    Invalid(Message, Vec<Violation>),
}

/// The stages of one pass.
struct Chain(Vec<(Transform, Arc<MemoryState>)>);

/// Loads the transforms that the arguments name.
///
/// # Errors
/// A file is no transform, or a configuration not one of its.
pub(super) fn stages(args: &TransformArgs) -> Result<Vec<Stage>> {
    if !args.with.is_empty() && args.with.len() != args.transform.len() {
        let (given, wanted) = (args.with.len(), args.transform.len());
        let text =
            format!("--with was given {given} times for {wanted} transforms; give each one its own, null for none");
        return Err(Failure::Usage(text).into());
    }
    let stages = args.transform.iter().enumerate().map(|(index, file): (usize, &PathBuf)| {
        let plugin = engine::load(file)?;
        let configuration = args.with.get(index).cloned().unwrap_or_else(|| "null".to_owned());
        engine::check(&plugin, &configuration)?;
        Ok(Stage { plugin, configuration, allow: args.allow.clone() })
    });
    stages.collect()
}

impl Supply {
    /// How many messages there will be, where that is known beforehand.
    pub(super) fn total(&self) -> Option<u64> {
        if self.stages.is_empty() { self.composer.total() } else { None }
    }

    /// Whether every cycle gives the same payloads.
    pub(super) fn repeats(&self) -> bool {
        self.stages.is_empty() && self.composer.repeats()
    }

    /// The messages of so many cycles, numbered from 1. What transforms say aside is told where `is_told`.
    ///
    /// # Errors
    /// A transform cannot be started.
    pub(super) fn messages(
        self: &Arc<Self>,
        cycles: u64,
        is_told: bool,
    ) -> Result<impl Iterator<Item = Result<Made>> + Send + use<>> {
        let mut chain = self.chain(is_told)?;
        let supply = self.clone();
        let mut composed = self.composer.messages(cycles);
        let mut ready: VecDeque<Made> = VecDeque::new();
        let mut number = 0;
        Ok(std::iter::from_fn(move || {
            loop {
                if let Some(made) = ready.pop_front() {
                    return Some(Ok(made));
                }
                let made = composed.next()?.and_then(|(own, message)| encoded(message, own.unwrap_or(supply.encoding)));
                let message = match made {
                    Ok(Made::Message(message)) if !chain.0.is_empty() => message,
                    made => return Some(made),
                };
                let made = match chain.apply(message, &supply.routes, is_told) {
                    Ok(made) => made,
                    Err(error) => return Some(Err(error)),
                };
                ready.extend(made.into_iter().map(|made| match made {
                    Made::Message(message) => {
                        number += 1;
                        Made::Message(Message { number, ..message })
                    }
                    other => other,
                }));
            }
        }))
    }

    fn chain(&self, is_told: bool) -> Result<Chain> {
        let configured = self.stages.iter().map(|stage| {
            let state = Arc::new(MemoryState::default());
            let grants = engine::grants(&stage.allow);
            let transform = stage.plugin.configure(&stage.configuration, Limits::default(), grants, state.clone());
            let transform = transform
                .with_context(|| format!("the transform {} does not start", stage.plugin.description().name))?;
            if is_told {
                engine::tell_log(transform.configure_log());
            }
            Ok((transform, state))
        });
        Ok(Chain(configured.collect::<Result<_>>()?))
    }
}

impl Chain {
    /// What becomes of one message behind the last stage.
    fn apply(&mut self, message: Message, routes: &Routes, is_told: bool) -> Result<Vec<Made>> {
        let mut all = vec![Made::Message(message)];
        for (transform, state) in &mut self.0 {
            let mut next = Vec::with_capacity(all.len());
            for made in all {
                match made {
                    Made::Message(message) => next.extend(through(transform, state, message, routes, is_told)?),
                    other => next.push(other),
                }
            }
            all = next;
        }
        Ok(all)
    }
}

/// One message through one stage.
///
/// # Errors
/// The component fails on it: then nobody knows what it would have made of it.
fn through(
    transform: &mut Transform,
    state: &MemoryState,
    message: Message,
    routes: &Routes,
    is_told: bool,
) -> Result<Vec<Made>> {
    let mut report = transform.transform(&[record(&message)])?;
    if is_told {
        engine::tell_aside(&report);
    }
    state.apply(std::mem::take(&mut report.state_changes));
    let name = &transform.plugin().description().name;
    Ok(match report.outcomes.pop() {
        Some(Outcome::Keep) => vec![Made::Message(message)],
        Some(Outcome::Drop) => Vec::new(),
        Some(Outcome::Emit(records)) => {
            records.into_iter().map(|record| Made::Message(sent_instead(&message, record, routes))).collect()
        }
        Some(Outcome::Reject(reason) | Outcome::Retry(reason)) => {
            vec![Made::Rejected(message, format!("the transform {name} rejects it: {reason}"))]
        }
        Some(Outcome::Fault(fault)) => {
            let text = harmless(fault.to_string().trim_end());
            return Err(anyhow!("message {}: the transform {name} failed: {text}", message.number));
        }
        Some(Outcome::Untried) | None => bail!("message {}: the transform {name} did not try it", message.number),
    })
}

fn record(message: &Message) -> Record {
    let reference = message.route.schema.as_ref();
    let schema = reference.and_then(|schema| {
        Some(SchemaReference { subject: schema.reference.subject.clone(), version: schema.version? })
    });
    let mut attributes: Vec<(String, String)> = message.attributes.clone().into_iter().collect();
    attributes.sort_unstable();
    Record {
        topic: message.route.topic.clone(),
        partition: None,
        offset: None,
        key: message.routing_key.clone(),
        attributes,
        publish_time_ms: now_ms(),
        schema,
        payload: message.payload.clone(),
    }
}

/// The message that an output is. It goes where the input would have gone, unless it says otherwise.
fn sent_instead(message: &Message, output: OutputRecord, routes: &Routes) -> Message {
    let schema = output.schema.map(|schema| SchemaName { subject: schema.subject, version: Some(schema.version) });
    let is_elsewhere = output.topic.as_ref().is_some_and(|topic| topic != &message.route.topic);
    let is_same_schema = match (&schema, &message.route.schema) {
        (None, _) => true,
        (Some(named), Some(known)) => named.subject == known.reference.subject && named.version == known.version,
        (Some(_), None) => false,
    };
    let route = match is_elsewhere || !is_same_schema {
        false => message.route.clone(),
        true => routes.find(Some(output.topic.as_ref().unwrap_or(&message.route.topic)), schema.as_ref()),
    };
    let attributes = output.attributes.into_iter().collect();
    Message { number: message.number, route, payload: output.payload, attributes, routing_key: output.key }
}
