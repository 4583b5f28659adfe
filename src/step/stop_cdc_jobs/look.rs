//! What is looked at: the jobs in Flink, the state they leave behind, and the server their positions must belong to.

use std::collections::BTreeMap;

use super::{
    Operation,
    jobs::{self, Standing},
    stop_id,
};
use crate::{
    error::{Error, Kind, Result},
    event::Offset,
    handover::{consumer::flink_sql::Replay, savepoint},
    port::{
        Reply,
        flink::{FlinkRead, Job, Savepoint},
        mysql::{Address, LogFile, Server},
    },
    step::{
        contract::{Attempt, Attempts, Known, Read},
        jobs::Marked,
        submit_cdc_jobs::Part,
        switchover, target,
    },
};

pub struct Observation {
    pub(in crate::step) jobs: Vec<Seen>,
    /// Blue's writer and its log files: what a position must belong to.
    pub(in crate::step) blue: Server,
    pub(in crate::step) files: Vec<LogFile>,
    /// Where writes go.
    pub(in crate::step) production: Address,
    pub(in crate::step) directory: String,
    /// The switchover, where it has been done by hand already.
    pub(in crate::step) switched: Option<switchover::Outputs>,
}

pub(in crate::step) struct Seen {
    pub name: String,
    pub flink_name: String,
    pub standing: Standing,
    /// The savepoint asked for by the last attempt, once it was begun.
    pub savepoint: Option<(String, Savepoint)>,
    /// Where the job stands by the state it leaves behind.
    pub left: Option<State>,
    /// What its statements keep in state, where they do.
    pub stateful: Option<String>,
    /// Whether its sinks take the same changes twice.
    pub replay: Replay,
    /// Jobs of its name and whose they are, where that is asked.
    pub marked: Vec<Marked>,
    /// Only after a switchover by hand: what the job that is alive shows of itself.
    pub late: Option<Late>,
}

/// A savepoint or checkpoint that was read.
#[derive(Debug, Clone)]
pub(in crate::step) struct State {
    pub path: String,
    pub offsets: Vec<Offset>,
}

pub(in crate::step) struct Late {
    /// By its newest completed checkpoint.
    pub offsets: Vec<Offset>,
    /// Its newest exception.
    pub failure: Option<String>,
    /// Whether its checkpoints outlive a cancellation.
    pub retained: bool,
    /// Its newest state that stands on blue.
    pub on_blue: Option<State>,
}

pub(super) async fn look(read: &Read, known: &Known, done: &Attempts<Operation>) -> Result<Observation> {
    look_beside(read, known, done, None).await
}

/// The same, where jobs that the run has started for this part are none of those to be stopped.
pub(in crate::step) async fn look_beside(
    read: &Read,
    known: &Known,
    done: &Attempts<Operation>,
    part: Option<Part>,
) -> Result<Observation> {
    let flink = read.flink()?;
    let every = flink.jobs().await?;
    let switched = switchover::Outputs::find(read, known).await?;
    let (production, at) = match &switched {
        Some(switched) => (switched.address.clone(), switched.old_address.clone()),
        None => {
            let blue = target::production(read.rds()?, &known.playbook).await?;
            (blue.write_address()?.clone(), blue.write_address()?.clone())
        }
    };
    let (blue, files) = (read.mysql()?.server(&at).await?, read.mysql()?.log_files(&at).await?);
    let mut seen = Vec::new();
    for scripted in jobs::scripts(read, known, &production).await? {
        let (name, flink_name) = (&scripted.job.name, &scripted.flink_name);
        let marked = match part {
            Some(_) => jobs::marked(read, &known.run, name, flink_name, &every).await?,
            None => Vec::new(),
        };
        let beside = |job: &&Job| marked.iter().any(|found| found.job.id == job.id && found.is(part));
        let all: Vec<Job> = every.iter().filter(|job| !beside(job)).cloned().collect();
        let standing = jobs::standing(read, &scripted, &all).await?;
        let mut savepoint = None;
        if let Some((job_id, trigger)) = asked(done, &scripted.job.name) {
            savepoint = Some((job_id.to_owned(), flink.savepoint(job_id, trigger).await?));
        }
        let left = match (&savepoint, &standing) {
            // A job that was put back since, and has ended, has read further than that savepoint.
            (Some((stopped, _)), Standing::Ended { left: Some(left), .. })
                if jobs::newest(&scripted.flink_name, &all).is_some_and(|newest| newest.id != *stopped) =>
            {
                Some(left.clone())
            }
            (Some((_, Savepoint::Completed { location })), _) => Some(location.clone()),
            (_, Standing::Ended { left, .. }) => left.clone(),
            _ => None,
        };
        let left = match left {
            Some(path) => Some(State { offsets: savepoint::offsets(&*read.files, &path).await?, path }),
            None => None,
        };
        let late = match (&switched, standing.newest()) {
            (Some(_), Some(job)) => Some(late(read, flink, job, &scripted.job.savepoint, blue.server_id).await?),
            _ => None,
        };
        let replay = scripted.script.replay();
        let stateful = replay.stateful().map(str::to_owned);
        let (name, flink_name) = (scripted.job.name, scripted.flink_name);
        seen.push(Seen { name, flink_name, standing, savepoint, left, stateful, replay, late, marked });
    }
    let directory = known.playbook.flink.as_ref().map(|flink| flink.savepoints.clone()).unwrap_or_default();
    Ok(Observation { jobs: seen, blue, files, production, directory, switched })
}

