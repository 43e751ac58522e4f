//! What is said about a run: a line for each message, a bar, the summary. Counts what it is told; decides nothing.

use super::lane::{Done, Failed, INVALID_CAUSE};
use super::progress::Progress;
use crate::output::{Output, harmless};
use crate::sender::Message;
use crate::violations;
use irongate_proto::irongate_v1::Published;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How often progress is told.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);

/// The counts of a run.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) sent: u64,
    pub(super) failed: u64,
    pub(super) buried: u64,
    /// By cause, how often, and the first sentence.
    causes: BTreeMap<String, (u64, String)>,
}

/// Tells how a run is going.
pub(super) struct Report {
    output: Output,
    /// How many messages there will be, where that is known.
    total: Option<u64>,
    progress: Progress,
    told: Instant,
    started: Instant,
    is_quiet: bool,
    pub(super) tally: Tally,
}

impl Tally {
    fn fail(&mut self, failed: &Failed) {
        self.failed += 1;
        self.buried += u64::from(failed.buried.is_some());
        let cause = self.causes.entry(failed.cause.clone()).or_insert_with(|| (0, failed.text.clone()));
        cause.0 += 1;
    }

    pub(super) fn is_invalid(&self) -> bool {
        self.causes.contains_key(INVALID_CAUSE)
    }
}

impl Report {
    pub(super) fn new(output: Output, total: Option<u64>, is_quiet: bool) -> Self {
        let now = Instant::now();
        Self {
            output,
            total,
            progress: Progress::new(output, total, is_quiet),
            told: now,
            started: now,
            is_quiet,
            tally: Tally::default(),
        }
    }

    /// Counts and tells what became of some messages.
    pub(super) fn tell(&mut self, all: &[Done]) {
        let mut lines = Vec::new();
        for Done { message, result } in all {
            match result {
                Ok(published) => {
                    self.tally.sent += 1;
                    if self.progress.has_lines() {
                        lines.push(self.sent_line(message, published));
                    }
                    if !self.output.is_json() {
                        published
                            .warnings
                            .iter()
                            .for_each(|warning| self.progress.complain(&violations::line(warning)));
                    }
                }
                Err(failed) => {
                    self.tally.fail(failed);
                    lines.extend(self.tell_failed(message, failed));
                }
            }
        }
        // Where nobody reads the lines the messages are sent all the same.
        let _ = self.output.lines(&lines);
        self.tell_progress();
    }

    fn tell_progress(&mut self) {
        let failed = if self.tally.failed > 0 { format!(", {} failed", self.tally.failed) } else { String::new() };
        self.progress.tell(self.tally.sent + self.tally.failed, failed);
        if self.is_quiet && self.output.is_json() && self.told.elapsed() >= PROGRESS_INTERVAL {
            self.told = Instant::now();
            let rate = self.tally.sent as f64 / self.started.elapsed().as_secs_f64();
            let _ = self.output.result(String::new, || {
                json!({ "event": "progress", "sent": self.tally.sent, "failed": self.tally.failed,
                    "count": self.total, "per_second": rate.round() })
            });
        }
    }

    fn sent_line(&self, message: &Message, published: &Published) -> String {
        let Message { number, .. } = message;
        if self.output.is_json() {
            let warnings: Vec<Value> = published.warnings.iter().map(violations::object).collect();
            return json!({
                "event": "sent", "number": number, "count": self.total, "topic": published.topic,
                "partition": published.partition, "offset": published.offset, "schema_id": published.schema_id,
                "schema_version": published.schema_version, "warnings": warnings,
            })
            .to_string();
        }
        let place = self.place(*number);
        let partition = published.partition.map(|number| format!(", partition: {number}")).unwrap_or_default();
        let offset = published.offset.map(|offset| format!(", offset: {offset}")).unwrap_or_default();
        format!("📤 Message {place} sent successfully (ID: {number}, topic: {}{partition}{offset})", published.topic)
    }

    /// Complains to a person; answers the line for a program.
    fn tell_failed(&self, message: &Message, failed: &Failed) -> Option<String> {
        let Message { number, .. } = message;
        if self.output.is_json() {
            let object = json!({
                "event": "refused", "number": number, "count": self.total, "code": failed.cause,
                "message": failed.text, "tries": failed.tries, "dead_letter": failed.buried,
                "violations": failed.violations.iter().map(violations::object).collect::<Vec<_>>(),
            });
            return Some(object.to_string());
        }
        let buried = failed.buried.as_ref().map(|topic| format!("; moved to {topic}")).unwrap_or_default();
        let place = self.place(*number);
        self.progress.complain(&format!("❌ Failed to send message {place}: {}{buried}", harmless(&failed.text)));
        failed.violations.iter().for_each(|violation| self.progress.complain(&violations::line(violation)));
        None
    }

    /// `3/10`, or `3` where nobody knows how many there will be.
    fn place(&self, number: u64) -> String {
        self.total.map_or_else(|| number.to_string(), |total| format!("{number}/{total}"))
    }

    /// The last words.
    pub(super) fn summary(&self) {
        self.progress.finish();
        let Tally { sent, failed, buried, causes } = &self.tally;
        let text = || {
            let mut text = format!("\n📊 Summary:\n   ✅ Success: {sent}");
            if *failed > 0 {
                text += &format!("\n   ❌ Errors: {failed}");
            }
            for (cause, (count, first)) in causes {
                text += &format!("\n      {count} × {cause}: {}", harmless(first));
            }
            if *buried > 0 {
                text += &format!("\n   📮 Dead letters: {buried}");
            }
            text
        };
        let _ = self.output.result(text, || {
            let mut object = json!({ "event": "summary", "sent": sent, "failed": failed, "count": self.total });
            if *failed > 0 {
                let causes: BTreeMap<_, _> = causes.iter().map(|(cause, (count, _))| (cause, count)).collect();
                object["causes"] = json!(causes);
                object["dead_letters"] = json!(buried);
            }
            object
        });
    }
}
