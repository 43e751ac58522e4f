//! What is told of a load while it runs. Measures nothing.

use irongate_load::{Latencies, Measured};
use irongate_proto::irongate_v1::{LoadBucket, LoadFailure, LoadLatencies, LoadSecond, LoadSnapshot};

/// Tells of one run, each second once.
pub(crate) struct Teller {
    seconds_told: usize,
    end_to_end_missing: String,
}

impl Teller {
    pub(crate) fn new(end_to_end_missing: String) -> Self {
        Self { seconds_told: 0, end_to_end_missing }
    }

    /// What there is to tell now.
    pub(crate) fn snapshot(&mut self, measured: &Measured) -> LoadSnapshot {
        let seconds =
            measured.seconds[self.seconds_told.min(measured.seconds.len())..].iter().map(|second| LoadSecond {
                acknowledged: second.acknowledged,
                failed: second.failed,
                p50_us: second.p50_us,
                p95_us: second.p95_us,
                p99_us: second.p99_us,
                max_us: second.max_us,
            });
        let failures = measured.failures.iter().map(|(code, (count, first))| LoadFailure {
            code: code.clone(),
            count: *count,
            first: first.clone(),
        });
        let snapshot = LoadSnapshot {
            last: false,
            elapsed_ms: ms(measured.elapsed),
            acknowledged: measured.acknowledged,
            failed: measured.failed,
            seconds: seconds.collect(),
            acknowledgement: Some(latencies(&measured.acknowledgement)),
            service: Some(latencies(&measured.service)),
            end_to_end: measured.end_to_end.as_ref().map(latencies),
            generator_lateness: Some(latencies(&measured.lateness)),
            generator_late: measured.is_generator_late(),
            held_back_ms: ms(measured.held_back),
            failures: failures.collect(),
            end_to_end_missing: self.end_to_end_missing.clone(),
            ended_because: String::new(),
        };
        self.seconds_told = measured.seconds.len();
        snapshot
    }

    /// The last word.
    pub(crate) fn last(&mut self, measured: &Measured, ended_because: String) -> LoadSnapshot {
        LoadSnapshot { last: true, ended_because, ..self.snapshot(measured) }
    }
}

fn ms(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn latencies(latencies: &Latencies) -> LoadLatencies {
    let buckets = latencies.buckets().into_iter();
    LoadLatencies {
        count: latencies.count(),
        mean_us: latencies.mean_us(),
        p50_us: latencies.at(0.5),
        p90_us: latencies.at(0.9),
        p95_us: latencies.at(0.95),
        p99_us: latencies.at(0.99),
        p999_us: latencies.at(0.999),
        p9999_us: latencies.at(0.9999),
        max_us: latencies.at(1.0),
        buckets: buckets.map(|bucket| LoadBucket { upper_us: bucket.upper_us, count: bucket.count }).collect(),
    }
}
