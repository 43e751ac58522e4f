//! The ledger under random actions and crashes, against what a subscription promises:
//! nothing acknowledged comes again, the order of a key holds, and everything comes.

use super::*;
use crate::Limits;
use crate::policies::settings;
use proptest::prelude::*;
use std::collections::BTreeMap;

const LOG: u64 = 40;
const KEYS: u64 = 4;

#[derive(Clone, Debug)]
enum Action {
    /// Looks for work once, for this consumer.
    Dispatch(u64),
    /// Acknowledges one of those that are out.
    Ack(usize),
    Nack(usize, u64),
    Pass(u64),
    Leave(u64),
    /// The cursor reaches the disk.
    Write,
    Crash,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        8 => (0..3_u64).prop_map(Action::Dispatch),
        5 => any::<usize>().prop_map(Action::Ack),
        2 => (any::<usize>(), 0..3_u64).prop_map(|(index, delay)| Action::Nack(index, delay)),
        2 => (0..40_u64).prop_map(Action::Pass),
        1 => (0..3_u64).prop_map(Action::Leave),
        2 => Just(Action::Write),
        1 => Just(Action::Crash),
    ]
}

struct World {
    keyed: bool,
    limits: Limits,
    ledger: Ledger,
    now: Instant,
    /// What is out: offset to consumer.
    out: BTreeMap<u64, u64>,
    /// Acknowledged, and whether that is on disk.
    acked: BTreeMap<u64, bool>,
    disk: SubscriptionDocument,
}

impl World {
    fn new(keyed: bool) -> Self {
        let limits = Limits { unacked_messages_max: 6, parked_messages_max: 8, ..Limits::default() };
        let ledger = Ledger::new(LedgerLimits::from(&limits), settings(None, &limits).unwrap(), keyed, 0);
        let disk = ledger.document(0);
        Self { keyed, limits, ledger, now: Instant::now(), out: BTreeMap::new(), acked: BTreeMap::new(), disk }
    }

    fn key(&self, offset: u64) -> String {
        (offset % if self.keyed { KEYS } else { 1 }).to_string()
    }

    /// Says whether anything moved.
    fn dispatch(&mut self, consumer: u64) -> bool {
        self.expire();
        let Wanted::Read { offset, count } = self.ledger.wanted(self.now, |_| Door::Open) else { return false };
        let mut moved = false;
        for offset in (offset..LOG).take(count) {
            match self.ledger.admit(offset, &self.key(offset), self.now) {
                Admission::No => break,
                Admission::Later => moved = true,
                Admission::Now => {
                    self.ledger.deliver(offset, consumer, self.now);
                    self.delivered(offset, consumer);
                    moved = true;
                }
            }
        }
        moved
    }

    fn delivered(&mut self, offset: u64, consumer: u64) {
        assert!(!self.acked.contains_key(&offset), "{offset} was acknowledged and came again");
        assert_eq!(self.out.insert(offset, consumer), None, "{offset} is out already");
        assert!(self.out.len() <= self.limits.unacked_messages_max);
        if self.keyed {
            let same = |other: &u64| self.key(*other) == self.key(offset);
            assert_eq!(self.out.keys().filter(|other| same(other)).count(), 1, "two of a key are out");
            let earlier = (0..offset).filter(same).find(|earlier| !self.acked.contains_key(earlier));
            assert_eq!(earlier, None, "{offset} overtook another of its key");
        }
    }

    fn expire(&mut self) {
        self.ledger.expire(self.now);
        let ledger = &self.ledger;
        self.out.retain(|offset, _| ledger.delivered.contains_key(offset));
    }

    fn nth_out(&self, index: usize) -> Option<u64> {
        (!self.out.is_empty()).then(|| self.out.keys().copied().nth(index % self.out.len()))?
    }

    fn act(&mut self, action: &Action) {
        match *action {
            Action::Dispatch(consumer) => {
                self.dispatch(consumer);
            }
            Action::Ack(index) => self.ack(index),
            Action::Nack(index, seconds) => {
                let Some(offset) = self.nth_out(index) else { return };
                self.out.remove(&offset);
                // Failing too often has tests of its own; here everything must come in the end.
                self.ledger.failures.remove(&offset);
                assert!(self.ledger.nack(offset, Some(Duration::from_secs(seconds)), String::new(), self.now));
            }
            Action::Pass(seconds) => self.now += Duration::from_secs(seconds),
            Action::Leave(consumer) => {
                self.ledger.take_back(consumer, self.now);
                self.out.retain(|_, holder| *holder != consumer);
            }
            Action::Write => {
                self.disk = self.ledger.document(0);
                self.acked.values_mut().for_each(|written| *written = true);
            }
            Action::Crash => {
                let settings = settings(None, &self.limits).unwrap();
                self.ledger = Ledger::restore(LedgerLimits::from(&self.limits), settings, self.keyed, &self.disk);
                self.ledger.failures.clear();
                self.out.clear();
                self.acked.retain(|_, written| *written);
            }
        }
    }

    fn ack(&mut self, index: usize) {
        let Some(offset) = self.nth_out(index) else { return };
        self.out.remove(&offset);
        assert!(self.ledger.ack(offset, self.now));
        self.acked.insert(offset, false);
    }

    /// From here on everything is acknowledged at once; all of the log must come.
    fn finish(&mut self) {
        for _ in 0..10 * LOG {
            while self.dispatch(9) {}
            while !self.out.is_empty() {
                self.ack(0);
            }
            self.ledger.failures.clear();
            self.now += Duration::from_secs(10);
        }
        assert_eq!(self.ledger.cursor(), LOG, "something never came");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_subscription_keeps_its_promises(keyed in any::<bool>(), actions in prop::collection::vec(action(), 1..120)) {
        let mut world = World::new(keyed);
        for action in &actions {
            world.act(action);
        }
        world.finish();
    }
}
