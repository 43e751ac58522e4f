//! Which crate may know which, and which libraries are one crate's secret.

use serde_json::Value;

/// Every member, and the members it may depend on (for building or for testing).
const ALLOWED: [(&str, &[&str]); 18] = [
    ("irongate-proto", &[]),
    ("irongate-schema", &[]),
    ("irongate-messages", &[]),
    ("irongate-store", &[]),
    ("irongate-broker", &["irongate-store", "irongate-schema", "irongate-proto"]),
    ("irongate-runtime", &[]),
    ("irongate-pipeline", &["irongate-messages", "irongate-runtime", "irongate-schema"]),
    ("irongate-upstream", &["irongate-broker", "irongate-proto"]),
    (
        "irongate-deploy",
        &["irongate-broker", "irongate-pipeline", "irongate-runtime", "irongate-schema", "irongate-proto"],
    ),
    ("irongate-load", &["irongate-proto"]),
    (
        "irongate-server",
        &[
            "irongate-upstream",
            "irongate-broker",
            "irongate-deploy",
            "irongate-load",
            "irongate-messages",
            "irongate-schema",
            "irongate-proto",
        ],
    ),
    (
        "irongate",
        &[
            "irongate-server",
            "irongate-upstream",
            "irongate-broker",
            "irongate-deploy",
            "irongate-load",
            "irongate-pipeline",
            "irongate-runtime",
            "irongate-store",
            "irongate-messages",
            "irongate-schema",
            "irongate-proto",
        ],
    ),
    ("irongate-web", &["irongate-messages", "irongate-proto", "irongate-schema"]),
    ("irongate-tests", &["irongate-proto"]),
    ("irongate-tests-foreign", &["irongate-tests"]),
    ("irongate-tests-bench", &["irongate-tests", "irongate-proto", "irongate-schema", "irongate-web"]),
    ("xtask", &[]),
    ("xtask-tools", &[]),
];

/// Libraries that only these members may name.
const SECRETS: [(&str, &[&str]); 6] = [
    ("fjall", &["irongate-store"]),
    ("axum", &["irongate-server"]),
    ("tonic-web", &["irongate-server"]),
    ("wasmtime", &["irongate-runtime"]),
    ("wasmtime-wasi", &["irongate-runtime"]),
    // Libraries have errors of their own; programs and tests may be vague.
    (
        "anyhow",
        &["irongate", "xtask", "xtask-tools", "irongate-tests", "irongate-tests-foreign", "irongate-tests-bench"],
    ),
];

/// Edges between members that the table does not have, and members that it does not know.
pub fn unlawful(metadata: &Value) -> Vec<String> {
    let mut complaints = Vec::new();
    for (member, dependency) in edges(metadata) {
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == member) else {
            complaints.push(format!("{member} is not in the table of allowed edges"));
            continue;
        };
        let is_ours = members(metadata).contains(&dependency);
        if is_ours && !allowed.contains(&dependency.as_str()) {
            complaints.push(format!("{member} may not depend on {dependency}"));
        }
    }
    complaints.dedup();
    complaints
}

/// Libraries named outside the crate that owns them. Tests may use what they like.
pub fn misplaced(metadata: &Value) -> Vec<String> {
    edges(metadata)
        .into_iter()
        .filter(|(member, _)| !member.starts_with("irongate-tests"))
        .filter_map(|(member, dependency)| {
            let (_, owners) = SECRETS.iter().find(|(library, _)| *library == dependency)?;
            (!owners.contains(&member.as_str()))
                .then(|| format!("{member} may not name {dependency}: it belongs to {}", owners.join(", ")))
        })
        .collect()
}

fn members(metadata: &Value) -> Vec<String> {
    packages(metadata).map(|package| text(&package["name"])).collect()
}

fn edges(metadata: &Value) -> Vec<(String, String)> {
    packages(metadata)
        .flat_map(|package| {
            let dependencies = package["dependencies"].as_array().expect("a package lists its dependencies");
            dependencies.iter().map(|dependency| (text(&package["name"]), text(&dependency["name"])))
        })
        .collect()
}

fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"].as_array().expect("metadata lists packages").iter()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a name is text").to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn workspace(name: &str, dependency: &str) -> Value {
        json!({"packages": [
            {"name": name, "dependencies": [{"name": dependency}]},
            {"name": "irongate-broker", "dependencies": []},
        ]})
    }

    #[test]
    fn an_edge_against_the_house_is_found() {
        assert_eq!(unlawful(&workspace("irongate-store", "irongate-broker")).len(), 1);
        assert_eq!(unlawful(&workspace("irongate-newcomer", "serde")).len(), 1);
        assert_eq!(unlawful(&workspace("irongate-server", "irongate-broker")), Vec::<String>::new());
    }

    #[test]
    fn a_library_outside_its_crate_is_found() {
        assert_eq!(misplaced(&workspace("irongate-broker", "fjall")).len(), 1);
        assert_eq!(misplaced(&workspace("irongate-schema", "anyhow")).len(), 1);
        assert_eq!(misplaced(&workspace("irongate-server", "axum")), Vec::<String>::new());
    }
}
