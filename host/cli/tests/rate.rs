//! `produce --rate`: the messages of a run go out by the clock. How a stand-still is met is tested beside the pacer.

use crate::harness::{Server, objects};
use std::time::{Duration, SystemTime};

#[test]
fn a_rate_spreads_the_messages_over_their_time() {
    let server = Server::start();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock after 1970");
    let args = ["produce", "--reliable", "-q", "-t", "/default/r", "-m", "{{seq}}", "-c", "60", "--rate", "20"];
    server.run(&args).succeeded();
    let stored = server.run(&["--json", "consume", "-t", "/default/r", "--from", "earliest", "--no-follow"]);
    let times: Vec<Duration> = objects(&stored.succeeded())
        .iter()
        .map(|message| Duration::from_millis(message["publish_time_ms"].as_u64().expect("a number")))
        .collect();
    assert_eq!(times.len(), 60);
    // The last is due 2.95 s after the beginning, however slow this machine is.
    let last = times[59].saturating_sub(now);
    assert!(last >= Duration::from_millis(2_900), "{last:?}");
    // The first may be late, and even then they do not go out all at once.
    let spread = times[59].saturating_sub(times[0]);
    assert!(spread >= Duration::from_millis(500), "{spread:?}");
}
