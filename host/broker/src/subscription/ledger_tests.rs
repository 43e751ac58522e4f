//! The ledger against expectations a person can check by hand.

use super::*;

fn ledger() -> (Ledger, Instant) {
    (Ledger::new(LedgerLimits::from(&Limits::default()), 0), Instant::now())
}

fn deliver_new(ledger: &mut Ledger, count: u64, consumer_id: u64, now: Instant) {
    for _ in 0..count {
        let (offset, _) = ledger.wanted(now).unwrap();
        ledger.deliver(offset, consumer_id, now);
    }
}

#[test]
fn out_of_order_acks_become_a_cursor_and_runs() {
    let (mut ledger, now) = ledger();
    deliver_new(&mut ledger, 10, 1, now);
    for offset in [5, 3, 4, 9, 0] {
        assert!(ledger.ack(offset, now));
    }
    assert_eq!(ledger.document(0).cursor, 1);
    assert_eq!(ledger.document(0).acked, [3, 5, 9, 9]);
    assert_eq!(ledger.acked_ahead(), 4);
    ledger.ack(2, now);
    ledger.ack(1, now);
    assert_eq!(ledger.cursor(), 6);
    assert_eq!(ledger.document(0).acked, [9, 9]);
}

#[test]
fn a_restored_ledger_skips_what_was_acknowledged() {
    let document = SubscriptionDocument { kind: 0, cursor: 2, acked: vec![3, 4, 6, 6] };
    let mut ledger = Ledger::restore(LedgerLimits::from(&Limits::default()), &document);
    let now = Instant::now();
    let mut offsets = Vec::new();
    for _ in 0..4 {
        let (offset, _) = ledger.wanted(now).unwrap();
        offsets.push(offset);
        ledger.deliver(offset, 1, now);
    }
    assert_eq!(offsets, [2, 5, 7, 8]);
    assert_eq!(ledger.document(0).acked, document.acked);
}

#[test]
fn no_more_than_the_limit_is_out() {
    let limits = Limits { unacked_messages_max: 3, ..Limits::default() };
    let mut ledger = Ledger::new(LedgerLimits::from(&limits), 0);
    let now = Instant::now();
    deliver_new(&mut ledger, 3, 1, now);
    assert_eq!(ledger.wanted(now), None);
    ledger.ack(1, now);
    assert_eq!(ledger.wanted(now), Some((3, 1)));
}

#[test]
fn the_window_bounds_how_far_acks_run_ahead() {
    let limits = Limits { ack_window_messages_max: 4, ..Limits::default() };
    let mut ledger = Ledger::new(LedgerLimits::from(&limits), 0);
    let now = Instant::now();
    deliver_new(&mut ledger, 4, 1, now);
    (1..4).for_each(|offset| assert!(ledger.ack(offset, now)));
    assert_eq!(ledger.wanted(now), None);
    assert!(!ledger.ack(4, now));
    ledger.ack(0, now);
    assert_eq!(ledger.wanted(now).unwrap().0, 4);
}

#[test]
fn a_nack_waits_its_delay_and_then_longer_each_time() {
    let (mut ledger, now) = ledger();
    deliver_new(&mut ledger, 2, 1, now);
    ledger.nack(0, Some(Duration::from_millis(500)), now);
    assert_eq!(ledger.wanted(now).unwrap().0, 2);
    assert_eq!(ledger.next_event(), Some(now + Duration::from_millis(500)));
    let later = now + Duration::from_millis(500);
    assert_eq!(ledger.wanted(later).unwrap().0, 0);
    assert!(ledger.deliver(0, 1, later));
    ledger.nack(0, None, later);
    assert!(!ledger.deliverable(0, later + Duration::from_millis(1999)));
    assert!(ledger.deliverable(0, later + Duration::from_secs(2)));
}

#[test]
fn a_silent_consumer_loses_its_messages_after_the_timeout() {
    let (mut ledger, now) = ledger();
    deliver_new(&mut ledger, 3, 1, now);
    let timeout = Duration::from_millis(Limits::default().ack_timeout_ms);
    ledger.expire(now + timeout - Duration::from_millis(1));
    assert_eq!(ledger.wanted(now + timeout).unwrap().0, 3);
    ledger.expire(now + timeout);
    assert_eq!(ledger.wanted(now + timeout).unwrap().0, 0);
}

#[test]
fn a_busy_consumer_keeps_its_messages_up_to_the_longer_bound() {
    let (mut ledger, now) = ledger();
    deliver_new(&mut ledger, 100, 1, now);
    let step = Duration::from_secs(20);
    let mut clock = now;
    for offset in 1..15 {
        clock += step;
        ledger.ack(offset, clock);
        ledger.expire(clock);
        assert!(!ledger.deliverable(0, clock), "after {offset} steps");
    }
    ledger.ack(15, clock + step);
    ledger.expire(clock + step);
    assert!(ledger.deliverable(0, clock + step));
}

#[test]
fn what_a_lost_consumer_held_goes_out_again_in_order() {
    let (mut ledger, now) = ledger();
    deliver_new(&mut ledger, 2, 1, now);
    deliver_new(&mut ledger, 2, 2, now);
    ledger.take_back(1, now);
    let mut offsets = Vec::new();
    for _ in 0..3 {
        let (offset, _) = ledger.wanted(now).unwrap();
        offsets.push(offset);
        ledger.deliver(offset, 2, now);
    }
    assert_eq!(offsets, [0, 1, 4]);
}

#[test]
fn an_ack_from_before_a_restart_counts() {
    let (mut ledger, now) = ledger();
    assert!(ledger.ack(0, now));
    assert!(ledger.ack(2, now));
    assert_eq!(ledger.wanted(now).unwrap().0, 1);
    deliver_new(&mut ledger, 1, 1, now);
    assert_eq!(ledger.wanted(now).unwrap().0, 3);
}
