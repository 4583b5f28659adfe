//! The product, called as a user would call it, and what is done to it and round it meanwhile.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use super::events::Story;
use super::kills::EachRecord;
use super::scene::Scene;
use super::secrets;
use super::storm::{Blow, Storm};
use super::upset::Upset;
use super::wrong_row;
use crate::clock;
use crate::error::{Error, Result};
use crate::place::{Place, Record};
use crate::process::{Identity, Note};

/// How long a record stands in the journal before it is seen.
const LOOK: Duration = Duration::from_millis(1);
/// After so many kills the run does not get on.
const KILLS: u32 = 200;

type Say<'a> = &'a (dyn Fn(&str) + Sync);

/// What is still to happen during the calls.
pub(super) struct Ahead {
    kill: Vec<String>,
    each: Option<EachRecord>,
    storm: Option<Storm>,
    upset: Vec<Upset>,
    /// So many times a call may end because of what was done to it or of a switchover that was undone, and the command is
    /// typed again.
    undone: u32,
}

impl Ahead {
    pub(super) fn of(scene: &Scene, undone: u32, state: &Path) -> Self {
        let hurt = u32::try_from(scene.upset.len()).unwrap_or(u32::MAX);
        let each = scene.kill_each_record.clone().map(|span| EachRecord::new(span, state.to_owned()));
        let storm = scene.storm.map(|kills| Storm::new(kills, scene.seed));
        Self { kill: scene.words_to_kill_at(), each, storm, upset: scene.upset.clone(), undone: undone + hurt }
    }

    /// Everything has happened, or the error says what has not.
    fn check(&self) -> Result<()> {
        if let Some(never) = self.kill.first() {
            return Err(Error::other(format!("The product was to be killed during `{never}`, which it never did")));
        }
        if let Some(never) = self.upset.first() {
            return Err(Error::other(format!(
                "Nothing was upset during `{}`, which the product never did",
                never.during
            )));
        }
        if self.each.as_ref().is_some_and(|each| each.kills == 0) {
            return Err(Error::other("The product was never killed: no journal record was seen"));
        }
        if self.storm.as_ref().is_some_and(|storm| storm.kills == 0) {
            return Err(Error::other("The product was never killed: it was done before the first moment"));
        }
        Ok(())
    }
}

pub(super) struct Product<'a> {
    pub(super) upgrade: &'a Path,
    pub(super) playbook: &'a Path,
    pub(super) state: PathBuf,
    pub(super) record: &'a Record,
    pub(super) place: &'a Place,
    /// Whether the playbook has the gate `approve`.
    pub(super) gate: bool,
    /// The step behind which the sink gets a wrong row.
    pub(super) wrong_row_after: Option<&'static str>,
}

