//! When a progress line is due, where lines stay: often at first, then rarer, but at least every minute.

/// Longest silence in seconds while something is awaited.
const LONGEST: f64 = 60.0;
/// A changed observation is news, but no more often than this.
const SHORTEST: f64 = 3.0;

#[derive(Debug, Default)]
pub(super) struct Cadence {
    step: String,
    seen: String,
    stalled: bool,
    /// Elapsed seconds at the last line shown.
    shown: Option<f64>,
    /// Elapsed seconds at the last event.
    heard: f64,
}

impl Cadence {
    /// Whether this observation is to be shown. `elapsed` is the step's seconds, as the event tells them.
    pub(super) fn due(&mut self, step: &str, seen: &str, stalled: bool, elapsed: f64) -> bool {
        if self.step != step || elapsed < self.heard {
            *self = Self { step: step.to_owned(), ..Self::default() };
        }
        let silence = self.shown.map(|shown| elapsed - shown);
        // The next event may come half as late again as this one did; by then it must not be too late.
        let next = (elapsed - self.heard) * 1.5;
        let due = match silence {
            None => true,
            Some(silence) => {
                stalled && !self.stalled
                    || silence >= interval(elapsed)
                    || silence + next > LONGEST
                    || seen != self.seen && silence >= SHORTEST
            }
        };
        self.heard = elapsed;
        self.stalled = stalled;
        if due {
            self.shown = Some(elapsed);
            self.seen.clear();
            self.seen.push_str(seen);
        }
        due
    }
}

fn interval(elapsed: f64) -> f64 {
    match elapsed {
        ..60.0 => 5.0,
        ..600.0 => 20.0,
        _ => LONGEST,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(events: impl IntoIterator<Item = f64>) -> Vec<f64> {
        let mut cadence = Cadence::default();
        events.into_iter().filter(|elapsed| cadence.due("create", "CREATING", false, *elapsed)).collect()
    }

    #[test]
    fn lines_come_often_first_and_then_rarer() {
        let lines = shown((0..3600).map(f64::from));
        let within = |from: f64, to: f64| lines.iter().filter(|at| (from..to).contains(*at)).count();
        assert_eq!(within(0.0, 60.0), 12);
        assert_eq!(within(60.0, 600.0), 27);
        assert!((50..=51).contains(&within(600.0, 3600.0)), "{lines:?}");
    }

    #[test]
    fn news_is_shown_soon_and_a_stall_at_once() {
        let mut cadence = Cadence::default();
        assert!(cadence.due("create", "CREATING", false, 700.0));
        assert!(!cadence.due("create", "AVAILABLE", false, 701.0));
        assert!(cadence.due("create", "AVAILABLE", false, 703.5));
        assert!(cadence.due("create", "AVAILABLE", true, 704.0));
        assert!(!cadence.due("create", "AVAILABLE", true, 705.0));
    }

    #[test]
    fn another_step_and_another_call_begin_anew() {
        let mut cadence = Cadence::default();
        assert!(cadence.due("create", "CREATING", false, 10.0));
        assert!(cadence.due("reboot", "rebooting", false, 10.5));
        assert!(cadence.due("reboot", "rebooting", false, 0.0));
    }

    proptest! {
        #[test]
        fn never_silent_for_more_than_a_minute(least in 0.2..40.0_f64, parts in prop::collection::vec(1.0..1.5_f64, 1..400)) {
            let events = parts.iter().scan(0.0, |at, part| { *at += part * least; Some(*at) }).collect::<Vec<_>>();
            let lines = shown(events);
            for pair in lines.windows(2) {
                prop_assert!(pair[1] - pair[0] <= LONGEST + 1e-6, "{pair:?}");
            }
        }
    }
}
