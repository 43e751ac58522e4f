//! Every violation of a Protobuf message in JSON is found, and no other: messages are put together of good and bad values,
//! and exactly the bad ones are blamed, at their places.
#![cfg(not(target_arch = "wasm32"))]

use irongate_schema::{Schema, SchemaType};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const DEFINITION: &str = r#"syntax = "proto3";
import "google/protobuf/timestamp.proto"; import "google/protobuf/duration.proto"; import "google/protobuf/field_mask.proto";
import "google/protobuf/wrappers.proto"; import "google/protobuf/struct.proto"; import "google/protobuf/any.proto";
message M {
  int32 int = 1; uint64 big = 2; bool flag = 3; string text = 4; bytes raw = 5; E kind = 6; double number = 7; float small = 8;
  google.protobuf.Timestamp at = 9; google.protobuf.Duration lasts = 10; google.protobuf.FieldMask mask = 11;
  google.protobuf.Int32Value wrapped = 12; google.protobuf.Struct open = 13; google.protobuf.Any any = 14;
  repeated fixed32 many = 15; map<int32, string> by_number = 16; repeated E kinds = 17; google.protobuf.Value free = 18;
  M inner = 30; repeated M list = 31; map<string, M> map = 32;
}
enum E { A = 0; B = 1; }"#;

/// Values that fit and values that do not, by field; a bad value of a container is wrong as a whole.
fn values() -> Vec<(&'static str, Vec<Value>, Vec<Value>)> {
    vec![
        (
            "int",
            vec![json!(1), json!("-7"), json!(2.0), json!(null)],
            vec![json!(3_000_000_000_u64), json!(1.5), json!("x"), json!(true)],
        ),
        ("big", vec![json!(18_446_744_073_709_551_615_u64), json!("3")], vec![json!(-1), json!([])]),
        ("flag", vec![json!(true)], vec![json!("true"), json!(1)]),
        ("text", vec![json!(""), json!("x")], vec![json!(1), json!({}), json!([])]),
        ("raw", vec![json!("YWI="), json!("_-8")], vec![json!("%"), json!(7)]),
        ("kind", vec![json!("B"), json!(1), json!(77)], vec![json!("C"), json!(false)]),
        ("number", vec![json!(1e300), json!("NaN"), json!("1.5")], vec![json!("lots"), json!([])]),
        ("small", vec![json!(0.5), json!("-Infinity")], vec![json!({})]),
        ("at", vec![json!("2026-11-25T10:00:00Z")], vec![json!("yesterday"), json!(1)]),
        ("lasts", vec![json!("1.5s")], vec![json!("1 minute"), json!(1)]),
        ("mask", vec![json!("a,bC")], vec![json!(1)]),
        ("wrapped", vec![json!(1), json!(null)], vec![json!("x"), json!({"value": 1})]),
        ("open", vec![json!({"a": [1, null]})], vec![json!([1])]),
        (
            "any",
            vec![json!({"@type": "x/M", "int": 1})],
            vec![json!({"@type": "x/Unknown"}), json!({"@type": "x/M", "nothing": 1})],
        ),
        ("many", vec![json!([]), json!([1, "2"])], vec![json!(1), json!({})]),
        ("byNumber", vec![json!({"-1": "x"})], vec![json!([]), json!("x")]),
        ("kinds", vec![json!(["A", 1])], vec![json!("A")]),
        ("free", vec![json!(null), json!({"a": 1})], vec![]),
    ]
}

/// A message and the paths of what is wrong with it.
type Made = (Value, Vec<String>);

fn leaf() -> impl Strategy<Value = Made> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<bool>()), 0..6).prop_map(
        |choices| {
            let table = values();
            let (mut members, mut wrong) = (Map::new(), Vec::new());
            for (field, which, good) in choices {
                let (name, fitting, misfits) = &table[field.index(table.len())];
                if members.contains_key(*name) {
                    continue;
                }
                let of = if good || misfits.is_empty() { fitting } else { misfits };
                members.insert((*name).to_owned(), of[which.index(of.len())].clone());
                if !good && !misfits.is_empty() {
                    wrong.push(format!("/{name}"));
                }
            }
            (Value::Object(members), wrong)
        },
    )
}

fn message() -> impl Strategy<Value = Made> {
    leaf().prop_recursive(3, 20, 3, |inner| {
        (leaf(), inner.clone(), prop::collection::vec(inner, 0..3), any::<bool>(), any::<bool>()).prop_map(
            |((mut message, mut wrong), one, several, as_map, unknown)| {
                message["inner"] = one.0;
                wrong.extend(one.1.iter().map(|path| format!("/inner{path}")));
                let name = if as_map { "map" } else { "list" };
                let mut items = Vec::new();
                for (index, (item, paths)) in several.into_iter().enumerate() {
                    items.push(item);
                    wrong.extend(paths.iter().map(|path| format!("/{name}/{index}{path}")));
                }
                message[name] = match as_map {
                    true => items
                        .into_iter()
                        .enumerate()
                        .map(|(at, item)| (at.to_string(), item))
                        .collect::<Map<_, _>>()
                        .into(),
                    false => items.into(),
                };
                if unknown {
                    message["unknown"] = json!(1);
                    wrong.push("/unknown".into());
                }
                (message, wrong)
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn exactly_what_is_wrong_is_blamed((message, mut wrong) in message()) {
        let schema = Schema::compile(SchemaType::Protobuf, DEFINITION.as_bytes()).unwrap();
        let text = message.to_string();
        let mut blamed: Vec<String> =
            schema.validate(text.as_bytes()).into_iter().map(|violation| violation.instance_path).collect();
        blamed.sort();
        wrong.sort();
        prop_assert_eq!(blamed, wrong, "{}", text);
    }
}
