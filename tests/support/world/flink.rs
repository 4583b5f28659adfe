//! The Flink ports on a pretended cluster: jobs that read a pretended server's log.

use std::collections::{BTreeMap, BTreeSet};

use sandbox::region::{ServerId, pretend};
use upgrade::{
    error::{Error, Result},
    handover::consumer::flink_sql::Script,
    port::{
        Reply,
        flink::{Checkpoint, Checkpoints, FlinkRead, FlinkWrite, Job, Savepoint, Settings, Statement},
    },
};

use super::{Part, State, World};

/// A savepoint of a real job with one source; the offset in it is replaced.
const REAL: &[u8] = include_bytes!("../../fixtures/savepoints/clean/_metadata");

/// How long a job takes to its first checkpoint, in milliseconds.
const FIRST_CHECKPOINT: u64 = 2_000;

#[derive(Debug, Clone, Default)]
pub struct Flink {
    pub jobs: Vec<Running>,
    pub writes: usize,
    pub submits: usize,
    files: BTreeMap<String, Vec<u8>>,
    triggers: BTreeMap<String, String>,
    /// The next submit starts its job and loses the reply.
    pub lose_reply: bool,
    /// The next submit is lost before anything was started.
    pub lose_call: bool,
    /// The state of a job whose source's name is gone; it goes on RUNNING where none is given.
    pub when_gone: Option<&'static str>,
    /// The name of a job that is refused.
    pub refuse: Option<String>,
    /// Sessions with a script staged, each with the number of jobs that were alive then.
    pub staged: Vec<(String, usize)>,
    /// The gateway stages nothing.
    pub no_stage: bool,
    /// So many savepoints fail before one is made; the job runs on.
    pub failing: usize,
    failed: BTreeSet<String>,
    /// The version of its MySQL connector; 3.5.0 if absent.
    pub connector: Option<&'static str>,
}

/// A job and what it reads.
#[derive(Debug, Clone)]
pub struct Running {
    pub job: Job,
    pub marks: BTreeMap<String, String>,
    pub host: String,
    /// Where it was told to start, for a start without state.
    pub start: Option<(String, u64)>,
    /// Where its savepoint stands, once it was stopped.
    pub stopped: Option<(String, u64)>,
    /// The savepoint it was started from.
    pub restored: Option<String>,
    pub checkpoints: u64,
    /// File, position and server id of what it has read last.
    read: Option<(String, u64, u32)>,
    pub latest: Option<String>,
    /// Which submit started it, from 1; 0 for those that were there before.
    pub submit: usize,
    /// Its connection is never cut: it reads this server whatever its address leads to.
    pub stays_at: Option<ServerId>,
}

impl Flink {
    pub fn with_job(name: &str, host: &str, now: u64) -> Self {
        let mut flink = Self::default();
        flink.add_job(name, host, now);
        flink
    }

    pub fn add_job(&mut self, name: &str, host: &str, now: u64) {
        self.begin(name, host, None, BTreeMap::new(), now);
    }

    fn begin(
        &mut self,
        name: &str,
        host: &str,
        start: Option<(String, u64)>,
        marks: BTreeMap<String, String>,
        now: u64,
    ) -> String {
        let id = format!("{:032x}", self.jobs.len() + 1);
        let job = Job {
            id: id.clone(),
            name: name.to_owned(),
            state: "RUNNING".to_owned(),
            started_at: i64::try_from(now).unwrap(),
        };
        self.jobs.push(Running {
            job,
            marks,
            host: host.to_owned(),
            start,
            stopped: None,
            restored: None,
            checkpoints: 0,
            read: None,
            latest: None,
            submit: 0,
            stays_at: None,
        });
        id
    }

    pub fn file(&self, uri: &str) -> Option<Vec<u8>> {
        self.files
            .iter()
            .find(|(path, _)| uri.trim_end_matches("/_metadata").ends_with(path.as_str()))
            .map(|(_, file)| file.clone())
    }

    fn keep(&mut self, path: &str, file: &str, position: u64, skip: u64, server_id: u32) {
        self.files.insert(path.to_owned(), savepoint(file, position, skip, server_id));
    }

