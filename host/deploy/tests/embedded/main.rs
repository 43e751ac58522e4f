//! Deployed pipelines on a real broker, by the crate's own interface: what the server's and the command's tests cannot bring about.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod harness;
mod way_back;

use std::collections::HashMap;

use irongate_proto::{
    irongate_v1::DescribeTopicRequest, pipelines_v1::pipeline::State, transforms_v1::SetTopicTransformsRequest,
};
use tokio::task::yield_now;

use crate::harness::{CLEAN, DEDUPLICATE, Host, ORDERS, TRAP, pipeline, stage};

/// S15, in the host: nothing of a version is in place before every stage of it has started.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s15_a_stage_that_does_not_start_lets_nothing_be_consumed() {
    let host = Host::new().await;
    host.publish(ORDERS, &["a"]).await;
    // It wants state, which it is not granted: only starting it shows that.
    let answer = host.deploy(&stage(""), Some(&DEDUPLICATE)).await;
    let problem = &answer.problems.first().expect("a problem");
    assert!(problem.path.ends_with(".allow") && problem.message.contains("state"), "{problem:?}");
    assert!(host.subscription("p").is_none(), "the source was subscribed to");
    assert!(host.deployments.list().await.pipelines.is_empty());

    // The same of another version: the one that runs stays, and misses nothing.
    let allowed = host.deploy(&stage("allow = { state = true }"), Some(&DEDUPLICATE)).await;
    assert_eq!((allowed.version, allowed.problems.len()), (1, 0));
    while host.subscription("p").is_none() {
        yield_now().await;
    }
    assert!(!host.deploy(&stage(""), Some(&DEDUPLICATE)).await.problems.is_empty());
    host.publish(ORDERS, &["b", "b", "c"]).await;
    assert_eq!(host.first(CLEAN, 2).await, ["b", "c"]);

    // A component that cannot be used any more when the host starts again.
    host.deployments.pause("p").await.unwrap();
    host.publish(ORDERS, &["d"]).await;
    host.deployments.resume("p").await.unwrap();
    assert_eq!(host.first(CLEAN, 3).await, ["b", "c", "d"]);
    let host = damaged(host).await;
    let listed = host.deployments.list().await.pipelines.remove(0);
    assert!(listed.state() == State::Failed && !listed.failure.is_empty(), "{listed:?}");
    host.publish(ORDERS, &["e"]).await;
    let left = host.subscription("p").unwrap();
    assert_eq!((left.backlog_count, left.unacked_count, left.consumer_count), (1, 0, 0));
}

/// The host started again after every component was damaged on the disk.
async fn damaged(host: Host) -> Host {
    host.components().iter().for_each(|component| std::fs::write(component, "no component").unwrap());
    host.reopened().await
}

/// Messages of one call go through a stage together. Where more of them stop it than one call puts up with, the others are still served, each as if it had
/// been alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_beside_many_that_stop_a_topics_transforms_are_served() {
    let host = Host::new().await;
    host.publish(CLEAN, &[]).await;
    let components = HashMap::from([("stage".to_owned(), std::fs::read(&*TRAP).unwrap().into())]);
    let configuration = "[[stages]]\nid = \"stage\"\nuses = \"trap.wasm\"\nlimits = { timeout = \"60s\" }\n".to_owned();
    let request = SetTopicTransformsRequest { topic: CLEAN.to_owned(), configuration, is_yaml: false, components };
    assert_eq!(host.deployments.set_topic_transforms(request).await.unwrap().problems, []);

    let payloads = [&["first"], &["poison"; 18][..], &["last"]].concat();
    let expected: Vec<bool> = payloads.iter().map(|payload| *payload != "poison").collect();
    assert_eq!(host.answers(CLEAN, &payloads).await, expected);
    assert_eq!(host.first(CLEAN, 2).await, ["first", "last"]);
    let figures = host.deployments.topic_figures().remove(0);
    assert_eq!((figures.topic.as_str(), figures.received, figures.passed, figures.made), (CLEAN, 20, 2, 2));
    assert_eq!((figures.refused, figures.dropped), (18, 0));
    // Each is tried twice alone, and before that with others.
    assert!(figures.stopped_calls > 36, "{figures:?}");
}

/// All stages in all lanes share one room for their states. What has no room is the transform's to answer, the records beside it are served, and
/// what is kept still counts when the host starts again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_states_of_a_pipeline_have_one_bound_in_bytes() {
    let host = Host::new().await;
    host.publish(ORDERS, &["before"]).await;
    // A key of the state is the topic, a line feed and the record's key: 17 bytes.
    let small = stage("allow = { state = true }")
        .replace("[[pipeline.stages]]", "lanes = 4\nstate_bytes = \"40B\"\n[[pipeline.stages]]");
    let answer = host.deploy(&small, Some(&DEDUPLICATE)).await;
    assert_eq!((answer.version, answer.problems), (1, Vec::new()));
    while host.subscription("p").is_none() {
        yield_now().await;
    }
    for (index, key) in ["a", "b"].into_iter().enumerate() {
        host.publish(ORDERS, &[key]).await;
        assert_eq!(host.first(CLEAN, index + 1).await[index], key);
    }
    for (index, key) in ["c", "d", "e", "f"].into_iter().enumerate() {
        host.publish(ORDERS, &["a", key, "b"]).await;
        assert_eq!(host.first("/default/orders-dlq", index + 1).await[index], key);
    }
    let host = host.reopened().await;
    host.publish(ORDERS, &["b", "g"]).await;
    assert_eq!(host.first("/default/orders-dlq", 5).await[4], "g");
    while host.subscription("p").is_none_or(|one| one.backlog_count > 0) {
        yield_now().await;
    }
    assert_eq!(host.first(CLEAN, 2).await, ["a", "b"]);
}

