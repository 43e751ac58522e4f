//! A version that does not work is taken back by itself: once, with its reason, and only where there is one to return to.

use std::path::PathBuf;

use irongate_proto::pipelines_v1::pipeline::State;
use tokio::task::yield_now;

use crate::harness::{CLEAN, DEDUPLICATE, Host, ORDERS, TRAP, pipeline, stage};

/// A version that does not work is taken back before it has made dead letters of everything, and what was returned to stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_record_after_record_stops_is_taken_back_once() {
    let host = Host::new().await;
    host.publish(ORDERS, &["before"]).await;
    host.deploy(&pipeline(""), None).await;
    while host.subscription("p").is_none() {
        yield_now().await;
    }
    let answer = host.deploy(&stage("").replace("deduplicate", "trap"), Some(&TRAP)).await;
    assert_eq!((answer.version, answer.problems.len()), (2, 0));
    let poison = vec!["poison"; 40];
    host.publish(ORDERS, &poison).await;
    let through = host.first(CLEAN, 24).await;
    assert!(through.iter().all(|payload| payload == "poison"));
    while host.subscription("p").is_some_and(|one| one.backlog_count > 0) {
        yield_now().await;
    }
    let listed = host.deployments.list().await.pipelines.remove(0);
    assert!(listed.version == 3 && listed.failure.starts_with("version 2 was taken back: 16 records"), "{listed:?}");
    assert_eq!(listed.state(), State::Running);
    // What is in flight is settled by then.
    host.deployments.pause("p").await.unwrap();
    let figures = host.deployments.figures().remove(0);
    assert_eq!((figures.returns, figures.counts.delivered + figures.counts.dead_lettered), (1, 40));
    assert!(figures.counts.dead_lettered < 16, "{figures:?}");

    // Why is still known when the host starts again, until a person deploys another version.
    let host = host.reopened().await;
    let kept = host.deployments.list().await.pipelines.remove(0);
    assert_eq!((kept.state(), &kept.failure), (State::Paused, &listed.failure));
    host.deployments.resume("p").await.unwrap();
    assert_eq!(host.deployments.list().await.pipelines.remove(0).failure, listed.failure);
    host.deploy(&pipeline(""), None).await;
    assert_eq!(host.deployments.list().await.pipelines.remove(0).failure, "");
}

/// What was returned to is not taken back as well, though it does not work either: two versions would take turns for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_returned_to_stays_whatever_it_does() {
    let host = Host::new().await;
    host.publish(ORDERS, &["before"]).await;
    let trap = stage("").replace("deduplicate", "trap");
    host.deploy(&trap, Some(&TRAP)).await;
    assert_eq!(host.deploy(&trap, Some(&TRAP)).await.version, 2);
    while host.subscription("p").is_none() {
        yield_now().await;
    }
    let payloads = [&["poison"; 40][..], &["good"]].concat();
    host.publish(ORDERS, &payloads).await;
    assert_eq!(host.first(CLEAN, 1).await, ["good"]);
    while host.subscription("p").is_some_and(|one| one.backlog_count > 0) {
        yield_now().await;
    }
    let listed = host.deployments.list().await.pipelines.remove(0);
    assert!(listed.version == 3 && listed.failure.starts_with("version 2 was taken back"), "{listed:?}");
    host.deployments.pause("p").await.unwrap();
    let figures = host.deployments.figures().remove(0);
    assert_eq!((figures.returns, figures.counts.dead_lettered, figures.counts.delivered), (1, 40, 1));
}

/// Where the version before cannot be loaded any more, the one that does not work goes on: its records become dead letters, and none waits for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_version_to_return_to_the_one_that_is_there_goes_on() {
    let host = Host::new().await;
    host.publish(ORDERS, &["before"]).await;
    host.deploy(&stage("allow = { state = true }"), Some(&DEDUPLICATE)).await;
    let before: Vec<PathBuf> = host.components();
    assert_eq!(host.deploy(&stage("").replace("deduplicate", "trap"), Some(&TRAP)).await.version, 2);
    before.iter().for_each(|component| std::fs::write(component, "no component").unwrap());
    while host.subscription("p").is_none() {
        yield_now().await;
    }
    host.publish(ORDERS, &["poison"; 20]).await;
    host.publish(ORDERS, &["good"]).await;
    assert_eq!(host.first(CLEAN, 1).await, ["good"]);
    let listed = host.deployments.list().await.pipelines.remove(0);
    assert_eq!((listed.version, listed.state(), listed.failure.as_str()), (2, State::Running, ""));
    host.deployments.pause("p").await.unwrap();
    let figures = host.deployments.figures().remove(0);
    assert_eq!((figures.returns, figures.counts.dead_lettered, figures.counts.delivered), (0, 20, 1));
}
