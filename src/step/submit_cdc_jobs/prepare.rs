//! Ready before it is wanted: the statements of a job's start on green run in a session up to the INSERT, and planned.

use futures_util::future::join_all;

use super::{Order, Part, Start, compose, jobs, session};
use crate::{
    error::Result,
    port::binlog::Place,
    step::{
        contract::{Known, Read, Write},
        switchover, target,
    },
};

/// The kind of place from which the jobs are likely to start on green; which it is, is known at the switchover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::step) enum Likely {
    /// From a state of their own.
    State,
    /// Where blue's log is mirrored, or from a state where blue's transactions are known by GTID.
    Tail,
}

/// Stages the start of every job on green. Nothing is staged after a switchover: there the start itself is next.
pub(in crate::step) async fn prepare(read: &Read, write: &Write, known: &Known, likely: Likely) -> Result<()> {
    if known.playbook.cdc_jobs.is_empty() || switchover::Outputs::find(read, known).await?.is_some() {
        return Ok(());
    }
    let blue = target::production(read.rds()?, &known.playbook).await?;
    let production = blue.write_address()?;
    let mysql = read.mysql()?;
    let start = match likely {
        Likely::Tail if !mysql.server(production).await?.gtid_mode.eq_ignore_ascii_case("ON") => {
            let last = mysql.log_files(production).await?.pop();
            Start::Place(Place { file: last.map(|file| file.name).unwrap_or_default(), position: 4 })
        }
        Likely::Tail | Likely::State => {
            let flink = known.playbook.flink.as_ref();
            Start::Savepoint(flink.map(|flink| flink.savepoints.clone()).unwrap_or_default())
        }
    };
    let orders = jobs::scripts(read, known, production).await?.into_iter().map(|scripted| Order {
        job: scripted.job.name,
        flink_name: scripted.flink_name,
        part: Part::Green,
        number: 1,
        start: start.clone(),
        address: production.clone(),
        production: production.clone(),
    });
    let staged = join_all(orders.map(|order| async move {
        let composed = compose(&order, known, write).await?;
        write.flink()?.stage(&session(known, &order.job), &composed.statements).await
    }));
    staged.await.into_iter().collect()
}
