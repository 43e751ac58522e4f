//! Counters of the transport, and all counters as Prometheus text. What the broker counts it
//! counts itself; nothing is measured here that needs a histogram.

use crate::dispatch::Kind;
use irongate_broker::MetricsSnapshot;
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
pub(crate) fn render(counters: &Counters, broker: &MetricsSnapshot) -> String {
    let mut text = String::with_capacity(4096);
    for (name, help, value) in
        of_the_server(counters).into_iter().chain(of_messages(broker)).chain(of_the_store(broker))
    {
        let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
        let _ = write!(text, "# HELP irongate_{name} {help}\n# TYPE irongate_{name} {kind}\nirongate_{name} {value}\n");
    }
    text
}

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
        let text = render(&counters, &MetricsSnapshot::default());
        let mut names = HashSet::new();
        for block in text.lines().collect::<Vec<_>>().chunks(3) {
            let name = block[2].split(' ').next().expect("a name");
            assert!(block[0].starts_with(&format!("# HELP {name} ")) && block[0].ends_with('.'), "{block:?}");
            let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
            assert_eq!(block[1], format!("# TYPE {name} {kind}"));
            assert!(names.insert(name.to_owned()), "{name} twice");
        }
        assert!(text.contains("\nirongate_server_connections 1\n"), "{text}");
        drop(open);
        assert!(render(&counters, &MetricsSnapshot::default()).contains("\nirongate_server_connections 0\n"));
    }
}
