//! What is refused when it is loaded, and with which words.

use irongate_runtime::{EngineLimits, Grants, LoadError, Outcome, Runtime, RuntimeConfig};

use crate::guests::{hostile, hostile_bytes, records, roomy, runtime};

fn refusal(name: &str) -> LoadError {
    match runtime().load(&hostile_bytes(name)) {
        Ok(_) => panic!("{name} was loaded"),
        Err(error) => error,
    }
}

#[test]
fn wrong_version_is_refused_with_both_versions() {
    let sentence = refusal("wrong_version").to_string();
    assert!(sentence.contains("made for irongate:transform/guest@0.2.0"), "{sentence}");
    assert!(sentence.contains("knows irongate:transform@0.1.0"), "{sentence}");
}

/// A component that names another version of the interface throughout. All versions are equally long, so only their bytes differ.
fn renamed(version: &[u8; 6]) -> Vec<u8> {
    let mut bytes = hostile_bytes("trap");
    let places: Vec<usize> =
        bytes.windows(6).enumerate().filter(|(_, window)| window == b"@0.1.0").map(|(place, _)| place).collect();
    assert!(!places.is_empty());
    for place in places {
        bytes[place..place + 6].copy_from_slice(version);
    }
    bytes
}

#[test]
fn another_patch_version_runs_and_another_minor_does_not() {
    let plugin = runtime().load(&renamed(b"@0.1.7")).expect("patch versions are compatible");
    let state = std::sync::Arc::new(irongate_runtime::MemoryState::default());
    let mut transform = plugin.configure("null", roomy(), Grants::default(), state).expect("it starts");
    assert_eq!(transform.transform(&records(&["a"])).expect("the host is well").outcomes, [Outcome::Keep]);
    assert!(matches!(runtime().load(&renamed(b"@0.2.0")), Err(LoadError::InterfaceVersion { .. })));
}

#[test]
fn wrong_shape_is_refused_with_the_difference() {
    let error = refusal("wrong_shape");
    assert!(matches!(&error, LoadError::InterfaceShape { reason } if reason.contains("describe")), "{error}");
}

#[test]
fn not_a_transform_is_refused_with_what_it_is() {
    let sentence = refusal("not_a_transform").to_string();
    assert!(sentence.contains("it exports acme:bakery/oven@1.0.0"), "{sentence}");
}

#[test]
fn unknown_import_is_refused_by_name() {
    let error = refusal("unknown_import");
    assert!(matches!(&error, LoadError::ImportUnknown { import } if import == "acme:wishes/database@1.0.0"), "{error}");
}

#[test]
fn a_damaged_component_does_not_compile() {
    let mut bytes = hostile_bytes("trap");
    bytes.truncate(bytes.len() / 2);
    assert!(matches!(runtime().load(&bytes), Err(LoadError::Compile { .. })));
}

#[test]
fn a_component_over_the_limit_is_not_even_read() {
    let limits = EngineLimits { component_bytes_max: 1_000, instances_max: 1, ..EngineLimits::default() };
    let runtime = Runtime::new(RuntimeConfig { limits, cache_folder: None }).unwrap();
    let bytes = vec![0; 1_001];
    assert!(matches!(runtime.load(&bytes), Err(LoadError::TooLarge { bytes: 1_001, bytes_max: 1_000 })));
}

#[test]
fn imports_say_what_is_there() {
    let plugin = hostile("reaches_out");
    let is_linked = |start: &str| {
        let import = plugin.imports().iter().find(|import| import.name.starts_with(start));
        import.unwrap_or_else(|| panic!("{start}: {:?}", plugin.imports())).is_linked
    };
    assert!(is_linked("irongate:transform/state"));
    assert!(is_linked("wasi:cli/stderr"));
    assert!(!is_linked("wasi:sockets/tcp@"));
}