/// A lane that waits for its commit is nobody's failure, however long it waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_that_wait_for_their_commit_do_not_fail() {
    let host = Host::new().await;
    host.publish(ORDERS, &["before"]).await;
    host.deploy(&pipeline(""), None).await;
    while host.subscription("p").is_none() {
        yield_now().await;
    }
    host.make_impatient("p").await;
    // It stands for the time that passes: what it is given it keeps for too long.
    let _silent = host.subscribe("silent").await;
    host.make_impatient("silent").await;
    host.broker.delete_topic(CLEAN).await.unwrap();
    host.publish(ORDERS, &["a", "b", "c"]).await;
    while host.subscription("silent").is_none_or(|one| one.blocked_offset.is_none()) {
        yield_now().await;
    }
    let clean = DescribeTopicRequest { topic: CLEAN.to_owned() };
    assert!(host.broker.describe_topic(clean).is_err(), "the lane does not wait");
    let waiting = host.subscription("p").unwrap();
    assert_eq!((waiting.blocked_offset, waiting.blocked_reason.as_str()), (None, ""));

    host.publish(CLEAN, &[]).await;
    assert_eq!(host.first(CLEAN, 3).await, ["a", "b", "c"]);
    while host.subscription("p").is_some_and(|one| one.backlog_count > 0) {
        yield_now().await;
    }
    assert!(host.subscription("p").unwrap().blocked_offset.is_none());
}

/// What a list says is enough to draw a pipeline from: what each edge carried, what lies before it, and when one that failed is tried again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_says_what_each_pipeline_has_done_and_what_lies_before_it() {
    let host = Host::new().await;
    let large =
        "[[pipeline.to]]\ntopic = \"/default/large\"\nwhen = { key = true, starts_with = \"l\" }\non_error = \"drop\"";
    host.deploy(&pipeline(large), None).await;
    // Its source is not there yet.
    let failed = loop {
        let listed = host.deployments.list().await;
        let now_ms = listed.answered_at_ms;
        let one = listed.pipelines.into_iter().next().unwrap();
        if one.state() == State::Failed {
            assert!(one.deployed_at_ms <= now_ms, "{now_ms} {one:?}");
            break one;
        }
        yield_now().await;
    };
    assert!(failed.restarts_at_ms > failed.deployed_at_ms && failed.restarts > 0, "{failed:?}");
    assert!(failed.failure.contains("does not exist") && failed.backlog.is_none(), "{failed:?}");
    assert_eq!(
        (failed.targets[0].when.as_str(), failed.targets[0].on_error.as_str()),
        ("key starts with \"l\"", "drop")
    );

    host.publish(ORDERS, &["before"]).await;
    while host.subscription("p").is_none() {
        yield_now().await;
    }
    host.publish(ORDERS, &["large", "small"]).await;
    while host.subscription("p").is_some_and(|one| one.backlog_count > 0) {
        yield_now().await;
    }
    // What is in flight is settled by then.
    host.deployments.pause("p").await.unwrap();
    host.publish(ORDERS, &["later"]).await;
    let one = host.deployments.list().await.pipelines.remove(0);
    assert_eq!((one.state(), one.restarts_at_ms, one.backlog), (State::Paused, 0, Some(1)));
    assert_eq!((one.records_read, one.records_settled, one.records_in_flight), (2, 2, 0));
    let written: Vec<_> = one.targets.iter().map(|target| (target.topic.as_str(), target.messages_written)).collect();
    assert_eq!(written, [("/default/large", 1), (CLEAN, 2)]);

    assert_eq!(one.version_before, 0);
    let limits = "limits = { memory = \"8MiB\", timeout = \"60s\" }\nallow = { state = true }\non_error = \"block\"";
    let staged = stage("").replace("limits = { timeout = \"60s\" }", limits);
    assert_eq!(host.deploy(&staged, Some(&DEDUPLICATE)).await.version, 2);
    let two = host.deployments.list().await.pipelines.remove(0);
    let stage = &two.stages[0];
    assert_eq!(
        (two.version_before, stage.on_error.as_str(), stage.capabilities.join(" ")),
        (1, "block", "state".into())
    );
    assert_eq!(stage.limits.map(|limits| (limits.memory_bytes, limits.timeout_ms)), Some((8 << 20, 60_000)));

    // Of four records the stage lets one through but once; it was paused before it had a version with a stage.
    host.deployments.resume("p").await.unwrap();
    host.publish(ORDERS, &["x", "x", "y"]).await;
    while host.subscription("p").is_some_and(|one| one.backlog_count > 0) {
        yield_now().await;
    }
    let now = host.deployments.list().await.pipelines.remove(0).stages[0].records_out;
    host.deployments.pause("p").await.unwrap();
    let after = host.deployments.list().await.pipelines.remove(0).stages[0].records_out;
    assert_eq!((now, after), (3, 3), "later, x, y, also when the run is over");
}
