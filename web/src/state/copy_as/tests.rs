//! Tests of what is copied: each option where it belongs, and nothing that a shell or a
//! compiler would read otherwise.

use super::*;
use crate::state::topic_facts::{ExistingTopic, Policy};

fn form() -> ProduceForm {
    let row = |key: &str, value: &str| AttributeRow { key: key.to_owned(), value: value.to_owned() };
    ProduceForm {
        topic: "/default/orders".into(),
        partitions: "4".into(),
        routing_key: "it's".into(),
        attributes: [row("source", "web"), row("list", "a,b"), row("", "")].into(),
        subject: "orders".into(),
        version: VersionChoice::Minimum(2),
        reliable: true,
        ..ProduceForm::default()
    }
}

fn written(form: &ProduceForm, facts: &TopicFacts, payload: &[u8], tongue: Tongue) -> String {
    Letter { host: "http://127.0.0.1:6650", form, typed: form, facts, payload }.written(tongue)
}

#[test]
fn a_command_of_ours_says_all_that_a_command_can() {
    let command = written(&form(), &TopicFacts::Missing, b"{\"id\":\"it's\"}", Tongue::Irongate);
    assert_eq!(
        command,
        "# The attribute list is left out: its text cannot stand on this command line.\n\
         irongate produce --service-addr http://127.0.0.1:6650 \\\n  --topic /default/orders \\\n  \
         --message '{\"id\":\"it'\\''s\"}' \\\n  --attributes source:web \\\n  --routing-key 'it'\\''s' \\\n  \
         --schema-subject orders \\\n  --schema-min-version 2 \\\n  --partitions 4 \\\n  --reliable\n"
    );
}

#[test]
fn braces_are_sent_as_they_are() {
    let plain = form();
    let key = ProduceForm { routing_key: "{{k}}".into(), ..form() };
    let row = AttributeRow { key: "a".to_owned(), value: "{{v}}".to_owned() };
    let attribute = ProduceForm { attributes: [row].into(), ..form() };
    for (form, payload, says) in
        [(&plain, "{\"a\":{}}", false), (&plain, "{{seq}}", true), (&key, "x", true), (&attribute, "x", true)]
    {
        let command = |tongue| written(form, &TopicFacts::Missing, payload.as_bytes(), tongue);
        assert_eq!(command(Tongue::Irongate).contains("--literal"), says, "{payload}");
        assert!(!command(Tongue::DanubeCli).contains("--literal"), "danube-cli fills in nothing");
    }
}

#[test]
fn our_command_fills_a_template_in_itself_and_the_others_send_what_is_shown() {
    let row = |value: &str| [AttributeRow { key: "a".to_owned(), value: value.to_owned() }];
    let encoding = Some(Encoding::Binary);
    let form = ProduceForm { topic: "/default/x".into(), encoding, template: true, seed: 7, ..ProduceForm::default() };
    let typed = ProduceForm {
        payload: "{{seq}}".into(),
        routing_key: "{{uuid}}".into(),
        attributes: row("{{now}}").into(),
        ..form.clone()
    };
    let filled = ProduceForm { routing_key: "k".into(), attributes: row("12").into(), template: false, ..form };
    let letter = Letter { host: "h", form: &filled, typed: &typed, facts: &TopicFacts::Missing, payload: b"\x02" };
    let ours = letter.written(Tongue::Irongate);
    for part in ["--message '{{seq}}'", "--seed 7", "--encoding binary", "--routing-key '{{uuid}}'", "'a:{{now}}'"] {
        assert!(ours.contains(part), "{part}: {ours}");
    }
    assert!(!ours.contains("--literal") && !ours.contains("printf"), "{ours}");
    let other = letter.written(Tongue::DanubeCli);
    assert!(other.contains("--message '\u{2}'") && other.contains("a:12") && !other.contains("--seed"), "{other}");
}

#[test]
fn danubes_command_has_no_routing_key_and_bytes_go_through_a_file() {
    let command = written(&form(), &TopicFacts::Missing, &[4, 0, 0xff], Tongue::DanubeCli);
    assert!(command.starts_with("printf '\\004\\000\\377' > message.bin\n"), "{command}");
    assert!(command.contains("danube-cli has no word for it"), "{command}");
    assert!(command.contains("--file message.bin") && !command.contains("--routing-key"), "{command}");
}

