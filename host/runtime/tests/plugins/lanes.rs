//! Lanes side by side on an async runtime's blocking threads, as a pipeline runs them: one that hangs does not hold up another.

use std::time::{Duration, Instant};

use irongate_runtime::{Limits, Outcome};

use crate::guests::{configured, kind, records, roomy};

#[test]
fn a_hanging_lane_does_not_hold_up_its_neighbours() {
    let hanging_ms = 2_000;
    let mut hanging = configured("endless_loop", Limits { batch_time_ms_max: hanging_ms, ..roomy() });
    // It writes to standard error while it dies, which is where WASI wants an async runtime.
    let mut panicking = configured("panic", roomy());

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    runtime.block_on(async {
        let started = Instant::now();
        let hung =
            tokio::task::spawn_blocking(move || hanging.transform(&records(&["poison"])).map(|report| report.outcomes));
        let served = tokio::task::spawn_blocking(move || {
            let batch = records(&["a", "poison", "b"]);
            (0..20).map(|_| panicking.transform(&batch).map(|report| report.outcomes)).collect::<Result<Vec<_>, _>>()
        });
        for outcomes in served.await.unwrap().unwrap() {
            assert_eq!((&outcomes[0], &outcomes[2]), (&Outcome::Keep, &Outcome::Keep));
            let Outcome::Fault(fault) = &outcomes[1] else { panic!("{outcomes:?}") };
            assert!(fault.to_string().contains("the amount is a number"), "{fault}");
        }
        let outcomes = hung.await.unwrap().unwrap();
        let Outcome::Fault(fault) = &outcomes[0] else { panic!("{outcomes:?}") };
        assert!(kind(&fault.fault).to_string().contains("2000 ms"));
        // Tried twice, each time to the limit, by its own clock.
        assert!(started.elapsed() >= Duration::from_millis(2 * hanging_ms));
    });
}
