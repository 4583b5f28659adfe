//! A script becomes a job: staged before, or sent whole.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use serde_json::Value;

use super::{
    answer::{clean, root_cause, secrets},
    gateway::{Session, Trouble},
    http::Http,
    job_manager,
    sql::{explain, first_words, may_start_a_job, setting},
    staged::{Staged, head},
};
use crate::{
    error::{Error, Kind, Result},
    port::flink::Statement,
    secret::Secret,
};

/// What planning throws, before anything is submitted.
const PLANNING: [&str; 4] = ["ParseException", "SqlParser", "ValidationException", "SqlValidateException"];
/// What shows that a job graph was on its way.
const SUBMITTING: [&str; 4] = ["JobSubmission", "JobInitialization", "JobExecution", "RestClient"];
/// How the JobManager refuses an id it has started before, whatever became of that job.
const DUPLICATE: &str = "DuplicateJobSubmissionException";
/// The option by which the submitter chooses the id of the job: 32 hex digits.
const JOB_ID: &str = "$internal.pipeline.job-id";
/// How long a job that was sent may take until the JobManager knows it, and the waits between the looks.
const APPEARS: Duration = Duration::from_secs(5);
const LOOKS: Duration = Duration::from_millis(200);

/// Opens a session, runs the head of the script in it and plans the rest.
///
/// Planning loads the classes and warms the planner; listing the jobs makes the gateway's client of the cluster. Neither
/// starts anything.
pub(super) async fn stage(http: &Arc<Http>, name: &str, script: &[Statement]) -> Result<Staged> {
    let session = Session::open(http, name).await?;
    let head = head(script);
    let of = Said { script, secrets: known(http, script), wanted: None };
    let plans: Vec<_> = script
        .iter()
        .enumerate()
        .skip(head.len())
        .map_while(|(at, one)| Some((at, explain(one.0.expose())?)))
        .collect();
    let sets = head.iter().enumerate().map(|(at, one)| (at, one.0.expose().to_owned()));
    for (at, text) in sets.chain(plans) {
        if let Err(trouble) = session.run(&text).await {
            session.close().await;
            return Err(of.without_a_job(at, trouble));
        }
    }
    // Only for speed.
    let _listed = session.run("SHOW JOBS").await;
    Ok(Staged::new(session, head, http.clock.clone()))
}

/// Sends the script, in the staged session where that is as good as a new one; returns the id of its job.
pub(super) async fn submit(
    gateway: &Arc<Http>,
    rest: &Http,
    staged: Option<Staged>,
    name: &str,
    script: &[Statement],
) -> Result<String> {
    let of = Said { script, secrets: known(gateway, script), wanted: wanted(script) };
    if let Some(staged) = staged {
        match take_over(&staged, script, &of, rest).await {
            Some(outcome) => return outcome,
            None => staged.session.close().await,
        }
    }
    let session = Session::open(gateway, name).await?;
    match of.send(&session, 0, rest).await {
        Ok(outcome) => outcome,
        Err(NoSession(at)) => {
            let error = Error::transient(format!("The session of the SQL Gateway ended before {}", of.place(at)));
            Err(error.unchanged("No job was started").hint("Run again"))
        }
    }
}

/// The session was not there when the first statement that could start a job was due, or before.
struct NoSession(usize);

/// `None` where nothing that starts a job was run: the script can be sent whole.
async fn take_over(staged: &Staged, script: &[Statement], of: &Said<'_>, rest: &Http) -> Option<Result<String>> {
    let repairs = staged.repairs(script)?;
    let repaired = join_all(repairs.iter().map(|group| async move {
        for repair in group {
            match staged.session.configure(repair).await {
                Some(outcome) => outcome?,
                None => staged.session.run(repair).await?,
            };
        }
        Ok::<(), Trouble>(())
    }));
    // Whatever is wrong with a statement is told when the script is sent whole.
    repaired.await.into_iter().collect::<std::result::Result<Vec<_>, _>>().ok()?;
    of.send(&staged.session, head(script).len(), rest).await.ok()
}

/// The id that the script chooses for its job, where it starts exactly one.
///
/// An id is chosen by the caller for one start. That the JobManager has it, or had it, is therefore proof that this start
/// took place, and the JobManager starts no id twice.
fn wanted(script: &[Statement]) -> Option<String> {
    let starts = script.iter().filter(|statement| may_start_a_job(statement.0.expose())).count();
    let id = last_setting(script, JOB_ID)?;
    let is_one = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    (starts == 1 && is_one).then(|| id.to_ascii_lowercase())
}

fn last_setting(script: &[Statement], key: &str) -> Option<String> {
    let settings = script.iter().rev().filter_map(|statement| setting(statement.0.expose()));
    settings.into_iter().find(|(of, _)| of == key).map(|(_, value)| value)
}

fn known(http: &Http, script: &[Statement]) -> Vec<Secret> {
    http.secrets.iter().cloned().chain(script.iter().flat_map(|statement| secrets(statement.0.expose()))).collect()
}

/// A script, and what its errors are told with.
struct Said<'a> {
    script: &'a [Statement],
    secrets: Vec<Secret>,
    wanted: Option<String>,
}