    /// One more checkpoint takes the place of the one that is told of.
    fn follow(&mut self, told: &str) {
        let Some((folder, number)) = told.rsplit_once("/chk-") else { return };
        let number: u64 = number.parse().unwrap();
        if let Some(file) = self.files.remove(told) {
            self.files.insert(format!("{folder}/chk-{}", number + 1), file);
        }
    }

    pub fn alive(&self, name: &str) -> Vec<&Running> {
        self.jobs.iter().filter(|running| running.job.name == name && !running.job.ended()).collect()
    }
}

/// The real savepoint with another offset of the same length.
fn savepoint(file: &str, position: u64, skip: u64, server_id: u32) -> Vec<u8> {
    let split = REAL.windows(12).position(|bytes| bytes == b"binlog-split").expect("a savepoint has a binlog split");
    let json = REAL[split..].windows(2).position(|two| two == b"{\"").expect("a split holds its offset as JSON");
    let begin = split + json;
    let length = REAL[begin..].iter().position(|byte| *byte == b'}').expect("the JSON has an end") + 1;
    let json = format!(
        "{{\"file\":\"{file}\",\"pos\":\"{position}\",\"kind\":\"SPECIFIC\",\"row\":\"0\",\"event\":\"{skip}\",\"server_id\":\"{server_id}\"}}"
    );
    assert!(json.len() <= length, "the offset {json} is longer than {length} bytes");
    let mut bytes = REAL.to_vec();
    bytes[begin..begin + length]
        .copy_from_slice(format!("{}{}}}", &json[..json.len() - 1], " ".repeat(length - json.len())).as_bytes());
    bytes
}

impl State {
    /// Where a running job stands: at the end of the log of the server it reads.
    fn checkpoint(&mut self, at: usize) -> Option<String> {
        let now = self.region.now();
        let running = &self.flink.jobs[at];
        let age = now.saturating_sub(u64::try_from(running.job.started_at).unwrap());
        if age < FIRST_CHECKPOINT {
            return None;
        }
        let (id, number) = (running.job.id.clone(), running.checkpoints + 1);
        self.job_reads(at);
        let (file, position, server_id) = self.flink.jobs[at].read.clone()?;
        let path = format!("checkpoints/{id}/chk-{number}");
        self.flink.keep(&path, &file, position, 0, server_id);
        let running = &mut self.flink.jobs[at];
        running.checkpoints = number;
        running.latest = Some(path);
        running.latest.clone()
    }

    /// Every job reads its source to the end, where it is reached.
    pub fn jobs_read(&mut self) {
        for at in 0..self.flink.jobs.len() {
            if !self.flink.jobs[at].job.ended() && !self.job_reads(at) && self.flink.jobs[at].read.is_some() {
                let Some(state) = self.flink.when_gone else { continue };
                if self.checkpoint(at).is_some() {
                    self.flink.jobs[at].job.state = state.to_owned();
                }
            }
        }
    }

    /// False where its source's name is gone.
    fn job_reads(&mut self, at: usize) -> bool {
        let job = &self.flink.jobs[at];
        if job.stays_at.is_none() && self.servers.at(&job.host).is_none() {
            return false;
        }
        if let Some(server) = self.source_of(at)
            && let Some((file, position)) = server.binlog.last().cloned()
        {
            let origin = self.last_origin(&server.server_uuid, server.server_id);
            self.flink.jobs[at].read = Some((file, position, origin));
        }
        true
    }

    /// The server a job reads, where it is reached.
    fn source_of(&self, at: usize) -> Option<&pretend::Server> {
        let job = &self.flink.jobs[at];
        match &job.stays_at {
            Some(server) => self.servers.server(server),
            None => self.server_at(&job.host).ok(),
        }
    }

