//! What has been told of a load: the seconds gathered, the last snapshot, and both as a file. Draws nothing.

use std::fmt::Write as _;
use std::rc::Rc;

use irongate_proto::irongate_v1::run_load_request::End;
use irongate_proto::irongate_v1::{LoadLatencies, LoadSecond, LoadSnapshot, RunLoadRequest};
use yew::Reducible;

use super::explain::Failure;
use crate::text::json_edit::quoted;

/// Where a run stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Stage {
    /// Nothing has been started.
    #[default]
    Idle,
    /// The host has been asked, or sends.
    Running,
    /// It came to its end.
    Done,
    /// A person stopped it.
    Stopped,
    /// The host refused it, or its stream broke.
    Failed(Failure),
}

/// All that is known of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadRun {
    /// Where it stands.
    pub stage: Stage,
    /// Second by second.
    pub seconds: Vec<LoadSecond>,
    /// What was told last.
    pub last: LoadSnapshot,
    /// What was asked for.
    pub request: RunLoadRequest,
}

/// What happens to a run.
pub enum LoadAction {
    /// A new one begins.
    Begin(RunLoadRequest),
    /// The host tells.
    Told(Box<LoadSnapshot>),
    /// A person stops it.
    Stop,
    /// It failed.
    Fail(Failure),
}

impl Reducible for LoadRun {
    type Action = LoadAction;

    fn reduce(self: Rc<Self>, action: LoadAction) -> Rc<Self> {
        let mut run = Rc::unwrap_or_clone(self);
        match action {
            LoadAction::Begin(request) => run = LoadRun { stage: Stage::Running, request, ..LoadRun::default() },
            LoadAction::Told(mut snapshot) => {
                run.seconds.append(&mut snapshot.seconds);
                if snapshot.last {
                    run.stage = Stage::Done;
                }
                run.last = *snapshot;
            }
            LoadAction::Stop => run.stage = Stage::Stopped,
            LoadAction::Fail(failure) => run.stage = Stage::Failed(failure),
        }
        Rc::new(run)
    }
}

impl LoadRun {
    /// Acknowledged messages per second, over the whole run.
    #[must_use]
    pub fn per_second(&self) -> u64 {
        (self.last.acknowledged * 1000).checked_div(self.last.elapsed_ms).unwrap_or(0)
    }

    /// What was measured, as a file.
    #[must_use]
    pub fn export(&self) -> String {
        let (request, last) = (&self.request, &self.last);
        let end = match request.end {
            Some(End::Count(count)) => format!("\"count\": {count}"),
            Some(End::DurationS(seconds)) => format!("\"duration_s\": {seconds}"),
            None => "\"duration_s\": null".to_owned(),
        };
        let mut text = format!(
            "{{\n  \"load\": {{\"topic\": {}, \"partitions\": {}, \"schema_subject\": {}, \"payload\": {}, \"rate\": {}, \"producers\": {}, \"in_flight\": {}, {end}}},\n  \
             \"elapsed_ms\": {}, \"acknowledged\": {}, \"failed\": {}, \"per_second\": {}, \"held_back_ms\": {},\n  \
             \"generator_late\": {}",
            quoted(&request.topic),
            request.partitions,
            request.schema_ref.as_ref().map_or_else(|| "null".to_owned(), |schema| quoted(&schema.subject)),
            quoted(&request.payload),
            request.rate,
            request.producers,
            request.in_flight,
            last.elapsed_ms,
            last.acknowledged,
            last.failed,
            self.per_second(),
            last.held_back_ms,
            last.generator_late,
        );
        let named = [
            ("acknowledgement", &last.acknowledgement),
            ("service", &last.service),
            ("end_to_end", &last.end_to_end),
            ("generator_lateness", &last.generator_lateness),
        ];
        for (name, latencies) in named {
            let latencies = latencies.as_ref().map_or_else(|| "null".to_owned(), exported);
            text += &format!(",\n  \"{name}\": {latencies}");
        }
        let failures = last.failures.iter().map(|failure| {
            format!(
                "{}: {{\"count\": {}, \"first\": {}}}",
                quoted(&failure.code),
                failure.count,
                quoted(&failure.first)
            )
        });
        let _ = write!(text, ",\n  \"failures\": {{{}}},\n  \"seconds\": [", failures.collect::<Vec<_>>().join(", "));
        let seconds = self.seconds.iter().map(|second| {
            format!(
                "\n    {{\"acknowledged\": {}, \"failed\": {}, \"p50_us\": {}, \"p95_us\": {}, \"p99_us\": {}, \"max_us\": {}}}",
                second.acknowledged, second.failed, second.p50_us, second.p95_us, second.p99_us, second.max_us
            )
        });
        text += &seconds.collect::<Vec<_>>().join(",");
        text + "\n  ]\n}\n"
    }
}

