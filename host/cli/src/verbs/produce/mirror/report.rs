//! What is said about a run to several regions: a line for each message, what became of each region, the summary. Counts what it
//! is told; decides nothing.

use super::super::lane::{Failed, INVALID_CAUSE};
use super::super::progress::Progress;
use super::region::Verdict;
use crate::failure::code_name;
use crate::output::{Output, harmless};
use crate::sender::Message;
use crate::violations;
use irongate_proto::irongate_v1::Refused;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How often progress is told.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);

/// What is known of one region.
#[derive(Debug, Default)]
struct Account {
    name: String,
    spool: String,
    sent: u64,
    late: u64,
    waiting: u64,
    refused: u64,
    /// By cause, how often, and the first sentence.
    causes: BTreeMap<String, (u64, String)>,
    is_behind: bool,
    reason: String,
}

/// Tells how a run is going.
pub(super) struct Report {
    output: Output,
    total: Option<u64>,
    is_quiet: bool,
    progress: Progress,
    told: Instant,
    /// Messages of which every region has said what becomes of them.
    decided: u64,
    accounts: Vec<Account>,
    invalid: u64,
}

impl Report {
    pub(super) fn new(output: Output, total: Option<u64>, is_quiet: bool) -> Self {
        let progress = Progress::new(output, total, is_quiet);
        Self { output, total, is_quiet, progress, told: Instant::now(), decided: 0, accounts: Vec::new(), invalid: 0 }
    }

    /// A region, with what earlier runs left for it.
    pub(super) fn add(&mut self, name: String, spool: String, waiting: u64) {
        self.accounts.push(Account { name, spool, waiting, ..Account::default() });
    }

    pub(super) fn count(&mut self, region: usize, verdict: &Verdict) {
        let account = &mut self.accounts[region];
        match verdict {
            Verdict::Sent(_) => account.sent += 1,
            Verdict::Deferred => account.waiting += 1,
            Verdict::Refused(refused) => account.refuse(refused),
        }
    }

    pub(super) fn late(&mut self, region: usize, sent: u64, refused: &[Refused]) {
        let account = &mut self.accounts[region];
        account.late += sent;
        account.waiting -= sent + refused.len() as u64;
        for refused in refused {
            account.refuse(refused);
            let (name, spool) = (&account.name, &account.spool);
            let why = harmless(&refused.message);
            self.progress.complain(&format!(
                "❌ {name} refused a message of the spool: {why}; it is kept in {spool}/refused.jsonl"
            ));
        }
    }

    pub(super) fn behind(&mut self, region: usize, reason: String) {
        let account = &mut self.accounts[region];
        let is_news = !account.is_behind;
        (account.is_behind, account.reason) = (true, reason);
        if is_news {
            let Account { name, spool, reason, .. } = account;
            self.progress
                .complain(&format!("⚠️ {name} is behind: {}; its messages are kept in {spool}", harmless(reason)));
        }
    }

    pub(super) fn even(&mut self, region: usize) {
        let account = &mut self.accounts[region];
        account.is_behind = false;
        self.progress.complain(&format!("✅ {} has caught up", account.name));
    }

    /// A message that was sent to no region, because it is invalid.
    pub(super) fn reject(&mut self, message: &Message, failed: &Failed) {
        self.invalid += 1;
        if self.output.is_json() {
            let violations: Vec<Value> = failed.violations.iter().map(violations::object).collect();
            let object = json!({
                "event": "invalid", "number": message.number, "count": self.total, "message": failed.text,
                "violations": violations,
            });
            let _ = self.output.lines(&[object.to_string()]);
            return;
        }
        self.progress.complain(&format!("❌ message {} goes to no region: {}", message.number, harmless(&failed.text)));
        failed.violations.iter().for_each(|violation| self.progress.complain(&violations::line(violation)));
    }

    pub(super) fn is_invalid(&self) -> bool {
        self.invalid > 0 || self.accounts.iter().any(|account| account.causes.contains_key(INVALID_CAUSE))
    }

    /// Messages that some region refused or none was given.
    pub(super) fn failed(&self) -> u64 {
        self.invalid + self.accounts.iter().map(|account| account.refused).sum::<u64>()
    }

    /// Messages that wait for some region.
    pub(super) fn waiting(&self) -> u64 {
        self.accounts.iter().map(|account| account.waiting).sum()
    }

    /// What became of one message in every region.
    pub(super) fn tell(&mut self, number: u64, verdicts: &[Verdict]) {
        self.decided += 1;
        let regions = || self.accounts.iter().zip(verdicts);
        if self.output.is_json() {
            if self.is_quiet && !verdicts.iter().any(Verdict::is_refused) {
                return;
            }
            let regions: Vec<Value> = regions().map(|(account, verdict)| object(&account.name, verdict)).collect();
            let line = json!({ "event": "mirrored", "number": number, "count": self.total, "regions": regions });
            // Where nobody reads the lines the messages are sent all the same.
            let _ = self.output.lines(&[line.to_string()]);
            return;
        }
        let place = self.total.map_or_else(|| number.to_string(), |total| format!("{number}/{total}"));
        for (account, verdict) in regions() {
            if let Verdict::Refused(refused) = verdict {
                self.progress.complain(&format!(
                    "❌ {} refused message {place}: {}",
                    account.name,
                    harmless(&refused.message)
                ));
            }
        }
        if self.progress.has_lines() {
            let words: Vec<String> = regions().map(|(account, verdict)| words(&account.name, verdict)).collect();
            let _ = self.output.lines(&[format!("📤 Message {place}: {}", words.join(", "))]);
        }
    }

