//! What was measured: histograms of latencies, counts by second and by code. Pure; sends, reads and prints nothing.

use crate::drive::Call;
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The longest latency that is told apart.
const LATENCY_US_MAX: u64 = 600_000_000;
/// Above this the generator measures itself rather than the server.
pub const LATE_US_MAX: u64 = 10_000;
/// What is told of a distribution.
pub const QUANTILES: [f64; 6] = [0.5, 0.9, 0.99, 0.999, 0.9999, 1.0];

/// Latencies in microseconds.
#[derive(Clone, Debug)]
pub struct Latencies(Histogram<u64>);

impl Latencies {
    fn new() -> Self {
        Self(Histogram::new_with_max(LATENCY_US_MAX, 3).expect("the bounds are those of a histogram"))
    }

    pub(crate) fn record(&mut self, latency: Duration) {
        self.0.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(LATENCY_US_MAX));
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The latency that this share of them does not exceed; 0 where there are none.
    #[must_use]
    pub fn at(&self, quantile: f64) -> u64 {
        self.0.value_at_quantile(quantile)
    }

    /// The mean; 0 where there are none.
    #[must_use]
    pub fn mean_us(&self) -> f64 {
        self.0.mean()
    }

    /// As a histogram to draw: from bucket to bucket the latency doubles, and none at either end is empty.
    #[must_use]
    pub fn buckets(&self) -> Vec<Bucket> {
        let steps = self.0.iter_log(1, 2.0);
        let all: Vec<Bucket> = steps
            .map(|step| Bucket { upper_us: step.value_iterated_to(), count: step.count_since_last_iteration() })
            .collect();
        let begin = all.iter().position(|bucket| bucket.count > 0).unwrap_or(all.len());
        let end = all.iter().rposition(|bucket| bucket.count > 0).map_or(begin, |last| last + 1);
        all[begin..end].to_vec()
    }

    fn object(&self) -> Value {
        let quantiles: BTreeMap<String, u64> =
            QUANTILES.iter().map(|quantile| (format!("p{}", quantile * 100.0), self.at(*quantile))).collect();
        json!({ "count": self.count(), "mean_us": self.mean_us(), "quantiles_us": quantiles })
    }
}

/// One second of a run.
#[derive(Clone, Debug)]
pub struct Second {
    /// Messages acknowledged in it.
    pub acknowledged: u64,
    /// Messages that failed in it.
    pub failed: u64,
    /// Their latency of acknowledgement.
    pub p50_us: u64,
    /// The same.
    pub p95_us: u64,
    /// The same.
    pub p99_us: u64,
    /// The same, of the slowest.
    pub max_us: u64,
}

/// Latencies of about the same length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// None of them is longer.
    pub upper_us: u64,
    /// How many.
    pub count: u64,
}

/// Everything that was measured.
#[derive(Debug)]
pub struct Measured {
    start: Instant,
    /// Messages acknowledged.
    pub acknowledged: u64,
    /// Messages that failed.
    pub failed: u64,
    /// By code, how often, and the first sentence.
    pub failures: BTreeMap<String, (u64, String)>,
    /// From when a message was due to its acknowledgement.
    pub acknowledgement: Latencies,
    /// From when it was really sent: what an uncorrected measurement would say.
    pub service: Latencies,
    /// From when it was due until it was read from the topic.
    pub end_to_end: Option<Latencies>,
    /// How late the generator itself was.
    pub lateness: Latencies,
    /// How long the open loop waited because too much was under way.
    pub held_back: Duration,
    /// Second by second, those that are over.
    pub seconds: Vec<Second>,
    current: (Latencies, u64),
    /// Up to the last answer.
    pub elapsed: Duration,
}

impl Measured {
    /// Nothing yet.
    #[must_use]
    pub fn new(start: Instant) -> Self {
        Self {
            start,
            acknowledged: 0,
            failed: 0,
            failures: BTreeMap::new(),
            acknowledgement: Latencies::new(),
            service: Latencies::new(),
            end_to_end: None,
            lateness: Latencies::new(),
            held_back: Duration::ZERO,
            seconds: Vec::new(),
            current: (Latencies::new(), 0),
            elapsed: Duration::ZERO,
        }
    }

    pub(crate) fn add(&mut self, call: Call) {
        self.close_seconds_before(call.ended);
        self.elapsed = self.elapsed.max(call.ended.saturating_duration_since(self.start));
        for message in call.messages {
            self.lateness.record(message.late);
            let Some(failure) = message.failure else {
                let latency = call.ended.saturating_duration_since(message.due);
                self.acknowledged += 1;
                self.acknowledgement.record(latency);
                self.current.0.record(latency);
                self.service.record(call.ended.saturating_duration_since(call.sent));
                continue;
            };
            self.failed += 1;
            self.current.1 += 1;
            self.failures.entry(failure.code).or_insert((0, failure.message)).0 += 1;
        }
    }

    /// Seconds without a call are seconds as well. Calls come a little out of order; they count where they come.
    fn close_seconds_before(&mut self, now: Instant) {
        let passed = usize::try_from(now.saturating_duration_since(self.start).as_secs()).unwrap_or(usize::MAX);
        while self.seconds.len() < passed {
            self.close_second();
        }
    }

