//! Is this component a transform, and of a version that this host knows? Reads types only, runs nothing.

use wasmtime::{
    Engine,
    component::{
        Component, ComponentExportIndex,
        types::{ComponentItem, Type},
    },
};

use crate::{error::LoadError, plugin::Import};

const PACKAGE: &str = "irongate:transform/";
const EXPORT: &str = "irongate:transform/guest";
/// What a transform may export beside it.
const PACKED: &str = "irongate:transform/packed";
const PACKED_FUNCTION: &str = "transform";

/// The interfaces of WASI that are linked, without version. Others can be imported, but not called.
const LINKED: [&str; 18] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/stderr",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:cli/terminal-stderr",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/",
];

/// The first eight bytes of every component, and of every core module.
const COMPONENT_PREAMBLE: [u8; 8] = [0, b'a', b's', b'm', 0x0d, 0, 1, 0];
const MODULE_PREAMBLE: [u8; 8] = [0, b'a', b's', b'm', 1, 0, 0, 0];

/// Whether these bytes can be a component at all.
pub(crate) fn check_preamble(bytes: &[u8]) -> Result<(), LoadError> {
    if bytes.starts_with(&COMPONENT_PREAMBLE) {
        return Ok(());
    }
    let reason = if bytes.starts_with(&MODULE_PREAMBLE) { "it is a core module" } else { "it is not WebAssembly" };
    Err(LoadError::NotAComponent { reason: reason.into() })
}

/// Whether a component exports and imports what a transform may. Answers its imports.
pub(crate) fn check(engine: &Engine, component: &Component) -> Result<Vec<Import>, LoadError> {
    let ty = component.component_type();
    let exports: Vec<&str> = ty.exports(engine).map(|(name, _)| name).collect();
    let Some(export) = exports.iter().find(|name| unversioned(name) == EXPORT) else {
        return Err(LoadError::NotATransform { exports: in_words(&exports) });
    };
    check_version(export)?;
    ty.imports(engine).map(|(name, _)| classify(name)).collect()
}

/// Where a component's packed function is, if it has one that this host knows. One of another minor version is left alone: the typed function is there.
pub(crate) fn packed(engine: &Engine, component: &Component) -> Result<Option<ComponentExportIndex>, LoadError> {
    let ty = component.component_type();
    let is_known = |name: &str| unversioned(name) == PACKED && check_version(name).is_ok();
    let Some((name, _)) = ty.exports(engine).find(|(name, _)| is_known(name)) else { return Ok(None) };
    let instance = component.get_export_index(None, name);
    let function = instance.and_then(|instance| component.get_export(Some(&instance), PACKED_FUNCTION));
    match function {
        Some((ComponentItem::ComponentFunc(function), index))
            if function.params().map(|(_, ty)| ty).all(is_bytes)
                && (function.params().len(), function.results().len()) == (1, 1)
                && function.results().all(is_bytes) =>
        {
            Ok(Some(index))
        }
        _ => Err(LoadError::InterfaceShape { reason: format!("`{name}` is not as packed.wit says") }),
    }
}

fn is_bytes(ty: Type) -> bool {
    matches!(ty, Type::List(list) if list.ty() == Type::U8)
}

fn classify(name: &str) -> Result<Import, LoadError> {
    if name.starts_with(PACKAGE) {
        check_version(name)?;
        return Ok(Import { name: name.into(), is_linked: true });
    }
    if !name.starts_with("wasi:") {
        return Err(LoadError::ImportUnknown { import: name.into() });
    }
    let interface = unversioned(name);
    let is_linked = is_version_02(name)
        && LINKED.iter().any(|linked| interface == *linked || (linked.ends_with('/') && interface.starts_with(linked)));
    Ok(Import { name: name.into(), is_linked })
}

fn check_version(name: &str) -> Result<(), LoadError> {
    let version = name.split_once('@').map_or("", |(_, version)| version);
    if minor(version) == minor(crate::INTERFACE_VERSION) {
        return Ok(());
    }
    Err(LoadError::InterfaceVersion { found: name.into() })
}

/// The part of a version that must be equal, as long as the major number is 0.
fn minor(version: &str) -> Option<&str> {
    version.rsplit_once('.').map(|(minor, _patch)| minor)
}

fn is_version_02(name: &str) -> bool {
    name.split_once('@').is_some_and(|(_, version)| version.starts_with("0.2."))
}

/// An interface's name without its version.
pub(crate) fn unversioned(name: &str) -> &str {
    name.split_once('@').map_or(name, |(interface, _)| interface)
}

fn in_words(exports: &[&str]) -> String {
    if exports.is_empty() { "nothing".into() } else { exports.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(result: Result<(), LoadError>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn bytes_that_are_no_component_are_named() {
        assert!(check_preamble(b"\0asm\x0d\0\x01\0...").is_ok());
        assert!(
            sentence(check_preamble(b"\0asm\x01\0\0\0...")).contains("it is a core module; build it for wasm32-wasip2")
        );
        assert!(sentence(check_preamble(b"#!/bin/sh")).contains("it is not WebAssembly"));
        assert!(sentence(check_preamble(b"")).contains("it is not WebAssembly"));
    }

    #[test]
    fn a_patch_version_is_accepted_and_a_minor_is_not() {
        assert!(check_version("irongate:transform/guest@0.1.0").is_ok());
        assert!(check_version("irongate:transform/guest@0.1.12").is_ok());
        assert_eq!(
            sentence(check_version("irongate:transform/guest@0.2.0")),
            "the component was made for irongate:transform/guest@0.2.0, but this host knows irongate:transform@0.1.0: rebuild it \
             with the matching SDK"
        );
        assert!(check_version("irongate:transform/guest").is_err());
    }

    #[test]
    fn the_version_is_the_one_of_the_interface_file() {
        let file = include_str!("../../../plugins/wit/transform.wit");
        assert!(file.contains(&format!("package irongate:transform@{};", crate::INTERFACE_VERSION)));
    }

    #[test]
    fn imports_are_linked_denied_or_unknown() {
        let is_linked = |name| classify(name).map(|import| import.is_linked);
        assert!(is_linked("wasi:cli/stderr@0.2.6").unwrap());
        assert!(is_linked("wasi:random/insecure-seed@0.2.0").unwrap());
        assert!(!is_linked("wasi:sockets/tcp@0.2.6").unwrap());
        assert!(!is_linked("wasi:http/outgoing-handler@0.2.6").unwrap());
        assert!(!is_linked("wasi:cli/stderr@0.3.0").unwrap());
        assert!(
            is_linked("acme:database/query@1.0.0").unwrap_err().to_string().contains("`acme:database/query@1.0.0`")
        );
    }
}
