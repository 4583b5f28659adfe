//! The CDC jobs of the playbook: their scripts, and how Flink shows them.

mod green;
mod marked;
mod standing;
mod tail;
mod together;
mod touched;

pub(super) use green::{Ground, at_end, deployment_status, first_own, ground, is_idle};
pub(super) use marked::{Marked, Running, marked, of_part, running};
pub(super) use standing::{Standing, committed, newest, newest_state, standing, stateless};
pub(super) use tail::{HEADER, cover, frozen_end, gtid_set, read_ahead, restorable, tail_request};
pub(super) use together::together;

pub use touched::Touched;
pub(super) use touched::{Rows, Stretch};

use super::contract::{Known, Read, Write};
use crate::{
    artifact::{self, Values},
    error::{Error, Result},
    handover::consumer::flink_sql::{self, Generated, Script},
    playbook::{CdcJob, FlinkSql, Playbook},
    port::{
        files::FilesRead,
        mysql::Address,
        secrets::Secrets,
        tables::{Login, TablesRead},
    },
};

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
