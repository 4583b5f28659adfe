//! From the user's script to what is sent: only what must change is changed, written down without secrets, and the
//! secrets put in at the last moment.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{JOB_MARK, PART_MARK, Part, RUN_MARK, Start, name_in_flink};
use crate::{
    artifact,
    error::{Error, Result},
    handover::consumer::flink_sql::{self, Changes, Restore, Script},
    port::{binlog::Place, flink::Statement, mysql::Address},
    secret::Secret,
    step::{
        contract::{Known, Write},
        jobs,
        stop_cdc_jobs::trigger,
    },
};

/// A job to be started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub job: String,
    pub flink_name: String,
    pub part: Part,
    /// Which start of this part it is, from 1: each has a job id of its own.
    pub number: u32,
    pub start: Start,
    /// Where it reads.
    pub address: Address,
    /// Where writes go.
    pub production: Address,
}

impl Order {
    /// The id the job is to have in Flink: the same order sent twice is one job.
    pub fn job_id(&self, run: &str) -> String {
        trigger(run, &format!("{} {}", self.job, self.part.as_str()), self.number)
    }
}

/// A script ready to be sent.
pub(in crate::step) struct Composed {
    /// `(path in the run folder, digest)` of the script without its secrets.
    pub artifact: (String, String),
    pub statements: Vec<Statement>,
}

/// Ids below this are what people give their own servers and jobs.
const FIRST_SERVER_ID: u32 = 100_000;

/// Flink's own setting, which the gateway obeys.
const JOB_ID: &str = "$internal.pipeline.job-id";

pub(in crate::step) async fn compose(order: &Order, known: &Known, write: &Write) -> Result<Composed> {
    let Order { job: name, flink_name, part, production, .. } = order;
    let job = known.playbook.cdc_jobs.iter().find(|job| job.name == *name);
    let job = job.ok_or_else(|| Error::drift(format!("The playbook no longer has the job {name}")))?;
    let script = jobs::script(&write.into(), &known.playbook, job, production).await?.0;
    let changes = changes(order, known, &script)?;
    ready(&script, &changes, (name, flink_name, part.as_str()), known, write)
}

/// The changed script as an artifact, and as statements with their secrets. `names`: the job's in the playbook and in
/// Flink, and what it is started for.
pub(in crate::step) fn ready(
    script: &Script,
    changes: &Changes,
    (name, flink_name, part): (&str, &str, &str),
    known: &Known,
    write: &Write,
) -> Result<Composed> {
    let redacted = flink_sql::redact(&flink_sql::rewrite(script, changes));
    let file = format!("{name}/{part}.sql");
    let digest = artifact::write(&write.artifacts.join(&file), redacted.text.as_bytes())?;
    let artifact = (format!("artifacts/{file}"), digest);
    let mut secrets = resolved(&redacted.text, known, write)?;
    secrets.extend(redacted.literals);
    let statements =
        flink_sql::reveal(&redacted.text, &secrets).map_err(|problems| flink_sql::refuse(flink_name, &problems))?;
    Ok(Composed { artifact, statements })
}

/// The secrets the script names and the playbook knows.
fn resolved(text: &str, known: &Known, write: &Write) -> Result<BTreeMap<String, Secret>> {
    let mut secrets = BTreeMap::new();
    for name in flink_sql::placeholders(text) {
        if let Some(reference) = known.playbook.secrets.get(&name) {
            secrets.insert(name, write.secrets.resolve(reference)?);
        }
    }
    Ok(secrets)
}

fn changes(order: &Order, known: &Known, script: &Script) -> Result<Changes> {
    let Order { job, flink_name, part, start, address, production, .. } = order;
    let mut changes = Changes {
        server_ids: Some(server_ids(known, job, *part, script)?),
        parameters: BTreeMap::from([
            (RUN_MARK.to_owned(), known.run.clone()),
            (JOB_MARK.to_owned(), job.clone()),
            (PART_MARK.to_owned(), part.as_str().to_owned()),
        ]),
        settings: BTreeMap::from([(JOB_ID.to_owned(), order.job_id(&known.run))]),
        ..Changes::default()
    };
    match start {
        Start::Savepoint(path) => changes.restore = Restore::From(path.clone()),
        Start::Place(Place { file, position }) => {
            changes.restore = Restore::Nothing;
            changes.start = Some(flink_sql::Start::Position { file: file.clone(), position: *position });
        }
        Start::GtidSet(set) => {
            changes.restore = Restore::Nothing;
            changes.start = Some(flink_sql::Start::GtidSet(set.clone()));
        }
    }
    let name = name_in_flink(flink_name, *part);
    match part {
        Part::Green => {
            changes.default_name = Some(name);
            // A script that reads the production address goes on reading it; any other name is of the old side.
            if !jobs::source_addresses(script).iter().all(|found| found == production) {
                changes.address = Some(address.clone());
            }
        }
        Part::Early => {
            changes.default_name = Some(name);
            changes.address = Some(address.clone());
        }
        Part::Drain => {
            changes.name = Some(name);
            changes.address = Some(address.clone());
            changes.options =
                texts(&[("heartbeat.interval", "1s"), ("debezium.connect.keep.alive.interval.ms", "2000")]);
            changes.settings.extend(texts(&[
                ("execution.checkpointing.interval", "1s"),
                ("execution.checkpointing.externalized-checkpoint-retention", "RETAIN_ON_CANCELLATION"),
                ("restart-strategy.type", "none"),
            ]));
        }
    }
    Ok(changes)
}

fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// The first of a range of server ids of its own: the server ends the older of two readers with one id.
fn server_ids(known: &Known, job: &str, part: Part, script: &Script) -> Result<u32> {
    let place = crc32fast::hash(format!("{}/{job}/{}", known.run, part.as_str()).as_bytes()) % 1_000_000;
    let from = FIRST_SERVER_ID + place * 64;
    flink_sql::first_free(&script.server_ids(), from, script.server_ids_needed())
        .ok_or_else(|| Error::bug("There are no free server ids"))
}
