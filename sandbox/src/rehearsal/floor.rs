//! How quickly a job of the same kind starts on this machine when nothing is left to find out.

use std::time::Duration;

use mysql_async::prelude::Queryable;

use super::figures::Floor;
use super::script::with_secrets;
use crate::clock;
use crate::error::{Doing, Error, Result};
use crate::flink::Client;
use crate::mysqld::connect;
use crate::place::Record;
use crate::workload::{Table, create_tables};

const LIMIT: Duration = Duration::from_secs(60);
const ROUNDS: u32 = 3;

/// The quickest of a few starts.
pub(super) async fn measure(record: &Record, job: &str, coordinates: &(String, u64)) -> Result<Floor> {
    let mut quickest: Option<Floor> = None;
    for round in 0..ROUNDS {
        let floor = start_once(record, job, coordinates, round).await?;
        quickest = Some(quickest.filter(|known| known.insert_to_row <= floor.insert_to_row).unwrap_or(floor));
    }
    quickest.ok_or_else(|| Error::other("No job was started"))
}

/// Starts the job once more from these coordinates, into a database of its own, and cancels it.
async fn start_once(record: &Record, job: &str, (file, position): &(String, u64), round: u32) -> Result<Floor> {
    let mut sink = connect(record.sink.address()?, &record.accounts.sink).await.doing("Connecting to the sink")?;
    let database = format!("floor{round}");
    create_tables(&mut sink, &database).await?;
    let flink = Client::new(&record.flink)?;
    let staged = flink.stage(&changed(&with_secrets(job, record), file, *position, round)).await?;
    let started = clock::start();
    let id = flink.start(staged).await?;
    let insert_to_job = millis(started.elapsed());
    let arrived = loop {
        let mut rows = 0;
        for table in Table::ALL {
            let query = format!("SELECT COUNT(*) FROM {database}.{}", table.name());
            rows += sink.query_first::<u64, _>(query).await.doing("Looking for the first row")?.unwrap_or_default();
        }
        if rows > 0 {
            break started.elapsed();
        }
        if started.elapsed() > LIMIT {
            let what = "The first row of the job that measures the floor".to_owned();
            return Err(Error::TooSlow { what, limit: LIMIT, detail: String::new() });
        }
        clock::pause(Duration::from_millis(5)).await;
    };
    flink.cancel(&id).await?;
    Ok(Floor { insert_to_job, insert_to_row: millis(arrived) })
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Another name, other server ids, another sink, and a fixed start.
fn changed(job: &str, file: &str, position: u64, round: u32) -> String {
    let start = format!(
        "'connector' = 'mysql-cdc',\n  'scan.startup.mode' = 'specific-offset',\n  \
         'scan.startup.specific-offset.file' = '{file}',\n  'scan.startup.specific-offset.pos' = '{position}',"
    );
    job.replace("'connector' = 'mysql-cdc',", &start)
        .replace("'server-id' = '55", &format!("'server-id' = '{}", 56 + round))
        .replace("/target?", &format!("/floor{round}?"))
        .replace("'pipeline.name' = '", "'pipeline.name' = 'floor of ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_job_meets_the_first_nowhere() {
        let script = changed(include_str!("../../../playbooks/jobs/rehearsal.sql"), "bin.000002", 155, 0);
        assert!(script.contains("'floor of rehearsal'") && !script.contains("/target?"));
        assert!(script.contains("'5601'") && script.contains("'5602'") && !script.contains("'55"));
        assert_eq!(script.matches("'scan.startup.specific-offset.pos' = '155'").count(), 2);
    }
}