impl Said<'_> {
    /// Sends the statements from `from` on; the session is closed where one of them may have started a job.
    async fn send(
        &self,
        session: &Session,
        from: usize,
        rest: &Http,
    ) -> std::result::Result<Result<String>, NoSession> {
        let mut job = None;
        let mut started = false;
        for (at, statement) in self.script.iter().enumerate().skip(from) {
            let text = statement.0.expose();
            let starts = may_start_a_job(text);
            match session.run(text).await {
                Ok(result) => {
                    started |= starts;
                    job = id(&result).or(job);
                }
                Err(Trouble::NoSession) if !started => return Err(NoSession(at)),
                Err(trouble) => {
                    // Ended with its session, a statement that still runs starts nothing later.
                    session.close().await;
                    return Ok(self.judge(at, trouble, starts, started, rest).await);
                }
            }
        }
        if let Some(job) = job {
            // The job lives on without its session; its id is not to wait for the farewell.
            let session = session.clone();
            tokio::spawn(async move { session.close().await });
            return Ok(Ok(job));
        }
        session.close().await;
        let message = "Every statement of the script was taken, and none told the id of a job";
        Ok(if started {
            self.look(Error::unknown(message), rest).await
        } else {
            Err(Error::permanent(message).unchanged("No job was started").hint("Add the INSERT to the script"))
        })
    }

    async fn judge(&self, at: usize, trouble: Trouble, starts: bool, started: bool, rest: &Http) -> Result<String> {
        if !starts && !started {
            return Err(self.without_a_job(at, trouble));
        }
        let has = |trace: &str, words: &[&str]| words.iter().any(|word| trace.contains(word));
        match &trouble {
            Trouble::NotRun(_) | Trouble::NoSession if !started => return Err(self.without_a_job(at, trouble)),
            Trouble::Failed(trace) if !started && has(trace, &PLANNING) && !has(trace, &SUBMITTING) => {
                return Err(self.without_a_job(at, trouble));
            }
            Trouble::Failed(trace) if trace.contains(DUPLICATE) => {
                if let Some(id) = &self.wanted {
                    return Ok(id.clone());
                }
            }
            _ => {}
        }
        let (message, cause) = self.told(at, &trouble);
        self.look(Error::unknown(message).cause(cause), rest).await
    }

    /// What becomes of a script whose job may have been started, by what the JobManager knows of the id it chose.
    async fn look(&self, error: Error, rest: &Http) -> Result<String> {
        let by_name = "Look for the job by its name in the Flink cluster before it is submitted again";
        let Some(id) = &self.wanted else { return Err(error.hint(by_name)) };
        let until = rest.clock.elapsed() + APPEARS;
        loop {
            match job_manager::state(rest, id).await {
                Ok(Some(_)) => return Ok(id.clone()),
                Ok(None) if rest.clock.elapsed() < until => rest.clock.sleep(LOOKS).await,
                Ok(None) => break,
                Err(silent) => {
                    let silent = silent.causes.first().cloned().unwrap_or(silent.message);
                    let hint = format!("Look for job {id} once the JobManager answers: only it knows");
                    return Err(error.cause(silent).hint(hint));
                }
            }
        }
        // A cluster that does not obey the option has started the job under an id of its own.
        let name = last_setting(self.script, "pipeline.name");
        match job_manager::jobs(rest).await {
            Ok(jobs) if !jobs.iter().any(|job| Some(&job.name) == name.as_ref() && !job.ended()) => Err(Error {
                kind: Kind::Transient,
                unchanged: Some(format!("The JobManager knows no job {id}: none was started")),
                hint: Some("Run again: the same id starts at most one job".into()),
                ..error
            }),
            _ => Err(error.hint(by_name)),
        }
    }

    /// The error of a statement that has started nothing.
    fn without_a_job(&self, at: usize, trouble: Trouble) -> Error {
        let (message, cause) = self.told(at, &trouble);
        let passes = match &trouble {
            Trouble::NotRun(fault) => fault.may_pass(),
            Trouble::NoSession | Trouble::Lost(_) => true,
            Trouble::Failed(_) => false,
        };
        let kind = if passes { Kind::Transient } else { Kind::Permanent };
        let error = Error::new(kind, message).cause(cause).unchanged("No job was started");
        error.hint("Correct the script or the cluster, then run again")
    }

    fn told(&self, at: usize, trouble: &Trouble) -> (String, String) {
        let place = self.place(at);
        let (message, cause) = match trouble {
            Trouble::NotRun(fault) if fault.may_pass() => {
                (format!("{place} was not taken by the SQL Gateway"), fault.said())
            }
            Trouble::NotRun(fault) => (format!("{place} was refused by the SQL Gateway"), fault.said()),
            Trouble::NoSession => {
                (format!("{place} was refused by the SQL Gateway"), "its session is not there any more".to_owned())
            }
            Trouble::Failed(trace) => (format!("{place} failed in the SQL Gateway"), root_cause(trace)),
            Trouble::Lost(text) => {
                (format!("{place} was sent to the SQL Gateway and its outcome is not known"), text.clone())
            }
        };
        (message, clean(&cause, &self.secrets))
    }

    fn place(&self, at: usize) -> String {
        let words = clean(&first_words(self.script[at].0.expose()), &self.secrets);
        format!("Statement {} of {} ({words} …)", at + 1, self.script.len())
    }
}

fn id(result: &Value) -> Option<String> {
    result.get("jobID")?.as_str().map(str::to_owned)
}
