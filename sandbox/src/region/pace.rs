//! How long everything takes, in milliseconds.

use serde::{Deserialize, Serialize};

use super::work::Millis;

/// Durations of the control plane. Where a data plane works as well, each is the least time it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// From CreateBlueGreenDeployment to its first task.
    pub begin: Millis,
    /// CREATING_READ_REPLICA_OF_SOURCE.
    pub copy: Millis,
    /// DB_ENGINE_VERSION_UPGRADE.
    pub upgrade: Millis,
    /// Each further member, in CREATE_DB_INSTANCES_FOR_CLUSTER or CREATING_TOPOLOGY_OF_SOURCE.
    pub member: Millis,
    /// CONFIGURE_BACKUPS.
    pub backups: Millis,
    /// CREATE_CUSTOM_ENDPOINTS.
    pub endpoints: Millis,
    /// How long green members are still `modifying` when the deployment is AVAILABLE already.
    pub settle: Millis,
    /// How far the rows of members lag behind the status of their deployment.
    pub row_lag: Millis,
    /// From SwitchoverBlueGreenDeployment to the start of the switchover itself.
    pub guardrails: Millis,
    /// From the first write on green to the new names.
    pub rename: Millis,
    /// From the first write on green to SWITCHOVER_COMPLETED.
    pub complete: Millis,
    /// How long a former name of green still resolves.
    pub unroute: Millis,
    pub reboot: Millis,
    /// How long a dynamic parameter is `applying`.
    pub apply: Millis,
    /// How long a modified resource is `modifying`.
    pub modify: Millis,
    pub delete: Millis,
    /// From an occurrence to its place in DescribeEvents.
    pub event_delay: Millis,
}

impl Pace {
    /// What was measured on AWS: minutes to hours.
    pub fn aws() -> Self {
        Self {
            begin: 20_000,
            copy: 15 * 60_000,
            upgrade: 25 * 60_000,
            member: 7 * 60_000,
            backups: 4 * 60_000,
            endpoints: 60_000,
            settle: 90_000,
            row_lag: 11_000,
            guardrails: 10_000,
            rename: 7_000,
            complete: 26_000,
            unroute: 51_000,
            reboot: 40_000,
            apply: 30_000,
            modify: 45_000,
            delete: 5 * 60_000,
            event_delay: 4_000,
        }
    }

    /// The same order of things in seconds, for rehearsals with real servers.
    pub fn sandbox() -> Self {
        Self {
            begin: 200,
            copy: 600,
            upgrade: 600,
            member: 300,
            backups: 300,
            endpoints: 200,
            settle: 500,
            row_lag: 200,
            guardrails: 400,
            rename: 500,
            complete: 2_500,
            unroute: 2_000,
            reboot: 500,
            apply: 300,
            modify: 400,
            delete: 600,
            event_delay: 150,
        }
    }
}
