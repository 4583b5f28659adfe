//! A region behind its API on loopback, for the program as a user starts it.

use std::sync::{Arc, Mutex};

use sandbox::{
    api::{self, Api},
    region::{Addresses, ClusterSpec, Faults, InstanceSpec, Level, Pace, Pretend, Region, Settings, Work},
};

/// A region behind its API; what it is asked to make is ready only once it is told to go on.
pub struct Aws {
    pub api: Api,
    servers: Mutex<Pretend>,
    /// Handed out, and not begun.
    work: Arc<Mutex<Vec<Work>>>,
    pub endpoint: String,
    _runtime: tokio::runtime::Runtime,
}

impl Aws {
    pub fn start(faults: Faults) -> Self {
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
        let mut servers = Pretend::default();
        servers.add_servers(&region);
        let work: Arc<Mutex<Vec<Work>>> = Arc::default();
        let handed = Arc::clone(&work);
        let api = Api::new(region, now, move |more| handed.lock().unwrap().extend(more));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let served = api.clone();
        runtime.spawn(async move { api::serve(listener, served).await });
        Self { api, servers: Mutex::new(servers), work, endpoint, _runtime: runtime }
    }

    /// The servers do what they have been given to do.
    #[allow(dead_code, reason = "not every test lets it go on")]
    pub fn go_on(&self) {
        let work = std::mem::take(&mut *self.work.lock().unwrap());
        self.api.with(|region| {
            let mut servers = self.servers.lock().unwrap();
            servers.accept(region, work);
            servers.run(region, now());
        });
    }

    pub fn deployments(&self) -> usize {
        self.api.with(|region| region.deployments().len())
    }
}

/// Milliseconds since the epoch.
fn now() -> u64 {
    u64::try_from(time::OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000).unwrap()
}
