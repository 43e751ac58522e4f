//! Which messages of a log are acknowledged: a cursor, and runs beyond it. Nothing but
//! arithmetic over offsets.

use std::collections::BTreeMap;

#[derive(Default)]
pub(super) struct Acked {
    /// Everything before it is acknowledged.
    cursor: u64,
    /// Runs beyond the cursor: first to last, never touching each other or the cursor.
    runs: BTreeMap<u64, u64>,
}

impl Acked {
    /// From a cursor and pairs of first and last; a malformed run is left out, which costs
    /// a redelivery.
    pub(super) fn restore(cursor: u64, pairs: &[u64]) -> Self {
        let runs = pairs.chunks_exact(2).filter(|run| cursor <= run[0] && run[0] <= run[1]);
        let mut acked = Self { cursor, runs: runs.map(|run| (run[0], run[1])).collect() };
        acked.join();
        acked
    }

    pub(super) fn pairs(&self) -> Vec<u64> {
        self.runs.iter().flat_map(|(first, last)| [*first, *last]).collect()
    }

    pub(super) fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Acknowledged messages beyond the cursor.
    pub(super) fn ahead(&self) -> u64 {
        self.runs.iter().map(|(first, last)| last - first + 1).sum()
    }

    pub(super) fn add(&mut self, offset: u64) {
        let before = self.runs.range(..=offset).next_back().map(|(first, last)| (*first, *last));
        if offset < self.cursor || before.is_some_and(|(_, last)| offset <= last) {
            return;
        }
        let first = match before {
            Some((first, last)) if last + 1 == offset => first,
            _ => offset,
        };
        let last = self.runs.remove(&(offset + 1)).unwrap_or(offset);
        self.runs.insert(first, last);
        self.join();
    }

    /// The first offset from `offset` on that is not acknowledged.
    pub(super) fn next_open(&self, offset: u64) -> u64 {
        let offset = offset.max(self.cursor);
        match self.runs.range(..=offset).next_back() {
            Some((_, last)) if *last >= offset => last + 1,
            _ => offset,
        }
    }

    /// Everything before `first` is gone and counts as acknowledged.
    pub(super) fn move_to(&mut self, first: u64) {
        self.cursor = self.next_open(first);
        self.runs = self.runs.split_off(&self.cursor);
    }

    fn join(&mut self) {
        if let Some(last) = self.runs.remove(&self.cursor) {
            self.cursor = last + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acknowledgements_in_any_order_become_a_cursor_and_runs() {
        let mut acked = Acked::default();
        [5, 3, 4, 9, 0, 4].into_iter().for_each(|offset| acked.add(offset));
        assert_eq!((acked.cursor(), acked.pairs(), acked.ahead()), (1, vec![3, 5, 9, 9], 4));
        assert_eq!([0, 2, 3, 6, 9].map(|offset| acked.next_open(offset)), [1, 2, 6, 6, 10]);
        acked.add(2);
        acked.add(1);
        assert_eq!((acked.cursor(), acked.pairs()), (6, vec![9, 9]));
    }

    #[test]
    fn what_is_gone_from_the_log_counts_as_acknowledged() {
        for (first, cursor, pairs) in
            [(1, 2, vec![4, 6, 9, 9]), (4, 7, vec![9, 9]), (5, 7, vec![9, 9]), (8, 8, vec![9, 9]), (20, 20, vec![])]
        {
            let mut acked = Acked::restore(2, &[4, 6, 9, 9]);
            acked.move_to(first);
            assert_eq!((acked.cursor(), acked.pairs()), (cursor, pairs), "to {first}");
        }
    }

    #[test]
    fn malformed_runs_are_left_out() {
        let acked = Acked::restore(5, &[3, 9, 8, 7, 10, 11, 12]);
        assert_eq!((acked.cursor(), acked.pairs()), (5, vec![10, 11]));
    }
}
