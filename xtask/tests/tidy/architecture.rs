//! `ARCHITECTURE.md` is a map: it names every member, and nothing that is not there.

use std::{fs, path::Path};

use serde_json::Value;

pub fn complaints(root: &Path, metadata: &Value) -> Vec<String> {
    let page = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap_or_default();
    let top: Vec<String> = fs::read_dir(root)
        .expect("the root can be read")
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .collect();
    let exists = |path: &str| root.join(path).exists() || root.join(format!("{path}.rs")).exists();
    let mut complaints = unnamed(&page, &members(root, metadata));
    complaints.extend(missing(&page, &top, exists));
    complaints
}

/// The folders of the members, from the root.
fn members(root: &Path, metadata: &Value) -> Vec<String> {
    let packages = metadata["packages"].as_array().expect("metadata lists packages");
    packages
        .iter()
        .map(|package| Path::new(package["manifest_path"].as_str().expect("a package has a manifest")))
        .filter_map(|manifest| manifest.parent()?.strip_prefix(root).ok())
        .map(|folder| folder.to_string_lossy().replace('\\', "/"))
        .collect()
}

fn unnamed(page: &str, members: &[String]) -> Vec<String> {
    let names: Vec<&str> = quoted(page).collect();
    members
        .iter()
        .filter(|member| !names.contains(&member.as_str()))
        .map(|member| format!("ARCHITECTURE.md does not name the member `{member}`"))
        .collect()
}

/// Quoted paths below a folder that the root has, but which are not there themselves.
fn missing(page: &str, top: &[String], exists: impl Fn(&str) -> bool) -> Vec<String> {
    quoted(page)
        .filter(|word| word.split_once('/').is_some_and(|(first, _)| top.iter().any(|entry| entry == first)))
        .filter(|word| !word.contains(['*', ' ']) && !exists(word))
        .map(|word| format!("ARCHITECTURE.md names `{word}`, which is not there"))
        .collect()
}

/// What stands between backticks.
fn quoted(page: &str) -> impl Iterator<Item = &str> {
    page.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

#[test]
fn an_unnamed_member_is_found() {
    let members = ["host/store".to_owned(), "web".to_owned()];
    assert_eq!(unnamed("- `web`: the console", &members).len(), 1);
    assert_eq!(unnamed("- `web`, `host/store`", &members).len(), 0);
}

#[test]
fn a_missing_path_is_found() {
    let top = ["web".to_owned()];
    let page = "| tail | `web/src/gone`, `web/src/here`, answers on `/healthz`, `no/place`, `web/*` |";
    assert_eq!(
        missing(page, &top, |path| path == "web/src/here"),
        ["ARCHITECTURE.md names `web/src/gone`, which is not there"]
    );
}
