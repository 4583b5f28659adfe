//! What is in the region before anybody calls its API.

use super::event::EventMode;
use super::wish::{Oddities, Wish};
use crate::address::Claim;
use crate::clock;
use crate::error::{Error, Result};
use crate::mysqld::Engine;
use crate::parts::Release;
use crate::plane::GreenAddress;
use crate::region::work::Millis;
use crate::region::{
    Addresses, ApiError, Breakage, Calls, ClusterSpec, Fault, Faults, InstanceSpec, Level, Mishap, Pace, Planned,
    Region, Rule, ServerId, Settings,
};

pub const ACCOUNT: &str = "123456789012";
pub const REGION: &str = "us-east-1";
pub(super) const BLUE: &str = "orders-blue";
pub(super) const BLUE_RELEASE: Release = Release::V57;
const GROUP: &str = "orders-params";

/// Set by a user who has run this database for years; some are gone in 8.0.
const CLUSTER_PARAMETERS: [(&str, &str); 4] = [
    ("binlog_format", "ROW"),
    ("character_set_server", "utf8mb4"),
    ("tx_isolation", "READ-COMMITTED"),
    ("innodb_large_prefix", "1"),
];
const INSTANCE_PARAMETERS: [(&str, &str); 4] =
    [("slow_query_log", "1"), ("long_query_time", "2"), ("query_cache_type", "0"), ("max_connections", "400")];
const GTID: [(&str, &str); 2] = [("gtid-mode", "ON"), ("enforce_gtid_consistency", "ON")];

/// An Aurora cluster `orders` with `orders-1` and `orders-2`, or an RDS instance `orders`.
pub(super) fn set(wish: &Wish, claim: &Claim) -> Result<Region> {
    let mut region = Region::new(Settings {
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        pace: pace(&wish.oddities),
        addresses: Addresses::Loopback { base: claim.base, port: claim.port },
        start: clock::now(),
        seed: clock::now(),
        faults: faults(&wish.oddities),
    });
    let added = match wish.engine {
        Engine::Aurora => aurora(&mut region, wish.gtid),
        Engine::Rds => rds(&mut region, wish.gtid),
    };
    added.map_err(|error| Error::other(format!("The scene cannot be set: {}", error.message)))?;
    Ok(region)
}

fn pace(oddities: &Oddities) -> Pace {
    const NEVER: Millis = 24 * 3_600_000;
    let mut pace = Pace::sandbox();
    pace.complete = pace.rename + oddities.linger;
    if oddities.green_address == GreenAddress::Stays || oddities.green_address == GreenAddress::Killed {
        pace.unroute = NEVER;
    }
    pace
}

fn faults(oddities: &Oddities) -> Faults {
    let cancelled = Mishap::SwitchoverCancelled { reason: "an active long-running transaction".to_owned() };
    let mishap = Planned { mishap: cancelled, times: oddities.cancel, struck: 0 };
    let share = Calls::Share(f64::from(oddities.cut_rds) / 200.0);
    let mut rules =
        vec![Rule::any(share, Fault::ReplyLost(Breakage::Reset)), Rule::any(share, Fault::CallLost(Breakage::Reset))];
    rules.retain(|_| oddities.cut_rds > 0);
    Faults { rules, mishaps: vec![mishap], coordinates: EventMode::plan(&oddities.event) }
}

fn aurora(region: &mut Region, gtid: bool) -> std::result::Result<(), ApiError> {
    region.add_parameter_group(Level::Cluster, GROUP, "aurora-mysql5.7")?;
    region.add_parameter_group(Level::Instance, GROUP, "aurora-mysql5.7")?;
    region.set_parameters(Level::Cluster, GROUP, &CLUSTER_PARAMETERS)?;
    region.set_parameters(Level::Instance, GROUP, &INSTANCE_PARAMETERS)?;
    if gtid {
        region.set_parameters(Level::Cluster, GROUP, &GTID)?;
    }
    let mut cluster = ClusterSpec::new("orders", "5.7.mysql_aurora.2.11.2", BLUE);
    cluster.parameter_group = Some(GROUP.to_owned());
    region.add_cluster(cluster)?;
    for id in ["orders-1", "orders-2"] {
        let mut member = InstanceSpec::member(id, "orders");
        member.parameter_group = Some(GROUP.to_owned());
        region.add_instance(member)?;
    }
    Ok(())
}

fn rds(region: &mut Region, gtid: bool) -> std::result::Result<(), ApiError> {
    region.add_parameter_group(Level::Instance, GROUP, "mysql5.7")?;
    region.set_parameters(Level::Instance, GROUP, &CLUSTER_PARAMETERS)?;
    region.set_parameters(Level::Instance, GROUP, &INSTANCE_PARAMETERS)?;
    if gtid {
        region.set_parameters(Level::Instance, GROUP, &GTID)?;
    }
    let mut instance = InstanceSpec::primary("orders", "5.7.22", BLUE);
    instance.parameter_group = Some(GROUP.to_owned());
    region.add_instance(instance)
}

/// The host of the production endpoint.
pub(super) fn production(region: &Region, engine: Engine) -> Result<String> {
    let host = match engine {
        Engine::Aurora => region.cluster("orders").map(|cluster| cluster.endpoint.clone()),
        Engine::Rds => region.instance("orders").map(|instance| instance.endpoint.clone()),
    };
    host.map_err(|error| Error::other(error.message))
}

pub(super) fn blue() -> ServerId {
    ServerId(BLUE.to_owned())
}
