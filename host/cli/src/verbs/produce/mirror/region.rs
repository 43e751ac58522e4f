//! One region: takes every message in order, sends it or keeps it in the spool, and sends what is in the spool first. What the
//! other regions do is none of its business.

use super::link::{Link, Place};
use super::spool::{Head, Spool, SpoolError};
use super::terms::{self, Terms};
use crate::sender::{Message, Outcome, RetryPolicy};
use anyhow::Result;
use irongate_proto::irongate_v1::{Published, Refused};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::super::lane::Phase;

/// Messages of one call, or one sync of the spool, at most; a region may allow fewer.
const BATCH_MESSAGES_MAX: usize = 500;
/// Payload bytes of one call.
const BATCH_BYTES_MAX: usize = 1 << 20;

/// What a region did with a message.
#[derive(Clone, Debug)]
pub(super) enum Verdict {
    Sent(Published),
    /// It is in the spool.
    Deferred,
    Refused(Refused),
}

impl Verdict {
    pub(super) fn is_refused(&self) -> bool {
        matches!(self, Self::Refused(_))
    }
}

/// What a region tells.
#[derive(Debug)]
pub(super) enum Event {
    /// Of messages of this run, by their numbers.
    Decided(Vec<(u64, Verdict)>),
    /// The first of the spool are delivered, of this run and others before.
    Late { sent: u64, refused: Vec<Refused> },
    /// From now on messages go to the spool, for this reason.
    Behind(String),
    /// The spool is empty again.
    Even,
    /// Messages can be kept no longer.
    Broken(SpoolError),
}

/// A region with its queue.
pub(super) struct Region {
    pub(super) index: usize,
    pub(super) place: Place,
    pub(super) spool: Spool,
    pub(super) link: Option<Link>,
    /// Why there is no link, where it was tried.
    pub(super) reason: Option<String>,
    pub(super) policy: RetryPolicy,
    /// How long after the last message, or the last success, a region that is behind is waited for.
    pub(super) wait: Duration,
    pub(super) queue: mpsc::Receiver<Message>,
    pub(super) events: mpsc::Sender<(usize, Event)>,
    pub(super) phase: watch::Receiver<Phase>,
}

/// A try to deliver from the spool, with what it leaves.
struct Attempt {
    link: Option<Link>,
    head: Head,
    result: Result<Vec<Outcome>>,
}

impl Region {
    /// Runs until every message is sent or kept.
    pub(super) async fn run(mut self) {
        if let Err(error) = self.serve().await {
            self.tell(Event::Broken(error)).await;
        }
    }

    async fn tell(&self, event: Event) {
        // Where nobody listens any more the run is over.
        let _ = self.events.send((self.index, event)).await;
    }

    async fn serve(&mut self) -> Result<(), SpoolError> {
        let mut held = None;
        loop {
            if self.link.is_none() || self.spool.waiting() > 0 {
                let is_over = self.catch_up(&mut held).await?;
                if is_over {
                    return Ok(());
                }
            }
            let call_max = self.link.as_ref().map_or(1, Link::call_messages_max).min(BATCH_MESSAGES_MAX);
            let batch = next_batch(&mut self.queue, &mut held, call_max).await;
            if batch.is_empty() {
                return Ok(());
            }
            self.send(batch).await?;
        }
    }

    async fn send(&mut self, batch: Vec<Message>) -> Result<(), SpoolError> {
        let Some(link) = &mut self.link else { return self.keep(batch).await };
        let outcomes = link.send(&batch).await.unwrap_or_else(|error| {
            self.reason = Some(format!("{error:#}"));
            Vec::new()
        });
        let (mut batch, decided) = (batch, outcomes.into_iter().map(verdict));
        let rest = batch.split_off(decided.len());
        let decided: Vec<_> = batch.iter().map(|message| message.number).zip(decided).collect();
        if !decided.is_empty() {
            self.tell(Event::Decided(decided)).await;
        }
        if rest.is_empty() {
            return Ok(());
        }
        self.link = None;
        self.keep(rest).await
    }

    /// Messages count as deferred once they are on the disk.
    async fn keep(&mut self, batch: Vec<Message>) -> Result<(), SpoolError> {
        let lines = batch.iter().map(terms::line).collect::<Result<Vec<_>>>();
        let disk = |error: anyhow::Error| SpoolError::Disk {
            folder: self.spool.folder().to_owned(),
            error: std::io::Error::other(error),
        };
        let lines = lines.map_err(disk)?;
        tokio::task::block_in_place(|| self.spool.append(&lines))?;
        self.tell(Event::Decided(batch.iter().map(|message| (message.number, Verdict::Deferred)).collect())).await;
        Ok(())
    }

