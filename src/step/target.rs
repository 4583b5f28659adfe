//! The playbook's target: its name, and the side behind it.

use crate::{
    error::{Error, Result},
    playbook::{DatabaseName, Playbook, Target},
    port::{
        rds::{Database, RdsRead},
        side::{Side, side},
    },
};

/// The target of the playbook.
pub(super) fn target(playbook: &Playbook) -> Result<(&Target, Database)> {
    let target = playbook.target.as_ref().ok_or_else(|| Error::usage("The playbook has no `target`"))?;
    let database = match &target.database {
        DatabaseName::AuroraCluster(id) => Database::AuroraCluster(id.clone()),
        DatabaseName::RdsInstance(id) => Database::RdsInstance(id.clone()),
    };
    Ok((target, database))
}

/// The side behind the production name, which must exist.
pub(super) async fn production(rds: &dyn RdsRead, playbook: &Playbook) -> Result<Side> {
    let (target, database) = target(playbook)?;
    let side = side(rds, &database).await?.ok_or_else(|| {
        Error::permanent(format!("There is no {database} in {}", target.region))
            .unchanged("Nothing was changed")
            .hint("Check `target` in the playbook, and the account and region of the credentials")
    })?;
    if let Some(account) = &target.account
        && side.account() != account
    {
        return Err(Error::permanent(format!(
            "The playbook is for account {account}, and the credentials are for account {}",
            side.account()
        ))
        .unchanged("Nothing was changed")
        .hint("Log in to the other account, or correct `target.account`"));
    }
    Ok(side)
}