    fn stop(&mut self, job: &str, directory: &str, trigger: &str) -> Result<()> {
        self.flink.writes += 1;
        if self.flink.triggers.contains_key(trigger) {
            return Ok(());
        }
        let at = self.flink.jobs.iter().position(|running| running.job.id == job && !running.job.ended());
        let at = at.ok_or_else(|| Error::permanent(format!("Job {job} is not running")))?;
        if self.flink.failing > 0 {
            self.flink.failing -= 1;
            self.flink.failed.insert(trigger.to_owned());
            return Ok(());
        }
        self.job_reads(at);
        let (file, end, server_id) = self.flink.jobs[at].read.clone().unwrap_or_default();
        // A job on a busy server is stopped in the middle of a transaction; one on a frozen server has read it all.
        let server = self.source_of(at).filter(|server| !server.read_only);
        let last = server.and_then(|server| self.logs.get(&server.server_uuid)).and_then(|log| log.last());
        let begin = last.filter(|last| last.start.file == file).map_or(end, |last| last.start.position);
        let (position, skip) = if server.is_none() { (end, 0) } else { (begin, 2) };
        let path = format!("{directory}/savepoint-{trigger}");
        self.flink.keep(&path, &file, position, skip, server_id);
        self.flink.triggers.insert(trigger.to_owned(), path.clone());
        let running = &mut self.flink.jobs[at];
        running.job.state = "FINISHED".to_owned();
        running.stopped = Some((file, position));
        running.latest = Some(path);
        running.checkpoints += 1;
        if self.define_at_stop {
            self.define();
        }
        Ok(())
    }

    fn cancel(&mut self, job: &str) -> Result<()> {
        self.flink.writes += 1;
        let running = self.flink.jobs.iter_mut().find(|running| running.job.id == job && !running.job.ended());
        let running = running.ok_or_else(|| Error::permanent(format!("Job {job} is not running")))?;
        running.job.state = "CANCELED".to_owned();
        let told = running.latest.clone();
        if let Some(told) = told {
            self.flink.follow(&told);
        }
        Ok(())
    }

    fn submit(&mut self, script: &[Statement]) -> Result<String> {
        self.flink.writes += 1;
        if std::mem::take(&mut self.flink.lose_call) {
            return Err(Error::unknown("The connection was closed before the answer"));
        }
        let text: String = script.iter().map(|statement| format!("{};\n", statement.0.expose())).collect();
        assert!(!text.contains("${secret:"), "every secret is put in before a script is sent");
        let script = Script::parse(&text).expect("a script that is sent is a script");
        let table = script.mysql_cdc().next().expect("a job has a source");
        let marks = script.setting("pipeline.global-job-parameters").unwrap_or_default();
        let marks = marks.split(',').filter_map(|mark| mark.split_once(':'));
        let marks = marks.map(|(key, value)| (key.trim().to_owned(), value.trim_matches('\'').to_owned())).collect();
        let start = table.option("scan.startup.specific-offset.file").map(|file| {
            let position = table.option("scan.startup.specific-offset.pos").and_then(|text| text.parse().ok());
            (file.to_owned(), position.expect("a file comes with a position"))
        });
        let name = script.pipeline_name().expect("every job has a name").to_owned();
        if self.flink.refuse.as_ref() == Some(&name) {
            return Err(Error::permanent("The planner does not know the function F"));
        }
        let host = table.option("hostname").expect("a source has a host").to_owned();
        let now = self.region.now();
        let restored = script.setting("execution.state-recovery.path").map(str::to_owned);
        let start = start.filter(|_| restored.is_none());
        self.flink.submits += 1;
        let id = self.flink.begin(&name, &host, start, marks, now);
        let begun = self.flink.jobs.last_mut().expect("it was just begun");
        (begun.restored, begun.submit) = (restored, self.flink.submits);
        if std::mem::take(&mut self.flink.lose_reply) {
            return Err(Error::unknown("HTTP 500 after the job was started"));
        }
        Ok(id)
    }
}

fn ready<'a, T: Send + 'a>(answer: Result<T>) -> Reply<'a, T> {
    Box::pin(async move { answer })
}

impl World {
    /// Asks the JobManager.
    fn rest<T>(&self, what: &str, call: impl FnOnce(&mut State) -> T) -> Result<T> {
        self.look(what, |state| {
            state.reach(Part::JobManager)?;
            state.age_jobs();
            Ok(call(state))
        })
    }

    /// Lets Flink do something.
    fn act<T>(&self, what: &str, part: Part, call: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        self.write(what, |state| {
            state.reach(part)?;
            state.age_jobs();
            state.perhaps(what, call)
        })
    }
}

