//! The corpus in `tests/fixtures/schema_cases`, run by the same code natively and in a headless browser: every case with
//! its exact violations, every refused definition with its exact sentence.
//!
//! After an intended change, `UPDATE_CASES=1 cargo test -p irongate-schema --test cases` rewrites the expectations; read
//! the difference before committing it.

use irongate_schema::{
    Compatibility, Difference, Form, Schema, SchemaType, Violation, check_compatibility, locate_in_definition,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

macro_rules! corpus {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../tests/fixtures/schema_cases/", $name, ".json")))),*]
    };
}

/// Every file of the corpus, embedded because a browser has no files; a native test compares it with the folder.
const CORPUS: &[(&str, &str)] = corpus![
    "avro_everything",
    "avro_logical",
    "avro_logical_datum",
    "avro_nothing",
    "avro_product",
    "avro_recursive",
    "avro_union",
    "boolean_false",
    "boolean_true",
    "bytes",
    "draft2019",
    "draft4",
    "draft6",
    "formats",
    "keywords",
    "many",
    "number",
    "order",
    "patterns",
    "protobuf_bundle",
    "protobuf_json",
    "protobuf_order",
    "protobuf_proto2",
    "protobuf_required",
    "references",
    "string",
    "syntax",
    "user",
    "user_events",
];

const REFUSED: &str = include_str!("../../tests/fixtures/schema_cases/refused.json");

const FORMS: &str = include_str!("../../tests/fixtures/schema_cases/forms.json");

const PAIRS: &str = include_str!("../../tests/fixtures/schema_cases/compatibility.json");

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Group {
    about: String,
    #[serde(rename = "type")]
    schema_type: String,
    /// The definition: a JSON document, or its text.
    schema: Value,
    cases: Vec<Case>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_hex: Option<String>,
    violations: Vec<Expected>,
}

