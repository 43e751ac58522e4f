//! The examples as components: what their native tests show must hold behind the boundary as well. One record each, because their own tests have the rest.

use std::sync::Arc;

use irongate_runtime::{Grants, MemoryState, Outcome, OutputRecord, Record, SchemaReference};

use crate::guests::{example_bytes, roomy, runtime};

fn record() -> Record {
    Record {
        topic: "/default/orders".into(),
        partition: Some(0),
        offset: Some(7),
        key: Some("c1".into()),
        attributes: vec![("region".into(), "eu".into())],
        publish_time_ms: 1,
        schema: Some(SchemaReference { subject: "orders".into(), version: 3 }),
        payload: "{\"email\":\"a@b.c\",\"amount\":5}".into(),
    }
}

fn run(name: &str, configuration: &str, batch: &[Record]) -> Vec<Outcome> {
    let plugin = runtime().load(&example_bytes(name)).expect("the example loads");
    assert_eq!(plugin.description().name, name);
    assert!(!plugin.description().summary.is_empty());
    let grants = Grants { state: true, ..Grants::default() };
    let state = Arc::new(MemoryState::default());
    let mut transform = plugin.configure(configuration, roomy(), grants, state).expect("the example starts");
    transform.transform(batch).expect("the host is well").outcomes
}

fn output(payload: &str) -> OutputRecord {
    let Record { key, attributes, schema, .. } = record();
    OutputRecord { topic: None, key, attributes, schema, payload: payload.to_owned().into() }
}

#[test]
fn mask_fields() {
    let outcomes = run("mask-fields", r#"{"fields": ["email"]}"#, &[record()]);
    assert_eq!(outcomes, [Outcome::Emit(vec![output(r#"{"amount":5,"email":"***"}"#)])]);
}

#[test]
fn filter_by_condition() {
    let condition = |value: u32| format!(r#"{{"path": "/amount", "is": "at_least", "value": {value}}}"#);
    assert_eq!(run("filter-by-condition", &condition(5), &[record()]), [Outcome::Keep]);
    assert_eq!(run("filter-by-condition", &condition(6), &[record()]), [Outcome::Drop]);
}

#[test]
fn json_to_avro() {
    let fields = r#"[{"name": "amount", "type": "long"}, {"name": "email", "type": "string"}]"#;
    let schema = format!(r#"{{"schema": {{"type": "record", "name": "Order", "fields": {fields}}}}}"#);
    let outcomes = run("json-to-avro", &schema, &[record()]);
    let datum = OutputRecord { schema: None, ..output("\u{a}\u{a}a@b.c") };
    assert_eq!(outcomes, [Outcome::Emit(vec![datum])]);
}

#[test]
fn split_lines() {
    let lines = Record { payload: "one\ntwo".into(), schema: None, attributes: vec![], ..record() };
    let outcomes = run("split-lines", "null", &[lines]);
    let Outcome::Emit(outputs) = &outcomes[0] else { panic!("{outcomes:?}") };
    assert_eq!(outputs.len(), 2);
    assert_eq!((&outputs[1].payload[..], &outputs[1].attributes[0].1[..]), (&b"two"[..], "2"));
}

#[test]
fn route_by_attribute() {
    let outcomes =
        run("route-by-attribute", r#"{"attribute": "region", "routes": {"eu": "/default/eu"}}"#, &[record()]);
    let routed = OutputRecord { topic: Some("/default/eu".into()), ..output("{\"email\":\"a@b.c\",\"amount\":5}") };
    assert_eq!(outcomes, [Outcome::Emit(vec![routed])]);
}

#[test]
fn deduplicate() {
    assert_eq!(run("deduplicate", "null", &[record(), record()]), [Outcome::Keep, Outcome::Drop]);
}

#[test]
fn enrich_from_state() {
    let reference = Record {
        attributes: vec![("kind".into(), "reference".into())],
        payload: r#"{"name":"Ada"}"#.into(),
        ..record()
    };
    let order = Record { payload: r#"{"customer":"c1"}"#.into(), ..record() };
    let outcomes = run("enrich-from-state", r#"{"by": "customer", "into": "person"}"#, &[reference, order]);
    let enriched = output(r#"{"customer":"c1","person":{"name":"Ada"}}"#);
    assert_eq!(outcomes, [Outcome::Drop, Outcome::Emit(vec![enriched])]);
}
