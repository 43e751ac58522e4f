//! What belongs to a batch: outcomes in order, state that changes with them or not at all, faults that do not spread, and configuring again.

use std::{collections::BTreeMap, error::Error, sync::Arc};

use bytes::Bytes;
use irongate_runtime::{
    ConfigureError, Grants, GuestError, GuestFault, HostFault, Level, Limits, MemoryState, Outcome, StateChange,
    StateReader, Transform, TrapKind,
};

use crate::guests::{configured, hostile, kind, records, roomy};

const STATE: Grants = Grants { state: true, clock: false, random: false };

fn forgetful(state: Arc<dyn StateReader>, limits: Limits) -> Transform {
    hostile("forgetful").configure(r#""well""#, limits, STATE, state).expect("it starts")
}

fn seen(value: u8) -> Vec<StateChange> {
    vec![StateChange { key: "seen".into(), value: Some(Bytes::from(vec![value])) }]
}

#[test]
fn an_empty_batch_does_not_reach_the_guest() {
    let report = configured("trap", roomy()).transform(&[]).unwrap();
    assert!(report.outcomes.is_empty());
}

#[test]
fn what_a_stopped_call_changed_has_not_happened() {
    let state = Arc::new(MemoryState::default());
    let mut transform = forgetful(state.clone(), roomy());
    let report = transform.transform(&records(&["a", "b", "poison", "c"])).unwrap();

    // The halves: "a" and "b" on the second instance, "c" on the fifth, after the poison died on the third and fourth.
    let answer = |index: usize| match &report.outcomes[index] {
        Outcome::Reject(answer) => answer.as_str(),
        other => panic!("{other:?}"),
    };
    assert_eq!([answer(0), answer(1), answer(3)], ["1 1 Ok(())", "2 2 Ok(())", "1 3 Ok(())"]);
    assert_eq!(report.state_changes, seen(3));
    assert_eq!(report.counters, BTreeMap::from([("calls_total".to_owned(), 3)]));
    assert_eq!(report.traps, 4);

    // Nothing is lasting until the host makes it so.
    assert_eq!(state.get("seen").unwrap(), None);
    state.apply(report.state_changes);
    let next = transform.transform(&records(&["d"])).unwrap();
    assert_eq!(next.outcomes, [Outcome::Reject("2 4 Ok(())".into())]);
    assert_eq!(next.state_changes, seen(4));
}

#[test]
fn the_log_has_calls_that_succeeded_and_the_last_of_the_fault() {
    let report = forgetful(Arc::new(MemoryState::default()), roomy()).transform(&records(&["poison", "a"])).unwrap();
    assert_eq!(report.log.len(), 2);
    assert!(report.log.iter().all(|line| line.level == Level::Info && line.message == "called"));
}

#[test]
fn a_batch_of_nothing_but_poison_ends_early() {
    let mut transform = configured("trap", Limits { faults_per_batch_max: 2, ..roomy() });
    let report = transform.transform(&records(&["poison"; 8])).unwrap();
    let faults = report.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Fault(_))).count();
    assert_eq!((report.outcomes.len(), faults), (8, 2));
    assert!(report.outcomes[2..].iter().all(|outcome| *outcome == Outcome::Untried));
}

/// A store that is broken.
struct Broken;

impl StateReader for Broken {
    fn get(&self, _: &str) -> Result<Option<Bytes>, Box<dyn Error + Send + Sync>> {
        Err("the disk is gone".into())
    }

    fn bytes(&self) -> usize {
        0
    }

    fn keys(&self) -> usize {
        0
    }
}

#[test]
fn a_broken_store_is_the_host_s_fault_and_no_record_s() {
    let fault = forgetful(Arc::new(Broken), roomy()).transform(&records(&["a"])).unwrap_err();
    assert!(matches!(&fault, HostFault::State(source) if source.to_string() == "the disk is gone"), "{fault}");
}

#[test]
fn state_over_its_limit_is_an_error_that_the_guest_can_handle() {
    let mut transform = forgetful(Arc::new(MemoryState::default()), Limits { state_value_bytes_max: 0, ..roomy() });
    let report = transform.transform(&records(&["a"])).unwrap();
    assert!(matches!(&report.outcomes[0], Outcome::Reject(answer) if answer.contains("state_value_bytes_max")));
    assert!(report.state_changes.is_empty());
}

fn start(configuration: &str, limits: Limits) -> ConfigureError {
    let state = Arc::new(MemoryState::default());
    match hostile("forgetful").configure(configuration, limits, STATE, state) {
        Ok(_) => panic!("it started"),
        Err(error) => error,
    }
}

#[test]
fn forgetful_does_not_start_and_each_way_has_its_type() {
    let refused = start(r#""refuse""#, roomy());
    let reason = "`way` is refused".to_owned();
    assert!(
        matches!(&refused, ConfigureError::Guest(GuestFault::Error(error)) if *error == GuestError::ConfigurationRefused { reason }),
        "{refused}"
    );

    let ConfigureError::Guest(panicked) = start(r#""panic""#, roomy()) else { panic!("not the guest's") };
    assert!(panicked.to_string().contains("no way"), "{panicked}");

    let ConfigureError::Guest(late) = start(r#""loop""#, Limits { configure_time_ms_max: 200, ..roomy() }) else {
        panic!("not the guest's")
    };
    assert_eq!(*kind(&late), TrapKind::TimeOut { time_ms_max: 200, limit: "configure_time_ms_max" });

    assert!(matches!(start("{", roomy()), ConfigureError::NotJson(_)));
    let long = format!("{:1$}", "null", 100);
    let limits = Limits { config_bytes_max: 99, ..roomy() };
    assert!(matches!(start(&long, limits), ConfigureError::TooLarge { bytes: 100, bytes_max: 99 }));
    let limits = Limits { fuel_max: Some(1), ..roomy() };
    assert!(matches!(start("null", limits), ConfigureError::Host(HostFault::FuelNotCounted)));
}

#[test]
fn a_configuration_of_another_type_is_refused_in_the_guest_s_words() {
    let ConfigureError::Guest(refused) = start("7", roomy()) else { panic!("not the guest's") };
    assert!(refused.to_string().contains("expected a string"), "{refused}");
}
