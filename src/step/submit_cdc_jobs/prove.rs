//! What is known before a job starts on green, and what it must show there, pure.

use super::{
    KEPT, Moved, Operation, attest_id,
    decide::{Decision, astray, fail, restarting, shown, wait},
    jobs,
    jobs::{Rows, Running},
    look::{Observation, Seen},
};
use crate::{
    error::Error,
    event::{Offset, Phase},
    handover::{
        evidence::{Check, Evidence, Party, Proof, Tail},
        gtid::GtidSet,
        tail::Order,
    },
    port::mysql::Address,
    step::contract::{Attempts, Known, Next},
};

/// All that speaks for this start.
pub(super) fn evidence(job: &Seen, seen: &Observation, known: &Known, tail: Tail) -> Evidence {
    let switched = &seen.switched;
    let mut checks = vec![
        Check::new(
            "the production address leads to green",
            format!("SELECT @@server_uuid at {}", switched.address),
            &seen.green.uuid,
        ),
        Check::new(
            "the old side is blue and takes no writes",
            format!("SELECT @@server_uuid, @@read_only at {}", switched.old_address),
            format!("{}, read-only", switched.blue_server.uuid),
        ),
        Check::new(
            "where blue's log ends",
            format!("SHOW MASTER STATUS at {}", switched.old_address),
            seen.end.to_string(),
        ),
        Check::new("where the job stood", job.stopped.savepoint.clone(), shown(&job.stopped.offsets)),
    ];
    match &tail {
        Tail::Translated { mirror, .. } => {
            let order = match mirror.order {
                Order::Preserved => "in the same order",
                Order::Changed => "the same ones in another order",
            };
            checks.push(Check::new(
                "every transaction of the tail is in green's log, with the same rows",
                "binary logs of both servers, read through the replication protocol",
                format!("{} transactions, {} rows, {order}", mirror.transactions, mirror.rows),
            ));
            checks.push(Check::new(
                "where what came from blue ends in green's log",
                "origin server_id of every transaction",
                mirror.boundary.place.to_string(),
            ));
        }
        Tail::Restored { savepoint } => checks.push(Check::new(
            "green has every transaction the job lacks, and purged none of them",
            "gtid_executed and the GTID set of the oldest log file, against the state's",
            savepoint,
        )),
        Tail::CarriedOver { gtid_set } => checks.push(Check::new(
            "the job has every transaction of blue",
            "gtid_executed of the old side, against the set in its newest completed checkpoint",
            gtid_set,
        )),
        Tail::Drained { savepoint, .. } => checks.push(Check::new(
            "a committed offset covers the end of blue's log",
            savepoint,
            job.drained.as_ref().map_or_else(|| shown(&job.stopped.offsets), |drained| shown(&drained.offsets)),
        )),
    }
    Evidence {
        run: known.run.clone(),
        job: job.stopped.name.clone(),
        blue: Party::of(&switched.old_address, &switched.blue_server),
        green: Party::of(&switched.address, &seen.green),
        savepoint: job.stopped.savepoint.clone(),
        offsets: job.stopped.offsets.clone(),
        end: seen.end.place(),
        coordinates: seen.coordinates.place(),
        coordinates_from: seen.coordinates.source.sentence().to_owned(),
        tail,
        checks,
        proof: None,
    }
}

/// The job is alive on green: does it show that it reads there?
pub(super) fn on_green(
    job: &Seen,
    green: &Running,
    seen: &Observation,
    known: &Known,
    done: &Attempts<Operation>,
) -> Result<Moved, Box<Decision>> {
    let name = &job.stopped.name;
    let carried = job.stopped.carried_over.as_ref().map(|_| carried_over(job, green, seen, known));
    let Some(start) = carried.as_ref().or_else(|| started_with(name, done)) else {
        return fail(
            Error::drift(format!("A job of this run reads green for {name}, and no evidence of its start is recorded"))
                .unchanged("The job runs on; the savepoints are kept")
                .hint("Cancel the job in Flink, then type the same command again: it starts it anew with its evidence"),
        );
    };
    let offsets = green.offsets.as_deref().unwrap_or_default();
    let (blue, green_id) = (seen.switched.blue_server.server_id, seen.switched.green_server.server_id);
    // While it reads what green has of blue's, its offset carries blue's id: an event keeps its origin.
    let expected = |id: u32| id == green_id || id == blue || start.offsets.iter().any(|old| old.server_id == Some(id));
    if let Some(stray) = offsets.iter().find(|offset| offset.server_id.is_some_and(|found| !expected(found))) {
        return fail(astray(&format!("{name} on green"), stray, green_id));
    }
    if green.job.state == "RUNNING" && proven(offsets, start, seen) {
        let moved = Moved {
            name: name.clone(),
            job_id: green.job.id.clone(),
            tail: start.tail.sentence(),
            evidence: KEPT.file(name),
            offsets: offsets.to_vec(),
            start: Some(start.start().clone()),
        };
        let attested = done.last(&attest_id(name)).and_then(|last| match &last.operation {
            Operation::Attest { evidence } => evidence.proof.as_ref(),
            _ => None,
        });
        if attested.is_some_and(|proof| proof.job_id == green.job.id) && done.handle(&attest_id(name)).is_some() {
            return Ok(moved);
        }
        let rows = Rows::check(job.rows.as_ref(), name, "submit_cdc_jobs", Some(start.start()))?;
        let mut proof = proof(green, offsets, seen, known);
        proof.checks.push(rows);
        let evidence = Evidence { proof: Some(proof), ..start.clone() };
        return Err(Box::new(Next::Do(Operation::Attest { evidence: Box::new(evidence) })));
    }
    if let Some(next) = restarting(&format!("{name} on green"), green, &job.stopped.savepoint) {
        return Err(Box::new(next));
    }
    wait(
        format!("a completed checkpoint of {name} that names green (server_id {green_id})"),
        &format!("{}, {}", green.job.state, shown(offsets)),
    )
}