#[test]
fn an_existing_topic_is_used_as_it_is() {
    let subject = "orders".to_owned();
    let topic =
        ExistingTopic { reliable: false, partitions: 2, subject, policy: Policy::Enforce, ..ExistingTopic::default() };
    let form = ProduceForm { subject: "".into(), version: VersionChoice::Latest, ..form() };
    let command = written(&form, &TopicFacts::Exists(topic), b"x", Tongue::Irongate);
    assert!(command.contains("--partitions 2") && !command.contains("--reliable"), "{command}");
    assert!(command.contains("--schema-subject orders") && !command.contains("version"), "{command}");
}

#[test]
fn rust_and_python_use_their_own_literals() {
    let rust = written(&form(), &TopicFacts::Missing, b"a\n\"b\"", Tongue::Rust);
    for part in [
        ".with_topic(\"/default/orders\")",
        ".with_schema_min_version(\"orders\", 2)",
        ".with_partitions(4)",
        ".with_reliable_dispatch()",
        "producer.send_with_key(\"a\\n\\\"b\\\"\".into(), Some([(\"source\".into(), \"web\".into()), \
         (\"list\".into(), \"a,b\".into())].into()), \"it's\").await?;",
    ] {
        assert!(rust.contains(part), "{part} in {rust}");
    }
    let python = written(&form(), &TopicFacts::Missing, b"a\n\"b\"", Tongue::Python);
    for part in [
        ".with_dispatch_strategy(DispatchStrategy.RELIABLE)",
        "await producer.send_with_key(\"a\\n\\\"b\\\"\".encode(), {\"source\": \"web\", \"list\": \"a,b\"}, \"it's\")",
    ] {
        assert!(python.contains(part), "{part} in {python}");
    }
    let plain = ProduceForm { topic: "/default/x".into(), ..ProduceForm::default() };
    let rust = written(&plain, &TopicFacts::Missing, &[1, 0xff], Tongue::Rust);
    assert!(rust.contains("producer.send(vec![1, 255], None).await?;"), "{rust}");
    let python = written(&plain, &TopicFacts::Missing, &[1, 0xff], Tongue::Python);
    assert!(python.contains("await producer.send(bytes([1, 255]), {})"), "{python}");
}

#[test]
fn go_and_java_call_their_clients_by_their_names() {
    let go = written(&form(), &TopicFacts::Missing, b"a\n\"b\"\x01", Tongue::Go);
    for part in [
        "ServiceURL(\"127.0.0.1:6650\")",
        "WithTopic(\"/default/orders\").\n",
        "WithSchemaMinVersion(\"orders\", 2).\n",
        "WithPartitions(4).\n",
        "WithDispatchStrategy(danube.NewReliableDispatchStrategy()).\n",
        "producer.SendWithKey(ctx, []byte(\"a\\n\\\"b\\\"\\x01\"), map[string]string{\"source\": \"web\", \"list\": \"a,b\"}, \"it's\")",
    ] {
        assert!(go.contains(part), "{part} in {go}");
    }
    let java = written(&form(), &TopicFacts::Missing, b"a\n\"b\"\x01", Tongue::Java);
    for part in [
        ".serviceUrl(\"http://127.0.0.1:6650\")",
        ".withSchemaMinVersion(\"orders\", 2)\n",
        ".withDispatchStrategy(DispatchStrategy.RELIABLE)\n",
        "// The routing key is left out",
        "producer.send(\"a\\n\\\"b\\\"\\001\".getBytes(StandardCharsets.UTF_8), \
         Map.ofEntries(Map.entry(\"source\", \"web\"), Map.entry(\"list\", \"a,b\")));",
    ] {
        assert!(java.contains(part), "{part} in {java}");
    }
    let plain = ProduceForm { topic: "/default/x".into(), ..ProduceForm::default() };
    let go = written(&plain, &TopicFacts::Missing, &[1, 0xff], Tongue::Go);
    assert!(go.contains("producer.Send(ctx, []byte{1, 255}, nil)"), "{go}");
    let java = written(&plain, &TopicFacts::Missing, &[1, 0xff], Tongue::Java);
    assert!(java.contains("producer.send(new byte[] {1, -1}, Map.of());"), "{java}");
    assert!(java.contains("DispatchStrategy.NON_RELIABLE") && !java.contains("routing key"), "{java}");
}
