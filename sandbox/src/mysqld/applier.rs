//! How a replica applies what its source wrote.

use serde::{Deserialize, Serialize};

/// Whether several workers commit in the order of the source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
pub enum Order {
    #[default]
    Preserved,
    /// Independent transactions may change places.
    Free,
}

/// The appliers of green; with none it has one thread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applier {
    pub workers: u32,
    pub order: Order,
}

/// Microseconds that blue waits for others to commit with. Without it there is hardly a group, and what was not committed
/// together is not applied together.
const GROUP_DELAY: u32 = 4_000;

impl Applier {
    /// For the server that writes the log.
    pub(super) fn of_source(self) -> Vec<String> {
        match self.workers {
            0 => Vec::new(),
            _ => vec![format!("--binlog-group-commit-sync-delay={GROUP_DELAY}")],
        }
    }

    /// For the server that applies it.
    pub(super) fn of_replica(self) -> Vec<String> {
        if self.workers == 0 {
            return Vec::new();
        }
        vec![
            "--slave-parallel-type=LOGICAL_CLOCK".to_owned(),
            format!("--slave-parallel-workers={}", self.workers),
            format!("--slave-preserve-commit-order={}", u8::from(self.order == Order::Preserved)),
        ]
    }
}
