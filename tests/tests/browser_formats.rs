//! Every format in every encoding under every policy, typed, checked, encoded and sent
//! through the real page; what is stored is compared byte by byte.

use irongate_proto::{
    danube::{DispatchStrategy, SchemaReference, schema_reference::VersionRef},
    danube_schema::ConfigureTopicSchemaRequest,
    irongate_v1::CreateTopicRequest,
};
use irongate_tests::{
    Host,
    browser::{Browser, ProducePage},
    rpc::Rpc,
};

const POLICIES: [&str; 3] = ["enforce", "warn", "none"];

/// One format: a schema, a message for it and one against it, and what travels in each encoding.
struct Format {
    schema_type: &'static str,
    definition: &'static str,
    valid: &'static str,
    invalid: &'static str,
    /// How to know the stored bytes; an empty name: there is nothing to choose.
    encodings: &'static [(&'static str, Stored)],
}

/// What must be stored.
#[derive(Clone, Copy)]
enum Stored {
    AsTyped,
    Exactly(&'static [u8]),
    Container,
}

const FORMATS: [Format; 3] = [
    Format {
        schema_type: "json_schema",
        definition: r#"{"type":"object","properties":{"id":{"type":"string"}},"required":["id"]}"#,
        valid: r#"{"id":"ab"}"#,
        invalid: r#"{"id":7}"#,
        encodings: &[("", Stored::AsTyped)],
    },
    Format {
        schema_type: "avro",
        definition: r#"{"type":"record","name":"P","fields":[{"name":"id","type":"string"}]}"#,
        valid: r#"{"id":"ab"}"#,
        invalid: r#"{"id":7}"#,
        encodings: &[
            ("text", Stored::AsTyped),
            ("binary", Stored::Exactly(b"\x04ab")),
            ("container", Stored::Container),
        ],
    },
    Format {
        schema_type: "protobuf",
        definition: "syntax = \"proto3\"; package shop; message Order { string id = 1; }",
        valid: r#"{"id":"ab"}"#,
        invalid: r#"{"id":7}"#,
        encodings: &[("text", Stored::AsTyped), ("binary", Stored::Exactly(b"\x0a\x02ab"))],
    },
];

#[tokio::test]
async fn every_format_in_every_encoding_under_every_policy() {
    let host = Host::start().await;
    let mut rpc = host.rpc().await;
    // One browser for all: a page that is left must give its connection back, of which a browser has six.
    let browser = Browser::open().await;
    for format in &FORMATS {
        rpc.register(format.schema_type, format.schema_type, format.definition).await.expect("a schema");
        for policy in POLICIES {
            let topic = format!("/default/{}-{policy}", format.schema_type);
            bind(&mut rpc, &topic, format.schema_type, policy).await;
            let produce = browser.produce(&host.url(), &format!("?topic={topic}")).await;
            for (encoding, stored) in format.encodings {
                if !encoding.is_empty() {
                    produce.page().choose("produce-encoding", encoding).await;
                }
                send_valid(&mut rpc, &produce, &topic, format, *stored).await;
                let can_be_sent = matches!(stored, Stored::AsTyped);
                send_invalid(&produce, format, policy, can_be_sent).await;
            }
        }
    }
    let produce = browser.produce(&host.url(), "?topic=/default/protobuf-enforce").await;
    produce.page().choose("produce-encoding", "binary").await;
    produce.payload(FORMATS[2].valid).await;
    assert_eq!(produce.page().text_where("produce-message-type", |text| !text.is_empty()).await, "shop.Order");
    produce.page().text_where("wire-bytes", |text| text.contains("0a 02 61 62")).await;
    browser.save_screenshots("produce-protobuf").await;
    browser.close().await;
    host.assert_never_panicked();
}

async fn send_valid(rpc: &mut Rpc, produce: &ProducePage, topic: &str, format: &Format, stored: Stored) {
    let case = format!("{topic}, valid");
    produce.payload(format.valid).await;
    produce.violations(0).await;
    produce.page().text_where("verdict-schema", |text| text.contains("Valid")).await;
    if let Stored::Exactly(bytes) = stored {
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        produce.page().text_where("wire-bytes", |text| text.contains(&hex.join(" "))).await;
        produce.page().text_where("wire-length", |text| text == format!("{} B", bytes.len())).await;
    }
    let before = rpc.browse_all(&[topic]).await.expect("the topic can be read").len();
    produce.send_with_keyboard().await;
    let (_, _, offset) = produce.result().await;
    assert_eq!(offset, before.to_string(), "{case}");
    let messages = rpc.browse_all(&[topic]).await.expect("the topic can be read");
    let payload = messages.last().and_then(|browsed| browsed.message.clone()).expect("it was just stored").payload;
    match stored {
        Stored::AsTyped => assert_eq!(payload, format.valid, "{case}"),
        Stored::Exactly(bytes) => assert_eq!(payload, bytes, "{case}"),
        Stored::Container => {
            assert!(payload.starts_with(b"Obj\x01"), "{case}");
            assert!(payload.windows(3).any(|window| window == b"\x04ab"), "{case}");
        }
    }
    produce.page().click("results-clear").await;
}

async fn send_invalid(produce: &ProducePage, format: &Format, policy: &str, can_be_sent: bool) {
    produce.payload(format.invalid).await;
    let violations = produce.violations(1).await;
    if format.schema_type != "protobuf" {
        assert_eq!(violations[0].instance_path, "/id", "{violations:?}");
    }
    assert!(violations[0].position.starts_with("line 1, column "), "{violations:?}");
    produce.send_with_keyboard().await;
    let page = produce.page();
    match (can_be_sent, policy) {
        (false, _) => {
            page.text_where("result-error", |text| text.contains("cannot be encoded")).await;
            assert!(page.elements("produce-send-anyway").await.is_empty(), "there is nothing to send");
        }
        (true, "enforce") => {
            page.text_where("result-error", |text| text.contains("the broker would refuse")).await;
            page.click("produce-send-anyway").await;
            page.text_where("result-code", |text| text == "PERMISSION_DENIED").await;
            page.click("results-clear").await;
        }
        (true, policy) => {
            produce.result().await;
            let warned = !page.elements("result-warnings").await.is_empty();
            assert_eq!(warned, policy == "warn", "{policy}");
            page.click("results-clear").await;
        }
    }
}

async fn bind(rpc: &mut Rpc, topic: &str, subject: &str, policy: &str) {
    let version_ref = Some(VersionRef::UseLatest(true));
    let request = CreateTopicRequest {
        topic: topic.to_owned(),
        dispatch_strategy: DispatchStrategy::Reliable as i32,
        schema_ref: Some(SchemaReference { subject: subject.to_owned(), version_ref }),
        ..CreateTopicRequest::default()
    };
    rpc.topics.create_topic(request).await.expect("the topic can be created");
    let request = ConfigureTopicSchemaRequest {
        topic_name: topic.to_owned(),
        schema_subject: subject.to_owned(),
        validation_policy: policy.to_owned(),
        enable_payload_validation: policy != "none",
    };
    rpc.registry.configure_topic_schema(request).await.expect("the topic can be configured");
}
