//! The three processes of a session cluster, started from the class path without Flink's own scripts.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fs_err as fs;
use tokio::process::Command;

use super::gateway::Client;
use crate::address::Claim;
use crate::clock;
use crate::error::{Error, Result};
use crate::parts::{Parts, tail};
use crate::process::{Ledger, Process};

/// What Flink's scripts open to it on a JDK from 17 on.
const OPENS: [&str; 12] = [
    "java.lang",
    "java.net",
    "java.io",
    "java.nio",
    "sun.nio.ch",
    "java.lang.reflect",
    "java.text",
    "java.time",
    "java.util",
    "java.util.concurrent",
    "java.util.concurrent.atomic",
    "java.util.concurrent.locks",
];
const START: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(300);
/// Its place among the processes.
const TASK_MANAGER: usize = 1;

/// Where a cluster is and where its state lies.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Flink {
    /// `http://127.80.10.250:8081`
    pub rest: String,
    /// `http://127.80.10.250:8083`
    pub sql_gateway: String,
    /// `file:///…`
    pub savepoints: String,
    /// `file:///…`
    pub checkpoints: String,
}

#[derive(Debug)]
pub struct Cluster {
    pub flink: Flink,
    processes: Vec<Process>,
}

impl Cluster {
    /// Starts the processes; `wait_until_ready` tells when they can be used. `folder` is absolute.
    pub fn start(parts: &Parts, claim: &Claim, folder: &Path, ledger: &Ledger) -> Result<Self> {
        let host = claim.services();
        let ports = Ports {
            rpc: claim.service_port(6123)?,
            rest: claim.service_port(8081)?,
            gateway: claim.service_port(8083)?,
        };
        let flink = Flink {
            rest: format!("http://{host}:{}", ports.rest),
            sql_gateway: format!("http://{host}:{}", ports.gateway),
            savepoints: format!("file://{}", folder.join("savepoints").display()),
            checkpoints: format!("file://{}", folder.join("checkpoints").display()),
        };
        for inner in ["conf", "log", "tmp", "savepoints", "checkpoints"] {
            fs::create_dir_all(folder.join(inner))?;
        }
        fs::write(folder.join("conf/config.yaml"), config(host, &ports, folder, &flink))?;
        fs::write(folder.join("conf/log4j.properties"), LOG4J)?;
        let java = Java { parts, folder, ledger };
        let conf = folder.join("conf").display().to_string();
        let processes = vec![
            java.spawn(
                "jobmanager",
                "-Xmx512m",
                "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint",
                &["--configDir", &conf, "--executionMode", "cluster"],
            )?,
            java.task_manager()?,
            java.spawn("sql-gateway", "-Xmx512m", "org.apache.flink.table.gateway.SqlGateway", &[])?,
        ];
        Ok(Self { flink, processes })
    }

    /// Brings the TaskManager up again whenever it has ended, as whoever runs Flink in earnest has seen to.
    pub async fn keep_up(mut self, parts: Parts, folder: PathBuf, ledger: Arc<Ledger>) -> Result<()> {
        loop {
            clock::pause(LOOK).await;
            if self.processes[TASK_MANAGER].has_ended() {
                clock::pause(LOOK).await;
                self.processes[TASK_MANAGER] =
                    Java { parts: &parts, folder: &folder, ledger: &ledger }.task_manager()?;
            }
        }
    }

    /// Ends the processes; no job is stopped properly first.
    pub async fn kill(self) -> Result<()> {
        for process in self.processes {
            process.end(Duration::ZERO).await?;
        }
        Ok(())
    }
}

/// Returns once the cluster has slots and the gateway answers. `folder` is the cluster's, for its logs.
pub async fn wait_until_ready(flink: &Flink, folder: &Path) -> Result<()> {
    let client = Client::new(flink)?;
    let ready = || async {
        let slots = client.slots().await.unwrap_or(0);
        (slots > 0 && client.gateway_version().await.is_ok()).then_some(())
    };
    clock::poll(START, Duration::from_millis(100), ready).await.ok_or_else(|| Error::TooSlow {
        what: "The start of Flink".into(),
        limit: START,
        detail: format!(" The ends of its logs:\n{}", log_tails(folder)),
    })
}

