//! Data directories of every released format, packed under `fixtures/data_directories`: today's
//! host opens each and reads in it what it held, line by line, and goes on writing where it ended.
//!
//! `IRONGATE_GOLDEN=1` packs the directories of the current format anew; see the README there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fmt::Write, fs, path::Path, process::Command};

use bytes::Bytes;
use irongate_proto::{
    danube::{
        AckRequest, ConsumerRequest, DispatchStrategy, MsgId, NackRequest, ProducerRequest, ReceiveRequest,
        SchemaReference, StreamMessage, consumer_request::SubscriptionType,
    },
    danube_admin::{
        GetSubscriptionDispatchConfigRequest, GetSubscriptionFailurePolicyRequest, NamespaceRequest,
        SetSubscriptionDispatchConfigRequest, SetSubscriptionFailurePolicyRequest, SubscriptionDispatchConfig,
        SubscriptionFailurePolicy, SubscriptionPoisonPolicy, namespace_admin_client::NamespaceAdminClient,
        topic_admin_client::TopicAdminClient,
    },
    danube_schema::{
        DeleteSchemaVersionRequest, GetSchemaRequest, GetTopicSchemaConfigRequest, ListSubjectsRequest,
        ListVersionsRequest, RegisterSchemaRequest, SetCompatibilityModeRequest, UpdateTopicValidationPolicyRequest,
    },
    irongate_v1::{
        CreateTopicRequest, DescribeTopicRequest, ListTopicsRequest, OutgoingMessage, PublishRequest, Retention,
        SetTopicRetentionRequest, TruncateTopicRequest,
    },
};
use irongate_tests::{
    Host,
    rpc::{self, Rpc},
    surroundings, until,
};
use tonic::transport::{Channel, Endpoint};

/// How the host ended whose directory was packed: asked to, or killed.
const ENDS: [&str; 2] = ["stopped", "killed"];
const FORMAT: &str = "v3";

const ORDERS: &str = "/production/orders";
const PARTS: &str = "/default/parts";
const DEAD: &str = "/default/dead";
const SUBSCRIPTIONS: [(&str, SubscriptionType); 4] = [
    ("exclusive", SubscriptionType::Exclusive),
    ("shared", SubscriptionType::Shared),
    ("failover", SubscriptionType::Failover),
    ("key-shared", SubscriptionType::KeyShared),
];
const MESSAGES: u64 = 6;
const LARGE_BYTES: usize = 300_000;

fn fixtures() -> std::path::PathBuf {
    surroundings::tests_folder().join("fixtures/data_directories")
}

fn tar(arguments: &[&str], folder: &Path) {
    let status = Command::new("tar").args(arguments).current_dir(folder).status().unwrap();
    assert!(status.success(), "tar {arguments:?}");
}

#[tokio::test]
async fn every_packed_directory_is_read_as_it_was_written_and_written_on() {
    let mut seen = 0;
    for entry in fs::read_dir(fixtures()).unwrap() {
        let archive = entry.unwrap().path();
        let Some(name) = archive.file_name().unwrap().to_str().unwrap().strip_suffix(".tar.gz") else { continue };
        seen += 1;
        let mut host = Host::start().await;
        host.kill().await;
        fs::remove_dir_all(host.data()).unwrap();
        tar(&["-xzf", archive.to_str().unwrap()], host.folder());
        host.restart().await;
        let (format, _) = name.split_once('-').unwrap();
        let expected = fs::read_to_string(fixtures().join(format!("{format}.txt"))).unwrap();
        assert_eq!(reading(&host).await, expected, "{name}");
        goes_on(&host).await;
        host.stop().await;
        host.restart().await;
        assert_ne!(reading(&host).await, expected, "{name}: what was written after it is kept");
        host.assert_never_panicked();
    }
    assert!(seen >= ENDS.len(), "only {seen} directories are packed");
}

