//! Everything random, from one seed.

use super::work::Millis;

const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// SplitMix64: small, and the same on every machine.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// `0..bound`; 0 for a bound of 0.
    pub(crate) fn below(&mut self, bound: Millis) -> Millis {
        if bound == 0 { 0 } else { self.next() % bound }
    }

    /// True in `share` of all throws, `0.0..=1.0`.
    pub(super) fn chance(&mut self, share: f64) -> bool {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64 <= share && share > 0.0
    }

    /// The six characters behind `-green-`.
    pub(super) fn suffix(&mut self) -> String {
        self.word(LOWER, 6)
    }

    /// `bgd-` and sixteen characters.
    pub(super) fn deployment_id(&mut self) -> String {
        format!("bgd-{}", self.word(LOWER, 16))
    }

    /// `cluster-` or `db-` and 26 characters.
    pub(super) fn resource_id(&mut self, prefix: &str) -> String {
        format!("{prefix}-{}", self.word(UPPER, 26))
    }

    /// The account's part of every host name.
    pub(super) fn zone(&mut self) -> String {
        self.word(LOWER, 12)
    }

    fn word(&mut self, letters: &[u8], length: usize) -> String {
        (0..length).map(|_| char::from(letters[self.below(letters.len() as u64) as usize])).collect()
    }
}
