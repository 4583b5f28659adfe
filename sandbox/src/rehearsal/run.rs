//! From an empty folder to the page.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

use super::events::Story;
use super::folder::Folder;
use super::page::Findings;
use super::script::{self, Written};
use super::sink;
use crate::clock;
use crate::error::{Doing, Error, Result};
use crate::flink::Client;
use crate::mysqld::{Engine, connect};
use crate::place::{Place, Record, State, read_json};
use crate::process::{Identity, Note};
use crate::serve::{Wish, down, up};
use crate::workload::{Workload, create_tables, insert_first_rows};

/// Changed rows a second.
const RATE: u32 = 300;
/// The writer goes on this long after the upgrade.
const QUIET: Duration = Duration::from_secs(2);
/// For a first row after the flip that is late.
const PATIENCE: Duration = Duration::from_secs(60);

type Say<'a> = &'a (dyn Fn(&str) + Sync);

/// What a rehearsal is made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsal {
    /// The sandbox's own binary.
    pub program: PathBuf,
    /// The product's binary.
    pub upgrade: PathBuf,
    /// Holds `rehearsal.yaml` and `jobs/rehearsal.sql`.
    pub playbooks: PathBuf,
    pub cache: PathBuf,
    /// Rehearsals have their folders here.
    pub folder: PathBuf,
    pub engine: Engine,
    /// Leave the sandbox up.
    pub keep: bool,
    /// Kill the product while it does operations that begin with these words, once for each, and type its command again.
    pub kill: Vec<String>,
}

impl Rehearsal {
    /// True when the upgrade went through and source and sink are equal. Whatever happens, nothing is left running
    /// unless `keep` is set.
    pub async fn run(&self, say: Say<'_>) -> Result<bool> {
        if !self.upgrade.is_file() {
            return Err(Error::other(format!("{} is missing. Build it: cargo build", self.upgrade.display())));
        }
        let folder = Folder::take(&self.folder).await?;
        say(&format!("Rehearsing in {}", folder.root.display()));
        let mut terminate = signal(SignalKind::terminate())?;
        let ended = tokio::select! {
            ended = self.rehearse(&folder, say) => ended,
            _ = tokio::signal::ctrl_c() => Err(Error::other("Interrupted")),
            _ = terminate.recv() => Err(Error::other("Told to end")),
        };
        if self.keep && ended.is_ok() {
            let dir = folder.sandbox();
            say(&format!("The sandbox stays up. End it: {} down --dir {}", self.program.display(), dir.display()));
        } else {
            down(&folder.sandbox()).await?;
        }
        ended
    }

    async fn rehearse(&self, folder: &Folder, say: Say<'_>) -> Result<bool> {
        let companion = (!self.keep).then(std::process::id);
        let wish = Wish { engine: self.engine, gtid: false, init: None, companion };
        if self.keep {
            folder.keep()?;
        }
        let record = up(&self.program, &folder.sandbox(), &self.cache, &wish, say).await?;
        let place = Place::at(&folder.sandbox())?;
        let written = script::write(&self.playbooks, &folder.root, &record)?;
        let jobs = prepare(&record, &written, say).await?;

        let writer = Workload::start(record.source.address()?, &record.accounts.app, "source", RATE);
        say(&format!("The writer changes {RATE} rows a second"));
        sink::await_changes(&record, &jobs).await?;
        let watch = sink::first_arrival(&place, &record, &writer);
        let upgrade = async {
            let story = self.upgrade(&written.playbook, &folder.root, &record, say).await;
            clock::pause(QUIET).await;
            story
        };
        let (story, arrival) = both(upgrade, watch).await?;
        let writer = writer.stop().await;
        let compared = if story.exit_code == Some(0) { sink::compare_all(&record).await? } else { Vec::new() };
        let state: State = read_json(&place.state())?.unwrap_or_default();
        let findings = Findings { story, flips: state.flips, writer, arrival, compared };
        say(&findings.page());
        for failure in &state.failures {
            say(&format!("The sandbox could not: {failure}"));
        }
        if let Some(next) = findings.story.next.as_ref().filter(|_| !findings.is_good()) {
            say(&format!("The product says to type next: {next}"));
        }
        Ok(findings.is_good())
    }