impl FlinkRead for World {
    fn version(&self) -> Reply<'_, String> {
        ready(self.state().reach(Part::JobManager).map(|()| "1.20.3".to_owned()))
    }

    fn gateway_version(&self) -> Reply<'_, String> {
        ready(self.state().reach(Part::Gateway).map(|()| "1.20.3".to_owned()))
    }

    fn jobs(&self) -> Reply<'_, Vec<Job>> {
        ready(self.rest("jobs", |state| state.flink.jobs.iter().map(|running| running.job.clone()).collect()))
    }

    fn job_state<'a>(&'a self, job: &'a str) -> Reply<'a, Option<String>> {
        ready(self.rest("job state", |state| {
            state.flink.jobs.iter().find(|running| running.job.id == job).map(|running| running.job.state.clone())
        }))
    }

    fn parameters<'a>(&'a self, job: &'a str) -> Reply<'a, BTreeMap<String, String>> {
        ready(self.rest("job config", |state| {
            let found = state.flink.jobs.iter().find(|running| running.job.id == job);
            found.map(|running| running.marks.clone()).unwrap_or_default()
        }))
    }

    fn checkpoints<'a>(&'a self, job: &'a str) -> Reply<'a, Checkpoints> {
        let checkpoint = self.rest("checkpoints", |state| {
            let at = state.flink.jobs.iter().position(|running| running.job.id == job)?;
            let path = if state.flink.jobs[at].job.ended() {
                state.flink.jobs[at].latest.clone()
            } else {
                state.checkpoint(at)
            };
            path.map(|path| Checkpoint { id: state.flink.jobs[at].checkpoints, path: Some(path) })
        });
        ready(checkpoint.map(|checkpoint| {
            let history = checkpoint.clone().into_iter().collect();
            Checkpoints { latest_completed: checkpoint, latest_savepoint: None, history }
        }))
    }

    fn savepoint<'a>(&'a self, _: &'a str, trigger: &'a str) -> Reply<'a, Savepoint> {
        ready(self.rest("savepoint", |state| match state.flink.triggers.get(trigger) {
            Some(location) => Savepoint::Completed { location: location.clone() },
            None if state.flink.failed.contains(trigger) => {
                Savepoint::Failed { cause: "The TaskManager cannot be reached".to_owned() }
            }
            None => Savepoint::Unknown,
        }))
    }

    fn failure<'a>(&'a self, job: &'a str) -> Reply<'a, Option<String>> {
        ready(Ok(self.state().death_of(job)))
    }

    fn settings<'a>(&'a self, _: &'a str) -> Reply<'a, Settings> {
        ready(Ok(Settings { retained: true, interval: Some(1000), restart: "Restart deactivated.".to_owned() }))
    }

    fn classpath(&self) -> Reply<'_, Vec<String>> {
        let version = self.state().flink.connector.unwrap_or("3.5.0");
        ready(Ok(vec![format!("/opt/flink/lib/flink-sql-connector-mysql-cdc-{version}.jar")]))
    }
}

impl FlinkWrite for World {
    fn stop<'a>(&'a self, job: &'a str, directory: &'a str, trigger: &'a str) -> Reply<'a, ()> {
        ready(self.act("stop job", Part::JobManager, |state| state.stop(job, directory, trigger)))
    }

    fn cancel<'a>(&'a self, job: &'a str) -> Reply<'a, ()> {
        ready(self.act("cancel job", Part::JobManager, |state| state.cancel(job)))
    }

    fn stage<'a>(&'a self, session: &'a str, _: &'a [Statement]) -> Reply<'a, ()> {
        ready(self.act("stage job", Part::Gateway, |state| {
            let alive = state.flink.jobs.iter().filter(|running| !running.job.ended()).count();
            state.flink.staged.push((session.to_owned(), alive));
            if state.flink.no_stage { Err(Error::transient("The SQL Gateway does not answer")) } else { Ok(()) }
        }))
    }

    fn submit<'a>(&'a self, _: &'a str, script: &'a [Statement]) -> Reply<'a, String> {
        ready(self.act("submit job", Part::Gateway, |state| state.submit(script)))
    }
}