#[derive(Deserialize, Serialize, PartialEq, Debug)]
#[serde(deny_unknown_fields)]
struct Expected {
    rule: String,
    instance_path: String,
    line: u32,
    column: u32,
    /// The payload between `byte_start` and `byte_end`, cut after 40 bytes.
    excerpt: String,
    schema_path: String,
    message: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RefusedDefinitions {
    about: String,
    refused: Vec<Refused>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    name: String,
    schema: String,
    #[serde(rename = "type")]
    schema_type: String,
    error: String,
    line: Option<u32>,
    column: Option<u32>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Pairs {
    about: String,
    pairs: Vec<Pair>,
}

/// Two versions; `full` must be both lists, `none` must be empty.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    name: String,
    #[serde(rename = "type")]
    schema_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_type: Option<String>,
    old: Value,
    new: Value,
    backward: Vec<String>,
    forward: Vec<String>,
    /// What changes from the old to the new version.
    #[serde(default)]
    changes: Vec<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Forms {
    about: String,
    forms: Vec<Drawn>,
}

/// A schema and its form.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Drawn {
    name: String,
    #[serde(rename = "type")]
    schema_type: String,
    schema: Value,
    #[serde(default)]
    form: Value,
}

impl Drawn {
    fn draw(&self) -> Value {
        let schema =
            Schema::compile(self.schema_type.parse().expect("a type of Danube"), definition(&self.schema).as_bytes())
                .unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let form = schema.form();
        let written = serde_json::to_value(&form).expect("a form is data");
        let read: Form = serde_json::from_value(written.clone()).expect("a form reads back");
        assert_eq!(read, form, "{}", self.name);
        written
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn every_form_is_drawn() {
    let forms: Forms = serde_json::from_str(FORMS).expect("a file of the corpus");
    for drawn in &forms.forms {
        assert_eq!(drawn.draw(), drawn.form, "{}", drawn.name);
    }
    assert!(forms.forms.len() >= 12, "only {} forms", forms.forms.len());
}

impl Pair {
    fn compiled(&self) -> (Schema, Schema) {
        let compile = |schema_type: &str, schema: &Value| {
            Schema::compile(schema_type.parse().expect("a type of Danube"), definition(schema).as_bytes())
                .unwrap_or_else(|error| panic!("{}: {error}", self.name))
        };
        let new_type = self.new_type.as_ref().unwrap_or(&self.schema_type);
        (compile(&self.schema_type, &self.old), compile(new_type, &self.new))
    }

    /// A difference in the text that changes no field is told as such.
    fn changes(&self) -> Vec<String> {
        let (old, new) = self.compiled();
        let difference = old.difference(&new);
        assert!(!difference.is_cut && (difference.text_differs || difference.changes.is_empty()), "{}", self.name);
        assert_eq!(old.difference(&old), Difference::default(), "{}", self.name);
        assert_eq!(new.difference(&old).changes.is_empty(), difference.changes.is_empty(), "{}, backwards", self.name);
        difference.changes.iter().map(|change| format!("{change} [{}]", change.schema_path)).collect()
    }

    fn findings(&self, mode: Compatibility) -> Vec<String> {
        let (old, new) = self.compiled();
        check_compatibility(mode, &old, &new)
            .iter()
            .map(|finding| format!("{finding} [{}]", finding.schema_path))
            .collect()
    }
}

fn definition(schema: &Value) -> String {
    match schema {
        Value::String(text) => text.clone(),
        document => document.to_string(),
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn every_pair_of_versions_has_its_findings() {
    let pairs: Pairs = serde_json::from_str(PAIRS).expect("a file of the corpus");
    for pair in &pairs.pairs {
        assert_eq!(pair.findings(Compatibility::Backward), pair.backward, "{}, backward", pair.name);
        assert_eq!(pair.findings(Compatibility::Forward), pair.forward, "{}, forward", pair.name);
        assert_eq!(pair.findings(Compatibility::Full), [&pair.backward[..], &pair.forward].concat(), "{}", pair.name);
        assert_eq!(pair.findings(Compatibility::None), [""; 0], "{}, none", pair.name);
        assert_eq!(pair.changes(), pair.changes, "{}, changes", pair.name);
    }
}

impl Group {
    fn definition(&self) -> String {
        definition(&self.schema)
    }

    fn compile(&self) -> Schema {
        let schema_type: SchemaType = self.schema_type.parse().expect("a type of Danube");
        Schema::compile(schema_type, self.definition().as_bytes())
            .unwrap_or_else(|error| panic!("{}: {error}", self.about))
    }
}

impl Case {
    fn payload(&self) -> Vec<u8> {
        match (&self.payload, &self.payload_hex) {
            (Some(text), None) => text.clone().into_bytes(),
            (None, Some(hex)) => (0..hex.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("two hexadecimal digits"))
                .collect(),
            _ => panic!("{}: a case has a payload or a payload_hex", self.name),
        }
    }
}

fn expected(payload: &[u8], violation: &Violation) -> Expected {
    let range = violation.byte_start as usize..(violation.byte_end as usize).min(violation.byte_start as usize + 40);
    Expected {
        rule: violation.rule.clone(),
        instance_path: violation.instance_path.clone(),
        line: violation.line,
        column: violation.column,
        excerpt: String::from_utf8_lossy(&payload[range]).into_owned(),
        schema_path: violation.schema_path.clone(),
        message: violation.message.clone(),
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn every_case_has_its_violations() {
    let mut count = 0;
    for (file, text) in CORPUS {
        let group: Group = serde_json::from_str(text).expect("a file of the corpus");
        let schema = group.compile();
        for case in &group.cases {
            let payload = case.payload();
            let found: Vec<Expected> =
                schema.validate(&payload).iter().map(|violation| expected(&payload, violation)).collect();
            assert_eq!(found, case.violations, "{file}: {}", case.name);
            count += 1;
        }
    }
    assert!(count >= 250, "only {count} cases ran");
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn every_refused_definition_says_why_and_where() {
    let definitions: RefusedDefinitions = serde_json::from_str(REFUSED).expect("a file of the corpus");
    for refused in &definitions.refused {
        let (error, line, column) = refusal(refused);
        assert_eq!((&error, line, column), (&refused.error, refused.line, refused.column), "{}", refused.name);
    }
}

fn refusal(refused: &Refused) -> (String, Option<u32>, Option<u32>) {
    match Schema::compile(refused.schema_type.parse().expect("a type of Danube"), refused.schema.as_bytes()) {
        Ok(_) => panic!("{}: compiles", refused.name),
        Err(error) => {
            (error.to_string(), error.place().map(|place| place.line), error.place().map(|place| place.column))
        }
    }
}

/// A person follows the schema pointer to the rule, so it must lead somewhere in the definition as registered.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn every_schema_path_leads_into_the_definition() {
    for (file, text) in CORPUS {
        let group: Group = serde_json::from_str(text).expect("a file of the corpus");
        if group.schema_type == "protobuf" {
            continue;
        }
        let definition = group.definition();
        for violation in group.cases.iter().flat_map(|case| &case.violations) {
            let place = locate_in_definition(&definition, &violation.schema_path);
            assert!(place.is_some() || definition.is_empty(), "{file}: {}", violation.schema_path);
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod folder {
    use std::{fs, path::PathBuf};

    use super::*;

    fn folder() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/schema_cases")
    }

    #[test]
    fn no_file_of_the_folder_is_forgotten() {
        let mut files: Vec<String> = fs::read_dir(folder())
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .filter(|name| !["refused", "compatibility", "forms"].contains(&name.as_str()))
            .collect();
        files.sort();
        let mut embedded: Vec<&str> = CORPUS.iter().map(|(name, _)| *name).collect();
        embedded.sort_unstable();
        assert_eq!(files, embedded);
    }

    #[test]
    fn expectations_are_rewritten_when_asked() {
        if std::env::var_os("UPDATE_CASES").is_none() {
            return;
        }
        for (file, text) in CORPUS {
            let mut group: Group = serde_json::from_str(text).expect("a file of the corpus");
            let schema = group.compile();
            for case in &mut group.cases {
                let payload = case.payload();
                let found = schema.validate(&payload);
                case.violations = found.iter().map(|violation| expected(&payload, violation)).collect();
            }
            write(file, &group);
        }
        let mut definitions: RefusedDefinitions = serde_json::from_str(REFUSED).expect("a file of the corpus");
        for refused in &mut definitions.refused {
            (refused.error, refused.line, refused.column) = refusal(refused);
        }
        write("refused", &definitions);
        let mut pairs: Pairs = serde_json::from_str(PAIRS).expect("a file of the corpus");
        for pair in &mut pairs.pairs {
            for (mode, findings) in [(Compatibility::Backward, &pair.backward), (Compatibility::Forward, &pair.forward)]
            {
                let (was, is) = (findings.is_empty(), pair.findings(mode).is_empty());
                assert_eq!(
                    was, is,
                    "{}, {mode}: a verdict is never changed by a rewrite; change it by hand",
                    pair.name
                );
            }
            pair.backward = pair.findings(Compatibility::Backward);
            pair.forward = pair.findings(Compatibility::Forward);
            pair.changes = pair.changes();
        }
        write("compatibility", &pairs);
        let mut forms: Forms = serde_json::from_str(FORMS).expect("a file of the corpus");
        for drawn in &mut forms.forms {
            drawn.form = drawn.draw();
        }
        write("forms", &forms);
    }

    fn write(name: &str, content: &impl Serialize) {
        let text = serde_json::to_string_pretty(content).expect("plain data") + "\n";
        fs::write(folder().join(format!("{name}.json")), text).expect("the folder is writable");
    }
}
