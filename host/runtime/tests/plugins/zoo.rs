//! Each hostile guest is stopped by its limit, harms nothing but its own record, and the next record is served.

use irongate_runtime::{GuestError, GuestFault, Limits, Outcome, TrapKind};

use crate::guests::{configured, kind, poisoned, records, roomy};

#[test]
fn endless_loop_is_stopped_by_the_clock() {
    let (fault, report) = poisoned("endless_loop", Limits { batch_time_ms_max: 300, ..roomy() });
    assert_eq!(*kind(&fault.fault), TrapKind::TimeOut { time_ms_max: 300, limit: "batch_time_ms_max" });
    // All four, the half with the poison, and the poison alone, twice.
    assert_eq!(report.traps, 4);
    assert_eq!(fault.attempts, 2);
    assert!(report.elapsed.as_millis() >= 4 * 300);
}

#[test]
fn endless_loop_is_stopped_by_fuel_where_it_is_counted() {
    use irongate_runtime::{EngineLimits, Grants, MemoryState, Runtime, RuntimeConfig};

    let limits = EngineLimits { counts_fuel: true, instances_max: 4, ..EngineLimits::default() };
    let runtime = Runtime::new(RuntimeConfig { limits, cache_folder: None }).unwrap();
    let plugin = runtime.load(&crate::guests::hostile_bytes("endless_loop")).unwrap();
    let limits = Limits { fuel_max: Some(1_000_000), ..roomy() };
    let state = std::sync::Arc::new(MemoryState::default());
    let mut transform = plugin.configure("null", limits, Grants::default(), state).unwrap();
    let report = transform.transform(&records(&["poison", "a"])).unwrap();
    let Outcome::Fault(fault) = &report.outcomes[0] else { panic!("{report:?}") };
    assert_eq!(*kind(&fault.fault), TrapKind::OutOfFuel { fuel_max: 1_000_000 });
    assert_eq!(report.outcomes[1], Outcome::Keep);
}

#[test]
fn memory_growth_is_stopped_by_the_memory_limit() {
    let memory_bytes_max = 16 << 20;
    let (fault, report) = poisoned("memory_growth", Limits { memory_bytes_max, ..roomy() });
    assert_eq!(*kind(&fault.fault), TrapKind::OutOfMemory { memory_bytes_max });
    assert!((8 << 20..=memory_bytes_max).contains(&report.memory_bytes), "{}", report.memory_bytes);
}

#[test]
fn trap_is_reported_with_its_place() {
    let (fault, _) = poisoned("trap", roomy());
    let GuestFault::Trap(trap) = &fault.fault else { panic!("{fault}") };
    assert!(matches!(&trap.kind, TrapKind::Trapped { reason } if reason.starts_with("wasm `unreachable`")), "{trap}");
    // What the compiler made of the SDK is further in, or is not.
    assert_eq!(trap.frames.last().unwrap(), "irongate:transform/packed@0.1.0#transform");
    assert_eq!(trap.last_words, "");
}

#[test]
fn panic_is_reported_with_its_text_and_function() {
    let (fault, _) = poisoned("panic", roomy());
    let sentence = fault.to_string();
    let start =
        "transform panic 1.0.0: record of /default/zoo partition 2 offset 102, attempt 2: the transform trapped:";
    assert!(sentence.starts_with(start), "{sentence}");
    assert!(sentence.contains("the amount is a number"), "{sentence}");
    assert_eq!(fault.plugin_sha256.len(), 64);
    let GuestFault::Trap(trap) = &fault.fault else { panic!("{fault}") };
    assert!(trap.frames.iter().any(|frame| frame == "panic::parse_amount"), "{:?}", trap.frames);
}

#[test]
fn stack_overflow_is_stopped_by_the_stack_limit() {
    let (fault, _) = poisoned("stack_overflow", roomy());
    assert_eq!(*kind(&fault.fault), TrapKind::StackOverflow { stack_bytes_max: 512 << 10 });
}

#[test]
fn huge_output_is_stopped_by_the_copy_limit() {
    let (fault, _) = poisoned("huge_output", Limits { hostcall_copy_bytes_max: 4 << 20, ..roomy() });
    assert_eq!(*kind(&fault.fault), TrapKind::CopyTooLarge { bytes_max: 4 << 20 });
}

