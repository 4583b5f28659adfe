//! Whether a job may go on from its own savepoint on another server.

use super::GtidSet;

/// Whether a savepoint may be restored straight onto green: it is then sent exactly what green has and `job` has not.
///
/// `job`: the set in the savepoint. `executed`, `purged`: `@@gtid_executed` and `@@gtid_purged` of green, and `green` its
/// `@@server_uuid`: the only server that the job need not know. `clean`: the savepoint stands between two transactions,
/// with nothing to skip.
///
/// # Errors
///
/// A sentence: what would be sent twice, would be missing, or would make the connector refuse.
pub fn restorable(job: &GtidSet, executed: &GtidSet, purged: &GtidSet, green: &str, clean: bool) -> Result<(), String> {
    if job.is_empty() {
        return Err("The savepoint has no GTID set: the job has read by file and position".to_owned());
    }
    if !clean {
        let why = "The savepoint stands within a transaction, and counts of its events do not hold on another server";
        return Err(why.to_owned());
    }
    let strange = job.subtract(executed);
    if !strange.is_empty() {
        return Err(format!("Green has not executed {strange}, which the job has read"));
    }
    for uuid in executed.uuids() {
        match (job.first_of(uuid), executed.first_of(uuid)) {
            // All that green has of that server would be sent, and old values written over new ones.
            (None, Some(_)) if !uuid.eq_ignore_ascii_case(green) => {
                return Err(format!(
                    "The job's set does not know server {uuid}, of which green has transactions: it was started by file \
                     and position, and they would be sent again"
                ));
            }
            (Some(first), Some(floor)) if first > floor => {
                return Err(format!(
                    "The job's set begins at {uuid}:{first}, and green has that server's from {floor} on: it was started \
                     by file and position, and what it read before is not in it"
                ));
            }
            _ => {}
        }
    }
    let lost = executed.subtract(job).subtract(&executed.subtract(purged));
    if !lost.is_empty() {
        return Err(format!("Green has purged {lost}, which the job has not read"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLUE: &str = "11111111-1111-1111-1111-111111111111";
    const GREEN: &str = "22222222-2222-2222-2222-222222222222";

    fn set(text: &str) -> GtidSet {
        text.replace("B:", &format!("{BLUE}:")).replace("G:", &format!("{GREEN}:")).parse().unwrap()
    }

    fn of(job: &str, executed: &str, purged: &str) -> Result<(), String> {
        restorable(&set(job), &set(executed), &set(purged), GREEN, true)
    }

    #[test]
    fn only_a_complete_set_is_gone_on_from() {
        assert_eq!(of("B:1-80", "B:1-100,G:1-5", "B:1-50"), Ok(()));
        assert_eq!(of("B:1-100,G:1-2", "B:1-100,G:1-5", "B:1-50"), Ok(()));
        let unclean = restorable(&set("B:1-80"), &set("B:1-100"), &set(""), GREEN, false);
        assert!(unclean.unwrap_err().contains("within a transaction"));
        assert!(of("", "B:1-100", "").unwrap_err().contains("no GTID set"));
        assert!(of("B:1-101", "B:1-100", "").unwrap_err().contains(":101"));
        // Started by file and position.
        assert!(of("B:60-80", "B:1-100", "").unwrap_err().contains("begins at"));
        assert!(of("B:1-40", "B:1-100", "B:1-50").unwrap_err().contains(":41-50"));
        // Everything of blue would be sent again.
        assert!(of("G:1-2", "B:1-100,G:1-5", "B:1-50").unwrap_err().contains("does not know"));
        assert!(of("G:1-2", "B:1-100,G:1-5", "").unwrap_err().contains("does not know"));
    }
}
