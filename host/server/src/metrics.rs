//! Counters of the transport, and all counters as Prometheus text. What the broker counts it
//! counts itself; nothing is measured here that needs a histogram.

use crate::dispatch::Kind;
use irongate_broker::MetricsSnapshot;
use irongate_deploy::{Figures, TopicFigures};
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What one server has counted since it started.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    connections: AtomicU64,
    connections_open: AtomicU64,
    requests_grpc: AtomicU64,
    requests_web: AtomicU64,
    requests_site: AtomicU64,
    requests_refused: AtomicU64,
    connections_turned_away: AtomicU64,
}

/// Counts one connection as open until it is dropped.
pub(crate) struct OpenConnection(Arc<Counters>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.connections_open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Counters {
    pub(crate) fn open(counters: &Arc<Self>) -> OpenConnection {
        add(&counters.connections);
        add(&counters.connections_open);
        OpenConnection(counters.clone())
    }

    pub(crate) fn count(&self, kind: Kind) {
        add(match kind {
            Kind::Grpc => &self.requests_grpc,
            Kind::GrpcWeb => &self.requests_web,
            Kind::Site => &self.requests_site,
        });
    }

    pub(crate) fn turn_away(&self) {
        add(&self.connections_turned_away);
    }

    pub(crate) fn refuse(&self) {
        add(&self.requests_refused);
    }
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

/// A metric's name after `irongate_`, what it says, and its value. Names ending in `_total` only ever grow.
type Metric = (&'static str, &'static str, u64);

/// Everything as Prometheus text, format 0.0.4.
pub(crate) fn render(
    counters: &Counters,
    broker: &MetricsSnapshot,
    pipelines: &[Figures],
    topics: &[TopicFigures],
) -> String {
    let mut text = String::with_capacity(4096);
    for (name, help, value) in
        of_the_server(counters).into_iter().chain(of_messages(broker)).chain(of_the_store(broker))
    {
        head(&mut text, name, help);
        let _ = writeln!(text, "irongate_{name} {value}");
    }
    for (name, help, value) in OF_A_PIPELINE {
        head(&mut text, name, help);
        for one in pipelines {
            // A pipeline's name has no character that a label would have to escape.
            let Some(value) = value(one) else { continue };
            let _ = writeln!(text, "irongate_{name}{{pipeline=\"{}\"}} {value}", one.name);
        }
    }
    for (name, help, value) in OF_A_TOPICS_TRANSFORMS {
        head(&mut text, name, help);
        for one in topics {
            // Nor has a topic's name.
            let _ = writeln!(text, "irongate_{name}{{topic=\"{}\"}} {}", one.topic, value(one));
        }
    }
    text
}

fn head(text: &mut String, name: &str, help: &str) {
    let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
    let _ = write!(text, "# HELP irongate_{name} {help}\n# TYPE irongate_{name} {kind}\n");
}

/// The same of one pipeline, each with its name as a label.
type PipelineMetric = (&'static str, &'static str, fn(&Figures) -> Option<u64>);

/// What is read is delivered, filtered, dropped, dead-lettered, given back, settled before, or in flight.
const OF_A_PIPELINE: [PipelineMetric; 14] = [
    ("pipeline_running", "1 where the pipeline runs now, 0 where it is paused or failed.", |one| {
        Some(u64::from(one.is_running))
    }),
    ("pipeline_read_records_total", "Records taken in.", |one| Some(one.counts.read)),
    ("pipeline_delivered_records_total", "Records whose outputs are all in their targets.", |one| {
        Some(one.counts.delivered)
    }),
    ("pipeline_filtered_records_total", "Records that no stage and no target wanted.", |one| Some(one.counts.filtered)),
    ("pipeline_dropped_records_total", "Records dropped because of an error, as on_error says.", |one| {
        Some(one.counts.dropped)
    }),
    ("pipeline_dead_lettered_records_total", "Records among the dead letters.", |one| Some(one.counts.dead_lettered)),
    ("pipeline_given_back_records_total", "Records in flight when a run ended; they come again.", |one| {
        Some(one.counts.given_back)
    }),
    ("pipeline_settled_before_records_total", "Records that were settled already; nothing was written again.", |one| {
        Some(one.counts.settled_before)
    }),
    ("pipeline_in_flight_records", "Records taken in and not settled.", |one| Some(one.counts.in_flight)),
    ("pipeline_written_messages_total", "Messages written to targets, dead letters not counted.", |one| {
        Some(one.written)
    }),
    ("pipeline_stalls_total", "How often a partition with records in flight settled none for 60 seconds.", |one| {
        Some(one.counts.stalls)
    }),
    ("pipeline_restarts_total", "How often the pipeline failed and was started again.", |one| Some(one.restarts)),
    (
        "pipeline_returns_total",
        "How often a version was taken back because it stopped on record after record.",
        |one| Some(one.returns),
    ),
    ("pipeline_lag_messages", "Messages of the source that the pipeline has not settled.", |one| one.lag),
];

/// The same of one topic's transforms, each with its name as a label.
type TopicMetric = (&'static str, &'static str, fn(&TopicFigures) -> u64);

/// What is received is passed, dropped, refused, or in them now.
const OF_A_TOPICS_TRANSFORMS: [TopicMetric; 6] = [
    ("topic_transforms_received_messages_total", "Messages that came to the topic's transforms.", |one| one.received),
    (
        "topic_transforms_passed_messages_total",
        "Messages that the transforms let through, changed or not, to be checked and kept.",
        |one| one.passed,
    ),
    ("topic_transforms_dropped_messages_total", "Messages acknowledged of which nothing entered.", |one| one.dropped),
    ("topic_transforms_refused_messages_total", "Messages refused by the transforms, for any reason.", |one| {
        one.refused
    }),
    ("topic_transforms_made_messages_total", "Messages made of those that were let through.", |one| one.made),
    ("topic_transforms_stopped_calls_total", "Calls of a stage stopped by a limit or a trap.", |one| one.stopped_calls),
];

fn of_the_server(counters: &Counters) -> [Metric; 7] {
    [
        ("server_connections_total", "Connections accepted.", read(&counters.connections)),
        ("server_connections", "Connections open now.", read(&counters.connections_open)),
        (
            "server_turned_away_connections_total",
            "Connections closed because there were too many.",
            read(&counters.connections_turned_away),
        ),
        ("server_grpc_requests_total", "gRPC calls let in.", read(&counters.requests_grpc)),
        ("server_grpc_web_requests_total", "gRPC-web calls let in.", read(&counters.requests_web)),
        ("server_site_requests_total", "Requests to the console, health and metrics.", read(&counters.requests_site)),
        (
            "server_refused_requests_total",
            "Requests refused for their Host or Origin header.",
            read(&counters.requests_refused),
        ),
    ]
}

fn of_messages(broker: &MetricsSnapshot) -> [Metric; 12] {
    [
        ("broker_published_messages_total", "Messages accepted.", broker.messages_published_total),
        ("broker_published_bytes_total", "Encoded size of the messages accepted.", broker.bytes_published_total),
        ("broker_refused_messages_total", "Messages refused, for any reason.", broker.messages_refused_total),
        (
            "broker_invalid_messages_total",
            "Messages refused because they broke their schema.",
            broker.messages_invalid_total,
        ),
        (
            "broker_warned_messages_total",
            "Messages that broke their schema and were let through by the policy warn.",
            broker.messages_warned_total,
        ),
        ("broker_delivered_messages_total", "Messages handed to consumers.", broker.messages_delivered_total),
        ("broker_redelivered_messages_total", "Deliveries that were not the first.", broker.messages_redelivered_total),
        (
            "broker_dropped_messages_total",
            "Non-reliable messages that a full consumer queue did not take.",
            broker.messages_dropped_total,
        ),
        ("broker_acknowledged_messages_total", "Acknowledgements.", broker.messages_acked_total),
        (
            "broker_dead_lettered_messages_total",
            "Messages that failed too often and went to a dead letter topic.",
            broker.messages_dead_lettered_total,
        ),
        (
            "broker_poison_dropped_messages_total",
            "Messages that failed too often and were dropped, as the poison policy says.",
            broker.messages_poison_dropped_total,
        ),
        (
            "broker_passed_over_messages_total",
            "Messages of key-shared subscriptions whose key no consumer wanted.",
            broker.messages_passed_over_total,
        ),
    ]
}

fn of_the_store(broker: &MetricsSnapshot) -> [Metric; 14] {
    [
        ("store_commits_total", "Group commits synced to disk.", broker.commits_total),
        ("store_commit_messages_total", "Messages in all group commits.", broker.commit_records_total),
        ("store_commit_bytes_total", "Bytes in all group commits.", broker.commit_bytes_total),
        ("store_commit_last_messages", "Messages in the last group commit.", broker.commit_records_last),
        ("store_commit_duration_us_total", "Microseconds spent writing and syncing.", broker.commit_duration_us_total),
        ("store_queue_messages", "Messages waiting for their group commit.", broker.commit_queue_records),
        ("store_queue_bytes", "Bytes waiting for their group commit.", broker.commit_queue_bytes),
        ("broker_namespaces", "Namespaces.", broker.namespaces),
        ("broker_topics", "Topics, each partition counted.", broker.topics),
        ("broker_producers", "Producers known.", broker.producers),
        ("broker_subscriptions", "Subscriptions.", broker.subscriptions),
        ("broker_consumers", "Consumers known.", broker.consumers),
        ("broker_browse_streams", "Browse streams open.", broker.browse_streams),
        ("broker_subjects", "Schema subjects.", broker.subjects),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_metric_has_help_a_type_and_a_name_of_its_own() {
        let counters = Arc::new(Counters::default());
        let open = Counters::open(&counters);
        let pipeline = |name: &str, lag| Figures {
            name: name.to_owned(),
            is_running: true,
            counts: Default::default(),
            written: 0,
            restarts: 2,
            returns: 0,
            lag,
        };
        let pipelines = [pipeline("a", Some(7)), pipeline("b", None)];
        let topic = TopicFigures {
            topic: "/default/t".to_owned(),
            received: 9,
            passed: 3,
            dropped: 2,
            refused: 4,
            made: 5,
            stopped_calls: 1,
        };
        let text = render(&counters, &MetricsSnapshot::default(), &pipelines, &[topic]);
        let mut names = HashSet::new();
        for block in text.split("# HELP ").skip(1) {
            let mut lines = block.lines();
            let (name, help) = lines.next().and_then(|head| head.split_once(' ')).expect("a name");
            let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
            assert!(help.ends_with('.'), "{block}");
            assert_eq!(lines.next(), Some(format!("# TYPE {name} {kind}").as_str()));
            assert!(lines.all(|line| line.starts_with(&format!("{name} ")) || line.starts_with(&format!("{name}{{"))));
            assert!(names.insert(name.to_owned()), "{name} twice");
        }
        assert!(text.contains("\nirongate_server_connections 1\n"), "{text}");
        let lag = "irongate_pipeline_lag_messages";
        assert!(text.contains(&format!("# TYPE {lag} gauge\n{lag}{{pipeline=\"a\"}} 7\n# HELP ")), "{text}");
        assert!(text.contains("irongate_topic_transforms_refused_messages_total{topic=\"/default/t\"} 4\n"), "{text}");
        assert!(text.contains("irongate_pipeline_restarts_total{pipeline=\"b\"} 2\n"), "{text}");
        drop(open);
        assert!(render(&counters, &MetricsSnapshot::default(), &[], &[]).contains("\nirongate_server_connections 0\n"));
    }
}