    /// Moves the bar; where lines are not wanted, a program is told the counts once a second.
    pub(super) fn tell_progress(&mut self) {
        let part = |count: u64, words: &str| if count > 0 { format!(", {count} {words}") } else { String::new() };
        let more = format!("{}{}", part(self.failed(), "failed"), part(self.waiting(), "wait in a spool"));
        self.progress.tell(self.decided + self.invalid, more);
        if self.is_quiet && self.output.is_json() && self.told.elapsed() >= PROGRESS_INTERVAL {
            self.told = Instant::now();
            let regions: Vec<Value> = self.accounts.iter().map(Account::object).collect();
            let _ = self
                .output
                .result(String::new, || json!({ "event": "progress", "count": self.total, "regions": regions }));
        }
    }

    /// The last words: what each region has, and what it lacks.
    pub(super) fn summary(&self) {
        self.progress.finish();
        let text = || {
            self.accounts.iter().fold("\n📊 Summary:".to_owned(), |text, one| format!("{text}\n   {}", one.words()))
        };
        let _ = self.output.result(text, || {
            let regions: Vec<Value> = self.accounts.iter().map(Account::object).collect();
            json!({ "event": "summary", "count": self.total, "invalid": self.invalid, "regions": regions })
        });
        for account in self.accounts.iter().filter(|account| account.waiting > 0) {
            let Account { name, spool, waiting, reason, .. } = account;
            self.progress.complain(&format!(
                "{name} lacks {waiting} messages: {}; they are kept in {spool}, and the next run to this topic and region sends them first",
                harmless(reason)
            ));
        }
    }
}

impl Account {
    fn refuse(&mut self, refused: &Refused) {
        self.refused += 1;
        let cause = if refused.violations.is_empty() { code_name(refused.code) } else { INVALID_CAUSE.to_owned() };
        self.causes.entry(cause).or_insert_with(|| (0, refused.message.clone())).0 += 1;
    }

    fn words(&self) -> String {
        let Self { name, sent, late, waiting, refused, .. } = self;
        let late = if *late > 0 { format!(", {late} from the spool") } else { String::new() };
        let waiting = if *waiting > 0 { format!(", {waiting} wait in the spool") } else { String::new() };
        let refused = if *refused > 0 { format!(", {refused} refused") } else { String::new() };
        let head = format!("🌍 {name}: {sent} sent{late}{waiting}{refused}");
        self.causes
            .iter()
            .fold(head, |text, (cause, (count, first))| format!("{text}\n      {count} × {cause}: {}", harmless(first)))
    }

    fn object(&self) -> Value {
        let causes: BTreeMap<_, _> = self.causes.iter().map(|(cause, (count, _))| (cause, count)).collect();
        json!({
            "region": self.name, "sent": self.sent, "late": self.late, "waiting": self.waiting, "refused": self.refused,
            "spool": self.spool, "behind": self.is_behind.then_some(&self.reason), "causes": causes,
        })
    }
}

fn words(name: &str, verdict: &Verdict) -> String {
    match verdict {
        Verdict::Sent(published) => match published.offset {
            Some(offset) => format!("{name} offset {offset}"),
            None => format!("{name} sent"),
        },
        Verdict::Deferred => format!("{name} kept in the spool"),
        Verdict::Refused(_) => format!("{name} refused"),
    }
}

fn object(name: &str, verdict: &Verdict) -> Value {
    match verdict {
        Verdict::Sent(published) => json!({
            "region": name, "state": "sent", "topic": published.topic, "partition": published.partition,
            "offset": published.offset,
        }),
        Verdict::Deferred => json!({ "region": name, "state": "deferred" }),
        Verdict::Refused(refused) => json!({
            "region": name, "state": "refused", "code": code_name(refused.code), "message": refused.message,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_counts_messages_that_every_region_has_decided_and_says_what_is_left() {
        let mut report = Report::new(Output::new(true), Some(3), true);
        report.progress = Progress::hidden();
        report.add("a".to_owned(), String::new(), 2);
        report.add("b".to_owned(), String::new(), 0);
        report.count(1, &Verdict::Deferred);
        report.tell_progress();
        assert_eq!(report.progress.told(), Some((0, ", 3 wait in a spool".to_owned())));
        let refused = || Verdict::Refused(Refused { message: "no".to_owned(), ..Refused::default() });
        report.count(0, &refused());
        report.tell(1, &[refused(), Verdict::Deferred]);
        report.late(0, 2, &[]);
        report.tell_progress();
        assert_eq!(report.progress.told(), Some((1, ", 1 failed, 1 wait in a spool".to_owned())));
    }
}