    fn close_second(&mut self) {
        let (latencies, failed) = &mut self.current;
        let [p50_us, p95_us, p99_us, max_us] = [0.5, 0.95, 0.99, 1.0].map(|quantile| latencies.at(quantile));
        self.seconds.push(Second { acknowledged: latencies.count(), failed: *failed, p50_us, p95_us, p99_us, max_us });
        latencies.0.reset();
        *failed = 0;
    }

    /// Takes in that a message was read.
    pub fn arrived(&mut self, latency: Duration) {
        self.end_to_end.get_or_insert_with(Latencies::new).record(latency);
    }

    /// Closes the last second.
    pub fn finish(&mut self, held_back: Duration) {
        self.held_back = held_back;
        self.close_second();
    }

    /// Acknowledged messages per second, over the whole run.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        if self.elapsed.is_zero() { 0.0 } else { self.acknowledged as f64 / self.elapsed.as_secs_f64() }
    }

    /// Whether the figures are the generator's more than the server's.
    #[must_use]
    pub fn is_generator_late(&self) -> bool {
        self.lateness.at(0.99) > LATE_US_MAX
    }

    /// For a program.
    #[must_use]
    pub fn object(&self) -> Value {
        let failures: BTreeMap<&String, Value> = self
            .failures
            .iter()
            .map(|(code, (count, first))| (code, json!({ "count": count, "first": first })))
            .collect();
        let seconds: Vec<Value> = self
            .seconds
            .iter()
            .map(|second| {
                json!({ "acknowledged": second.acknowledged, "failed": second.failed,
                    "p50_us": second.p50_us, "p95_us": second.p95_us, "p99_us": second.p99_us, "max_us": second.max_us })
            })
            .collect();
        json!({
            "acknowledged": self.acknowledged, "failed": self.failed, "failures": failures,
            "seconds_elapsed": self.elapsed.as_secs_f64(), "per_second": self.per_second(),
            "acknowledgement": self.acknowledgement.object(), "service": self.service.object(),
            "end_to_end": self.end_to_end.as_ref().map(Latencies::object),
            "generator": { "lateness": self.lateness.object(), "is_late": self.is_generator_late(),
                "held_back_seconds": self.held_back.as_secs_f64() },
            "seconds": seconds,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::drive::{Failure, Sample};
    use super::*;

    fn call(start: Instant, due_ms: u64, sent_ms: u64, ended_ms: u64, late_ms: u64) -> Call {
        let at = |ms| start + Duration::from_millis(ms);
        let sample = Sample { due: at(due_ms), late: Duration::from_millis(late_ms), failure: None };
        Call { ended: at(ended_ms), sent: at(sent_ms), messages: vec![sample] }
    }

    #[test]
    fn waiting_for_a_stalled_server_counts_from_when_messages_were_due() {
        let start = Instant::now();
        let mut measured = Measured::new(start);
        // The server stands still for a second: ten messages due meanwhile are all sent at its end.
        for due_ms in (0..1_000).step_by(100) {
            measured.add(call(start, due_ms, 1_000, 1_001, 0));
        }
        measured.finish(Duration::ZERO);
        let near = |value: u64, expected: u64| value.abs_diff(expected) <= expected / 500;
        assert!(near(measured.acknowledgement.at(1.0), 1_001_000), "{}", measured.acknowledgement.at(1.0));
        assert!(near(measured.acknowledgement.at(0.5), 501_000), "{}", measured.acknowledgement.at(0.5));
        assert!(near(measured.service.at(1.0), 1_000), "uncorrected it looks fast: {}", measured.service.at(1.0));
        assert!(!measured.is_generator_late());
    }

    #[test]
    fn a_histogram_doubles_and_is_whole() {
        let start = Instant::now();
        let mut measured = Measured::new(start);
        for ended_ms in [1, 1, 9, 70] {
            measured.add(call(start, 0, 0, ended_ms, 0));
        }
        let buckets = measured.acknowledgement.buckets();
        assert_eq!(buckets.iter().map(|bucket| bucket.count).sum::<u64>(), 4);
        assert_eq!((buckets[0].count, buckets.last().map(|bucket| bucket.count)), (2, Some(1)));
        assert!(buckets.windows(2).all(|pair| pair[1].upper_us >= 2 * pair[0].upper_us), "{buckets:?}");
        assert_eq!(Measured::new(start).acknowledgement.buckets(), []);
    }

    #[test]
    fn seconds_without_an_answer_are_seconds() {
        let start = Instant::now();
        let mut measured = Measured::new(start);
        measured.add(call(start, 100, 100, 200, 0));
        measured.add(call(start, 3_100, 3_100, 3_200, 50));
        measured.finish(Duration::ZERO);
        let counts: Vec<u64> = measured.seconds.iter().map(|second| second.acknowledged).collect();
        assert_eq!(counts, [1, 0, 0, 1]);
        assert!(measured.is_generator_late(), "half of the messages were 50 ms late");
    }

    #[test]
    fn failures_are_counted_by_code() {
        let start = Instant::now();
        let mut measured = Measured::new(start);
        for code in ["UNAVAILABLE", "UNAVAILABLE", "NOT_FOUND"] {
            let mut failed = call(start, 0, 0, 1, 0);
            failed.messages[0].failure = Some(Failure { code: code.to_owned(), message: "why".to_owned() });
            measured.add(failed);
        }
        assert_eq!((measured.failed, measured.failures["UNAVAILABLE"].0, measured.acknowledged), (3, 2, 0));
        assert_eq!(measured.object()["failures"]["NOT_FOUND"]["count"], 1);
    }
}
