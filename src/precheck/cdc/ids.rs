//! Ids by which a server tells its readers apart: of two with one id it ends the older.

use super::{Consequence, Finding, Inventory, error, ours, warning, with};
use crate::precheck::inventory::{CdcJob, ServerIds, Source};

const QUERY: &str = "SHOW SLAVE HOSTS (8.0.22 and later: SHOW REPLICAS)";
/// What the connector chooses from where none is given.
const BY_DEFAULT: (u32, u32) = (5400, 6400);

pub(super) fn check(seen: &Inventory, findings: &mut Vec<Finding>) {
    let all: Vec<(&CdcJob, &Source)> =
        seen.cdc_jobs.iter().flat_map(|job| job.sources.iter().map(move |source| (job, source))).collect();
    for (at, (job, source)) in all.iter().enumerate() {
        let object = format!("{}.{}", job.name, source.name);
        match &source.server_ids {
            ServerIds::Absent => {
                let text = format!(
                    "It names no server-id: each start takes any of {} to {}, which another reader may have; the \
                     server then ends the older one",
                    BY_DEFAULT.0, BY_DEFAULT.1
                );
                let fix = "Give every source a range of its own, as wide as its parallelism: 'server-id' = '5501-5504'";
                findings.push(with(warning(&ours::SERVER_ID, Consequence::SilentUntilUsed, object, text), fix, QUERY));
            }
            ServerIds::Unreadable(value) => {
                let text = format!("Its server-id is '{value}', neither a number nor a range like 5501-5504");
                let fix = "Write 'server-id' = '5501-5504', or one number for a parallelism of 1";
                findings.push(with(error(&ours::SERVER_ID, object, text), fix, QUERY));
            }
            ServerIds::Range(first, last) => {
                for (other_job, other) in &all[at + 1..] {
                    if let ServerIds::Range(begin, end) = &other.server_ids
                        && begin <= last
                        && first <= end
                        && same_server(source, other)
                    {
                        let text = format!(
                            "Its server-id {} and that of {}.{} ({}) overlap: the server ends the older reader of one \
                             id, and that job fails",
                            range(*first, *last),
                            other_job.name,
                            other.name,
                            range(*begin, *end)
                        );
                        let fix = "Give every source a range of its own, in all jobs that read this server";
                        findings.push(with(error(&ours::SERVER_ID, &object, text), fix, QUERY));
                    }
                }
                narrow(job, &object, last - first + 1, findings);
                taken(seen, source, &object, (*first, *last), findings);
            }
        }
    }
}

fn narrow(job: &CdcJob, object: &str, width: u32, findings: &mut Vec<Finding>) {
    if let Some(parallelism) = job.parallelism.filter(|parallelism| *parallelism > width) {
        let text = format!("It has {width} server ids for a parallelism of {parallelism}");
        let fix = format!("Make the range at least {parallelism} wide: 'server-id' = '5501-{}'", 5500 + parallelism);
        let query = "'parallelism.default' of the script";
        findings.push(with(warning(&ours::SERVER_ID_RANGE, Consequence::BrokenAfterwards, object, text), fix, query));
    }
}

/// Ids that servers have: those that replicate, and both sides' own.
fn taken(seen: &Inventory, source: &Source, object: &str, (first, last): (u32, u32), findings: &mut Vec<Finding>) {
    let replicas = source.reader.iter().filter_map(|reader| reader.replicas.as_ref()).flatten();
    let replicas = replicas.map(|(id, host)| (*id, format!("a replica ({host})")));
    let own = seen.server_ids.iter().map(|(name, id)| (*id, format!("the server {name}")));
    for (id, who) in replicas.chain(own).filter(|(id, _)| (first..=last).contains(id)) {
        let text = format!("Its server-id {} holds {id}, which {who} has", range(first, last));
        let fix = "Choose a range that no server and no replica has";
        let query = format!("{QUERY}, SELECT @@server_id");
        findings.push(with(warning(&ours::SERVER_ID_TAKEN, Consequence::BrokenAfterwards, object, text), fix, query));
    }
}

fn same_server(one: &Source, other: &Source) -> bool {
    match (&one.server, &other.server) {
        (Some(one), Some(other)) => one.uuid == other.uuid,
        _ => one.address == other.address,
    }
}

fn range(first: u32, last: u32) -> String {
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}
