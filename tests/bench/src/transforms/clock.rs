//! How much processor time a call takes. Compiled into every program that measures transforms, so that all of them are timed alike. Judges nothing.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How long one piece of work is repeated before it counts. Short, so that rounds interleave finely.
pub const SLICE: Duration = Duration::from_millis(20);

/// Records between two looks at the clock.
const RECORDS_BETWEEN: usize = 256;

/// Repeats a call that takes so many records for [`SLICE`], and answers the microseconds for each record. Of this thread's processor: whoever
/// else uses the machine meanwhile is not counted.
///
/// # Errors
/// The call's.
pub fn time<E>(records: usize, mut call: impl FnMut() -> Result<(), E>) -> Result<f64, E> {
    let calls = (RECORDS_BETWEEN / records).max(1);
    let started = now();
    let mut served = 0;
    loop {
        for _ in 0..calls {
            call()?;
        }
        served += calls * records;
        let elapsed = now().saturating_sub(started);
        if elapsed >= SLICE {
            return Ok(elapsed.as_secs_f64() * 1e6 / served as f64);
        }
    }
}

/// What this thread has used so far.
fn now() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap_or_default()
}
