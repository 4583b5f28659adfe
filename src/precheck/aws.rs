//! What RDS itself would refuse, or would do badly.

use super::{error, inventory::Inventory, ours, warning, with};
use crate::{
    event::{Consequence, Finding},
    port::rds::Database,
    port::side::RUN_TAG,
};

/// RDS adds `-green-` and six characters to names of at most 63.
const LONGEST_NAME: usize = 50;

pub(super) fn check(seen: &Inventory, findings: &mut Vec<Finding>) {
    version(seen, findings);
    deployments(seen, findings);
    members(seen, findings);
    side(seen, findings);
}

fn version(seen: &Inventory, findings: &mut Vec<Finding>) {
    let query = format!(
        "aws rds describe-db-engine-versions --engine {} --engine-version {}",
        seen.blue.engine, seen.blue.engine_version
    );
    let Some(target) = &seen.target else {
        let text = format!("RDS does not offer {} {}", seen.blue.engine, seen.target_version);
        findings.push(with(
            error(&ours::ENGINE_VERSION, seen.blue.database.id(), text),
            "Correct `target.engine_version`",
            query,
        ));
        return;
    };
    let offered = seen
        .current
        .iter()
        .flat_map(|current| &current.upgrade_targets)
        .any(|offered| offered.version == target.version);
    if target.version == seen.blue.engine_version {
        let text = format!("It is at {} already", target.version);
        findings.push(warning(&ours::ENGINE_VERSION, Consequence::Advice, seen.blue.database.id(), text));
    } else if !offered {
        let text = format!("{} is not a valid upgrade target of {}", target.version, seen.blue.engine_version);
        let fix = "Choose one of the listed targets, or upgrade in two hops";
        findings.push(with(error(&ours::ENGINE_VERSION, seen.blue.database.id(), text), fix, query));
    }
}

fn deployments(seen: &Inventory, findings: &mut Vec<Finding>) {
    for deployment in &seen.deployments {
        if deployment.tags.get(RUN_TAG).is_some_and(|tag| *tag == seen.run) {
            continue;
        }
        let text = format!(
            "There is a blue/green deployment {} already ({}, {})",
            deployment.name, deployment.id, deployment.status
        );
        let fix = format!("aws rds delete-blue-green-deployment --blue-green-deployment-identifier {}", deployment.id);
        findings.push(with(
            error(&ours::DEPLOYMENT_EXISTS, &deployment.id, text),
            fix,
            "aws rds describe-blue-green-deployments",
        ));
    }
}

fn members(seen: &Inventory, findings: &mut Vec<Finding>) {
    let query = "aws rds describe-db-instances";
    for member in &seen.blue.members {
        if member.status != "available" {
            let text = format!("It is {}, and a deployment needs it available", member.status);
            findings.push(with(
                error(&ours::INSTANCE_AVAILABLE, &member.id, text),
                "Wait until it is available",
                query,
            ));
        }
        if member.parameters != "in-sync" {
            let text = format!("Its parameters are {}: RDS creates no deployment from it", member.parameters);
            let fix = format!("aws rds reboot-db-instance --db-instance-identifier {}", member.id);
            findings.push(with(error(&ours::PARAMETERS_IN_SYNC, &member.id, text), fix, query));
        }
        name_length(&member.id, findings);
    }
    if !seen.blue.members.iter().any(|member| member.id == seen.blue.database.id()) {
        name_length(seen.blue.database.id(), findings);
    }
}

fn name_length(id: &str, findings: &mut Vec<Finding>) {
    if id.len() > LONGEST_NAME {
        let text =
            format!("Its name has {} characters: with `-green-xxxxxx` it may pass the 63 that RDS allows", id.len());
        let fix = format!("Rename it to at most {LONGEST_NAME} characters");
        findings.push(with(error(&ours::NAME_LENGTH, id, text), fix, "aws rds describe-db-instances"));
    }
}

fn side(seen: &Inventory, findings: &mut Vec<Finding>) {
    let id = seen.blue.database.id();
    if seen.blue.status != "available" {
        let text = format!("It is {}, and a deployment needs it available", seen.blue.status);
        findings.push(error(&ours::DATABASE_AVAILABLE, id, text));
    }
    if matches!(seen.blue.database, Database::RdsInstance(_)) && seen.blue.backup_retention_days == 0 {
        let fix = format!(
            "aws rds modify-db-instance --db-instance-identifier {id} --backup-retention-period 1 --apply-immediately"
        );
        let text = "Automated backups are off: RDS creates no deployment from it";
        findings.push(with(error(&ours::BACKUPS_ON, id, text), fix, "aws rds describe-db-instances"));
    }
    if seen.blue.managed_password {
        let text = "Its master password is managed by Secrets Manager, which blue/green deployments do not support";
        findings.push(with(
            error(&ours::MANAGED_PASSWORD, id, text),
            "Set a master password of your own",
            "aws rds describe-db-clusters",
        ));
    }
    if let Some(source) = &seen.blue.replication_source {
        let text = format!("It is itself a replica of {source}");
        findings.push(with(
            error(&ours::EXTERNAL_SOURCE, id, text),
            "Promote it, or upgrade its source first",
            "SHOW REPLICA STATUS",
        ));
    }
}
