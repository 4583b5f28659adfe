//! A region behind its API on a loopback port, with a clock that stands until it is moved.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_rds::Client;
use aws_sdk_rds::config::retry::RetryConfig;
use aws_sdk_rds::config::timeout::TimeoutConfig;
use aws_sdk_rds::config::{BehaviorVersion, Credentials, Region as AwsRegion};
use sandbox::api::{self, Api};
use sandbox::region::{
    Addresses, ClusterSpec, Faults, InstanceSpec, Level, Millis, Pace, Pretend, Region, Settings, Work,
};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const START: Millis = 1_790_000_000_000;

pub(crate) struct World {
    pub(crate) api: Api,
    pub(crate) client: Client,
    plane: Pretend,
    clock: Arc<AtomicU64>,
    inbox: Arc<Mutex<Vec<Work>>>,
    server: JoinHandle<()>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl World {
    /// Aurora `orders` with two members, RDS `shop` with a replica.
    pub(crate) async fn new(faults: Faults) -> Self {
        let mut region = Region::new(Settings {
            account: "123456789012".into(),
            region: "us-east-1".into(),
            seed: 11,
            pace: Pace::sandbox(),
            addresses: Addresses::Loopback { base: [127, 83, 21], port: 13306 },
            faults,
            start: START,
        });
        for (name, family) in [("orders-57", "aurora-mysql5.7"), ("orders-80", "aurora-mysql8.0")] {
            region.add_parameter_group(Level::Cluster, name, family).unwrap();
            region.set_parameters(Level::Cluster, name, &[("binlog_format", "ROW")]).unwrap();
        }
        let mut spec = ClusterSpec::new("orders", "5.7.mysql_aurora.2.11.2", "blue");
        spec.parameter_group = Some("orders-57".into());
        spec.custom_endpoints.push("orders-reports".into());
        spec.tags.insert("team".into(), "shop & <co>".into());
        region.add_cluster(spec).unwrap();
        region.add_instance(InstanceSpec::member("orders-1", "orders")).unwrap();
        region.add_instance(InstanceSpec::member("orders-2", "orders")).unwrap();
        region.add_instance(InstanceSpec::primary("shop", "5.7.22", "shop")).unwrap();
        region.add_instance(InstanceSpec::replica("shop-r", "shop", "shop-r")).unwrap();
        let mut plane = Pretend::default();
        plane.add_servers(&region);
        plane.run(&mut region, START);

        let clock = Arc::new(AtomicU64::new(START));
        let inbox: Arc<Mutex<Vec<Work>>> = Arc::default();
        let (read, put) = (clock.clone(), inbox.clone());
        let api = Api::new(region, move || read.load(Ordering::SeqCst), move |work| put.lock().unwrap().extend(work));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = api.clone();
        let server = tokio::spawn(async move { api::serve(listener, served).await.unwrap() });
        let config = aws_sdk_rds::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(AwsRegion::new("us-east-1"))
            .credentials_provider(Credentials::new("AKIDEXAMPLE", "canary-key", None, None, "static"))
            .endpoint_url(format!("http://{address}"))
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(5)).build())
            .build();
        Self { api, client: Client::from_conf(config), plane, clock, inbox, server }
    }

    /// Lets region and servers live on for so long.
    pub(crate) fn run(&mut self, ms: Millis) {
        let work = std::mem::take(&mut *self.inbox.lock().unwrap());
        let until = self.clock.load(Ordering::SeqCst) + ms;
        let plane = &mut self.plane;
        self.api.with(|region| {
            plane.accept(region, work);
            plane.run(region, until);
        });
        self.clock.store(until, Ordering::SeqCst);
    }
}