    /// The product's command, typed again after every kill.
    async fn upgrade(&self, playbook: &Path, root: &Path, record: &Record, say: Say<'_>) -> Result<Story> {
        let mut story = Story::default();
        let mut kill = self.kill.clone();
        loop {
            say("upgrade run rehearsal.yaml --approve approve");
            let before = kill.len();
            self.call(playbook, root, record, &mut story, &mut kill, say).await?;
            if kill.len() == before {
                break;
            }
            story.again();
        }
        if let Some(never) = kill.first() {
            return Err(Error::other(format!("The product was to be killed during `{never}`, which it never did")));
        }
        Ok(story)
    }

    /// One call, as a user would make it, but reading the events instead of the text.
    async fn call(
        &self,
        playbook: &Path,
        root: &Path,
        record: &Record,
        story: &mut Story,
        kill: &mut Vec<String>,
        say: Say<'_>,
    ) -> Result<()> {
        let place = Place::at(&root.join("sandbox"))?;
        let mut child = Command::new(&self.upgrade)
            .args(["--output", "json", "--state"])
            .arg(root.join("state"))
            .arg("run")
            .arg(playbook)
            .args(["--approve", "approve"])
            .envs(record.environment())
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_SESSION_TOKEN")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let identity = child.id().and_then(Identity::of);
        let _note = identity.map(|identity| Note::write(&place.processes(), identity, "upgrade")).transpose()?;
        let output = child.stdout.take().ok_or_else(|| Error::other("The product has no standard output"))?;
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines.next_line().await? {
            if let Some(shown) = story.take(&line) {
                say(&shown);
            }
            let under_way = story.under_way.clone().unwrap_or_default();
            if let Some(at) = kill.iter().position(|words| under_way.starts_with(words.as_str())) {
                child.kill().await?;
                say(&format!("  Killed during `{}`", kill.remove(at)));
                return Ok(());
            }
        }
        let code = child.wait().await?.code().map(i64::from);
        if story.exit_code != code {
            say(&format!("The product ended with {code:?} and reported {:?}", story.exit_code));
            story.exit_code = code.filter(|code| *code != 0).or(Some(1));
        }
        Ok(())
    }
}

/// The tables, the log's retention as the operator sets it, and the CDC job as it runs before the upgrade; the ids of the
/// jobs it started.
async fn prepare(record: &Record, written: &Written, say: Say<'_>) -> Result<Vec<String>> {
    let mut source = connect(record.source.address()?, &record.accounts.upgrade).await.doing("Connecting to blue")?;
    create_tables(&mut source, "source").await?;
    insert_first_rows(&mut source, "source").await?;
    let retention = "CALL mysql.rds_set_configuration('binlog retention hours', 72)";
    source.query_drop(retention).await.doing("Setting the binary log's retention")?;
    let mut sink = connect(record.sink.address()?, &record.accounts.sink).await.doing("Connecting to the sink")?;
    create_tables(&mut sink, "target").await?;

    let script = script::with_secrets(&written.job, record);
    let jobs = Client::new(&record.flink)?.submit(&script).await?;
    say(&format!("The CDC job {} carries source to target", jobs.join(", ")));
    Ok(jobs)
}

/// Waits for the upgrade; if it went through, a little longer for the first row that must arrive.
async fn both<T>(
    upgrade: impl Future<Output = Result<Story>>,
    watch: impl Future<Output = Result<T>>,
) -> Result<(Story, Option<T>)> {
    tokio::pin!(upgrade, watch);
    tokio::select! {
        story = &mut upgrade => {
            let story = story?;
            if story.exit_code != Some(0) {
                return Ok((story, None));
            }
            let arrival = tokio::time::timeout(PATIENCE, watch).await.ok().transpose()?;
            Ok((story, arrival))
        }
        arrival = &mut watch => Ok((upgrade.await?, Some(arrival?))),
    }
}
