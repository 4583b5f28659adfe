//! What kind of sandbox is asked for.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::event::EventMode;
use crate::mysqld::{Applier, Engine, Order, Readers};
use crate::plane::{Bent, GreenAddress, SameFile};
use crate::region::work::Millis;

/// Everything the serving process must know; it is given to it as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    pub engine: Engine,
    pub gtid: bool,
    /// SQL for blue, before anything follows it.
    pub init: Option<PathBuf>,
    /// The sandbox ends with this process.
    pub companion: Option<u32>,
    pub oddities: Oddities,
}

impl Wish {
    /// Nothing odd, no init, no companion.
    pub fn plain(engine: Engine) -> Self {
        Self { engine, gtid: false, init: None, companion: None, oddities: Oddities::default() }
    }
}

/// In what this sandbox differs from the smooth case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, clap::Args)]
pub struct Oddities {
    /// Green applies with this many workers
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub workers: u32,
    /// Whether those workers commit in blue's order
    #[arg(long, value_enum, default_value = "preserved", requires = "workers")]
    pub order: Order,
    /// How the event with the coordinates behaves: green, instance, cluster (where it appears), delay=SECONDS, none,
    /// doubled, conflicting, decoys, page; several may be named
    #[arg(long, value_name = "MODE", value_parser = EventMode::parse)]
    pub event: Vec<EventMode>,
    /// The first N switchovers freeze blue and are then rolled back
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub roll_back: u32,
    /// The first N switchovers are cancelled by the guardrails, before anything is touched
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub cancel: u32,
    /// What becomes of green's own address at the switchover
    #[arg(long, value_enum, default_value = "later")]
    pub green_address: GreenAddress,
    /// What becomes of binary log readers of blue at the switchover
    #[arg(long, value_enum, default_value = "dropped")]
    pub readers: Readers,
    /// Green has a binary log file of the name a job at blue stands in
    #[arg(long, value_enum)]
    pub same_file: Option<SameFile>,
    /// Blue's binary log files are numbered from here on
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub blue_file: u64,
    /// The SQL Gateway answers 500 to the first result of an INSERT that started a job
    #[arg(long = "insert-500")]
    pub insert_500: bool,
    /// So many of a hundred calls to RDS lose their answer, half of them after their effect
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=50))]
    pub cut_rds: u8,
    /// Milliseconds from the new names to SWITCHOVER_COMPLETED; production leads to a writable green all that time
    #[arg(long, value_name = "MS", default_value_t = 2_000)]
    pub linger: Millis,
}

impl Default for Oddities {
    fn default() -> Self {
        Self {
            workers: 0,
            cut_rds: 0,
            order: Order::default(),
            event: Vec::new(),
            roll_back: 0,
            cancel: 0,
            green_address: GreenAddress::default(),
            readers: Readers::default(),
            same_file: None,
            blue_file: 0,
            insert_500: false,
            linger: 2_000,
        }
    }
}

impl Oddities {
    pub(super) fn applier(&self) -> Applier {
        Applier { workers: self.workers, order: self.order }
    }

    /// What the servers and the endpoints are to do otherwise.
    pub(super) fn bent(&self) -> Bent {
        Bent {
            applier: self.applier(),
            roll_backs: self.roll_back,
            green_address: self.green_address,
            readers: self.readers,
            same_file: self.same_file,
        }
    }

    /// The first file of blue: with room below it where green is to reach the same name.
    pub(super) fn first_file(&self) -> u64 {
        const ROOM: u64 = 8;
        if self.same_file.is_some() { self.blue_file.max(ROOM) } else { self.blue_file }
    }
}
