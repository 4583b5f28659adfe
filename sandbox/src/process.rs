//! Processes the sandbox starts, and the promise that none outlives it.
//!
//! Each process has a file in the sandbox's `processes` folder that names its pid and start time. A guard, started
//! first, waits for the end of the serving process (the pipe between them closes, however it ended) and then kills
//! what the folder still names. A start time is compared before every signal, so a reused pid is never hit.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use fs_err as fs;
use serde::{Deserialize, Serialize};
use tokio::process::{Child, ChildStdin, Command};

use crate::clock;
use crate::error::{Error, Result};

/// A process that cannot be mistaken for a later one with the same pid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub pid: u32,
    /// Clock ticks between the machine's boot and the start of the process (`/proc/PID/stat`, field 22).
    pub started: u64,
}

impl Identity {
    /// `None` when no process has this pid.
    pub fn of(pid: u32) -> Option<Self> {
        let started = stat(pid)?.get(19)?.parse().ok()?;
        Some(Self { pid, started })
    }

    /// A zombie that nobody has waited for counts as gone.
    pub fn is_alive(self) -> bool {
        Self::of(self.pid) == Some(self) && !matches!(self.state(), Some('Z' | 'X') | None)
    }

    /// `R`, `S`, `T` (stopped), `Z` … as in `/proc/PID/stat`.
    pub fn state(self) -> Option<char> {
        stat(self.pid)?.first()?.chars().next()
    }

    /// Does nothing to a process that is gone.
    pub async fn signal(self, signal: &str) -> Result<()> {
        if !self.is_alive() {
            return Ok(());
        }
        let kill = "kill -s \"$1\" \"$2\" 2>/dev/null || true";
        Command::new("sh").args(["-c", kill, "sh", signal, &self.pid.to_string()]).status().await?;
        Ok(())
    }

    /// Asks it to end, kills it after `patience`, and returns once it is gone.
    pub async fn end(self, patience: Duration) -> Result<()> {
        self.signal("TERM").await?;
        if !self.gone_within(patience).await {
            self.signal("KILL").await?;
            if !self.gone_within(Duration::from_secs(10)).await {
                return Err(Error::other(format!("Process {} is still there after SIGKILL", self.pid)));
            }
        }
        Ok(())
    }

    pub async fn gone_within(self, limit: Duration) -> bool {
        let gone = || async { (!self.is_alive()).then_some(()) };
        clock::poll(limit, Duration::from_millis(10), gone).await.is_some()
    }
}

/// The fields of `/proc/PID/stat` after the command name (which may hold spaces and brackets).
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

/// Ends when its input ends, and takes with it whatever the folder names. The same comparison as `Identity`, in shell,
/// because it must outlive the program that started it.
const GUARD: &str = r#"
trap '' HUP INT TERM
cat >/dev/null
for f in "$1"/*; do
  [ -f "$f" ] || continue
  read -r pid started name < "$f"
  now=$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d' ' -f20)
  [ -n "$now" ] && [ "$now" = "$started" ] && kill -s KILL "$pid" 2>/dev/null
  rm -f "$f"
done
"#;

/// The folder of running processes, and the guard that watches over it.
#[derive(Debug)]
pub struct Ledger {
    folder: PathBuf,
    _guard: Child,
    _pipe: Option<ChildStdin>,
}

impl Ledger {
    /// Expects a folder of its own; what an earlier run left there is ended first.
    pub async fn open(folder: PathBuf) -> Result<Self> {
        fs::create_dir_all(&folder)?;
        end_all(&folder).await?;
        let mut guard = Command::new("sh")
            .args(["-c", GUARD, "sh"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let pipe = guard.stdin.take();
        Ok(Self { folder, _guard: guard, _pipe: pipe })
    }

    /// Starts a program and writes it down. `name` is for people.
    pub fn spawn(&self, name: &str, command: &mut Command) -> Result<Process> {
        let child = command
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| Error::Command { what: format!("Starting {name}"), detail: error.to_string() })?;
        let identity = child
            .id()
            .and_then(Identity::of)
            .ok_or_else(|| Error::Command { what: format!("Starting {name}"), detail: "it ended at once".into() })?;
        let note = Note::write(&self.folder, identity, name)?;
        Ok(Process { identity, child, _note: note })
    }
}

/// The file of a process in a `processes` folder: whoever stands there ends with the sandbox. Gone when dropped.
#[derive(Debug)]
pub struct Note(PathBuf);

impl Note {
    /// For a process the sandbox did not start itself.
    pub fn write(folder: &Path, identity: Identity, name: &str) -> Result<Self> {
        let path = folder.join(identity.pid.to_string());
        fs::write(&path, format!("{} {} {name}\n", identity.pid, identity.started))?;
        Ok(Self(path))
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// One running process of the sandbox; killed when dropped.
#[derive(Debug)]
pub struct Process {
    pub identity: Identity,
    child: Child,
    _note: Note,
}

impl Process {
    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks it to end, kills it after `patience`; with no patience at all it is not asked.
    pub async fn end(mut self, patience: Duration) -> Result<()> {
        if patience > Duration::ZERO {
            self.identity.signal("TERM").await?;
        }
        if tokio::time::timeout(patience, self.child.wait()).await.is_err() {
            self.child.kill().await?;
        }
        Ok(())
    }
}

/// What a `processes` folder names and still runs: identity and name.
pub fn running(folder: &Path) -> Vec<(Identity, String)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<_> = entries
        .flatten()
        .filter_map(|entry| {
            let text = fs::read_to_string(entry.path()).ok()?;
            let mut words = text.split_whitespace();
            let identity = Identity { pid: words.next()?.parse().ok()?, started: words.next()?.parse().ok()? };
            identity.is_alive().then(|| (identity, words.collect::<Vec<_>>().join(" ")))
        })
        .collect();
    found.sort_by_key(|(identity, _)| identity.started);
    found
}

/// Ends every process the folder names and empties it.
pub async fn end_all(folder: &Path) -> Result<()> {
    for (identity, _) in running(folder) {
        identity.signal("KILL").await?;
        identity.gone_within(Duration::from_secs(10)).await;
    }
    if let Ok(entries) = fs::read_dir(folder) {
        for entry in entries.flatten() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
