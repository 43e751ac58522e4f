//! A configured transform: serves batches, and when the guest is stopped finds the record that is to blame without harming its neighbours. Keeps no
//! state: changes go out with the outcomes.

use std::{ops::Range, time::Instant};

use crate::{
    call::{Call, Terms},
    counters::CounterBook,
    error::{GuestFault, HostFault, RecordFault},
    instance::{CallFault, Instance},
    limits::Limits,
    log::{LogLine, cut},
    plugin::Plugin,
    record::Record,
    report::{BatchReport, Outcome},
    state::{Changes, StateChange},
};

/// How often a record is tried alone before it is at fault.
const ATTEMPTS_ALONE: u32 = 2;

/// A configured transform. One batch at a time; make one for each lane.
pub struct Transform {
    plugin: Plugin,
    configuration: String,
    terms: Terms,
    /// None after a trap, until the next call.
    instance: Option<Instance>,
    configure_log: Vec<LogLine>,
}

/// A batch on its way: what has been decided so far.
struct Progress {
    report: BatchReport,
    counters: CounterBook,
    changes: Changes,
    faults: usize,
}

impl Transform {
    pub(crate) fn new(plugin: Plugin, configuration: String, terms: Terms) -> Result<Transform, CallFault> {
        let mut transform = Transform { plugin, configuration, terms, instance: None, configure_log: Vec::new() };
        let mut instance = transform.fresh_instance()?;
        transform.configure_log = instance.take_call().log.lines;
        transform.instance = Some(instance);
        Ok(transform)
    }

    /// The plugin that this is made of.
    #[must_use]
    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    /// What it logged while it was configured.
    #[must_use]
    pub fn configure_log(&self) -> &[LogLine] {
        &self.configure_log
    }

    /// Transforms a batch. An empty batch is answered without asking the guest. Blocks for at most the time limit of a batch, times the calls that
    /// finding the records at fault takes.
    ///
    /// When a call is stopped, its instance is thrown away with all that the call did, and the batch is halved until the record to blame is
    /// alone; that one is tried once more on a fresh instance.
    ///
    /// # Errors
    /// The host could not do its part: nothing of the batch has happened, and no record is to blame.
    pub fn transform(&mut self, batch: &[Record]) -> Result<BatchReport, HostFault> {
        let started = Instant::now();
        let mut progress = Progress {
            report: BatchReport::default(),
            counters: CounterBook::default(),
            changes: Changes::new(),
            faults: 0,
        };
        // Ranges still to be served, the next one last.
        let mut ranges: Vec<Range<usize>> = (!batch.is_empty()).then_some(0..batch.len()).into_iter().collect();
        while let Some(range) = ranges.pop() {
            if progress.faults >= self.terms.limits.faults_per_batch_max {
                progress.report.outcomes.extend(range.map(|_| Outcome::Untried));
            } else if range.len() == 1 {
                self.serve_one(&batch[range.start], &mut progress)?;
            } else if self.try_serve(&batch[range.clone()], &mut progress)?.is_some() {
                let middle = range.start.midpoint(range.end);
                ranges.push(middle..range.end);
                ranges.push(range.start..middle);
            }
        }
        Ok(progress.finish(started))
    }

    /// Serves a record alone, as often as it takes to be sure.
    fn serve_one(&mut self, record: &Record, progress: &mut Progress) -> Result<(), HostFault> {
        let mut last = None;
        for _ in 0..ATTEMPTS_ALONE {
            last = self.try_serve(std::slice::from_ref(record), progress)?;
            if last.is_none() {
                return Ok(());
            }
        }
        if let Some(stopped) = last {
            progress.note_log(stopped.call);
            progress.fault(self.blame(record, ATTEMPTS_ALONE, stopped.fault));
        }
        Ok(())
    }

    /// One call. Answers nothing when it succeeded, and why when the guest was stopped: then nothing has happened.
    fn try_serve(&mut self, batch: &[Record], progress: &mut Progress) -> Result<Option<Stopped>, HostFault> {
        let mut instance = match self.instance.take() {
            Some(instance) => instance,
            None => self.fresh_instance().map_err(|fault| match fault {
                CallFault::Guest(fault) => HostFault::ConfigureAgain(fault),
                CallFault::Host(fault) => fault,
            })?,
        };
        let answer = instance.transform(batch, std::mem::take(&mut progress.changes));
        let mut call = instance.take_call();
        progress.changes = std::mem::take(&mut call.state.earlier);
        progress.report.memory_bytes = progress.report.memory_bytes.max(instance.memory_bytes());
        match answer {
            Ok(outcomes) => {
                progress.changes.append(&mut call.state.changes);
                progress.counters.merge(std::mem::take(&mut call.counters), &self.terms.limits);
                progress.note_log(call);
                progress.note_output(&instance.take_output(), &self.terms.limits);
                self.instance = Some(instance);
                for (record, outcome) in batch.iter().zip(outcomes) {
                    match outcome {
                        Ok(outcome) => progress.report.outcomes.push(outcome),
                        Err(error) => progress.fault(self.blame(record, 1, error.into())),
                    }
                }
                Ok(None)
            }
            Err(CallFault::Guest(fault)) => {
                progress.report.traps += 1;
                Ok(Some(Stopped { fault, call }))
            }
            Err(CallFault::Host(fault)) => Err(fault),
        }
    }

    fn fresh_instance(&self) -> Result<Instance, CallFault> {
        let mut instance = self.plugin.instantiate(&self.terms)?;
        instance.configure(&self.configuration)?;
        Ok(instance)
    }

    fn blame(&self, record: &Record, attempts: u32, fault: GuestFault) -> RecordFault {
        let description = self.plugin.description();
        RecordFault {
            plugin_name: description.name.clone(),
            plugin_version: description.version.clone(),
            plugin_sha256: self.plugin.sha256().to_owned(),
            topic: record.topic.clone(),
            partition: record.partition,
            offset: record.offset,
            attempts,
            fault,
        }
    }
}

/// A call that was stopped: why, and what it had logged.
struct Stopped {
    fault: GuestFault,
    call: Call,
}

impl Progress {
    fn fault(&mut self, fault: RecordFault) {
        self.faults += 1;
        self.report.outcomes.push(Outcome::Fault(Box::new(fault)));
    }

    fn note_log(&mut self, call: Call) {
        self.report.log.extend(call.log.lines);
        self.report.log_lines_left_out += call.log.lines_left_out;
    }

    fn note_output(&mut self, output: &str, limits: &Limits) {
        self.report.standard_output.push_str(output);
        cut(&mut self.report.standard_output, limits.standard_output_bytes_max);
    }

    fn finish(mut self, started: Instant) -> BatchReport {
        self.report.counters = self.counters.amounts;
        self.report.counter_additions_left_out = self.counters.additions_left_out;
        self.report.state_changes = self.changes.into_iter().map(|(key, value)| StateChange { key, value }).collect();
        self.report.elapsed = started.elapsed();
        self.report
    }
}
