//! Which region has decided about which message. A message is finished when every region has.

use super::region::Verdict;
use std::collections::BTreeMap;

/// Messages that some region has not decided about. The queues of the regions bound it.
pub(super) struct Ledger {
    regions: usize,
    open: BTreeMap<u64, Vec<Option<Verdict>>>,
}

impl Ledger {
    pub(super) fn new(regions: usize) -> Self {
        Self { regions, open: BTreeMap::new() }
    }

    /// Notes a verdict; answers all of them with the last.
    pub(super) fn decide(&mut self, region: usize, number: u64, verdict: Verdict) -> Option<Vec<Verdict>> {
        let verdicts = self.open.entry(number).or_insert_with(|| vec![None; self.regions]);
        verdicts[region] = Some(verdict);
        if verdicts.iter().any(Option::is_none) {
            return None;
        }
        self.open.remove(&number).map(|verdicts| verdicts.into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_finished_when_every_region_has_decided() {
        let mut ledger = Ledger::new(2);
        assert!(ledger.decide(0, 1, Verdict::Deferred).is_none());
        assert!(ledger.decide(0, 2, Verdict::Deferred).is_none());
        assert_eq!(ledger.decide(1, 1, Verdict::Deferred).map(|all| all.len()), Some(2));
        assert_eq!(ledger.open.len(), 1);
    }
}