/// The page and the packed directories are made by this: it must still say the same.
#[tokio::test]
async fn a_directory_of_today_holds_what_the_page_says() {
    let packs = std::env::var_os("IRONGATE_GOLDEN").is_some();
    let page = fixtures().join(format!("{FORMAT}.txt"));
    for end in ENDS {
        let mut host = Host::start().await;
        fill(&host).await;
        match end {
            "killed" => host.kill().await,
            _ => assert!(host.stop().await.success()),
        }
        let archive = fixtures().join(format!("{FORMAT}-{end}.tar.gz"));
        if packs {
            tar(&["-czf", archive.to_str().unwrap(), "data"], host.folder());
        }
        host.restart().await;
        let read = reading(&host).await;
        if packs {
            fs::write(&page, &read).unwrap();
        }
        assert_eq!(read, fs::read_to_string(&page).unwrap(), "{end}");
        host.assert_never_panicked();
    }
}

#[tokio::test]
async fn a_later_format_is_refused_with_a_sentence_and_left_alone() {
    let mut host = Host::start().await;
    host.stop().await;
    let format = host.data().join("store/format");
    assert_eq!(fs::read_to_string(&format).unwrap(), "irongate-store 3\n");
    fs::write(&format, "irongate-store 4\n").unwrap();
    let refused = host.refused_start().await;
    assert_eq!(refused.code, 1, "{refused:?}");
    for part in [host.data().to_str().unwrap(), "format irongate-store 4", "irongate-store 3", "nothing was changed"] {
        assert!(refused.stderr.contains(part), "{part} in {refused:?}");
    }
    assert_eq!(fs::read_to_string(&format).unwrap(), "irongate-store 4\n");
}

async fn channel(host: &Host) -> Channel {
    Endpoint::from_shared(host.url()).unwrap().connect().await.unwrap()
}

