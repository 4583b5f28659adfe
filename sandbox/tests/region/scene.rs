//! A region with one database in it, and a pretended data plane.

use sandbox::region::action::*;
use sandbox::region::*;

pub(crate) const START: Millis = 1_790_000_000_000;
pub(crate) const V57: &str = "5.7.mysql_aurora.2.11.2";
pub(crate) const V80: &str = "8.0.mysql_aurora.3.08.2";

pub(crate) struct Scene {
    pub(crate) region: Region,
    pub(crate) plane: Pretend,
}

pub(crate) fn settings(pace: Pace) -> Settings {
    Settings {
        account: "123456789012".into(),
        region: "us-east-1".into(),
        seed: 7,
        pace,
        addresses: Addresses::Loopback { base: [127, 83, 20], port: 3306 },
        faults: Faults::default(),
        start: START,
    }
}

impl Scene {
    /// Aurora `orders` with `orders-1` (writer) and `orders-2`, and groups for 5.7 and 8.0 with ROW.
    pub(crate) fn aurora() -> Self {
        Self::aurora_with(settings(Pace::sandbox()))
    }

    pub(crate) fn aurora_with(settings: Settings) -> Self {
        let mut region = Region::new(settings);
        for (name, family) in [("orders-57", "aurora-mysql5.7"), ("orders-80", "aurora-mysql8.0")] {
            region.add_parameter_group(Level::Cluster, name, family).unwrap();
            region.set_parameters(Level::Cluster, name, &[("binlog_format", "ROW")]).unwrap();
        }
        let mut spec = ClusterSpec::new("orders", V57, "blue");
        spec.parameter_group = Some("orders-57".into());
        spec.tags.insert("team".into(), "shop".into());
        region.add_cluster(spec).unwrap();
        region.add_instance(InstanceSpec::member("orders-1", "orders")).unwrap();
        region.add_instance(InstanceSpec::member("orders-2", "orders")).unwrap();
        Self::living(region)
    }

    /// RDS `shop` with its replica `shop-r`.
    pub(crate) fn rds() -> Self {
        let mut region = Region::new(settings(Pace::sandbox()));
        region.add_instance(InstanceSpec::primary("shop", "5.7.22", "blue")).unwrap();
        region.add_instance(InstanceSpec::replica("shop-r", "shop", "blue-replica")).unwrap();
        Self::living(region)
    }

    fn living(mut region: Region) -> Self {
        let mut plane = Pretend::default();
        plane.add_servers(&region);
        plane.run(&mut region, START);
        Self { region, plane }
    }

    pub(crate) fn run(&mut self, ms: Millis) {
        let until = self.region.now() + ms;
        self.plane.run(&mut self.region, until);
    }

    pub(crate) fn call<C: Call>(&mut self, call: C) -> Result<C::Answer, Failure> {
        self.region.call(call)
    }

    /// The code of the refusal.
    pub(crate) fn refused<C: Call>(&mut self, call: C) -> String
    where
        C::Answer: std::fmt::Debug,
    {
        match self.region.call(call) {
            Err(Failure::Refused(error)) => error.code,
            other => panic!("expected a refusal, saw {other:?}"),
        }
    }

    pub(crate) fn creation(&self) -> CreateBlueGreenDeployment {
        let aurora = self.region.cluster("orders").is_ok();
        CreateBlueGreenDeployment {
            name: "to-80".into(),
            source: if aurora { self.region.arn("cluster", "orders") } else { self.region.arn("db", "shop") },
            target_engine_version: Some(if aurora { V80 } else { "8.0.15" }.into()),
            target_cluster_parameter_group: aurora.then(|| "orders-80".into()),
            ..Default::default()
        }
    }

    /// Creates the deployment and waits for its status.
    pub(crate) fn create(&mut self) -> String {
        let creation = self.creation();
        let id = self.call(creation).unwrap().id;
        self.wait(&id, "AVAILABLE");
        let pace = self.region.settings().pace.clone();
        self.run(pace.settle + pace.row_lag + pace.event_delay);
        id
    }

    pub(crate) fn wait(&mut self, id: &str, status: &str) {
        let reached = |region: &Region| region.deployment(id).is_ok_and(|d| d.status.as_str() == status);
        let seen = self.plane.run_until(&mut self.region, 6 * 3_600_000, reached);
        assert!(seen.is_some(), "never {status}: {:?}", self.region.deployment(id));
    }

    pub(crate) fn status(&self, id: &str) -> String {
        self.region.deployment(id).unwrap().status.as_str().to_owned()
    }

    pub(crate) fn switch(&mut self, id: &str) {
        self.call(SwitchoverBlueGreenDeployment { id: id.into(), timeout: None }).unwrap();
        self.wait(id, "SWITCHOVER_COMPLETED");
        self.run(10_000);
    }

    /// The id of the green counterpart of this cluster or instance.
    pub(crate) fn green_of(&self, id: &str) -> String {
        let deployment = &self.region.deployments()[0];
        let suffix = format!(":{id}");
        let row = deployment.rows.iter().find(|row| row.source_arn.ends_with(&suffix)).unwrap();
        row.target_arn.as_ref().unwrap().rsplit(':').next().unwrap().to_owned()
    }

    /// The messages that begin with this, as `(source type, source id)`.
    pub(crate) fn said(&self, beginning: &str) -> Vec<(&'static str, String)> {
        let listed = self.region.events().iter().filter(|event| event.message.starts_with(beginning));
        listed.map(|event| (event.source_type.as_str(), event.source_id.clone())).collect()
    }
}
