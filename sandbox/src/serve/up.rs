//! Starting a sandbox that goes on by itself.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use fs_err as fs;
use tokio::process::Command;

use super::down::end_serving;
use super::wish::Wish;
use crate::clock;
use crate::error::{Error, Result};
use crate::parts::tail;
use crate::place::{Place, Record, read_json};

const LIMIT: Duration = Duration::from_secs(900);

/// Clears what a killed run left in the folder, starts `program serve …` in a process group of its own and returns when
/// all is ready. `program` is the sandbox's binary; each line the serving process says is said again.
pub async fn up(
    program: &Path,
    folder: &Path,
    cache: &Path,
    wish: &Wish,
    say: &(dyn Fn(&str) + Sync),
) -> Result<Record> {
    let place = Place::at(folder)?;
    match place.try_lock()? {
        None => return Err(Error::AlreadyUp(place.root().to_owned())),
        Some(_lock) => {
            if place.serving().exists() {
                say("Clearing what an earlier run left in the folder");
            }
            end_serving(&place).await?;
            place.clear()?;
        }
    }
    let log = fs::File::create(place.log())?.into_parts().0;
    let mut command = Command::new(program);
    command
        .args(arguments(place.root(), cache, wish)?)
        .stdin(Stdio::null())
        .stderr(log.try_clone()?)
        .stdout(log)
        .process_group(0);
    let mut child = command.spawn()?;
    let mut said = Said { path: place.log(), offset: 0 };
    let started = clock::start();
    loop {
        tokio::select! {
            () = clock::pause(Duration::from_millis(50)) => {}
            _ = tokio::signal::ctrl_c() => {
                end_serving(&place).await?;
                return Err(Error::other("Interrupted; what was started has been ended"));
            }
        }
        said.pass_on(say)?;
        if let Some(record) = read_json(&place.record())? {
            said.pass_on(say)?;
            return Ok(record);
        }
        if child.try_wait()?.is_some() {
            let log = fs::read_to_string(place.log())?;
            end_serving(&place).await?;
            return Err(Error::other(format!("The sandbox did not start. The end of its log:\n{}", tail(&log, 30))));
        }
        if started.elapsed() > LIMIT {
            end_serving(&place).await?;
            let what = "The start of the sandbox".to_owned();
            return Err(Error::TooSlow { what, limit: LIMIT, detail: String::new() });
        }
    }
}

fn arguments(root: &Path, cache: &Path, wish: &Wish) -> Result<Vec<std::ffi::OsString>> {
    let wish = serde_json::to_string(wish).map_err(std::io::Error::other)?;
    Ok(vec!["serve".into(), "--dir".into(), root.into(), "--cache".into(), cache.into(), "--wish".into(), wish.into()])
}

/// The serving process's log, as far as it was said.
struct Said {
    path: PathBuf,
    offset: u64,
}

impl Said {
    fn pass_on(&mut self, say: &(dyn Fn(&str) + Sync)) -> Result<()> {
        let mut file = fs::File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.offset))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        // The last line may still be being written.
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        text[..whole].lines().for_each(say);
        self.offset += whole as u64;
        Ok(())
    }
}