fn log_tails(folder: &Path) -> String {
    let logs = ["jobmanager", "taskmanager", "sql-gateway"].map(|role| {
        let text = fs::read_to_string(log_file(folder, role)).unwrap_or_default();
        format!("{role}:\n{}", tail(&text, 8))
    });
    logs.join("\n")
}

fn log_file(folder: &Path, role: &str) -> PathBuf {
    folder.join("log").join(format!("{role}.log"))
}

struct Java<'a> {
    parts: &'a Parts,
    folder: &'a Path,
    ledger: &'a Ledger,
}

impl Java<'_> {
    fn task_manager(&self) -> Result<Process> {
        let conf = self.folder.join("conf").display().to_string();
        let class = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner";
        self.spawn("taskmanager", "-Xmx768m", class, &["--configDir", &conf])
    }

    fn spawn(&self, role: &str, memory: &str, class: &str, arguments: &[&str]) -> Result<Process> {
        let log = log_file(self.folder, role);
        let out = fs::File::create(self.folder.join("log").join(format!("{role}.out")))?.into_parts().0;
        let mut command = Command::new("java");
        command
            .args([memory, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Duser.timezone=UTC"])
            .arg(format!("-Djava.io.tmpdir={}", self.folder.join("tmp").display()))
            .arg(format!("-Dlog.file={}", log.display()))
            .arg(format!("-Dlog4j.configurationFile={}", self.folder.join("conf/log4j.properties").display()))
            .args(OPENS.map(|package| format!("--add-opens=java.base/{package}=ALL-UNNAMED")))
            .args(["--add-exports=java.base/sun.net.util=ALL-UNNAMED", "-cp"])
            .arg(self.parts.class_path())
            .arg(class)
            .args(arguments)
            .env("FLINK_CONF_DIR", self.folder.join("conf"))
            .stderr(out.try_clone()?)
            .stdout(out);
        self.ledger.spawn(&format!("flink {role}"), &mut command)
    }
}

struct Ports {
    rpc: u16,
    rest: u16,
    gateway: u16,
}

/// No `rest.bind-port`: the gateway would take it for its own.
/// `web.refresh-interval` stays at its default: a poller of `/jobs/:id` must live with a cache of three seconds.
fn config(host: Ipv4Addr, ports: &Ports, folder: &Path, flink: &Flink) -> String {
    let Ports { rpc, rest, gateway } = ports;
    let tmp = folder.join("tmp");
    let tmp = tmp.display();
    let Flink { savepoints, checkpoints, .. } = flink;
    format!(
        "jobmanager.rpc.address: {host}
jobmanager.rpc.port: {rpc}
jobmanager.bind-host: {host}
rest.address: {host}
rest.bind-address: {host}
rest.port: {rest}
sql-gateway.endpoint.rest.address: {host}
sql-gateway.endpoint.rest.bind-address: {host}
sql-gateway.endpoint.rest.port: {gateway}
taskmanager.host: {host}
taskmanager.bind-host: {host}
taskmanager.numberOfTaskSlots: 12
parallelism.default: 1
taskmanager.cpu.cores: 12.0
taskmanager.memory.framework.heap.size: 128m
taskmanager.memory.framework.off-heap.size: 64m
taskmanager.memory.task.heap.size: 512m
taskmanager.memory.task.off-heap.size: 0m
taskmanager.memory.network.min: 64m
taskmanager.memory.network.max: 64m
taskmanager.memory.managed.size: 64m
taskmanager.memory.jvm-metaspace.size: 256m
taskmanager.memory.jvm-overhead.min: 64m
taskmanager.memory.jvm-overhead.max: 64m
cluster.registration.error-delay: 300 ms
execution.checkpointing.dir: {checkpoints}
execution.checkpointing.savepoint-dir: {savepoints}
execution.checkpointing.externalized-checkpoint-retention: RETAIN_ON_CANCELLATION
execution.checkpointing.num-retained: 3
io.tmp.dirs: {tmp}
web.tmpdir: {tmp}
blob.storage.directory: {tmp}
"
    )
}

const LOG4J: &str = "rootLogger.level = INFO
rootLogger.appenderRef.file.ref = File
appender.file.name = File
appender.file.type = FILE
appender.file.append = true
appender.file.fileName = ${sys:log.file}
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{yyyy-MM-dd HH:mm:ss,SSS} %-5p %-60c %x - %m%n
logger.pekko.name = org.apache.pekko
logger.pekko.level = WARN
";
