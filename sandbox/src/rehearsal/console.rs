//! What a person does at the RDS console, through the same API: a deployment made and switched over without the product.

use std::time::Duration;

use crate::clock;
use crate::error::{Doing, Error, Result};
use crate::mysqld::Engine;
use crate::place::Record;

const CREATION: Duration = Duration::from_secs(300);
const SWITCHOVER: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(100);
const GROUP: &str = "orders-80-by-hand";

pub(super) struct Console<'a> {
    record: &'a Record,
    http: reqwest::Client,
}

impl<'a> Console<'a> {
    pub(super) fn new(record: &'a Record) -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().build().doing("Making an HTTP client")?;
        Ok(Self { record, http })
    }

    /// Makes green; the deployment's identifier, once it is available.
    pub(super) async fn create(&self, gtid: bool) -> Result<String> {
        let aurora = self.record.engine == Engine::Aurora;
        let (group, family, kind, version, target) = match self.record.engine {
            Engine::Aurora => (
                "DBClusterParameterGroup",
                "aurora-mysql8.0",
                "cluster",
                "8.0.mysql_aurora.3.08.2",
                "TargetDBClusterParameterGroupName",
            ),
            Engine::Rds => ("DBParameterGroup", "mysql8.0", "db", "8.0.15", "TargetDBParameterGroupName"),
        };
        let name = format!("{group}Name");
        let made = [(name.as_str(), GROUP), ("DBParameterGroupFamily", family), ("Description", "Made by hand")];
        self.call(&format!("Create{group}"), &made).await?;
        let mut wanted = vec![("binlog_format", "ROW")];
        if gtid {
            wanted.extend([("gtid-mode", "ON"), ("enforce_gtid_consistency", "ON")]);
        }
        for (parameter, value) in wanted {
            let member = "Parameters.Parameter.1.";
            let (names, values, methods) =
                (format!("{member}ParameterName"), format!("{member}ParameterValue"), format!("{member}ApplyMethod"));
            let change = [(name.as_str(), GROUP), (&names, parameter), (&values, value), (&methods, "pending-reboot")];
            self.call(&format!("Modify{group}"), &change).await?;
        }
        let source = format!("arn:aws:rds:{}:{}:{kind}:orders", self.record.region, self.record.account);
        let creation = [
            ("BlueGreenDeploymentName", "orders-80-by-hand"),
            ("Source", source.as_str()),
            ("TargetEngineVersion", version),
            (target, GROUP),
        ];
        let answer = self.call("CreateBlueGreenDeployment", &creation).await?;
        let id = first(&answer, "BlueGreenDeploymentIdentifier")?;
        self.await_status(&id, "AVAILABLE", CREATION).await?;
        let members = if aurora { "DescribeDBClusters" } else { "DescribeDBInstances" };
        let settled = || async {
            let instances = self.call("DescribeDBInstances", &[]).await.ok()?;
            let all = self.call(members, &[]).await.ok()? + &instances;
            (!all.contains("<Status>modifying") && !all.contains("<DBInstanceStatus>modifying")).then_some(())
        };
        clock::poll(CREATION, LOOK, settled).await.ok_or_else(|| late("The end of all modifications", CREATION))?;
        Ok(id)
    }

    /// Switches over; returns once the deployment says that it is completed.
    pub(super) async fn switch_over(&self, id: &str) -> Result<()> {
        let asked = [("BlueGreenDeploymentIdentifier", id), ("SwitchoverTimeout", "120")];
        self.call("SwitchoverBlueGreenDeployment", &asked).await?;
        self.await_status(id, "SWITCHOVER_COMPLETED", SWITCHOVER).await
    }

    async fn await_status(&self, id: &str, wanted: &str, limit: Duration) -> Result<()> {
        let mark = format!("<Status>{wanted}</Status>");
        let mut last = String::new();
        let started = clock::start();
        while started.elapsed() < limit {
            last = self.call("DescribeBlueGreenDeployments", &[("BlueGreenDeploymentIdentifier", id)]).await?;
            // The members and the tasks come before the deployment's own status.
            let own = last.rfind("</Tasks>").map_or(last.as_str(), |end| &last[end..]);
            if own.contains(&mark) {
                return Ok(());
            }
            if own.contains("FAILED") || own.contains("INVALID") {
                return Err(Error::other(format!("The deployment came to grief: {own}")));
            }
            clock::pause(LOOK).await;
        }
        Err(Error::TooSlow { what: format!("The status {wanted}"), limit, detail: format!(" The last answer: {last}") })
    }

    /// The answer's XML.
    async fn call(&self, action: &str, fields: &[(&str, &str)]) -> Result<String> {
        let all = [("Action", action), ("Version", "2014-10-31")].into_iter().chain(fields.iter().copied());
        let pairs: Vec<String> = all.map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let request = self.http.post(format!("{}/", self.record.api));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(pairs.join("&"));
        let answer = request.send().await.doing(format!("Calling {action}"))?;
        let status = answer.status();
        let text = answer.text().await.doing(format!("Reading the answer of {action}"))?;
        if status.is_success() { Ok(text) } else { Err(Error::other(format!("{action} answered {status}: {text}"))) }
    }
}

fn late(what: &str, limit: Duration) -> Error {
    Error::TooSlow { what: what.to_owned(), limit, detail: String::new() }
}

fn encode(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    value.bytes().map(|byte| if plain(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn first(xml: &str, element: &str) -> Result<String> {
    let inner = xml.split_once(&format!("<{element}>")).and_then(|(_, rest)| rest.split_once("</"));
    let inner = inner.map(|(inner, _)| inner.to_owned());
    inner.ok_or_else(|| Error::other(format!("The answer has no {element}: {xml}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_survives_the_form() {
        assert_eq!(encode("arn:aws:rds"), "arn%3Aaws%3Ards");
        assert_eq!(first("<a><Id>bgd-1</Id></a>", "Id").unwrap(), "bgd-1");
        assert!(first("<a/>", "Id").is_err());
    }
}
