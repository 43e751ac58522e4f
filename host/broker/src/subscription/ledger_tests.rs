//! The ledger against expectations a person can check by hand.

use super::*;
use crate::Limits;
use crate::policies::settings;
use irongate_proto::danube_admin as admin;

fn of(limits: &Limits, keyed: bool) -> Ledger {
    Ledger::new(LedgerLimits::from(limits), settings(None, limits).unwrap(), keyed, 0)
}

fn ledger() -> (Ledger, Instant) {
    (of(&Limits::default(), false), Instant::now())
}

fn with_policy(keyed: bool, redeliveries_max: u32, poison: admin::SubscriptionPoisonPolicy) -> Settings {
    let policy = admin::SubscriptionFailurePolicy {
        max_redelivery_count: redeliveries_max,
        ack_timeout_ms: 30_000,
        base_redelivery_delay_ms: 0,
        max_redelivery_delay_ms: 0,
        backoff_strategy: 0,
        dead_letter_topic: Some("/default/dead".to_owned()),
        poison_policy: poison as i32,
    };
    let unacked_messages_max = if keyed { 4 } else { 10 };
    Settings { policy: Arc::new(FailurePolicy::parse(&policy, &Limits::default()).unwrap()), unacked_messages_max }
}

fn open(_: &str) -> Door {
    Door::Open
}

/// Where the next message is read, and how many at most.
fn read(ledger: &Ledger, now: Instant) -> Option<(u64, usize)> {
    match ledger.wanted(now, open) {
        Wanted::Read { offset, count } => Some((offset, count)),
        _ => None,
    }
}

fn deliver_new(ledger: &mut Ledger, count: u64, consumer_id: u64, now: Instant) {
    for _ in 0..count {
        let (offset, _) = read(ledger, now).unwrap();
        assert_eq!(ledger.admit(offset, "", now), Admission::Now);
        ledger.deliver(offset, consumer_id, now);
    }
}

/// Reads and delivers until nothing is left to do in a log of so many messages, where the
/// key of a message is its offset modulo `keys`.
fn deliver_keyed(ledger: &mut Ledger, log: u64, keys: u64, now: Instant) -> Vec<u64> {
    let mut delivered = Vec::new();
    while let Some((from, count)) = read(ledger, now) {
        let before = (delivered.len(), ledger.next_new);
        for offset in (from..log).take(count) {
            match ledger.admit(offset, &(offset % keys).to_string(), now) {
                Admission::Now => {
                    ledger.deliver(offset, 1, now);
                    delivered.push(offset);
                }
                Admission::Later => {}
                Admission::No => break,
            }
        }
        if before == (delivered.len(), ledger.next_new) {
            break;
        }
    }
    delivered
}

#[test]
fn a_restored_ledger_skips_what_was_acknowledged() {
    let document = SubscriptionDocument { kind: 0, cursor: 2, acked: vec![3, 4, 6, 6], failures: Vec::new() };
    let limits = Limits::default();
    let settings = settings(None, &limits).unwrap();
    let mut ledger = Ledger::restore(LedgerLimits::from(&limits), settings, false, &document);
    let now = Instant::now();
    let mut offsets = Vec::new();
    for _ in 0..4 {
        let (offset, _) = read(&ledger, now).unwrap();
        offsets.push(offset);
        ledger.deliver(offset, 1, now);
    }
    assert_eq!(offsets, [2, 5, 7, 8]);
    assert_eq!(ledger.document(0).acked, document.acked);
}

#[test]
fn no_more_than_the_limit_is_out() {
    let limits = Limits { unacked_messages_max: 3, ..Limits::default() };
    let mut ledger = of(&limits, false);
    let now = Instant::now();
    deliver_new(&mut ledger, 3, 1, now);
    assert_eq!(read(&ledger, now), None);
    ledger.ack(1, now);
    assert_eq!(read(&ledger, now), Some((3, 1)));
}

#[test]
fn the_window_bounds_how_far_acks_run_ahead() {
    let limits = Limits { ack_window_messages_max: 4, ..Limits::default() };
    let mut ledger = of(&limits, false);
    let now = Instant::now();
    deliver_new(&mut ledger, 4, 1, now);
    (1..4).for_each(|offset| assert!(ledger.ack(offset, now)));
    assert_eq!(read(&ledger, now), None);
    assert!(!ledger.ack(4, now));
    ledger.ack(0, now);
    assert_eq!(read(&ledger, now).unwrap().0, 4);
}

#[test]
fn a_nack_waits_its_delay_and_then_longer_each_time() {
    let (mut ledger, now) = ledger();
    deliver_new(&mut ledger, 2, 1, now);
    ledger.nack(0, Some(Duration::from_millis(500)), String::new(), now);
    assert_eq!(read(&ledger, now).unwrap().0, 2);
    assert_eq!(ledger.next_event(now), Some(now + Duration::from_millis(500)));
    let later = now + Duration::from_millis(500);
    assert_eq!(read(&ledger, later).unwrap().0, 0);
    assert!(ledger.deliver(0, 1, later));
    ledger.nack(0, None, String::new(), later);
    assert_eq!(ledger.admit(0, "", later + Duration::from_millis(1999)), Admission::No);
    assert_eq!(ledger.admit(0, "", later + Duration::from_secs(2)), Admission::Now);
}

