//! Blows at random moments, from one seed: most of them kill the product, the others what it works with.

use std::time::{Duration, Instant};

use super::upset::Victim;
use crate::clock;
use crate::region::dice::Dice;

/// The shortest pause between two blows, in milliseconds; each of the steps below doubles it.
const SHORTEST: u64 = 100;
/// The longest is 100 ms · 2⁷: long enough for a checkpoint and a reboot, so that a run gets on between thirty of them.
const DOUBLINGS: u64 = 7;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blow {
    Product,
    Beside(Victim),
}

/// What is still to come.
#[derive(Debug)]
pub(super) struct Storm {
    dice: Dice,
    /// Kills of the product.
    left: u32,
    pub(super) kills: u32,
    next: (Duration, Blow),
    since: Instant,
}

impl Storm {
    pub(super) fn new(kills: u32, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let next = draw(&mut dice);
        Self { dice, left: kills, kills: 0, next, since: clock::start() }
    }

    /// The blow that is due.
    pub(super) fn strikes(&mut self) -> Option<Blow> {
        let (pause, blow) = self.next;
        if self.left == 0 || self.since.elapsed() < pause {
            return None;
        }
        if blow == Blow::Product {
            self.left -= 1;
            self.kills += 1;
        }
        self.next = draw(&mut self.dice);
        self.since = clock::start();
        Some(blow)
    }
}

/// Short pauses and long ones are as likely: what takes long comes to its end now and then, and what is short is hit.
fn draw(dice: &mut Dice) -> (Duration, Blow) {
    let scale = SHORTEST << dice.below(DOUBLINGS);
    let pause = Duration::from_millis(scale + dice.below(scale));
    let blow = match dice.below(20) {
        0 => Blow::Beside(Victim::TaskManager),
        1 | 2 => Blow::Beside(Victim::Readers),
        3 | 4 => Blow::Beside(Victim::Logins),
        _ => Blow::Product,
    };
    (pause, blow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_says_all() {
        let drawn = |seed| {
            let mut dice = Dice::new(seed);
            (0..200).map(|_| draw(&mut dice)).collect::<Vec<_>>()
        };
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
        let all = drawn(3);
        assert!(all.iter().all(|(pause, _)| (100..12_800).contains(&pause.as_millis())), "{all:?}");
        let count = |wanted: fn(&Blow) -> bool| all.iter().filter(|(_, blow)| wanted(blow)).count();
        assert!(count(|blow| *blow == Blow::Product) > 120, "{all:?}");
        for victim in [Victim::TaskManager, Victim::Readers, Victim::Logins] {
            assert!(all.iter().any(|(_, blow)| *blow == Blow::Beside(victim)), "{victim:?}: {all:?}");
        }
    }
}
