//! The rows that green has logged since the jobs read it, and only they.

use super::{Stretched, VerifyData, settle::Rows};
use crate::{
    error::{Error, Kind, Result},
    handover::offset::{earliest, place},
    port::binlog::Place,
    step::{
        contract::{Known, Read},
        jobs::{self, Scripted, Stretch},
        move_cdc_jobs, submit_cdc_jobs, switchover,
    },
    verify::Compared,
};

/// How the rows of all jobs stand.
#[derive(Debug, Clone, Default)]
pub(super) struct Touched {
    pub(super) jobs: Vec<Stretched>,
    pub(super) rows: Option<Rows>,
    /// A job or a sink of which no row is compared, and why.
    pub(super) refused: Vec<(String, String)>,
}

pub(super) async fn look(step: &VerifyData, read: &Read, known: &Known) -> Result<Touched> {
    let held = step.memory.lock().expect("nobody panics while holding this").touched.clone();
    if let Some(held) = held {
        return Ok(held);
    }
    let switched: switchover::Outputs = known.outputs("switchover")?;
    let at = &switched.address;
    let mut touched = Touched::default();
    let (mut all, mut at_rest) = (Compared::default(), true);
    for scripted in jobs::scripts(read, known, at).await? {
        let name = &scripted.job.name;
        let from = start(known, name)?;
        let until = match step.touched.from(name) {
            Some(_) => committed(read, &scripted).await?.unwrap_or_else(|| from.clone()),
            None => read.mysql()?.log_end(at).await?.map(|end| end.place()).ok_or_else(|| {
                Error::permanent(format!("{at} writes no binary log any more"))
                    .hint("Compare all rows, with `scope: all`")
            })?,
        };
        let stretch = Stretch { at, named: at, from: &from, until: &until };
        let rows = step.touched.look(read, known, (name, &scripted.script), stretch).await?;
        let Some((seen, rests, tables)) = step.touched.seen(name) else {
            if let jobs::Rows::NotCompared(why) = rows {
                touched.refused.push((name.clone(), why));
            }
            continue;
        };
        at_rest &= rests;
        touched.jobs.push(Stretched { job: name.clone(), from, rows: seen.rows });
        // A column alone is told with the outputs.
        let (refused, columns) = seen.not_compared.iter().cloned().partition(|(what, _)| tables.contains(what));
        touched.refused.extend::<Vec<_>>(refused);
        all = sum(all, Compared { not_compared: columns, ..seen });
    }
    touched.rows = Some(Rows { seen: all, more: false, at_rest });
    if at_rest {
        step.memory.lock().expect("nobody panics while holding this").touched = Some(touched.clone());
    }
    Ok(touched)
}

/// Where green's log holds the first row that the job may have read there.
fn start(known: &Known, job: &str) -> Result<Place> {
    if let Some(moved) = known.find::<move_cdc_jobs::Outputs>("move_cdc_jobs")? {
        let start = moved.jobs.into_iter().find(|moved| moved.name == job).map(|moved| moved.start);
        return start.ok_or_else(|| unknown(job));
    }
    let submitted: submit_cdc_jobs::Outputs = known.outputs("submit_cdc_jobs")?;
    let start = submitted.jobs.into_iter().find(|moved| moved.name == job).and_then(|moved| moved.start);
    start.ok_or_else(|| unknown(job))
}

fn unknown(job: &str) -> Error {
    Error::drift(format!("Where {job} began in green's log is not recorded in this run"))
        .unchanged("Nothing was compared")
        .hint("Compare all rows: with `scope: all`, in a playbook of its own")
}

/// How far the job that reads green has come.
async fn committed(read: &Read, scripted: &Scripted) -> Result<Option<Place>> {
    let all = match read.flink()?.jobs().await {
        Ok(all) => all,
        Err(error) if error.kind == Kind::Transient => return Ok(None),
        Err(error) => return Err(error),
    };
    let Some(job) = all.iter().find(|job| job.name == scripted.flink_name && !job.ended()) else { return Ok(None) };
    Ok(jobs::committed(read, &job.id).await?.and_then(|offsets| earliest(&offsets).map(place)))
}

fn sum(mut all: Compared, one: Compared) -> Compared {
    all.rows += one.rows;
    all.equal += one.equal;
    all.missing += one.missing;
    all.extra += one.extra;
    all.different += one.different;
    all.settled += one.settled;
    all.differences.extend(one.differences);
    all.not_compared.extend(one.not_compared);
    all
}
