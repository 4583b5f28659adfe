//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use sandbox::mysqld::Engine;
use sandbox::rehearsal::Scene;
use sandbox::serve::{Oddities, Wish};

/// A pretend AWS region on one machine: the RDS API, real MySQL servers with real replication, and a real Flink.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Fetch MySQL and Flink into the cache folder, once
    Install,
    /// Start a sandbox that goes on by itself
    Up {
        #[command(flatten)]
        place: Folder,
        #[command(flatten)]
        wish: Asked,
    },
    /// End a sandbox and remove its files
    Down {
        #[command(flatten)]
        place: Folder,
    },
    /// Show what a sandbox is made of
    Status {
        #[command(flatten)]
        place: Folder,
    },
    /// Carry a database and its CDC job through an upgrade in a sandbox of its own, and compare every row
    Rehearse {
        /// Leave the sandbox up afterwards
        #[arg(long)]
        keep: bool,
        /// An RDS instance instead of an Aurora cluster
        #[arg(long)]
        rds: bool,
        /// With global transaction identifiers
        #[arg(long)]
        gtid: bool,
        #[command(flatten)]
        oddities: Oddities,
        #[command(flatten)]
        scene: Scene,
        /// Where rehearsals have their folders
        #[arg(long, default_value = ".sandbox")]
        dir: PathBuf,
        /// The folder of `rehearsal.yaml`
        #[arg(long, default_value = "playbooks")]
        playbooks: PathBuf,
        /// The program to rehearse with [default: `upgrade` beside this one]
        #[arg(long)]
        upgrade: Option<PathBuf>,
    },
    /// Rehearse many scenes one after the other, and print a table
    Scenes {
        /// Only those whose names begin with one of these [default: all]
        names: Vec<String>,
        /// Show the names and what they stand for
        #[arg(long)]
        list: bool,
        /// Where rehearsals have their folders
        #[arg(long, default_value = ".sandbox")]
        dir: PathBuf,
        /// The folder of `rehearsal.yaml`
        #[arg(long, default_value = "playbooks")]
        playbooks: PathBuf,
        /// The program to rehearse with [default: `upgrade` beside this one]
        #[arg(long)]
        upgrade: Option<PathBuf>,
    },
    /// Write to the rehearsal's tables of a running sandbox until interrupted, then say what was seen
    #[command(hide = true)]
    Workload {
        #[command(flatten)]
        place: Folder,
        /// Changed rows a second
        #[arg(long, default_value_t = 300)]
        rate: u32,
    },
    /// Be the sandbox: what `up` starts in the background
    #[command(hide = true)]
    Serve {
        #[command(flatten)]
        place: Folder,
        #[arg(long)]
        cache: PathBuf,
        /// As JSON
        #[arg(long, value_parser = wish_of)]
        wish: Box<Wish>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Folder {
    /// The folder of the sandbox
    #[arg(long, default_value = ".sandbox")]
    pub(crate) dir: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// An Aurora cluster `orders` with a writer and a reader (the default)
    #[arg(long, conflicts_with = "rds")]
    aurora: bool,
    /// An RDS instance `orders`
    #[arg(long)]
    rds: bool,
    /// With global transaction identifiers
    #[arg(long)]
    gtid: bool,
    /// SQL to execute on the database before it is ready
    #[arg(long, value_name = "FILE")]
    init: Option<PathBuf>,
    /// End with this process
    #[arg(long, value_name = "PID")]
    with: Option<u32>,
    #[command(flatten)]
    oddities: Oddities,
}

fn wish_of(json: &str) -> Result<Box<Wish>, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

impl From<Asked> for Wish {
    fn from(asked: Asked) -> Self {
        let engine = if asked.rds { Engine::Rds } else { Engine::Aurora };
        Self { engine, gtid: asked.gtid, init: asked.init, companion: asked.with, oddities: asked.oddities }
    }
}