fn exported(latencies: &LoadLatencies) -> String {
    let buckets = latencies.buckets.iter().map(|bucket| format!("[{}, {}]", bucket.upper_us, bucket.count));
    format!(
        "{{\"count\": {}, \"p50_us\": {}, \"p90_us\": {}, \"p95_us\": {}, \"p99_us\": {}, \"p99.9_us\": {}, \
         \"p99.99_us\": {}, \"max_us\": {}, \"buckets_upper_us_and_count\": [{}]}}",
        latencies.count,
        latencies.p50_us,
        latencies.p90_us,
        latencies.p95_us,
        latencies.p99_us,
        latencies.p999_us,
        latencies.p9999_us,
        latencies.max_us,
        buckets.collect::<Vec<_>>().join(", ")
    )
}

#[cfg(test)]
mod tests {
    use irongate_proto::irongate_v1::LoadFailure;

    use super::*;

    fn told(run: Rc<LoadRun>, acknowledged: u64, last: bool) -> Rc<LoadRun> {
        let second = LoadSecond { acknowledged: 5, ..LoadSecond::default() };
        let failures = vec![LoadFailure { code: "NOT_FOUND".to_owned(), count: 1, first: "a \"b\"".to_owned() }];
        run.reduce(LoadAction::Told(Box::new(LoadSnapshot {
            last,
            acknowledged,
            elapsed_ms: 2_000,
            seconds: vec![second],
            acknowledgement: Some(LoadLatencies { count: acknowledged, ..LoadLatencies::default() }),
            failures,
            ..LoadSnapshot::default()
        })))
    }

    #[test]
    fn seconds_gather_and_the_last_snapshot_ends_the_run() {
        let run = Rc::new(LoadRun::default()).reduce(LoadAction::Begin(RunLoadRequest::default()));
        assert_eq!(run.stage, Stage::Running);
        let run = told(told(run, 5, false), 10, true);
        assert_eq!((run.stage.clone(), run.seconds.len(), run.per_second()), (Stage::Done, 2, 5));
        let again = run.reduce(LoadAction::Begin(RunLoadRequest::default()));
        assert!(again.seconds.is_empty() && again.last.acknowledged == 0);
    }

    #[test]
    fn the_file_is_json_and_whole() {
        let request =
            RunLoadRequest { topic: "/a/b".to_owned(), payload: "{\"x\":\n1}".to_owned(), ..Default::default() };
        let run = told(Rc::new(LoadRun::default()).reduce(LoadAction::Begin(request)), 10, true);
        let text = run.export();
        let tree = irongate_schema::Schema::compile(irongate_schema::SchemaType::JsonSchema, b"{\"type\":\"object\"}");
        assert!(tree.expect("a schema").validate(text.as_bytes()).is_empty(), "{text}");
        for part in ["\"per_second\": 5", "\"end_to_end\": null", "\"first\": \"a \\\"b\\\"\"", "\"count\": 10"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
