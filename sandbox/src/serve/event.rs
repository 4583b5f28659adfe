//! How the event with the binary log coordinates is asked to behave.

use serde::{Deserialize, Serialize};

use crate::region::{CoordinatesEvent, Home};

/// One word of `--event`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventMode {
    Home(Home),
    /// Seconds after SWITCHOVER_COMPLETED; negative before it.
    Delay(i64),
    Absent,
    Doubled,
    Conflicting,
    /// Of other clusters, and of an older switchover of this one.
    Decoys,
    /// Behind more events than one page holds.
    Page,
}

/// DescribeEvents hands out a hundred at once.
const MORE_THAN_A_PAGE: u32 = 120;

impl EventMode {
    pub fn parse(word: &str) -> Result<Self, String> {
        Ok(match word {
            "green" => Self::Home(Home::OldGreenInstance),
            "instance" => Self::Home(Home::ProductionInstance),
            "cluster" => Self::Home(Home::ProductionCluster),
            "none" => Self::Absent,
            "doubled" => Self::Doubled,
            "conflicting" => Self::Conflicting,
            "decoys" => Self::Decoys,
            "page" => Self::Page,
            other => {
                let seconds = other.strip_prefix("delay=").and_then(|seconds| seconds.parse().ok());
                Self::Delay(seconds.ok_or_else(|| {
                    "expected green, instance, cluster, delay=SECONDS, none, doubled, conflicting, decoys or page"
                        .to_owned()
                })?)
            }
        })
    }

    /// All of them together.
    pub(super) fn plan(modes: &[Self]) -> CoordinatesEvent {
        let mut plan = CoordinatesEvent::default();
        for mode in modes {
            match mode {
                Self::Home(home) => plan.home = *home,
                Self::Delay(seconds) => plan.after_completed = seconds * 1000,
                Self::Absent => plan.copies = 0,
                Self::Doubled => plan.copies = 2,
                Self::Conflicting => plan.rival = Some(("mysql-bin-changelog.000002".to_owned(), 4711)),
                Self::Decoys => plan.decoys = true,
                Self::Page => plan.crowd = MORE_THAN_A_PAGE,
            }
        }
        plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_add_up() {
        let modes: Vec<_> =
            ["cluster", "delay=-1", "doubled", "decoys"].map(|word| EventMode::parse(word).unwrap()).into();
        let plan = EventMode::plan(&modes);
        assert_eq!((plan.home, plan.after_completed, plan.copies), (Home::ProductionCluster, -1000, 2));
        assert!(plan.decoys && plan.crowd == 0);
        assert!(EventMode::parse("delay=soon").is_err());
    }
}
