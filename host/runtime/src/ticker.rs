//! The thread that makes time pass for compiled code: without it no call is ever late. Ends with its engine.

use std::{io, thread, time::Duration};

use wasmtime::{Engine, EngineWeak};

/// Starts it. It does not keep the engine alive.
pub(crate) fn start(engine: &Engine, tick_ms: u64) -> io::Result<()> {
    let engine = engine.weak();
    thread::Builder::new().name("transform-ticker".into()).spawn(move || tick(&engine, tick_ms)).map(drop)
}

fn tick(engine: &EngineWeak, tick_ms: u64) {
    while let Some(engine) = engine.upgrade() {
        engine.increment_epoch();
        drop(engine);
        thread::sleep(Duration::from_millis(tick_ms));
    }
}

/// Ticks until a deadline: one more than fit, because the first may come at once.
pub(crate) fn ticks(time_ms: u64, tick_ms: u64) -> u64 {
    time_ms.div_ceil(tick_ms.max(1)) + 1
}

#[test]
fn a_deadline_is_never_early() {
    assert_eq!(ticks(10, 5), 3);
    assert_eq!(ticks(11, 5), 4);
    assert_eq!(ticks(1, 0), 2);
}
