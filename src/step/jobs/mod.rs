//! The CDC jobs of the playbook: their scripts, and how Flink shows them.

mod green;
mod marked;
mod tail;
mod together;
mod touched;

pub(super) use green::{Ground, at_end, deployment_status, first_own, ground, is_idle};
pub(super) use marked::{Marked, Running, marked, of_part, running};
pub(super) use tail::{HEADER, cover, frozen_end, gtid_set, read_ahead, restorable, tail_request};
pub(super) use together::together;

pub use touched::Touched;
pub(super) use touched::{Rows, Stretch};

use super::contract::{Known, Read, Write};
use crate::{
    artifact::{self, Values},
    error::{Error, Result},
    event::Offset,
    handover::{
        consumer::flink_sql::{self, Generated, Script},
        savepoint,
    },
    playbook::{CdcJob, FlinkSql, Playbook},
    port::{
        files::FilesRead,
        flink::{FlinkRead, Job},
        mysql::Address,
        secrets::Secrets,
        tables::{Login, TablesRead},
    },
};

/// A checkpoint's `_metadata` is at most this long, in bytes.
const LARGEST_METADATA: u64 = 256 << 20;

/// A script is at most this long, in bytes.
const LONGEST_SCRIPT: u64 = 4 << 20;

/// Ids of sources made from templates begin above those that a handover gives.
const FIRST_SERVER_ID: u32 = 100_000_000;

/// A job of the playbook with its script as it runs today.
pub(super) struct Scripted {
    pub job: CdcJob,
    /// Its name in Flink: the script's `pipeline.name`, else the playbook's name for it.
    pub flink_name: String,
    pub script: Script,
    /// What is noteworthy about the tables of a template.
    pub notices: Vec<String>,
}

/// Every job with its script. `source` is where the source database is reached.
pub(super) async fn scripts(read: &Read, known: &Known, source: &Address) -> Result<Vec<Scripted>> {
    let mut scripted = Vec::new();
    for job in &known.playbook.cdc_jobs {
        let (script, notices) = script(&read.into(), &known.playbook, job, source).await?;
        let flink_name = script.pipeline_name().unwrap_or(&job.name).to_owned();
        scripted.push(Scripted { job: job.clone(), flink_name, script, notices });
    }
    Ok(scripted)
}

/// What a script is made of.
pub(super) struct Origins<'a> {
    files: &'a dyn FilesRead,
    tables: Option<&'a dyn TablesRead>,
    secrets: &'a dyn Secrets,
}

impl<'a> From<&'a Read> for Origins<'a> {
    fn from(read: &'a Read) -> Self {
        Self { files: &*read.files, tables: read.tables.as_deref(), secrets: &*read.secrets }
    }
}

impl<'a> From<&'a Write> for Origins<'a> {
    fn from(write: &'a Write) -> Self {
        Self { files: &*write.files, tables: write.tables.as_deref(), secrets: &*write.secrets }
    }
}

/// The script of one job, from its file or its template, and what is noteworthy about the tables of a template.
pub(super) async fn script(
    origins: &Origins<'_>,
    playbook: &Playbook,
    job: &CdcJob,
    source: &Address,
) -> Result<(Script, Vec<String>)> {
    let path = match &job.flink_sql {
        FlinkSql::Script(path) => path,
        FlinkSql::Template { template, .. } => template,
    };
    let name = path.display().to_string();
    let bytes = origins
        .files
        .read(&name, LONGEST_SCRIPT)
        .await?
        .ok_or_else(|| Error::usage(format!("There is no script {name}")))?;
    let text = String::from_utf8(bytes)
        .map_err(|error| Error::usage(format!("The script {name} is not UTF-8")).because(&error))?;
    let (text, notices) = match &job.flink_sql {
        FlinkSql::Script(_) => (text, Vec::new()),
        FlinkSql::Template { tables, parameters, .. } => {
            let tables = generated(origins, playbook, job, tables, source).await?;
            let notices = tables.iter().flat_map(|table| table.notices.clone()).collect();
            let values = Values {
                name: job.name.clone(),
                tables,
                parameters: parameters.clone(),
                source_host: source.host.clone(),
                source_port: source.port,
                savepoints: playbook.flink.as_ref().map(|flink| flink.savepoints.clone()).unwrap_or_default(),
            };
            (artifact::render(&name, &text, &values)?, notices)
        }
    };
    let script = Script::parse(&text).map_err(|problems| flink_sql::refuse(&name, &problems))?;
    Ok((script, notices))
}

/// The tables of a template as the source describes them to the tool's own login.
async fn generated(
    origins: &Origins<'_>,
    playbook: &Playbook,
    job: &CdcJob,
    names: &[String],
    source: &Address,
) -> Result<Vec<Generated>> {
    let section = playbook.mysql.as_ref().zip(origins.tables);
    let Some((mysql, port)) = section.filter(|_| !names.is_empty()) else {
        return match names {
            [] => Ok(Vec::new()),
            _ => Err(Error::usage(format!(
                "The job {} is made from a template of tables, which are read with the login of the section `mysql`; \
                 the playbook has none",
                job.name
            ))),
        };
    };
    let password = origins.secrets.resolve(&mysql.password)?;
    let login = Login { address: source.clone(), user: mysql.user.clone(), password };
    let mut tables = Vec::new();
    for name in names {
        let (schema, table) = name.split_once('.').ok_or_else(|| {
            Error::usage(format!("`tables` of the job {} names {name}, which is not database.table", job.name))
        })?;
        let found = port.table(&login, schema, table).await?;
        tables.push(found.ok_or_else(|| {
            Error::usage(format!("There is no table {name} for the job {} at {}", job.name, source.host))
                .hint(format!("Correct `tables`, or let {} see the table: GRANT SELECT", mysql.user))
        })?);
    }
    let first = FIRST_SERVER_ID + crc32fast::hash(job.name.as_bytes()) % 1_000_000 * 1_000;
    flink_sql::generate(&tables, first).map_err(|refusals| {
        let mut error = Error::usage(format!("The tables of the job {} cannot all be carried", job.name))
            .unchanged("Nothing was changed")
            .hint("Mend each, or give the job as `script`");
        error.causes = refusals.iter().map(ToString::to_string).collect();
        error
    })
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

/// What is doubtful in a script: secrets that stand in it, an id it fixes, columns that are carried with care.
pub(super) fn warnings(scripted: &Scripted) -> Vec<String> {
    let script = &scripted.script;
    let secrets = flink_sql::redact(script.text()).warnings;
    let said = secrets.iter().chain(&script.warnings()).map(ToString::to_string).collect::<Vec<_>>();
    said.into_iter().chain(scripted.notices.clone()).collect()
}

/// How Flink shows the job of one name.
pub(super) enum Standing {
    Alive(Job),
    Several(Vec<Job>),
    /// None is alive; the newest state it left behind, if any.
    Ended {
        left: Option<String>,
        /// The job that left it.
        job: Option<String>,
    },
}

impl Standing {
    /// The id of the one job that counts, alive or not.
    pub fn newest(&self) -> Option<&str> {
        match self {
            Self::Alive(job) => Some(&job.id),
            Self::Ended { job, .. } => job.as_deref(),
            Self::Several(_) => None,
        }
    }
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
            return Ok(Standing::Ended { left: Some(path), job: Some(job.id.clone()) });
        }
    }
    // What Flink knows is newer than what a person once wrote down.
    Ok(Standing::Ended { left: scripted.job.savepoint.clone(), job: None })
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
