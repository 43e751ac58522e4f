//! The sending itself: starts the producers, counts what comes back, and stops for a failure, an invalid message or a
//! signal. What was acknowledged is written down for --resume.

use super::args::Args;
use super::feed::{Reading, hand_out, read};
use super::interruption::{Interrupted, Interruptions};
use super::lane::{Done, INVALID_CAUSE, Lane, Phase, Terms};
use super::report::Report;
use super::state::{State, StateFile};
use super::supply::Supply;
use super::{pace, policy};
use crate::address::ServiceAddr;
use crate::failure::{FAILED, Failure, INVALID};
use crate::output::{Output, complain, harmless};
use crate::sender::{Route, Sender};
use anyhow::{Result, anyhow};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// Messages that wait for one producer.
pub(super) const QUEUE_MESSAGES_MAX: usize = 1_000;
/// Finished calls that wait to be counted.
pub(super) const DONE_CALLS_MAX: usize = 64;
/// How often a run that goes on writes down where it is.
pub(super) const STATE_INTERVAL: Duration = Duration::from_secs(1);

/// A run that is ready to begin.
pub(super) struct Run<'a> {
    pub(super) args: &'a Args,
    pub(super) address: &'a ServiceAddr,
    pub(super) output: Output,
    pub(super) supply: Arc<Supply>,
    pub(super) state: State,
    pub(super) file: Option<StateFile>,
}

/// How a run came to its end.
#[derive(Debug, PartialEq)]
pub(super) enum End {
    Complete,
    Interrupted,
    /// The next message would have failed as well, for this reason.
    Stopped(String),
}

/// What runs beside the counting.
struct Flow {
    done: mpsc::Receiver<Vec<Done>>,
    phase: watch::Sender<Phase>,
    handing_out: JoinHandle<Result<()>>,
}

impl Run<'_> {
    pub(super) async fn send_all(mut self, senders: Vec<Sender>) -> Result<()> {
        let skipped = self.state.acknowledged.count();
        if self.args.resume {
            self.output.progress(&format!("⏩ {skipped} messages were acknowledged before and are left out"));
        }
        let mut report = Report::new(self.output, self.supply.total(), self.args.quiet);
        let mut flow = self.start(senders);
        let end = self.count(&mut flow, &mut report).await;
        report.summary();
        let handed_out = match &end {
            Ok(End::Complete) => flow.handing_out.await?,
            _ => Ok(()),
        };
        self.leave(&end, report.tally.failed > 0 || handed_out.is_err())?;
        handed_out?;
        match end? {
            End::Stopped(reason) => Err(anyhow!(reason)),
            _ if report.tally.is_invalid() => Err(Failure::Told { code: INVALID }.into()),
            End::Interrupted => Err(Failure::Told { code: FAILED }.into()),
            End::Complete if report.tally.failed > 0 => Err(Failure::Told { code: FAILED }.into()),
            End::Complete => Ok(()),
        }
    }

    /// Starts reading, handing out and the producers.
    fn start(&self, senders: Vec<Sender>) -> Flow {
        let (phase, watching) = watch::channel(Phase::First);
        let (done_sender, done) = mpsc::channel(DONE_CALLS_MAX);
        let terms = Terms {
            policy: policy(self.args),
            dead_letters: self.dead_letters(),
            in_flight: self.args.in_flight.map(|count| count as usize),
        };
        let mut queues = Vec::new();
        for sender in senders {
            let (queue_sender, queue) = mpsc::channel(QUEUE_MESSAGES_MAX);
            queues.push(queue_sender);
            let (terms, done, phase) = (terms.clone(), done_sender.clone(), watching.clone());
            tokio::spawn(Lane { sender, address: self.address.clone(), terms, queue, done, phase }.run());
        }
        let source = read(Reading {
            supply: self.supply.clone(),
            cycles: self.args.count,
            acknowledged: self.state.acknowledged.clone(),
            skip_invalid: self.args.skip_invalid,
            pace: pace(self.args),
        });
        let handing_out = tokio::spawn(hand_out(source, queues, watching));
        Flow { done, phase, handing_out }
    }

    fn dead_letters(&self) -> Option<Arc<Route>> {
        let topic = self.args.dlq.clone()?;
        let producer_name = self.args.producer_name.clone();
        Some(Arc::new(Route::plain(topic, producer_name, 0, true)))
    }

    /// Takes in what the producers report until all have finished.
    async fn count(&mut self, flow: &mut Flow, report: &mut Report) -> Result<End> {
        let mut end = End::Complete;
        let mut written = Instant::now();
        let mut interruptions = Interruptions::new()?;
        loop {
            let all = tokio::select! {
                biased;
                all = flow.done.recv() => all,
                interrupted = interruptions.next() => {
                    end = End::Interrupted;
                    flow.phase.send_replace(Phase::Stopping);
                    if interrupted == Interrupted::Once { continue } else { return Ok(end) }
                }
            };
            let Some(all) = all else { return Ok(end) };
            if *flow.phase.borrow() == Phase::First {
                if all.iter().any(|done| done.result.is_ok()) {
                    self.output.progress(&format!("✅ Producer '{}' created successfully", self.args.producer_name));
                }
                flow.phase.send_replace(Phase::Running);
            }
            for done in &all {
                match &done.result {
                    Ok(_) => self.state.acknowledged.insert(done.message.number),
                    Err(failed) if failed.is_fatal && end == End::Complete => end = End::Stopped(failed.text.clone()),
                    Err(_) => {}
                }
            }
            report.tell(&all);
            if let End::Stopped(_) = end {
                flow.phase.send_replace(Phase::Stopping);
            }
            if !self.args.skip_invalid && all.iter().any(is_invalid) {
                flow.phase.send_replace(Phase::Stopping);
            }
            if written.elapsed() >= STATE_INTERVAL {
                written = Instant::now();
                self.write_state();
            }
        }
    }

    pub(super) fn write_state(&self) {
        if let Some(file) = &self.file
            && let Err(error) = file.write(&self.state)
        {
            complain(&format!("--resume will not know how far this run came: {error:#}"));
        }
    }

    /// Removes or writes the state, and says how to go on.
    pub(super) fn leave(&self, end: &Result<End>, is_missing_some: bool) -> Result<()> {
        let is_whole = matches!(end, Ok(End::Complete)) && !is_missing_some;
        if is_whole || self.state.acknowledged.count() == 0 {
            if let Some(file) = &self.file {
                file.remove();
            }
        } else {
            self.write_state();
        }
        if let Ok(End::Interrupted | End::Stopped(_)) = end {
            self.say_how_to_resume(matches!(end, Ok(End::Interrupted)))?;
        }
        Ok(())
    }

    fn say_how_to_resume(&self, is_interrupted: bool) -> Result<()> {
        let acknowledged = self.state.acknowledged.count();
        let total = self.supply.total();
        if acknowledged == 0 && !is_interrupted {
            return Ok(());
        }
        let of = total.map(|total| format!(" of {total}")).unwrap_or_default();
        let word = if is_interrupted { "interrupted" } else { "stopped" };
        let text = format!(
            "{word}: {acknowledged}{of} messages were acknowledged; what was under way may have arrived as well; \
             go on with the same command and --resume"
        );
        if self.output.is_json() {
            let object = serde_json::json!({ "event": word, "acknowledged": acknowledged, "count": total });
            self.output.result(String::new, || object)?;
        }
        complain(&harmless(&text));
        Ok(())
    }
}

fn is_invalid(done: &Done) -> bool {
    done.result.as_ref().is_err_and(|failed| failed.cause == INVALID_CAUSE)
}