/// The look between two looks, while savepoints are being made: what applications write from now on is the tail. One that
/// failed is waited off, and its job runs on meanwhile.
pub(super) fn glance<'a>(read: &'a Read, done: &'a Attempts<Operation>) -> Option<Reply<'a, bool>> {
    let mut last = BTreeMap::new();
    for attempt in &done.0 {
        last.insert(&attempt.id, savepoint_of(attempt));
    }
    let stopping: Vec<(&str, &str)> = last.into_values().flatten().collect();
    if stopping.is_empty() {
        return None;
    }
    Some(Box::pin(async move {
        let flink = read.flink()?;
        for (job, trigger) in stopping {
            match flink.savepoint(job, trigger).await? {
                Savepoint::InProgress => return Ok(false),
                Savepoint::Failed { cause } => return Err(Error::permanent(cause)),
                Savepoint::Completed { .. } | Savepoint::Unknown => {}
            }
        }
        Ok(true)
    }))
}

/// Job and trigger of the savepoint that was asked for last.
fn asked<'a>(done: &'a Attempts<Operation>, job: &str) -> Option<(&'a str, &'a str)> {
    savepoint_of(done.last(&stop_id(job))?)
}

fn savepoint_of(attempt: &Attempt<Operation>) -> Option<(&str, &str)> {
    match &attempt.operation {
        Operation::Stop(stop) => Some((&stop.job_id, &stop.trigger)),
        Operation::Cancel { .. } => None,
    }
}

async fn late(read: &Read, flink: &dyn FlinkRead, job: &str, named: &Option<String>, blue: u32) -> Result<Late> {
    let checkpoints = flink.checkpoints(job).await?;
    let newest = checkpoints.latest_completed.iter().chain(&checkpoints.latest_savepoint);
    let mut states: Vec<_> = newest.chain(&checkpoints.history).collect();
    states.sort_by_key(|checkpoint| std::cmp::Reverse(checkpoint.id));
    let paths = states.into_iter().filter_map(|checkpoint| checkpoint.path.clone()).chain(named.clone());
    let (mut offsets, mut on_blue) = (Vec::new(), None);
    for path in paths {
        // One that was replaced meanwhile is no error: another follows or the named one is left.
        let found = match savepoint::offsets(&*read.files, &path).await {
            Ok(found) => found,
            Err(error) if error.kind == Kind::Transient => return Err(error),
            Err(_) => continue,
        };
        if offsets.is_empty() {
            offsets.clone_from(&found);
        }
        if !found.is_empty() && found.iter().all(|offset| offset.server_id == Some(blue)) {
            on_blue = Some(State { path, offsets: found });
            break;
        }
    }
    if offsets.is_empty() {
        offsets = jobs::committed(read, job).await?.unwrap_or_default();
    }
    let (failure, settings) = (flink.failure(job).await?, flink.settings(job).await?);
    Ok(Late { offsets, failure, retained: settings.retained, on_blue })
}

/// A job whose state cannot be told is not moved.
pub(super) fn unknown_state(name: &str, flink_name: &str) -> Error {
    Error::permanent(format!("Flink knows no job named `{flink_name}` and no state it left behind"))
        .unchanged(format!("Nothing was stopped; {name} is as it was"))
        .hint("Start the job, or name its newest savepoint or checkpoint with `savepoint:` in the playbook")
}
