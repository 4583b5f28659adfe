//! The CDC jobs of the playbook: their scripts, and how Flink shows them.

use super::contract::{Known, Read};
use crate::{
    artifact::{self, Values},
    error::{Error, Result},
    event::Offset,
    handover::{
        consumer::flink_sql::{self, Script},
        savepoint,
    },
    playbook::{CdcJob, FlinkSql, Playbook},
    port::{
        files::FilesRead,
        flink::{FlinkRead, Job},
        mysql::Address,
    },
};

/// A checkpoint's `_metadata` is at most this long, in bytes.
const LARGEST_METADATA: u64 = 256 << 20;

/// A script is at most this long, in bytes.
const LONGEST_SCRIPT: u64 = 4 << 20;

/// A job of the playbook with its script as it runs today.
pub(super) struct Scripted {
    pub job: CdcJob,
    /// Its name in Flink: the script's `pipeline.name`, else the playbook's name for it.
    pub flink_name: String,
    pub script: Script,
}

/// Every job with its script. `source` is where the source database is reached.
pub(super) async fn scripts(read: &Read, known: &Known, source: &Address) -> Result<Vec<Scripted>> {
    let mut scripted = Vec::new();
    for job in &known.playbook.cdc_jobs {
        let script = script(&*read.files, &known.playbook, job, source).await?;
        let flink_name = script.pipeline_name().unwrap_or(&job.name).to_owned();
        scripted.push(Scripted { job: job.clone(), flink_name, script });
    }
    Ok(scripted)
}

/// The script of one job, from its file or its template.
pub(super) async fn script(
    files: &dyn FilesRead,
    playbook: &Playbook,
    job: &CdcJob,
    source: &Address,
) -> Result<Script> {
    let path = match &job.flink_sql {
        FlinkSql::Script(path) => path,
        FlinkSql::Template { template, .. } => template,
    };
    let name = path.display().to_string();
    let bytes =
        files.read(&name, LONGEST_SCRIPT).await?.ok_or_else(|| Error::usage(format!("There is no script {name}")))?;
    let text = String::from_utf8(bytes)
        .map_err(|error| Error::usage(format!("The script {name} is not UTF-8")).because(&error))?;
    let text = match &job.flink_sql {
        FlinkSql::Script(_) => text,
        FlinkSql::Template { tables, .. } => {
            let savepoints = playbook.flink.as_ref().map(|flink| flink.savepoints.clone()).unwrap_or_default();
            let values = Values {
                name: job.name.clone(),
                tables: tables.clone(),
                source_host: source.host.clone(),
                source_port: source.port,
                savepoints,
            };
            artifact::render(&name, &text, &values)?
        }
    };
    Script::parse(&text).map_err(|problems| flink_sql::refuse(&name, &problems))
}

/// Where the sources of a script connect to; left out, the port is 3306.
pub(super) fn source_addresses(script: &Script) -> Vec<Address> {
    let tables = script.mysql_cdc();
    let addresses = tables.filter_map(|table| {
        let port = table.option("port").map_or(Some(3306), |port| port.parse().ok())?;
        Some(Address { host: table.option("hostname")?.to_owned(), port })
    });
    addresses.collect()
}

/// What is doubtful in a script: secrets that stand in it.
pub(super) fn warnings(script: &Script) -> Vec<String> {
    flink_sql::redact(script.text()).warnings.iter().map(ToString::to_string).collect()
}

/// How Flink shows the job of one name.
pub(super) enum Standing {
    Alive(Job),
    Several(Vec<Job>),
    /// None is alive; the newest state it left behind, if any.
    Ended {
        left: Option<String>,
    },
}

/// Looks for the job among all that Flink knows.
pub(super) async fn standing(flink: &dyn FlinkRead, scripted: &Scripted, jobs: &[Job]) -> Result<Standing> {
    let ours = |job: &&Job| job.name == scripted.flink_name || scripted.job.job_id.as_ref() == Some(&job.id);
    let mut named: Vec<&Job> = jobs.iter().filter(ours).collect();
    let alive: Vec<Job> = named.iter().filter(|job| !job.ended()).map(|job| (*job).clone()).collect();
    match alive.as_slice() {
        [one] => return Ok(Standing::Alive(one.clone())),
        [] => {}
        _ => return Ok(Standing::Several(alive)),
    }
    named.sort_by_key(|job| std::cmp::Reverse(job.started_at));
    for job in named {
        if let Some(path) = newest_state(flink, &job.id).await? {
            return Ok(Standing::Ended { left: Some(path) });
        }
    }
    // What Flink knows is newer than what a person once wrote down.
    Ok(Standing::Ended { left: scripted.job.savepoint.clone() })
}

/// The job of a name that was started last.
pub(super) fn newest<'a>(flink_name: &str, jobs: &'a [Job]) -> Option<&'a Job> {
    jobs.iter().filter(|job| job.name == flink_name).max_by_key(|job| job.started_at)
}

/// Where the newest completed checkpoint or savepoint of a job lies.
pub(super) async fn newest_state(flink: &dyn FlinkRead, job: &str) -> Result<Option<String>> {
    let checkpoints = flink.checkpoints(job).await?;
    let all = [checkpoints.latest_completed, checkpoints.latest_savepoint];
    let newest =
        all.into_iter().flatten().filter(|checkpoint| checkpoint.path.is_some()).max_by_key(|checkpoint| checkpoint.id);
    Ok(newest.and_then(|checkpoint| checkpoint.path))
}

/// Flink tells of a checkpoint for up to three seconds after it was replaced; in that time at most this many follow.
const FOLLOWERS: u64 = 10;

/// Where a running job stands by its newest completed checkpoint; `None` before the first, or while it is replaced.
pub(super) async fn committed(read: &Read, job: &str) -> Result<Option<Vec<Offset>>> {
    let Some(told) = newest_state(read.flink()?, job).await? else { return Ok(None) };
    for path in newest_first(&told) {
        if there(&*read.files, &path).await? {
            return match savepoint::offsets(&*read.files, &path).await {
                Ok(offsets) => Ok(Some(offsets)),
                // Replaced between the two reads.
                Err(_) if !there(&*read.files, &path).await? => Ok(None),
                Err(error) => Err(error),
            };
        }
    }
    Ok(None)
}

/// The place itself where it still is; else those that may have followed it.
fn newest_first(told: &str) -> Vec<String> {
    let mut places = vec![told.to_owned()];
    if let Some((folder, number)) = told.trim_end_matches('/').rsplit_once("/chk-")
        && let Ok(number) = number.parse::<u64>()
    {
        places.extend((1..=FOLLOWERS).rev().map(|more| format!("{folder}/chk-{}", number + more)));
    }
    places
}

async fn there(files: &dyn FilesRead, place: &str) -> Result<bool> {
    Ok(files.read(&format!("{}/_metadata", place.trim_end_matches('/')), LARGEST_METADATA).await?.is_some())
}