/// The evidence for a job that nobody has started.
fn carried_over(job: &Seen, green: &Running, seen: &Observation, known: &Known) -> Evidence {
    let sets = green.offsets.iter().flatten().filter_map(|offset| offset.gtid_set.clone());
    evidence(job, seen, known, Tail::CarriedOver { gtid_set: sets.collect::<Vec<_>>().join("; ") })
}

/// Whether every source of the job has all that blue has executed.
fn complete(offsets: &[Offset], seen: &Observation) -> bool {
    let Some(Ok(executed)) = seen.end.gtid_set.as_ref().map(|set| set.parse::<GtidSet>()) else { return false };
    let sets = offsets.iter().map(|offset| offset.gtid_set.as_ref().and_then(|set| set.parse::<GtidSet>().ok()));
    sets.into_iter().all(|set| set.is_some_and(|set| executed.is_subset(&set)))
}

/// The evidence of the newest start on green.
pub(super) fn started_with<'a>(name: &str, done: &'a Attempts<Operation>) -> Option<&'a Evidence> {
    done.0.iter().rev().find_map(|attempt| match &attempt.operation {
        Operation::Submit { order, evidence: Some(evidence) } if order.job == name => Some(&**evidence),
        _ => None,
    })
}

fn proof(green: &Running, offsets: &[Offset], seen: &Observation, known: &Known) -> Proof {
    let checks = vec![
        Check::new(
            "one job of the run is alive",
            "GET /jobs/overview, /jobs/:id/config",
            format!("{} of run {}", green.job.id, known.run),
        ),
        Check::new("it runs", format!("GET /jobs/{}/status", green.job.id), &green.job.state),
        Check::new(
            "no source takes a snapshot",
            "its newest completed checkpoint",
            "every source is in its binlog phase",
        ),
        Check::new(
            "its committed offset is green's",
            "server_id in the bytes of its newest completed checkpoint",
            format!("{} (green: {})", ids(offsets), seen.switched.green_server.server_id),
        ),
    ];
    Proof { job_id: green.job.id.clone(), offsets: offsets.to_vec(), checks }
}

fn ids(offsets: &[Offset]) -> String {
    let ids = offsets.iter().map(|offset| offset.server_id.map_or("none".to_owned(), |id| id.to_string()));
    ids.collect::<Vec<_>>().join(", ")
}

/// Every source has read green, or stands idle where that can be seen: at the end of green's log, or still where it was
/// started beside a source that has read.
fn proven(offsets: &[Offset], start: &Evidence, seen: &Observation) -> bool {
    let read = |offset: &Offset| offset.server_id == Some(seen.switched.green_server.server_id);
    let any = offsets.iter().any(read);
    let at_end = |offset: &Offset| jobs::at_end(offset, seen.green_end.as_ref());
    let from = match &start.tail {
        Tail::Translated { start, .. } | Tail::Drained { start, .. } => Some(start),
        Tail::Restored { .. } | Tail::CarriedOver { .. } => None,
    };
    let at_start =
        |offset: &Offset| from.is_some_and(|from| offset.file == from.file && offset.position == from.position);
    let carried = matches!(start.tail, Tail::CarriedOver { .. });
    !offsets.is_empty()
        && (!carried || complete(offsets, seen))
        && offsets.iter().all(|offset| {
            offset.phase == Phase::Binlog && (read(offset) || at_end(offset) || (any && at_start(offset)))
        })
}

/// Every job is proven: RDS must agree by now, or still be at it. `None` where nothing is left to wait for.
pub(super) fn afterwards(seen: &Observation) -> Option<Decision> {
    let after = seen.afterwards.as_ref()?;
    if let Some(next) = unsettled(after.deployment.as_deref(), &seen.green.uuid, &seen.switched.address) {
        return Some(next);
    }
    let told = after.event.as_ref()?;
    Some(Next::Fail(
        Error::unknown(format!("The RDS event says {told}, and the jobs were started by what green's log shows"))
            .cause(format!("By the log, blue's last transaction ends at {}", seen.coordinates.place()))
            .unchanged("The jobs run on; the savepoints are kept")
            .hint("Compare the rows of source and sink. Where they are equal, `upgrade resolve PLAYBOOK submit_cdc_jobs --as done --reason TEXT`"),
    ))
}

/// The jobs read green: RDS must agree, or still be at it. `green` is its `@@server_uuid`, which answers at `address`.
pub(in crate::step) fn unsettled<Op, Out>(
    deployment: Option<&str>,
    green: &str,
    address: &Address,
) -> Option<Next<Op, Out>> {
    let status = deployment.filter(|status| *status != "SWITCHOVER_COMPLETED")?;
    if matches!(status, "SWITCHOVER_FAILED" | "INVALID_CONFIGURATION") {
        return Some(Next::Fail(
            Error::unknown(format!("The jobs read green, and RDS calls the switchover {status}"))
                .cause(format!("Green (server {green}) answers at {address} and takes writes"))
                .unchanged("The jobs run on; the savepoints are kept")
                .hint("Read the RDS events of the deployment and see which side takes writes before anything else"),
        ));
    }
    Some(Next::Wait {
        awaited: "RDS to call the switchover complete".to_owned(),
        seen: format!("the jobs read green; the deployment is {status}"),
    })
}
