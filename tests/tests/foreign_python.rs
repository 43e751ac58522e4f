//! Danube's own Python client, unmodified. The scenarios are in `python/foreign.py`;
//! each runs against a host of its own.

use irongate_tests::{Host, cli, surroundings};
use tokio::process::Command;

async fn holds(host: &Host, scenario: &str) {
    let mut command = Command::new(surroundings::python());
    command.arg("python/foreign.py").arg(host.url()).arg(scenario);
    let ended = cli::run(surroundings::tests_folder(), command).await;
    assert_eq!(ended.code, 0, "{}\n{}\n{}", ended.stdout, ended.stderr, host.log());
    host.assert_never_panicked();
}

#[tokio::test]
async fn reliable_messages_arrive_in_order_with_their_offsets() {
    holds(&Host::start().await, "reliable").await;
}

#[tokio::test]
async fn non_reliable_messages_arrive_while_somebody_listens() {
    holds(&Host::start().await, "non_reliable").await;
}

#[tokio::test]
async fn a_shared_subscription_gives_each_message_to_one_consumer() {
    holds(&Host::start().await, "shared").await;
}

#[tokio::test]
async fn one_subscription_reads_all_partitions() {
    holds(&Host::start().await, "partitioned").await;
}

#[tokio::test]
async fn an_invalid_message_is_refused_with_the_violation_in_the_status() {
    holds(&Host::start().await, "invalid").await;
}

#[tokio::test]
async fn a_subscription_resumes_at_its_cursor_after_a_restart() {
    let mut host = Host::start().await;
    holds(&host, "resume_before").await;
    host.stop().await;
    host.restart().await;
    holds(&host, "resume_after").await;
}
