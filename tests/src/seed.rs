//! Random choices that can be repeated: every test that uses them prints its seed.

use std::time::{SystemTime, UNIX_EPOCH};

/// A small generator (SplitMix64); good enough for choosing moments and sizes.
#[derive(Clone, Debug)]
pub struct Seed(u64);

impl Seed {
    /// `IRONGATE_SEED`, else from the clock; printed, so that a failure can be repeated.
    pub fn from_environment() -> Seed {
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_nanos().into());
        let seed = crate::surroundings::number("IRONGATE_SEED", clock);
        println!("seed: IRONGATE_SEED={seed}");
        Seed(seed)
    }

    /// A number from 0 up to but without `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end.max(1)
    }
}

impl From<u64> for Seed {
    fn from(seed: u64) -> Seed {
        Seed(seed)
    }
}

#[test]
fn the_same_seed_chooses_the_same() {
    let (mut one, mut two) = (Seed(7), Seed(7));
    let choices: Vec<u64> = (0..100).map(|_| one.below(10)).collect();
    assert!(choices.iter().all(|choice| *choice < 10 && *choice == two.below(10)));
    assert!(choices.iter().any(|choice| *choice != choices[0]));
}
