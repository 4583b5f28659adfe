//! From an empty folder to the page.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mysql_async::prelude::Queryable;
use tokio::signal::unix::{SignalKind, signal};

use super::console::Console;
use super::events::Story;
use super::figures::{self, Figures};
use super::folder::Folder;
use super::late::Late;
use super::page::Findings;
use super::product::{Ahead, Product};
use super::scene::Scene;
use super::script::{self, Written};
use super::{floor, sink};
use crate::clock;
use crate::error::{Doing, Error, Result};
use crate::flink::Client;
use crate::mysqld::{Engine, connect};
use crate::place::{Place, Record, State, read_json};
use crate::serve::{Oddities, Wish, down, up};
use crate::workload::{Workload, burst, create_tables, insert_first_rows};

/// The writer goes on this long after the upgrade.
const QUIET: Duration = Duration::from_secs(2);
/// For a first row after the flip that is late.
const PATIENCE: Duration = Duration::from_secs(60);

type Say<'a> = &'a (dyn Fn(&str) + Sync);

/// What a rehearsal is made with.
#[derive(Debug, Clone)]
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
    pub gtid: bool,
    pub oddities: Oddities,
    pub scene: Scene,
    /// Where the one JSON object goes.
    pub tell: fn(&str),
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
        let oddities = self.scene.oddities(&self.oddities);
        let undone = oddities.roll_back + oddities.cancel;
        let wish = Wish { engine: self.engine, gtid: self.gtid, init: None, companion, oddities };
        if self.keep {
            folder.keep()?;
        }
        let record = up(&self.program, &folder.sandbox(), &self.cache, &wish, say).await?;
        let place = Place::at(&folder.sandbox())?;
        let written = script::write(&self.playbooks, &folder.root, &record, &self.scene)?;
        let jobs = prepare(&record, &written, say).await?;

        let Scene { rate, writers, .. } = self.scene;
        let writer = Workload::with_hands(record.source.address()?, &record.accounts.app, "source", rate, writers);
        say(&format!("The writer changes {rate} rows a second through {writers} connections"));
        sink::await_changes(&record, &jobs).await?;
        let watch = sink::first_arrival(&place, &record, &writer);
        let state_folder = folder.root.join("state");
        let upgrade = async {
            if let Some(late) = self.scene.late {
                if self.scene.kept {
                    keep_states(&record, &jobs, &written.playbook, say).await?;
                }
                self.come_late(late, &place, &record, &jobs, &writer, say).await?;
                if self.scene.state_only {
                    return Ok(Story::default());
                }
            }
            let mut ahead = Ahead::of(&self.scene, undone, &state_folder);
            let (upgrade, playbook, state) = (self.upgrade.as_path(), written.playbook.as_path(), state_folder.clone());
            let (gate, wrong_row_after) = (written.gate, self.scene.wrong_row_after());
            let product = Product { upgrade, playbook, state, record: &record, place: &place, gate, wrong_row_after };
            let between = self.scene.burst.map(|count| burst_of(count, &record, say));
            let story = product.run(&mut ahead, between, say).await;
            clock::pause(QUIET).await;
            story
        };
        let (story, arrival) = both(upgrade, watch).await?;
        if self.scene.state_only {
            writer.stop().await;
            return Ok(true);
        }
        let state: State = read_json(&place.state())?.unwrap_or_default();
        let inserts = figures::inserts(&record).await?;
        let mut figures = Figures::of(state.flips.first(), &inserts, arrival.as_ref());
        let coordinates = state.flips.first().and_then(|flip| flip.coordinates.as_ref());
        if let (true, Some(coordinates), Some(job)) = (self.scene.floor, coordinates, written.jobs.first()) {
            figures.floor = Some(floor::measure(&record, job, coordinates).await?);
        }
        let writer = writer.stop().await;
        figures.gap_of_application = writer.longest_gap().map(|gap| gap.length());
        let compared = if story.moved_jobs(&self.scene.ends) { sink::compare_all(&record).await? } else { Vec::new() };
        let findings = Findings { story, ends: self.scene.ends.clone(), flips: state.flips, writer, figures, compared };
        say(&findings.page());
        for failure in &state.failures {
            say(&format!("The sandbox could not: {failure}"));
        }
        if let Some(next) = findings.story.next.as_ref().filter(|_| !findings.is_good()) {
            say(&format!("The product says to type next: {next}"));
        }
        if self.scene.json {
            (self.tell)(&findings.json());
        }
        Ok(findings.is_good())
    }

    /// The switchover by hand, and what becomes of the job that nobody stopped.
    async fn come_late(
        &self,
        late: Late,
        place: &Place,
        record: &Record,
        jobs: &[String],
        writer: &Workload,
        say: Say<'_>,
    ) -> Result<()> {
        let console = Console::new(record)?;
        say("By hand: CreateBlueGreenDeployment");
        let deployment = console.create(self.gtid).await?;
        say("By hand: SwitchoverBlueGreenDeployment");
        let held = late.begin(record, jobs, writer).await?;
        console.switch_over(&deployment).await?;
        drop(held);
        let state: State = read_json(&place.state())?.unwrap_or_default();
        let seen = late.reached(record, &state, jobs).await?;
        say(&format!("The job is found {late:?}: {seen}"));
        Ok(())
    }
}

/// A savepoint of each job, named in the playbook.
async fn keep_states(record: &Record, jobs: &[String], playbook: &Path, say: Say<'_>) -> Result<()> {
    let flink = Client::new(&record.flink)?;
    let mut states = Vec::new();
    for job in jobs {
        states.push(flink.savepoint(job).await?);
    }
    say(&format!("Savepoints from before: {}", states.join(", ")));
    script::name_states(playbook, &states)
}

async fn burst_of(count: u32, record: &Record, say: Say<'_>) -> Result<()> {
    let started = clock::start();
    burst(record.source.address()?, &record.accounts.app, "source", count).await?;
    say(&format!("Burst: {count} transactions in {} ms", started.elapsed().as_millis()));
    Ok(())
}

/// The tables, the log's retention as the operator sets it, and the CDC job as it runs before the upgrade; the ids of the
/// jobs it started.
async fn prepare(record: &Record, written: &Written, say: Say<'_>) -> Result<Vec<String>> {
    let mut source = connect(record.source.address()?, &record.accounts.upgrade).await.doing("Connecting to blue")?;
    create_tables(&mut source, "source").await?;
    insert_first_rows(&mut source, "source").await?;
    let retention = "CALL mysql.rds_set_configuration('binlog retention hours', 24)";
    source.query_drop(retention).await.doing("Setting the binary log's retention")?;
    let mut sink = connect(record.sink.address()?, &record.accounts.sink).await.doing("Connecting to the sink")?;
    create_tables(&mut sink, "target").await?;

    let flink = Client::new(&record.flink)?;
    let mut jobs = Vec::new();
    for job in &written.jobs {
        jobs.extend(flink.submit(&script::with_secrets(job, record)).await?);
    }
    say(&format!("The CDC jobs {} carry source to target", jobs.join(", ")));
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