#[test]
fn huge_output_of_one_record_is_its_own_fault_and_the_instance_lives() {
    let limits =
        Limits { output_bytes_per_record_max: 1_000, outputs_per_record_max: 100, reason_bytes_max: 12, ..roomy() };
    let mut transform = configured("huge_output", limits);
    let report = transform.transform(&records(&["a", "large", "many", "book", "b"])).unwrap();
    let error = |outcome: &Outcome| match outcome {
        Outcome::Fault(fault) => fault.fault.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(error(&report.outcomes[1]), GuestError::OutputsTooLarge { bytes: 1 << 20, bytes_max: 1_000 }.into());
    assert_eq!(error(&report.outcomes[2]), GuestError::OutputsTooMany { count: 10_000, count_max: 100 }.into());
    assert_eq!(report.outcomes[3], Outcome::Reject("long long lo".into()));
    assert_eq!((&report.outcomes[0], &report.outcomes[4]), (&Outcome::Keep, &Outcome::Keep));
    assert_eq!(report.traps, 0);
}

#[test]
fn huge_output_that_is_good_one_by_one_is_served_in_smaller_batches() {
    let mut transform = configured("huge_output", Limits { hostcall_copy_bytes_max: 3 << 19, ..roomy() });
    let report = transform.transform(&records(&["large", "large"])).unwrap();
    assert!(report.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Emit(_))), "{:?}", report.traps);
    assert_eq!(report.traps, 1);
}

#[test]
fn invalid_utf8_is_an_unreadable_answer() {
    let (fault, _) = poisoned("invalid_utf8", roomy());
    assert!(matches!(kind(&fault.fault), TrapKind::AnswerUnreadable { reason } if reason.contains("utf-8")), "{fault}");
}

#[test]
fn invalid_utf8_s_lost_outcomes_are_found() {
    let mut transform = configured("invalid_utf8", roomy());
    let report = transform.transform(&records(&["a", "lost", "b"])).unwrap();
    let Outcome::Fault(fault) = &report.outcomes[1] else { panic!("{report:?}") };
    assert_eq!(*kind(&fault.fault), TrapKind::OutcomesMiscounted { outcomes: 0, records: 1 });
    assert_eq!((&report.outcomes[0], &report.outcomes[2]), (&Outcome::Keep, &Outcome::Keep));
}

#[test]
fn log_flood_is_cut_and_counted() {
    let limits = Limits {
        log_lines_max: 10,
        log_line_bytes_max: 100,
        standard_output_bytes_max: 1_000,
        counter_names_max: 5,
        ..roomy()
    };
    let report = configured("log_flood", limits).transform(&records(&["a", "poison"])).unwrap();
    assert_eq!(report.outcomes, [Outcome::Keep, Outcome::Keep]);
    assert_eq!((report.log.len(), report.log_lines_left_out), (10, 9_990));
    assert!(report.log.iter().all(|line| line.message.len() == 100));
    assert_eq!((report.counters.len(), report.counter_additions_left_out), (5, 9_995));
    assert_eq!(report.standard_output.len(), 1_000);
    assert!(report.standard_output.ends_with("err 9999\n"));
}

#[test]
fn sleeper_is_not_allowed_to_wait() {
    let (fault, _) = poisoned("sleeper", roomy());
    assert!(
        matches!(kind(&fault.fault), TrapKind::Denied { import } if import.starts_with("wasi:clocks/monotonic-clock#")),
        "{fault}"
    );
}

#[test]
fn hoarder_runs_out_of_handles() {
    let (fault, _) = poisoned("hoarder", Limits { handles_max: 8, ..roomy() });
    assert!(matches!(kind(&fault.fault), TrapKind::HandlesTooMany { handles_max: 8 }), "{fault}");
}

#[test]
fn leaver_does_not_take_the_process_with_it() {
    let (fault, _) = poisoned("leaver", roomy());
    // WASI 0.2 knows success and failure only.
    assert_eq!(*kind(&fault.fault), TrapKind::Exit { code: 1 });
}
