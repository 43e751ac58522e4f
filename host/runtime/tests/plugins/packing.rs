//! The two ways across the boundary: the same outcomes through both, and packed answers that are none stop the guest like every other bad answer.

use std::sync::Arc;

use irongate_runtime::{Grants, Limits, MemoryState, Outcome, Record, SchemaReference, Transform, TrapKind};

use crate::guests::{configured, hostile, kind, records, roomy};

#[test]
fn both_ways_have_the_same_outcomes() {
    let payloads = ["keep", "", "drop", "nothing", "reject", "retry", "a text, \u{e4} and \u{1f600}", "keep"];
    let mut batch = records(&payloads);
    batch[1] = Record { topic: "/default/zoo".into(), ..Record::default() };
    batch[6].attributes = vec![("trace-id".into(), "0001".into()), ("\u{e4}".into(), String::new())];
    batch[6].schema = Some(SchemaReference { subject: "orders".into(), version: 7 });
    batch[6].key = Some(String::new());
    batch[6].offset = Some(u64::MAX);
    batch[6].partition = Some(u32::MAX);

    let outcomes = |name| configured(name, roomy()).transform(&batch).unwrap().outcomes;
    let (packed, typed) = (outcomes("every_outcome"), outcomes("every_outcome_typed"));
    assert_eq!(packed, typed);
    let Outcome::Emit(emitted) = &packed[6] else { panic!("{packed:?}") };
    assert_eq!(emitted[0].schema, batch[6].schema);
    assert_eq!(emitted[0].attributes, batch[6].attributes);
    let said = String::from_utf8_lossy(&emitted[0].payload);
    assert!(said.contains("Some(4294967295) Some(18446744073709551615) Some(\"\")"), "{said}");
    assert_eq!(packed[3], Outcome::Drop);
}

#[test]
fn both_ways_keep_the_limits_of_a_record() {
    let limits = || Limits { reason_bytes_max: 3, outputs_per_record_max: 1, ..roomy() };
    let batch = records(&["reject", "text", "keep"]);
    for name in ["every_outcome", "every_outcome_typed"] {
        let report = configured(name, limits()).transform(&batch).unwrap();
        assert_eq!(report.outcomes[0], Outcome::Reject("nev".into()));
        assert!(
            matches!(&report.outcomes[1], Outcome::Fault(fault) if fault.to_string().contains("outputs_per_record_max"))
        );
        assert_eq!((&report.outcomes[2], report.traps), (&Outcome::Keep, 0));
    }
}

fn bad(how: &str) -> Transform {
    let state = Arc::new(MemoryState::default());
    hostile("bad_packing").configure(&format!("\"{how}\""), roomy(), Grants::default(), state).expect("it starts")
}

/// What stops the guest, whose neighbours are kept and whose next batch is served.
fn stopped(how: &str) -> TrapKind {
    let mut transform = bad(how);
    let mut report = transform.transform(&records(&["a", "b", "poison", "c"])).expect("the host is well");
    let Outcome::Fault(fault) = report.outcomes.remove(2) else { panic!("{how}: {report:?}") };
    assert_eq!(report.outcomes, [Outcome::Keep, Outcome::Keep, Outcome::Keep], "{how}");
    let next = transform.transform(&records(&["d"])).expect("the host is well");
    assert_eq!(next.outcomes, [Outcome::Keep], "{how}");
    kind(&fault.fault).clone()
}

#[test]
fn packed_answers_that_cannot_be_read_stop_the_guest() {
    let cases = [
        ("cut", "4 bytes should follow, but it ends after 3"),
        ("empty", "4 bytes should follow, but it ends after 0"),
        ("surplus", "1 bytes follow the last outcome"),
        ("outcome", "there is no outcome 9"),
        ("length", "4294967295 bytes should follow, but it ends after 0"),
        ("fields", "there are no fields 0x2"),
        ("absent", "a field that is absent has 4 bytes"),
        ("text", "invalid utf-8 sequence"),
    ];
    for (how, expected) in cases {
        let kind = stopped(how);
        let TrapKind::AnswerUnreadable { reason } = &kind else { panic!("{how}: {kind:?}") };
        assert!(reason.starts_with(expected), "{how}: {reason}");
    }
}

#[test]
fn packed_answers_cannot_make_the_host_allocate() {
    let bytes_max = roomy().hostcall_copy_bytes_max;
    for how in ["records", "attributes"] {
        assert_eq!(stopped(how), TrapKind::CopyTooLarge { bytes_max }, "{how}");
    }
}

#[test]
fn packed_outcomes_are_counted() {
    assert_eq!(stopped("miscount"), TrapKind::OutcomesMiscounted { outcomes: 2, records: 1 });
}