/// Something of everything that a directory keeps. The last thing written is a message that was
/// acknowledged, so that nothing before it may be missing after a kill.
async fn fill(host: &Host) {
    let mut rpc = host.rpc().await;
    register_all(&mut rpc).await;
    let mut namespaces = NamespaceAdminClient::new(channel(host).await);
    namespaces.create_namespace(NamespaceRequest { name: "empty".to_owned() }).await.unwrap();
    for (topic, strategy, partitions) in
        [(PARTS, DispatchStrategy::Reliable, 2), ("/default/live", DispatchStrategy::NonReliable, 0)]
    {
        let topic = topic.to_owned();
        let request = CreateTopicRequest { topic, dispatch_strategy: strategy.into(), partitions, schema_ref: None };
        rpc.topics.create_topic(request).await.unwrap();
    }
    let producer = producer(&mut rpc, ORDERS, Some("orders")).await;
    for (name, kind) in SUBSCRIPTIONS {
        subscribe(&mut rpc, name, kind).await;
    }
    set_policies(host).await;
    for number in 0..MESSAGES {
        let message = StreamMessage {
            request_id: number,
            publish_time: 1_700_000_000_000 + number,
            attributes: [("number".to_owned(), number.to_string())].into(),
            routing_key: (number % 2 == 0).then(|| format!("key-{number}")),
            ..rpc::message(ORDERS, producer, format!(r#"{{"id":"{number}"}}"#))
        };
        rpc.producer.send_message(message).await.unwrap();
    }
    consume(&mut rpc).await;
    let request = UpdateTopicValidationPolicyRequest {
        topic_name: ORDERS.to_owned(),
        validation_policy: "warn".to_owned(),
        enable_payload_validation: true,
    };
    rpc.registry.update_topic_validation_policy(request).await.unwrap();
    let retention = Some(Retention { bytes_max: 1 << 30, age_max_ms: 0 });
    rpc.topics.set_topic_retention(SetTopicRetentionRequest { topic: ORDERS.to_owned(), retention }).await.unwrap();
    let part = format!("{PARTS}-part-1");
    let producer = self::producer(&mut rpc, &part, None).await;
    for number in 0..3 {
        rpc.producer.send_message(rpc::message(&part, producer, number.to_string())).await.unwrap();
    }
    // In one commit, so that the log holds a pack and loses its first record.
    let numbers = (3..6).map(|number: u64| OutgoingMessage {
        payload: number.to_string().into(),
        publish_time_ms: 1_700_000_000_000 + number,
        ..Default::default()
    });
    let request = PublishRequest {
        topic: part.clone(),
        messages: numbers.collect(),
        producer_name: "packs".to_owned(),
        ..Default::default()
    };
    rpc.publish.publish(request).await.unwrap();
    // Large enough for a segment.
    let large = OutgoingMessage {
        payload: vec![b'x'; LARGE_BYTES].into(),
        publish_time_ms: 1_700_000_000_006,
        ..Default::default()
    };
    let request = PublishRequest {
        topic: part.clone(),
        messages: vec![large],
        producer_name: "segments".to_owned(),
        ..Default::default()
    };
    rpc.publish.publish(request).await.unwrap();
    assert_eq!(fs::read_dir(host.data().join("store/segments")).unwrap().count(), 1);
    let truncate = TruncateTopicRequest { topic: part.clone(), before_offset: Some(4) };
    rpc.topics.truncate_topic(truncate).await.unwrap();
    rpc.producer.send_message(rpc::message(&part, producer, "the end")).await.unwrap();
}

async fn register_all(rpc: &mut Rpc) {
    let proto = r#"syntax = "proto3"; message M { string a = 1; }"#;
    let avro = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"string"}]}"#;
    for (subject, schema_type, definition) in [
        ("deleted", "string", ""),
        ("orders", "json_schema", r#"{"required": ["id"]}"#),
        ("orders", "json_schema", r#"{"required": ["id"], "title": "deleted"}"#),
        ("orders", "json_schema", r#"{"required": ["id"], "title": "kept"}"#),
        ("avro", "avro", avro),
        ("protobuf", "protobuf", proto),
        ("text", "string", ""),
        ("number", "number", ""),
        ("bytes", "bytes", ""),
    ] {
        let request = RegisterSchemaRequest {
            subject: subject.to_owned(),
            schema_type: schema_type.to_owned(),
            schema_definition: definition.to_owned().into(),
            description: format!("the {subject}"),
            created_by: "ann".to_owned(),
            tags: vec!["one".to_owned(), "two".to_owned()],
        };
        rpc.registry.register_schema(request).await.unwrap();
    }
    for (subject, version) in [("deleted", 1), ("orders", 2)] {
        let request = DeleteSchemaVersionRequest { subject: subject.to_owned(), version };
        rpc.registry.delete_schema_version(request).await.unwrap();
    }
    let mode = SetCompatibilityModeRequest { subject: "avro".to_owned(), compatibility_mode: "full".to_owned() };
    rpc.registry.set_compatibility_mode(mode).await.unwrap();
}

async fn set_policies(host: &Host) {
    let mut admin = TopicAdminClient::new(channel(host).await);
    let policy = SubscriptionFailurePolicy {
        max_redelivery_count: 1,
        ack_timeout_ms: 30_000,
        base_redelivery_delay_ms: 10,
        max_redelivery_delay_ms: 20,
        backoff_strategy: 0,
        dead_letter_topic: Some(DEAD.to_owned()),
        poison_policy: SubscriptionPoisonPolicy::DeadLetter.into(),
    };
    let request = SetSubscriptionFailurePolicyRequest {
        topic: ORDERS.to_owned(),
        subscription: "shared".to_owned(),
        failure_policy: Some(policy),
    };
    admin.set_subscription_failure_policy(request).await.unwrap();
    let request = SetSubscriptionDispatchConfigRequest {
        topic: ORDERS.to_owned(),
        subscription: "failover".to_owned(),
        dispatch_config: Some(SubscriptionDispatchConfig { max_unacked_messages: 7 }),
    };
    admin.set_subscription_dispatch_config(request).await.unwrap();
}

async fn producer(rpc: &mut Rpc, topic: &str, subject: Option<&str>) -> u64 {
    let request = ProducerRequest {
        topic_name: topic.to_owned(),
        producer_name: "system-test".to_owned(),
        dispatch_strategy: DispatchStrategy::Reliable.into(),
        schema_ref: subject.map(|subject| SchemaReference { subject: subject.to_owned(), version_ref: None }),
        ..Default::default()
    };
    rpc.create_producer(request).await.unwrap()
}

async fn subscribe(rpc: &mut Rpc, subscription: &str, kind: SubscriptionType) -> u64 {
    let request = ConsumerRequest {
        topic_name: ORDERS.to_owned(),
        consumer_name: "c".to_owned(),
        subscription: subscription.to_owned(),
        subscription_type: kind.into(),
        ..Default::default()
    };
    rpc.consumer.subscribe(request).await.unwrap().into_inner().consumer_id
}

/// Cursors with and without holes, and a message that failed once.
async fn consume(rpc: &mut Rpc) {
    let id = |offset| Some(MsgId { topic_name: ORDERS.to_owned(), topic_offset: offset, ..Default::default() });
    for (subscription, offsets) in
        [("exclusive", &[0, 1][..]), ("shared", &[0, 2, 4, 5]), ("failover", &[]), ("key-shared", &[1, 3])]
    {
        for offset in offsets {
            let subscription_name = subscription.to_owned();
            let request = AckRequest { request_id: 0, msg_id: id(*offset), subscription_name };
            rpc.consumer.ack(request).await.unwrap();
        }
    }
    give_back(rpc, "before the end").await;
}

/// The shared subscription's next message is given back with this reason, to come again much later.
async fn give_back(rpc: &mut Rpc, reason: &str) -> u64 {
    let consumer_id = subscribe(rpc, "shared", SubscriptionType::Shared).await;
    let request = ReceiveRequest { request_id: 0, consumer_id };
    let mut stream = rpc.consumer.receive_messages(request).await.unwrap().into_inner();
    let message = until::done("a message", stream.message()).await.unwrap().unwrap();
    let offset = message.msg_id.as_ref().unwrap().topic_offset;
    let nack = NackRequest {
        request_id: 0,
        msg_id: message.msg_id,
        subscription_name: "shared".to_owned(),
        delay_ms: Some(3_600_000),
        reason: Some(reason.to_owned()),
    };
    rpc.consumer.nack(nack).await.unwrap();
    offset
}

/// Ids, versions, offsets, cursors and failures go on where they ended.
async fn goes_on(host: &Host) {
    let mut rpc = host.rpc().await;
    let next = rpc.register_json("next", "{}").await.unwrap();
    assert_eq!(next.schema_id, 8, "a deleted subject's id is not given out again");
    let version = rpc.register_json("orders", r#"{"required": ["id"], "title": "again"}"#).await.unwrap();
    assert_eq!(version.version, 4);
    assert_eq!(give_back(&mut rpc, "after the end").await, 1, "it failed for the second time");
    let letter = until::some("a dead letter", async || rpc.clone().browse_all(&[DEAD]).await.unwrap().pop()).await;
    let letter = letter.message.unwrap();
    assert_eq!(
        (&*letter.attributes["x-delivery-attempt"], &*letter.attributes["x-failure-reason"]),
        ("2", "after the end")
    );
    let producer = producer(&mut rpc, ORDERS, Some("orders")).await;
    rpc.producer.send_message(rpc::message(ORDERS, producer, r#"{"id":"next"}"#)).await.unwrap();
    let last = rpc.browse_all(&[ORDERS]).await.unwrap().pop().unwrap().message.unwrap();
    assert_eq!(last.msg_id.unwrap().topic_offset, MESSAGES);
}

/// Everything that clients can read, as text; without times, which differ with each making.
async fn reading(host: &Host) -> String {
    let mut text = String::new();
    let mut rpc = host.rpc().await;
    subjects(&mut rpc, &mut text).await;
    let listed = rpc.topics.list_topics(ListTopicsRequest::default()).await.unwrap().into_inner();
    writeln!(text, "namespaces {:?}", listed.namespaces).unwrap();
    for topic in listed.topics {
        let (dispatch, partitions) = (topic.dispatch_strategy(), topic.partitions);
        writeln!(text, "\n{} {dispatch:?}, {partitions} partitions", topic.name).unwrap();
        let request = GetTopicSchemaConfigRequest { topic_name: topic.name.clone() };
        let config = rpc.registry.get_topic_schema_config(request).await.unwrap().into_inner();
        writeln!(text, "{config:?}").unwrap();
        let request = DescribeTopicRequest { topic: topic.name.clone() };
        let described = rpc.topics.describe_topic(request).await.unwrap().into_inner();
        let retention = described.retention.map(|retention| (retention.bytes_max, retention.age_max_ms));
        writeln!(text, "retention {retention:?}").unwrap();
        for part in described.partitions {
            writeln!(text, "{} from {} to {}", part.topic, part.first_offset, part.next_offset).unwrap();
        }
        for subscription in described.subscriptions {
            let (name, kind) = (&subscription.name, subscription.subscription_type());
            let (cursor, backlog) = (subscription.next_offset, subscription.backlog_count);
            writeln!(text, "{name} {kind:?} at {cursor}, {backlog} left").unwrap();
            settings(host, &topic.name, &subscription.name, &mut text).await;
        }
        for browsed in rpc.browse_all(&[&topic.name]).await.unwrap() {
            let message = browsed.message.unwrap();
            let id = message.msg_id.unwrap();
            let (place, key) = (format!("{} {}", id.topic_name, id.topic_offset), message.routing_key);
            let schema = (message.schema_id, message.schema_version);
            writeln!(
                text,
                "{place}: {} {:?} key {key:?} at {} by {} schema {schema:?}",
                shown(&message.payload),
                message.attributes,
                message.publish_time,
                message.producer_name
            )
            .unwrap();
        }
    }
    text
}

/// A payload, or how long it is when it is all the same letter.
fn shown(payload: &[u8]) -> String {
    match payload {
        [first, .., _] if payload.len() == LARGE_BYTES && payload.iter().all(|byte| byte == first) => {
            format!("{} times {:?}", payload.len(), char::from(*first))
        }
        _ => format!("{:?}", Bytes::copy_from_slice(payload)),
    }
}

async fn settings(host: &Host, topic: &str, subscription: &str, text: &mut String) {
    let mut admin = TopicAdminClient::new(channel(host).await);
    let (topic, subscription) = (topic.to_owned(), subscription.to_owned());
    let request = GetSubscriptionFailurePolicyRequest { topic: topic.clone(), subscription: subscription.clone() };
    let policy = admin.get_subscription_failure_policy(request).await.unwrap().into_inner();
    let request = GetSubscriptionDispatchConfigRequest { topic, subscription };
    let dispatch = admin.get_subscription_dispatch_config(request).await.unwrap().into_inner();
    writeln!(text, "  {:?} {:?}", policy.failure_policy, dispatch.dispatch_config).unwrap();
}

async fn subjects(rpc: &mut Rpc, text: &mut String) {
    let subjects = rpc.registry.list_subjects(ListSubjectsRequest {}).await.unwrap().into_inner().subjects;
    for subject in subjects {
        let request = ListVersionsRequest { subject: subject.subject };
        for version in rpc.registry.list_versions(request).await.unwrap().into_inner().versions {
            let request = GetSchemaRequest { schema_id: version.schema_id, version: Some(version.version) };
            let mut schema = rpc.registry.get_schema(request).await.unwrap().into_inner();
            assert!(schema.created_at > 1_700_000_000, "{schema:?}");
            schema.created_at = 0;
            writeln!(text, "{schema:?}").unwrap();
        }
    }
}