    /// Sends what is in the spool, while what comes is put behind it, until the spool is empty. Answers whether all is over.
    async fn catch_up(&mut self, held: &mut Option<Message>) -> Result<bool, SpoolError> {
        let reason = self.reason.take().unwrap_or_else(|| "messages of a run before wait for it".to_owned());
        self.tell(Event::Behind(reason)).await;
        let (mut failures, mut is_closed) = (0, false);
        let mut deadline = Instant::now() + self.wait;
        let mut attempt = self.attempt(failures)?;
        loop {
            tokio::select! {
                batch = next_batch(&mut self.queue, held, BATCH_MESSAGES_MAX), if !is_closed => {
                    if batch.is_empty() {
                        is_closed = true;
                        deadline = Instant::now() + self.wait;
                    } else {
                        self.keep(batch).await?;
                    }
                }
                ended = &mut attempt => {
                    // A try that panicked is a try that failed.
                    let Ok(ended) = ended else { attempt = self.attempt(failures + 1)?; continue };
                    if self.take_in(ended).await? {
                        failures = 0;
                        deadline = Instant::now() + self.wait;
                        if self.spool.waiting() == 0 {
                            self.tell(Event::Even).await;
                            return Ok(is_closed);
                        }
                    } else {
                        failures += 1;
                    }
                    attempt = self.attempt(failures)?;
                }
                () = tokio::time::sleep_until(deadline), if is_closed => { attempt.abort(); return Ok(true); }
                () = stopping(&mut self.phase), if is_closed => { attempt.abort(); return Ok(true); }
            }
        }
    }

    /// Begins a try, after a wait where others failed before.
    fn attempt(&mut self, failures: u32) -> Result<JoinHandle<Attempt>, SpoolError> {
        let call_max = self.link.as_ref().map_or(1, Link::call_messages_max).min(BATCH_MESSAGES_MAX);
        let head = tokio::task::block_in_place(|| self.spool.head(call_max, BATCH_BYTES_MAX as u64))?;
        let (place, policy, link) = (self.place.clone(), self.policy, self.link.take());
        Ok(tokio::spawn(async move {
            if failures > 0 {
                policy.wait(failures).await;
            }
            let link = match link {
                Some(link) => Ok(link),
                None => Link::open(&place).await,
            };
            match link {
                Ok(mut link) => {
                    let result = deliver(&mut link, &head).await;
                    Attempt { link: Some(link), head, result }
                }
                Err(error) => Attempt { link: None, head, result: Err(error) },
            }
        }))
    }

    /// Whether a try came further.
    async fn take_in(&mut self, ended: Attempt) -> Result<bool, SpoolError> {
        let outcomes = match ended.result {
            Ok(outcomes) => outcomes,
            Err(error) => {
                self.tell(Event::Behind(format!("{error:#}"))).await;
                return Ok(false);
            }
        };
        self.link = ended.link;
        let count = outcomes.len();
        let (mut sent, mut refused) = (0, Vec::new());
        for (outcome, line) in outcomes.into_iter().zip(&ended.head.lines) {
            match outcome {
                Outcome::Sent(_) => sent += 1,
                Outcome::Refused(why) => {
                    tokio::task::block_in_place(|| self.spool.put_aside(line))?;
                    refused.push(why);
                }
            }
        }
        tokio::task::block_in_place(|| self.spool.advance(&ended.head, count))?;
        self.tell(Event::Late { sent, refused }).await;
        Ok(true)
    }
}

/// Sends the first lines of a head that go together.
async fn deliver(link: &mut Link, head: &Head) -> Result<Vec<Outcome>> {
    let mut messages: Vec<Message> = Vec::with_capacity(head.lines.len());
    let mut first_terms = None;
    for line in &head.lines {
        let message = terms::message(line)?;
        let terms = Terms::of(&message.route);
        if first_terms.get_or_insert_with(|| terms.clone()) != &terms {
            break;
        }
        messages.push(message);
    }
    messages.truncate(link.call_messages_max());
    link.send(&messages).await
}

fn verdict(outcome: Outcome) -> Verdict {
    match outcome {
        Outcome::Sent(published) => Verdict::Sent(published),
        Outcome::Refused(refused) => Verdict::Refused(refused),
    }
}

async fn stopping(phase: &mut watch::Receiver<Phase>) {
    if phase.wait_for(|phase| *phase == Phase::Stopping).await.is_err() {
        // Nobody can stop the run any more.
        std::future::pending::<()>().await;
    }
}

/// What is there already: one message at least, all of one route. Empty at the end.
async fn next_batch(queue: &mut mpsc::Receiver<Message>, held: &mut Option<Message>, max: usize) -> Vec<Message> {
    let first = match held.take() {
        Some(first) => first,
        None => match queue.recv().await {
            Some(first) => first,
            None => return Vec::new(),
        },
    };
    let mut bytes = first.payload.len();
    let mut batch = vec![first];
    while batch.len() < max {
        let Ok(message) = queue.try_recv() else { break };
        bytes += message.payload.len();
        if bytes > BATCH_BYTES_MAX || !std::sync::Arc::ptr_eq(&message.route, &batch[0].route) {
            *held = Some(message);
            break;
        }
        batch.push(message);
    }
    batch
}