impl Product<'_> {
    /// The whole run: the command, typed again after every kill, every switchover that was undone, and what an upset Flink
    /// refused. `between` happens once the jobs are stopped, where it is given.
    pub(super) async fn run(
        &self,
        ahead: &mut Ahead,
        between: Option<impl Future<Output = Result<()>>>,
        say: Say<'_>,
    ) -> Result<Story> {
        let mut story = Story::default();
        if let Some(between) = between {
            self.calls(&["--until", "stop_cdc_jobs"], &mut story, ahead, say).await?;
            if story.exit_code != Some(0) {
                return Ok(story);
            }
            between.await?;
            story.again();
        }
        if let Some(step) = self.wrong_row_after {
            self.calls(&["--until", step], &mut story, ahead, say).await?;
            if story.exit_code != Some(0) {
                return Ok(story);
            }
            wrong_row::plant(self.record).await?;
            story.again();
            self.calls(&[], &mut story, ahead, say).await?;
            wrong_row::is_named(&story, &self.state)?;
            say(&format!("  The wrong row was found: {}", story.error.clone().unwrap_or_default()));
            wrong_row::mend(self.record).await?;
            story.again();
        }
        self.calls(&[], &mut story, ahead, say).await?;
        secrets::kept_out_of(&self.state)?;
        if story.exit_code == Some(0) {
            ahead.check()?;
        }
        Ok(story)
    }

    async fn calls(&self, more: &[&str], story: &mut Story, ahead: &mut Ahead, say: Say<'_>) -> Result<()> {
        loop {
            let arguments = self.arguments(more);
            say(&format!("upgrade {}", arguments.join(" ")));
            let killed = self.call(&arguments, story, ahead, say).await?;
            let undone = !killed && matches!(story.exit_code, Some(4 | 5)) && ahead.undone > 0;
            if !killed && !undone {
                return Ok(());
            }
            if undone {
                ahead.undone -= 1;
                say(&format!(
                    "  The product ended with {:?}: {}",
                    story.exit_code,
                    story.error.clone().unwrap_or_default()
                ));
            }
            if ahead.each.as_ref().is_some_and(|each| each.kills > KILLS) {
                return Err(Error::other(format!("After {KILLS} kills the run is not at its end")));
            }
            story.again();
        }
    }

    fn arguments(&self, more: &[&str]) -> Vec<String> {
        let name = self.playbook.display().to_string();
        let gate = if self.gate { &["--approve", "approve"][..] } else { &[] };
        let state = self.state.display().to_string();
        let all = ["--output", "json", "--state", &state, "run", &name].into_iter().chain(gate.iter().copied());
        all.chain(more.iter().copied()).map(str::to_owned).collect()
    }

    /// One call, reading the events instead of the text; true where it was killed.
    async fn call(&self, arguments: &[String], story: &mut Story, ahead: &mut Ahead, say: Say<'_>) -> Result<bool> {
        let mut child = Command::new(self.upgrade)
            .args(arguments)
            .envs(self.record.environment())
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_SESSION_TOKEN")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let identity = child.id().and_then(Identity::of);
        let _note = identity.map(|identity| Note::write(&self.place.processes(), identity, "upgrade")).transpose()?;
        let output = child.stdout.take().ok_or_else(|| Error::other("The product has no standard output"))?;
        let mut lines = BufReader::new(output).lines();
        loop {
            let line = tokio::select! {
                line = lines.next_line() => match line? {
                    Some(line) => Some(line),
                    None => break,
                },
                () = clock::pause(LOOK), if ahead.each.is_some() || ahead.storm.is_some() => None,
            };
            if let Some(line) = &line {
                secrets::kept_out(line.as_bytes(), "what the product said")?;
            }
            if let Some(shown) = line.and_then(|line| story.take(&line)) {
                say(&shown);
            }
            if ahead.each.as_mut().is_some_and(EachRecord::strikes) {
                child.kill().await?;
                say("  Killed after a journal record");
                return Ok(true);
            }
            match ahead.storm.as_mut().and_then(Storm::strikes) {
                None => {}
                Some(Blow::Product) => {
                    child.kill().await?;
                    let kills = ahead.storm.as_ref().map_or(0, |storm| storm.kills);
                    say(&format!("  Killed at a random moment ({kills})"));
                    return Ok(true);
                }
                Some(Blow::Beside(victim)) => {
                    ahead.undone += 1;
                    match victim.strike(self.place, self.record).await {
                        Ok(hit) => say(&format!("  {hit} at a random moment")),
                        Err(error) => say(&format!("  Nothing was hit: {error}")),
                    }
                }
            }
            let under_way = story.under_way.clone().unwrap_or_default();
            if let Some(at) = ahead.upset.iter().position(|upset| under_way.starts_with(&upset.during)) {
                let upset = ahead.upset.remove(at);
                let hit = upset.victim.strike(self.place, self.record).await?;
                say(&format!("  {hit} during `{}`", upset.during));
            }
            if let Some(at) = ahead.kill.iter().position(|words| under_way.starts_with(words.as_str())) {
                child.kill().await?;
                say(&format!("  Killed during `{}`", ahead.kill.remove(at)));
                return Ok(true);
            }
        }
        let code = child.wait().await?.code().map(i64::from);
        if story.exit_code != code {
            say(&format!("The product ended with {code:?} and reported {:?}", story.exit_code));
            story.exit_code = code.filter(|code| *code != 0).or(Some(1));
        }
        Ok(false)
    }
}
