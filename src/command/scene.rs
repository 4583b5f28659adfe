//! What every verb that works on a playbook begins with: the playbook, its state folder, its newest run.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::{Value, json};

use super::kept;
use crate::{
    error::{Error, Kind, Result},
    event::Outcome,
    playbook::{self, DatabaseName, Loaded, Playbook},
    runner::{Departure, Placed, Run, RunFolder, Verbs, departure, digest_of, journal},
    step,
};

/// A playbook and where its runs are kept.
pub(super) struct Scene {
    pub playbook: Arc<Playbook>,
    pub text: String,
    pub path: PathBuf,
    pub folder: PathBuf,
    pub state: PathBuf,
    pub verbs: Verbs,
}

/// The newest run and what its journal says.
pub(super) struct Past {
    pub folder: RunFolder,
    pub run: Run,
    pub entries: Vec<journal::Entry>,
    /// What is to be said of the state the folder is in.
    pub warnings: Vec<String>,
}

impl Scene {
    pub(super) fn of(loaded: Loaded, path: &Path, state: Option<&Path>) -> Self {
        let verbs = Verbs::new(path.display().to_string(), state.map(|state| state.display().to_string()));
        Self {
            playbook: Arc::new(loaded.playbook),
            text: loaded.text,
            path: path.to_owned(),
            state: state.map_or_else(|| loaded.folder.join(".upgrade"), Path::to_owned),
            folder: loaded.folder,
            verbs,
        }
    }

    /// The newest run of this playbook, read without touching it. One that died before its first record never began; one
    /// of another target that has finished is another story.
    pub(super) fn past(&self) -> Result<Option<Past>> {
        for folder in RunFolder::newest_first(&self.state, &self.playbook)? {
            let recovered = journal::read(&folder.journal())?;
            if recovered.entries.is_empty() {
                continue;
            }
            let run = Run::fold(&recovered.entries)?;
            if run.target == self.target() {
                let torn = recovered.torn_warning().into_iter();
                let warnings = torn.chain(kept::missing(&folder, &recovered.entries)).collect();
                return Ok(Some(Past { folder, run, entries: recovered.entries, warnings }));
            }
            if run.finished.is_none() {
                return Err(self.another_target(&run));
            }
        }
        Ok(None)
    }

    /// Whether the newest journal itself does not read.
    pub(super) fn is_damaged(&self) -> bool {
        self.newest().is_some_and(|folder| {
            let folded = journal::read(&folder.journal()).and_then(|recovered| Run::fold(&recovered.entries));
            folded.is_err_and(|error| error.kind == Kind::Drift)
        })
    }

    /// Whether the newest journal is a newer version's: that version can go on with the run.
    pub(super) fn is_newer(&self) -> bool {
        self.newest().is_some_and(|folder| journal::is_newer(&folder.journal()))
    }

    fn newest(&self) -> Option<RunFolder> {
        RunFolder::newest_first(&self.state, &self.playbook).ok().and_then(|all| all.into_iter().next())
    }

    /// The database in words; empty where the playbook has none.
    pub(super) fn target(&self) -> String {
        let Some(target) = &self.playbook.target else { return String::new() };
        let database = match &target.database {
            DatabaseName::AuroraCluster(id) => format!("aurora cluster {id}"),
            DatabaseName::RdsInstance(id) => format!("rds instance {id}"),
        };
        format!("{database} in {}", target.region)
    }

    fn another_target(&self, run: &Run) -> Error {
        let (name, theirs) = (&self.playbook.name, &run.target);
        let text = format!(
            "An unfinished run named `{name}` is of the {theirs}, and this playbook is of the {}",
            self.target()
        );
        Error::new(Kind::Drift, text)
            .unchanged("Nothing was changed")
            .hint("Undo the edit of `target`, or give this playbook another `name` or `--state`")
    }

    /// A run that is given up only goes back.
    pub(super) fn not_aborting(&self, past: &Past) -> Result<()> {
        let Some(aborting) = &past.run.aborting else { return Ok(()) };
        Err(Error::drift(format!("The run {} is being aborted, by {}", past.run.id, aborting.who))
            .unchanged("Nothing was changed")
            .hint(format!("Type `{}` until it is done", self.verbs.abort())))
    }

    /// The steps, ready to look and to act.
    pub(super) fn steps(&self) -> Vec<Placed> {
        self.placed(self.inputs(&self.playbook))
    }

    fn placed(&self, inputs: Vec<Value>) -> Vec<Placed> {
        let steps = self.playbook.steps.iter().zip(inputs);
        steps
            .map(|(step, input)| Placed {
                id: step.id.clone(),
                kind: step.body.kind(),
                input,
                budget: step.budget,
                step: step::of(&step.body),
            })
            .collect()
    }

    /// Refuses a playbook whose begun steps are not what they were when they began.
    pub(super) fn same_so_far(&self, past: &Past) -> Result<()> {
        let now = self.inputs(&self.playbook);
        match departure(&past.run, &self.placed(now.clone())) {
            None => Ok(()),
            Some(Departure::Order { step }) => Err(edited(&format!("the order of steps up to `{step}`"))),
            Some(Departure::Input { place }) => Err(edited(&self.what_changed(past, place, &now[place]))),
        }
    }

    fn what_changed(&self, past: &Past, place: usize, now: &Value) -> String {
        let step = &self.playbook.steps[place].id;
        let text = fs_err::read_to_string(past.folder.playbook()).unwrap_or_default();
        let before = playbook::parse(&text, "playbook.yaml", &self.folder).ok();
        let before = before.and_then(|before| self.inputs(&before).into_iter().nth(place));
        let key = before
            .and_then(|before| playbook::changed_key(&before, now))
            .unwrap_or_else(|| "what it is given".to_owned());
        format!("`{key}`, which the step `{step}` has begun with")
    }

    /// What each step is given: by the playbook, and by the job scripts it names.
    fn inputs(&self, playbook: &Playbook) -> Vec<Value> {
        let scripts: Vec<_> = playbook.cdc_jobs.iter().map(|job| (job.name.clone(), digest_of(&script(job)))).collect();
        let all = 0..playbook.steps.len();
        all.map(|place| {
            let mut input = playbook::step_input(playbook, &self.folder, place);
            if playbook.steps[place].body.acts_on_jobs() {
                input["scripts"] = json!(scripts);
            }
            input
        })
        .collect()
    }
}

impl Past {
    pub(super) fn finished(&self) -> bool {
        self.run.finished.is_some()
    }

    /// Done or aborted, and not just left for good.
    pub(super) fn ended_well(&self) -> bool {
        matches!(self.run.finished, Some(Outcome::Succeeded | Outcome::Aborted))
    }
}

/// Beyond it a script is refused where it is used.
const LARGEST_SCRIPT: u64 = 4 << 20;

fn script(job: &playbook::CdcJob) -> Option<String> {
    let path = match &job.flink_sql {
        playbook::FlinkSql::Script(path) => path,
        playbook::FlinkSql::Template { template, .. } => template,
    };
    // Whether it can be read is told where it is used.
    fs_err::metadata(path).ok().filter(|there| there.is_file() && there.len() <= LARGEST_SCRIPT)?;
    fs_err::read_to_string(path).ok()
}

fn edited(what: &str) -> Error {
    Error::new(Kind::Drift, format!("The playbook was edited where the unfinished run has been already: {what}"))
        .unchanged("Nothing was changed")
        .hint("Undo the edit (the run keeps its own copy), or begin anew with `--new-run`; later steps may be edited freely")
}
