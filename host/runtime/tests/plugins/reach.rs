//! What a transform cannot reach, and what it reaches once it is granted.

use std::sync::Arc;

use irongate_runtime::{Capability, ConfigureError, Grants, MemoryState, Outcome, TrapKind};

use crate::guests::{configured, hostile, kind, records, roomy};

/// What `reaches_out` answers to one payload: a sentence, or the import that it was stopped at.
fn reach(what: &str) -> Result<String, String> {
    let report = configured("reaches_out", roomy()).transform(&records(&[what])).expect("the host is well");
    match report.outcomes.into_iter().next() {
        Some(Outcome::Reject(answer)) => Ok(answer),
        Some(Outcome::Fault(fault)) => match kind(&fault.fault) {
            TrapKind::Denied { import } => Err(import.clone()),
            other => panic!("{what}: {other}"),
        },
        other => panic!("{what}: {other:?}"),
    }
}

#[test]
fn clocks_are_denied_by_name() {
    assert_eq!(reach("wall clock"), Err("wasi:clocks/wall-clock#now".into()));
    assert_eq!(reach("steady clock"), Err("wasi:clocks/monotonic-clock#now".into()));
}

#[test]
fn random_numbers_are_denied_and_hash_tables_work_the_same_every_time() {
    assert_eq!(reach("random"), Err("wasi:random/random#get-random-u64".into()));
    assert_eq!(reach("hash seed").unwrap(), reach("hash seed").unwrap());
}

#[test]
fn the_network_is_denied() {
    assert!(reach("network").is_err_and(|import| import.starts_with("wasi:sockets/")));
}

#[test]
fn there_are_no_files() {
    for what in ["file", "folder"] {
        assert!(reach(what).is_ok_and(|answer| answer.starts_with("Err(")), "{what}");
    }
}

#[test]
fn there_is_no_environment_and_no_input() {
    assert_eq!(reach("environment").unwrap(), "[]");
    assert_eq!(reach("arguments").unwrap(), "[]");
    assert_eq!(reach("input").unwrap(), "Ok(\"\")");
}

#[test]
fn state_without_a_grant_is_an_error_that_the_guest_can_handle() {
    assert_eq!(reach("state").unwrap(), "Err(Denied) Err(Denied) Err(Denied)");
}

#[test]
fn wants_denied_is_refused_by_name_until_everything_is_granted() {
    let plugin = hostile("wants_denied");
    assert_eq!(plugin.description().capabilities, [Capability::Clock, Capability::Random]);
    let start = |grants| plugin.configure("null", roomy(), grants, Arc::new(MemoryState::default()));

    let refusal = start(Grants { clock: true, ..Grants::default() }).err().expect("random is missing");
    assert_eq!(
        refusal.to_string(),
        "the transform wants-denied wants the capability `random`, which is not granted; grant it, or use another transform"
    );

    let mut transform = start(Grants { clock: true, random: true, state: false }).unwrap();
    let report = transform.transform(&records(&["a"])).unwrap();
    assert_eq!(report.outcomes, [Outcome::Reject("true 0 16".into())]);
}

#[test]
fn wants_unknown_is_never_granted() {
    let everything = Grants { state: true, clock: true, random: true };
    let refusal =
        hostile("wants_unknown").configure("null", roomy(), everything, Arc::new(MemoryState::default())).err();
    assert!(
        matches!(&refusal, Some(ConfigureError::CapabilityDenied { capability: Capability::Other(name), .. }) if name == "teleport"),
        "{refusal:?}"
    );
}
