//! What is known before a job starts on green's own address, and what it must show there, pure.

use super::{
    KEPT, Moved, Operation, attest_id,
    decide::{Decision, fail, wait},
    look::{Observation, Seen},
    submit_id,
};
use crate::{
    error::Error,
    handover::{
        early::Early,
        evidence::{Check, Party, Proof},
    },
    port::binlog::Place,
    step::{
        contract::{Attempts, Known, Next},
        jobs::{Rows, Running},
        stop_cdc_jobs::{self, Stopped},
        submit_cdc_jobs::{restarting, shown},
    },
};

/// All that speaks for this start: its place in green's log, how many transactions were found there, and whether at several
/// places.
pub(super) fn evidence(
    stopped: &Stopped,
    job: &Seen,
    seen: &Observation,
    known: &Known,
    (start, transactions, ambiguous): (&Place, u64, bool),
) -> Early {
    let blue = &seen.stops.blue;
    let checks = vec![
        Check::new(
            "green's own address leads to green",
            format!("SELECT @@server_uuid at {}", seen.address),
            &seen.green.uuid,
        ),
        Check::new(
            "green logs what it applies",
            format!("SELECT @@log_bin, @@log_replica_updates at {}", seen.address),
            format!("{}, {}", seen.green.log_bin, seen.green.log_replica_updates),
        ),
        Check::new("where the job stood", stopped.savepoint.clone(), shown(&stopped.offsets)),
        Check::new(
            "the begin of its tail is in green's log, with the same rows",
            format!("binary logs of both servers, transactions of server_id {}", blue.server_id),
            format!("{transactions} transactions from {start} on"),
        ),
        Check::new("its sinks take the same changes twice", "the job's script", "upserts and deletes by key"),
    ];
    Early {
        run: known.run.clone(),
        job: stopped.name.clone(),
        blue: Party::of(&seen.stops.production, blue),
        green: Party::of(&seen.address, &seen.green),
        savepoint: stopped.savepoint.clone(),
        offsets: stopped.offsets.clone(),
        start: start.clone(),
        gtid_set: job.gtid_set.clone(),
        transactions,
        ambiguous,
        checks,
        proof: None,
    }
}

/// The job is alive on green: does it show that it reads green's log?
pub(super) fn on_green(
    stop: &stop_cdc_jobs::Seen,
    job: &Seen,
    early: &Running,
    seen: &Observation,
    known: &Known,
    done: &Attempts<Operation>,
) -> Result<Moved, Box<Decision>> {
    let name = &stop.name;
    let Some(Operation::Submit { evidence: start, .. }) = done.last(&submit_id(name)).map(|last| &last.operation)
    else {
        return fail(
            Error::drift(format!("A job of this run reads green for {name}, and no evidence of its start is recorded"))
                .unchanged("The job runs on; the savepoint is kept")
                .hint("Cancel the job in Flink, then type the same command again: it starts it anew with its evidence"),
        );
    };
    if let Some(Err(why)) = &job.ground {
        return fail(
            Error::drift(format!("{name} does not read green's log: {why}"))
                .cause(format!("It was started {}", start.sentence()))
                .unchanged(format!("The job runs on; the savepoint {} is kept", start.savepoint))
                .hint("Cancel the job in Flink and find out where its address leads, then type the same command again"),
        );
    }
    let offsets = early.offsets.as_deref().unwrap_or_default();
    let has_read = offsets.iter().any(|offset| offset.server_id.is_some()) || job.idle;
    if early.job.state == "RUNNING" && !offsets.is_empty() && job.ground.is_some() && has_read {
        let attested = done.last(&attest_id(name)).and_then(|last| match &last.operation {
            Operation::Attest { evidence } => evidence.proof.as_ref(),
            _ => None,
        });
        if let Some(proof) = attested.filter(|proof| proof.job_id == early.job.id)
            && done.handle(&attest_id(name)).is_some()
        {
            return Ok(Moved {
                name: name.clone(),
                flink_name: stop.flink_name.clone(),
                job_id: early.job.id.clone(),
                savepoint: start.savepoint.clone(),
                address: start.green.address.clone(),
                start: start.start.clone(),
                evidence: KEPT.file(name),
                offsets: proof.offsets.clone(),
            });
        }
        let rows = Rows::check(job.rows.as_ref(), name, "move_cdc_jobs", Some(&start.start))?;
        let evidence = Early { proof: Some(proof(early, seen, known, rows)), ..(**start).clone() };
        return Err(Box::new(Next::Do(Operation::Attest { evidence: Box::new(evidence) })));
    }
    if let Some(next) = restarting(&format!("{name} on green"), early, &start.savepoint) {
        return Err(Box::new(next));
    }
    let awaited = format!("a completed checkpoint of {name} that is a place of green's log");
    wait(awaited, &format!("{}, {}", early.job.state, shown(offsets)))
}

fn proof(early: &Running, seen: &Observation, known: &Known, rows: Check) -> Proof {
    let offsets = early.offsets.clone().unwrap_or_default();
    let ids = offsets.iter().map(|offset| offset.server_id.map_or("none".to_owned(), |id| id.to_string()));
    let id = &early.job.id;
    let checks = vec![
        Check::new(
            "one job of the run is alive",
            "GET /jobs/overview, /jobs/:id/config",
            format!("{id} of run {}", known.run),
        ),
        Check::new("it runs", format!("GET /jobs/{id}/status"), &early.job.state),
        Check::new(
            "its committed offset is a place of green's log, at or behind its start",
            format!("SHOW BINARY LOGS at {}, and the log itself", seen.address),
            shown(&offsets),
        ),
        Check::new(
            "what it reads was written by blue or green",
            "server_id in the bytes of its newest completed checkpoint",
            format!(
                "{} (blue: {}, green: {})",
                ids.collect::<Vec<_>>().join(", "),
                seen.stops.blue.server_id,
                seen.green.server_id
            ),
        ),
        rows,
    ];
    Proof { job_id: early.job.id.clone(), offsets, checks }
}
