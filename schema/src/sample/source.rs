//! Where the choices in a sample come from: a seed, and a budget that ends every attempt. Knows no schema.

use std::ops::RangeInclusive;

use fastrand::Rng;

use crate::limits::{SAMPLE_LEVELS_FULL_MAX, SAMPLE_LEVELS_MAX, SAMPLE_VALUES_MAX};

/// Short, plain and free of everything that has a meaning of its own.
const WORDS: [&str; 12] =
    ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "ivory", "jade", "lark", "maple"];

/// The choices of one attempt.
pub(super) struct Source {
    random: Rng,
    attempt: usize,
    values: usize,
    levels: usize,
}

impl Source {
    pub(super) fn new(seed: u64, attempt: usize) -> Self {
        let mixed = seed.wrapping_add((attempt as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Self { random: Rng::with_seed(mixed), attempt, values: 0, levels: 0 }
    }

    /// Later attempts are less bold: what is optional is left out more often.
    pub(super) fn attempt(&self) -> usize {
        self.attempt
    }

    /// Goes one level down for one value; false when the budget is spent.
    pub(super) fn enter(&mut self) -> bool {
        self.values += 1;
        self.levels += 1;
        self.values <= SAMPLE_VALUES_MAX && self.levels <= SAMPLE_LEVELS_MAX
    }

    pub(super) fn leave(&mut self) {
        self.levels -= 1;
    }

    /// Only what must be there from here on.
    pub(super) fn is_deep(&self) -> bool {
        self.levels > SAMPLE_LEVELS_FULL_MAX || self.values > SAMPLE_VALUES_MAX / 2
    }

    pub(super) fn flag(&mut self) -> bool {
        self.random.bool()
    }

    /// Whether something optional is put in.
    pub(super) fn wants_optional(&mut self) -> bool {
        !self.is_deep() && self.random.usize(0..8) > self.attempt / 8
    }

    pub(super) fn number(&mut self, range: RangeInclusive<i64>) -> i64 {
        self.random.i64(range)
    }

    pub(super) fn size(&mut self, range: RangeInclusive<usize>) -> usize {
        self.random.usize(range)
    }

    /// One of several; none of none.
    pub(super) fn one_of<T: Clone>(&mut self, choices: &[T]) -> Option<T> {
        self.random.choice(choices).cloned()
    }

    pub(super) fn word(&mut self) -> &'static str {
        WORDS[self.random.usize(0..WORDS.len())]
    }

    /// Up to `count` words.
    pub(super) fn words(&mut self, count: usize) -> String {
        let count = self.size(1..=count);
        (0..count).map(|_| self.word()).collect::<Vec<_>>().join(" ")
    }

    /// Hexadecimal digits.
    pub(super) fn hex(&mut self, digits: usize) -> String {
        (0..digits).map(|_| char::from_digit(self.random.u32(0..16), 16).unwrap_or('0')).collect()
    }

    /// A random UUID as text.
    pub(super) fn uuid(&mut self) -> String {
        let variant = self.one_of(&['8', '9', 'a', 'b']).unwrap_or('8');
        let (a, b, c, d, e) = (self.hex(8), self.hex(4), self.hex(3), self.hex(3), self.hex(12));
        format!("{a}-{b}-4{c}-{variant}{d}-{e}")
    }

    /// A date of this century as text; every month has its first 28 days.
    pub(super) fn date(&mut self) -> String {
        format!("20{:02}-{:02}-{:02}", self.size(0..=99), self.size(1..=12), self.size(1..=28))
    }

    /// A time of day as text, without a zone.
    pub(super) fn time(&mut self) -> String {
        format!("{:02}:{:02}:{:02}", self.size(0..=23), self.size(0..=59), self.size(0..=59))
    }
}
