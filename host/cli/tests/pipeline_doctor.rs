//! `pipeline doctor` against a real server whose topics and subscription are not as the pipeline needs them.

use crate::harness::{Server, objects};
use crate::pipeline_run::{CLEAN, DEAD, ORDERS, pipeline};
use irongate_proto::danube_admin::topic_admin_client::TopicAdminClient;
use irongate_proto::danube_admin::{
    SetSubscriptionDispatchConfigRequest, SetSubscriptionFailurePolicyRequest, SubscriptionBackoffStrategy,
    SubscriptionDispatchConfig, SubscriptionFailurePolicy, SubscriptionPoisonPolicy,
};
use tonic::transport::{Channel, Endpoint};

#[test]
fn the_doctor_looks_at_topics_and_at_what_was_set() {
    let server = Server::start_on(tempfile::tempdir().expect("a directory"), &["--no-auto-create"]);
    let file = server.file("orders.toml", &pipeline("in_flight = { records = 2000 }\nsubscription_type = \"shared\""));
    let told = server.run(&["pipeline", "doctor", &file]);
    assert_eq!(told.code, 1);
    for sentence in ["❌ source: /default/orders does not exist", "❌ target: /default/orders-clean does not exist"] {
        assert!(told.stdout.contains(sentence), "{told:?}");
    }
    for topic in [ORDERS, CLEAN, DEAD] {
        server.run(&["topics", "create", topic, "--reliable"]).succeeded();
    }
    let told = server.run(&["pipeline", "doctor", &file]).stdout;
    assert!(
        told.contains("❌ window: 2000 records may be in flight, but the broker has no more than 1000 out"),
        "{told}"
    );
    assert!(told.contains("✅ subscription: the settings of orders-clean are known"), "{told}");
    assert!(told.contains("⚠️ poison policy: what fails 6 times at the broker blocks"), "{told}");

    let mended = server.file("mended.toml", &pipeline("budget = \"5s\"").replace("60s", "2s"));
    let found = objects(&server.run(&["--json", "pipeline", "doctor", &mended]).succeeded());
    assert!(found.iter().all(|one| one["is"] != "wrong") && found.len() == 10, "{found:?}");
    set_policy(&server, 6_000);
    set_unacked(&server, 7);
    let told = server.run(&["pipeline", "doctor", &mended]);
    assert!(told.stdout.contains("❌ time: a record may take 7 s") && told.code == 1, "{told:?}");
    assert!(told.stdout.contains("❌ poison policy: what fails 3 times at the broker is dropped"), "{told:?}");
    assert!(
        told.stdout.contains("❌ window: 512 records may be in flight, but the broker has no more than 7"),
        "{told:?}"
    );
}

/// For the pipeline's subscription, before there is one.
fn set_policy(server: &Server, ack_timeout_ms: u64) {
    let policy = SubscriptionFailurePolicy {
        max_redelivery_count: 2,
        ack_timeout_ms,
        base_redelivery_delay_ms: 0,
        max_redelivery_delay_ms: 0,
        backoff_strategy: SubscriptionBackoffStrategy::Fixed.into(),
        dead_letter_topic: None,
        poison_policy: SubscriptionPoisonPolicy::Drop.into(),
    };
    let request = SetSubscriptionFailurePolicyRequest {
        topic: ORDERS.to_owned(),
        subscription: "orders-clean".to_owned(),
        failure_policy: Some(policy),
    };
    administer(server, async |mut admin| {
        admin.set_subscription_failure_policy(request).await.expect("it is set");
    });
}

fn set_unacked(server: &Server, max_unacked_messages: u32) {
    let request = SetSubscriptionDispatchConfigRequest {
        topic: ORDERS.to_owned(),
        subscription: "orders-clean".to_owned(),
        dispatch_config: Some(SubscriptionDispatchConfig { max_unacked_messages }),
    };
    administer(server, async |mut admin| {
        admin.set_subscription_dispatch_config(request).await.expect("it is set");
    });
}

fn administer(server: &Server, work: impl AsyncFnOnce(TopicAdminClient<Channel>)) {
    let url = server.url.clone();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let channel = Endpoint::from_shared(url).expect("a URL").connect().await.expect("a connection");
        work(TopicAdminClient::new(channel)).await;
    });
}