#[test]
fn a_silent_consumer_loses_its_messages_after_the_timeout() {
    let (mut ledger, now) = ledger();
    deliver_new(&mut ledger, 3, 1, now);
    let timeout = Duration::from_millis(Limits::default().ack_timeout_ms);
    ledger.expire(now + timeout - Duration::from_millis(1));
    assert_eq!(read(&ledger, now + timeout).unwrap().0, 3);
    ledger.expire(now + timeout);
    let delayed = now + timeout + ledger.policy().delay(1);
    assert_eq!(read(&ledger, delayed).unwrap().0, 0);
    assert_eq!(ledger.failure(0).unwrap().reason, "not acknowledged within 30000 ms");
}

#[test]
fn a_consumer_that_holds_on_keeps_its_messages_until_its_stream_ends() {
    let (mut ledger, now) = ledger();
    ledger.hold(1);
    deliver_new(&mut ledger, 2, 1, now);
    deliver_new(&mut ledger, 1, 2, now);
    let much_later = now + Duration::from_hours(48);
    ledger.expire(much_later);
    assert!(ledger.failure(0).is_none() && ledger.failure(2).is_some());
    ledger.ack(2, much_later);
    assert_eq!(ledger.next_event(now), None);

    ledger.take_back(1, much_later);
    assert_eq!(read(&ledger, much_later), Some((0, 2)));
    deliver_new(&mut ledger, 2, 1, much_later);
    ledger.expire(much_later + Duration::from_millis(Limits::default().ack_timeout_ms));
    assert_eq!(ledger.failure(0).unwrap().count, 1);
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
        assert!(ledger.failure(0).is_none(), "after {offset} steps");
    }
    ledger.ack(15, clock + step);
    ledger.expire(clock + step);
    assert_eq!(ledger.failure(0).unwrap().count, 1);
}

