//! Limits that all transforms share, and memory that does not creep.

use std::sync::Arc;

use irongate_runtime::{ConfigureError, EngineLimits, Grants, HostFault, MemoryState, Outcome, Runtime, RuntimeConfig};

use crate::guests::{configured, hostile_bytes, records, roomy};

#[test]
fn one_instance_too_many_is_the_host_s_fault_and_a_dropped_one_makes_room() {
    let limits = EngineLimits { instances_max: 1, ..EngineLimits::default() };
    let runtime = Runtime::new(RuntimeConfig { limits, cache_folder: None }).unwrap();
    let plugin = runtime.load(&hostile_bytes("trap")).unwrap();
    let start = || plugin.configure("null", roomy(), Grants::default(), Arc::new(MemoryState::default()));

    let first = start().unwrap();
    let second = start().err();
    assert!(matches!(second, Some(ConfigureError::Host(HostFault::Instantiate { .. }))), "{second:?}");
    drop(first);
    assert!(start().is_ok());
}

#[test]
fn a_thousand_traps_leave_no_memory_behind() {
    let mut transform = configured("trap", roomy());
    let poison = records(&["poison"]);
    let mut trap = |times: usize| {
        for _ in 0..times {
            let report = transform.transform(&poison).unwrap();
            assert!(matches!(report.outcomes[0], Outcome::Fault(_)));
        }
        resident_bytes()
    };
    let Some(before) = trap(50) else { return };
    let after = trap(500).unwrap_or(before);
    assert!(after < before + (32 << 20), "resident memory went from {before} to {after} bytes");
}

/// Bytes of memory that this process has, where the system says so.
fn resident_bytes() -> Option<usize> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096)
}
