//! Sequences of fingerprints in a few words: whether two are equal as multisets, and whether in order too.

/// A Mersenne prime: what is kept of it fits a word, and products fit two.
const PRIME: u64 = (1 << 61) - 1;
/// Any two numbers below the prime that nobody chooses data by.
const BASES: [u64; 2] = [1_234_567_890_123_456_789, 987_654_321_987_654_321];

/// Of a sequence; that of a part of it is a difference of two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Digest {
    pub(super) count: u64,
    /// Of all fingerprints, the same in whatever order.
    pub(super) sum: u128,
    /// Polynomials with the fingerprints as coefficients.
    order: [u64; 2],
}

impl Digest {
    pub(super) fn push(&mut self, fingerprint: u128) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(fingerprint);
        let halves = [fingerprint as u64, (fingerprint >> 64) as u64];
        for (lane, (order, half)) in self.order.iter_mut().zip(halves).enumerate() {
            // One more, so that leading zeros count.
            *order = add(times(*order, BASES[lane]), half % (PRIME - 1) + 1);
        }
    }

    /// Of what follows `prefix`.
    pub(super) fn after(&self, prefix: &Self) -> Self {
        let count = self.count - prefix.count;
        let mut order = self.order;
        for (lane, order) in order.iter_mut().enumerate() {
            let gone = times(prefix.order[lane], power(BASES[lane], count));
            *order = add(*order, PRIME - gone);
        }
        Self { count, sum: self.sum.wrapping_sub(prefix.sum), order }
    }

    pub(super) fn same_members(&self, other: &Self) -> bool {
        self.count == other.count && self.sum == other.sum
    }

    pub(super) fn same_order(&self, other: &Self) -> bool {
        self.same_members(other) && self.order == other.order
    }
}

fn add(a: u64, b: u64) -> u64 {
    (a + b) % PRIME
}

fn times(a: u64, b: u64) -> u64 {
    (u128::from(a) * u128::from(b) % u128::from(PRIME)) as u64
}

fn power(mut base: u64, mut exponent: u64) -> u64 {
    let mut product = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            product = times(product, base);
        }
        base = times(base, base);
        exponent >>= 1;
    }
    product
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(sequence: &[u128]) -> Digest {
        let mut digest = Digest::default();
        sequence.iter().for_each(|fingerprint| digest.push(*fingerprint));
        digest
    }

    proptest! {
        #[test]
        fn a_suffix_is_a_difference(sequence in prop::collection::vec(any::<u128>(), 0..50), cut in 0_usize..50) {
            let cut = cut.min(sequence.len());
            prop_assert_eq!(of(&sequence).after(&of(&sequence[..cut])), of(&sequence[cut..]));
        }

        #[test]
        fn order_is_told_from_members(mut sequence in prop::collection::vec(any::<u128>(), 2..50), a in 0_usize..50, b in 0_usize..50) {
            let whole = of(&sequence);
            let (a, b) = (a % sequence.len(), b % sequence.len());
            let moved = sequence[a] != sequence[b];
            sequence.swap(a, b);
            prop_assert!(of(&sequence).same_members(&whole));
            prop_assert_eq!(of(&sequence).same_order(&whole), !moved);
        }

        #[test]
        fn other_members_are_others(mut sequence in prop::collection::vec(any::<u128>(), 1..50), at in 0_usize..50, other in any::<u128>()) {
            let whole = of(&sequence);
            let at = at % sequence.len();
            prop_assume!(sequence[at] != other);
            sequence[at] = other;
            prop_assert!(!of(&sequence).same_members(&whole));
        }
    }
}
