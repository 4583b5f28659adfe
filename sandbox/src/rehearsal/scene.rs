//! What is to happen in a rehearsal beyond the smooth case.

use super::kills::Span;
use super::late::Late;
use super::upset::Upset;
use crate::serve::Oddities;

/// Beside the oddities of the sandbox itself.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Scene {
    /// Two Flink jobs with a table each, instead of one job with two sources
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
    pub jobs: u8,
    /// Changed rows a second
    #[arg(long, value_name = "N", default_value_t = 300)]
    pub rate: u32,
    /// Connections of the writer
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub writers: u32,
    /// So many small transactions between the stop of the jobs and the switchover
    #[arg(long, value_name = "N", conflicts_with_all = ["late", "early"])]
    pub burst: Option<u32>,
    /// The switchover is done by hand and the job left alone, until it is in this state
    #[arg(long, value_enum, conflicts_with = "early")]
    pub late: Option<Late>,
    /// A savepoint of each job is made before, and named in the playbook
    #[arg(long, requires = "late")]
    pub kept: bool,
    /// End once the job is in that state, without calling `upgrade`
    #[arg(long, requires = "late")]
    pub state_only: bool,
    /// A row of the sink is changed by hand before `verify_data`, which must name it; it is mended, and the same command
    /// typed again
    #[arg(long, conflicts_with_all = ["late", "storm"])]
    pub wrong_row: bool,
    /// The jobs move to green before the switchover
    #[arg(long)]
    pub early: bool,
    /// Kill `upgrade` while it does an operation that begins with these words, and type its command again; for several,
    /// name it several times
    #[arg(long, value_name = "OPERATION")]
    pub kill: Vec<String>,
    /// Kill `upgrade` while it submits the job that drains blue
    #[arg(long)]
    pub kill_drain: bool,
    /// Kill `upgrade` after each journal record of these steps [of no others: stop_cdc_jobs..submit_cdc_jobs]
    #[arg(long, value_name = "FROM..TO", num_args = 0..=1, default_missing_value = "stop_cdc_jobs..submit_cdc_jobs",
          value_parser = Span::parse)]
    pub kill_each_record: Option<Span>,
    /// Kill Flink's TaskManager (`taskmanager`), all binary log readers (`readers`), or all connections of `upgrade` and of
    /// the jobs to production (`logins`) during an operation that begins with these words
    #[arg(long, value_name = "WHAT@OPERATION", value_parser = Upset::parse)]
    pub upset: Vec<Upset>,
    /// Kill `upgrade` at N random moments, and beside it now and then what it works with
    #[arg(long, value_name = "N")]
    pub storm: Option<u32>,
    /// Where the random moments begin
    #[arg(long, value_name = "SEED", default_value_t = 1, requires = "storm")]
    pub seed: u64,
    /// The exit codes with which `upgrade` may end
    #[arg(long, value_name = "CODE,…", value_delimiter = ',', default_value = "0")]
    pub ends: Vec<i64>,
    /// Measure as well how quickly a job of the same kind starts here when all is known
    #[arg(long)]
    pub floor: bool,
    /// Print the figures as one JSON object, and all else to standard error
    #[arg(long)]
    pub json: bool,
}

impl Scene {
    /// What the sandbox must be like for it, on top of what was asked for.
    pub(super) fn oddities(&self, asked: &Oddities) -> Oddities {
        self.late.map_or_else(|| asked.clone(), |late| late.oddities(asked.clone()))
    }

    /// The step before `verify_data`, where a wrong row is to be put into the sink.
    pub(super) fn wrong_row_after(&self) -> Option<&'static str> {
        self.wrong_row.then_some(if self.early { "repoint_cdc_jobs" } else { "submit_cdc_jobs" })
    }

    pub(super) fn words_to_kill_at(&self) -> Vec<String> {
        let drain = self.kill_drain.then(|| "submit drain".to_owned());
        self.kill.iter().cloned().chain(drain).collect()
    }
}
