//! A region behind its API on loopback, for the program as a user starts it.

use sandbox::{
    api::{self, Api},
    region::{Addresses, ClusterSpec, Faults, InstanceSpec, Level, Pace, Region, Settings},
};

/// A region behind its API; nothing it is asked to make is ever ready.
pub struct Aws {
    pub api: Api,
    pub endpoint: String,
    _runtime: tokio::runtime::Runtime,
}

impl Aws {
    pub fn start(faults: Faults) -> Self {
        let now = || u64::try_from(time::OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000).unwrap();
        let mut region = Region::new(Settings {
            account: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
            seed: 5,
            pace: Pace::sandbox(),
            addresses: Addresses::Dns,
            faults,
            start: now(),
        });
        region.add_parameter_group(Level::Cluster, "orders57", "aurora-mysql5.7").unwrap();
        region.set_parameters(Level::Cluster, "orders57", &[("binlog_format", "ROW")]).unwrap();
        let mut cluster = ClusterSpec::new("orders", "5.7.mysql_aurora.2.11.2", "blue");
        cluster.parameter_group = Some("orders57".to_owned());
        region.add_cluster(cluster).unwrap();
        region.add_instance(InstanceSpec::member("orders-1", "orders")).unwrap();
        let api = Api::new(region, now, |_| {});
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let served = api.clone();
        runtime.spawn(async move { api::serve(listener, served).await });
        Self { api, endpoint, _runtime: runtime }
    }

    pub fn deployments(&self) -> usize {
        self.api.with(|region| region.deployments().len())
    }
}