#[test]
fn what_a_lost_consumer_held_goes_out_again_in_order() {
    let (mut ledger, now) = ledger();
    deliver_new(&mut ledger, 2, 1, now);
    deliver_new(&mut ledger, 2, 2, now);
    ledger.take_back(1, now);
    let mut offsets = Vec::new();
    for _ in 0..3 {
        let (offset, _) = read(&ledger, now).unwrap();
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
    assert_eq!(read(&ledger, now).unwrap().0, 1);
    deliver_new(&mut ledger, 1, 1, now);
    assert_eq!(read(&ledger, now).unwrap().0, 3);
}

#[test]
fn a_delay_is_never_longer_than_the_limit() {
    let limits = Limits { nack_delay_max_ms: 1000, ..Limits::default() };
    let mut ledger = of(&limits, false);
    let now = Instant::now();
    deliver_new(&mut ledger, 1, 1, now);
    ledger.nack(0, Some(Duration::from_secs(100)), String::new(), now);
    assert_eq!(ledger.next_event(now), Some(now + Duration::from_secs(1)));
}

#[test]
fn a_message_that_fails_too_often_stops_the_subscription_until_the_policy_changes() {
    use admin::SubscriptionPoisonPolicy::{Block, Drop};
    let (mut ledger, now) = ledger();
    ledger.set(with_policy(false, 2, Block), now);
    for attempt in 1..=3 {
        deliver_new(&mut ledger, 1, 1, now);
        assert_eq!(ledger.blocked(), None, "attempt {attempt}");
        ledger.nack(0, None, format!("attempt {attempt}"), now);
    }
    assert_eq!(ledger.wanted(now, open), Wanted::Nothing);
    let (offset, failure) = ledger.blocked().unwrap();
    assert_eq!((offset, failure.count, failure.reason.as_str()), (0, 3, "attempt 3"));
    // More patience delivers it again; another fate lets the subscription see to it.
    ledger.set(with_policy(false, 3, Block), now);
    assert_eq!(read(&ledger, now), Some((0, 1)));
    ledger.set(with_policy(false, 2, Block), now);
    deliver_new(&mut ledger, 1, 1, now);
    ledger.nack(0, None, String::new(), now);
    assert_eq!(ledger.wanted(now, open), Wanted::Nothing);
    ledger.set(with_policy(false, 2, Drop), now);
    assert_eq!(ledger.wanted(now, open), Wanted::Settle(0));
    ledger.postpone(0, now + Duration::from_secs(1));
    assert_eq!((read(&ledger, now), ledger.next_event(now)), (Some((1, 9)), Some(now + Duration::from_secs(1))));
    ledger.pass(0);
    assert_eq!((ledger.cursor(), ledger.failure(0)), (1, None));
}

#[test]
fn an_acknowledgement_lifts_the_block() {
    let (mut ledger, now) = ledger();
    ledger.set(with_policy(false, 0, admin::SubscriptionPoisonPolicy::Block), now);
    deliver_new(&mut ledger, 1, 1, now);
    ledger.nack(0, None, String::new(), now);
    assert_eq!(ledger.wanted(now, open), Wanted::Nothing);
    assert!(ledger.ack(0, now));
    assert_eq!(read(&ledger, now), Some((1, 10)));
}

#[test]
fn a_lost_consumer_is_not_a_failure() {
    let (mut ledger, now) = ledger();
    ledger.set(with_policy(false, 0, admin::SubscriptionPoisonPolicy::Block), now);
    for consumer in 0..10 {
        deliver_new(&mut ledger, 1, consumer, now);
        ledger.take_back(consumer, now);
    }
    assert_eq!((read(&ledger, now), ledger.failure(0)), (Some((0, 1)), None));
}

#[test]
fn failures_survive_a_restart_and_so_does_the_block() {
    let (mut ledger, now) = ledger();
    let settings = with_policy(false, 1, admin::SubscriptionPoisonPolicy::Block);
    ledger.set(settings.clone(), now);
    deliver_new(&mut ledger, 2, 1, now);
    ledger.nack(1, None, "once".to_owned(), now);
    ledger.nack(0, None, "once".to_owned(), now);
    deliver_new(&mut ledger, 1, 1, now);
    ledger.nack(0, None, "twice".to_owned(), now);
    let document = ledger.document(0);
    let mut ledger = Ledger::restore(LedgerLimits::from(&Limits::default()), settings, false, &document);
    assert_eq!(ledger.failure(1).unwrap().count, 1);
    assert_eq!([ledger.admit(0, "", now), ledger.admit(1, "", now)], [Admission::Later, Admission::No]);
    assert_eq!(ledger.blocked().unwrap().1.reason, "twice");
    assert_eq!(ledger.wanted(now, open), Wanted::Nothing);
}

#[test]
fn what_is_gone_from_the_log_is_not_waited_for() {
    let (mut ledger, now) = ledger();
    deliver_new(&mut ledger, 6, 1, now);
    ledger.nack(1, None, String::new(), now);
    ledger.ack(4, now);
    assert!(ledger.forget_before(4));
    assert_eq!((ledger.cursor(), ledger.unacked(), ledger.failure(1)), (5, 1, None));
    assert!(!ledger.forget_before(4));
    assert!(ledger.forget_before(100));
    assert_eq!(read(&ledger, now).unwrap().0, 100);
}

#[test]
fn of_each_key_one_message_is_out_and_the_order_holds() {
    let now = Instant::now();
    let mut ledger = of(&Limits::default(), true);
    assert_eq!(deliver_keyed(&mut ledger, 9, 3, now), [0, 1, 2]);
    ledger.ack(1, now);
    assert_eq!(deliver_keyed(&mut ledger, 9, 3, now), [4]);
    // A failed message holds its key up, and no other.
    ledger.nack(0, Some(Duration::from_secs(1)), String::new(), now);
    ledger.ack(2, now);
    assert_eq!(deliver_keyed(&mut ledger, 9, 3, now), [5]);
    let later = now + Duration::from_secs(1);
    assert_eq!(deliver_keyed(&mut ledger, 9, 3, later), [0]);
    ledger.ack(0, later);
    assert_eq!(deliver_keyed(&mut ledger, 9, 3, later), [3]);
    assert_eq!(ledger.document(3).acked, Vec::<u64>::new());
    assert_eq!(ledger.cursor(), 3);
}

#[test]
fn a_blocked_key_holds_up_no_other() {
    let now = Instant::now();
    let mut ledger = of(&Limits::default(), true);
    ledger.set(with_policy(true, 0, admin::SubscriptionPoisonPolicy::Block), now);
    assert_eq!(deliver_keyed(&mut ledger, 9, 3, now), [0, 1, 2]);
    ledger.nack(0, None, String::new(), now);
    ledger.ack(1, now);
    assert_eq!(deliver_keyed(&mut ledger, 9, 3, now), [4]);
    assert_eq!(ledger.blocked().unwrap().0, 0);
}

#[test]
fn no_more_is_parked_than_the_limit() {
    let limits = Limits { parked_messages_max: 3, ..Limits::default() };
    let now = Instant::now();
    let mut ledger = of(&limits, true);
    assert_eq!(deliver_keyed(&mut ledger, 100, 1, now), [0]);
    assert_eq!((ledger.next_new, ledger.wanted(now, open)), (4, Wanted::Nothing));
    ledger.ack(0, now);
    assert_eq!(deliver_keyed(&mut ledger, 100, 1, now), [1]);
    assert_eq!(ledger.next_new, 5);
}

#[test]
fn a_key_nobody_wants_is_passed_over_and_a_shut_door_waits() {
    let now = Instant::now();
    let mut ledger = of(&Limits::default(), true);
    for offset in 0..2 {
        ledger.admit(offset, &offset.to_string(), now);
    }
    let wanted = |door: Door| ledger.wanted(now, |key| if key == "0" { door } else { Door::Open });
    assert_eq!(wanted(Door::Unwanted), Wanted::PassOver(0));
    assert_eq!(wanted(Door::Shut), Wanted::Read { offset: 1, count: 1 });
}
