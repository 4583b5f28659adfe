//! Whether the CDC jobs can be handed over, one family of checks a file.

mod connector;
mod ids;
mod job;
mod kinds;
mod log;
mod sink;
mod source;
#[cfg(test)]
mod tests;

use super::{Inventory, error, notice, ours, warning, with};
use crate::event::{Consequence, Finding};

pub(super) fn check(seen: &Inventory, findings: &mut Vec<Finding>) {
    if seen.cdc_jobs.is_empty() {
        return;
    }
    log::check(seen, findings);
    connector::check(seen, findings);
    ids::check(seen, findings);
    for job in &seen.cdc_jobs {
        job::check(seen, job, findings);
        for source in &job.sources {
            source::check(seen, job, source, findings);
        }
        for sink in &job.sinks {
            sink::check(job, sink, findings);
        }
    }
    for unknown in &seen.unknown {
        let text = format!("It is not known {}: {}", unknown.what, unknown.why);
        let fix = unknown.hint.clone().unwrap_or_else(|| "See that it can be asked, or look yourself".to_owned());
        let mut finding = warning(&ours::CDC_NOT_KNOWN, Consequence::SilentUntilUsed, &unknown.object, text);
        finding.fix = Some(fix);
        findings.push(finding);
    }
}
