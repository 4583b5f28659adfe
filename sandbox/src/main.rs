//! `upgrade-sandbox`: a pretend AWS region on one machine.

mod cli;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Verb};
use sandbox::error::{Error, Result};
use sandbox::mysqld::Engine;
use sandbox::place::{Place, Record, read_json};
use sandbox::rehearsal::{Rehearsal, scenes};
use sandbox::workload::Workload;
use sandbox::{parts, serve};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<ExitCode> {
    match cli.verb {
        Verb::Install => {
            parts::install(&cache()?, &say).await?;
            say("All parts are installed");
        }
        Verb::Up { place, wish } => {
            let program = std::env::current_exe()?;
            serve::up(&program, &place.dir, &cache()?, &wish.into(), &say).await?;
            say(&format!("The sandbox is up. Its environment: . {}/env", place.dir.display()));
        }
        Verb::Serve { place, cache, wish } => serve::serve(&place.dir, &cache, &wish, &say).await?,
        Verb::Down { place } => {
            let ended = serve::down(&place.dir).await?;
            say(if ended { "The sandbox has ended" } else { "There was no sandbox in this folder" });
        }
        Verb::Status { place } => match serve::status(&place.dir)? {
            Some(page) => say(page.trim_end()),
            None => {
                say("No sandbox is running in this folder");
                return Ok(ExitCode::FAILURE);
            }
        },
        Verb::Workload { place, rate } => {
            let record = read_json::<Record>(&Place::at(&place.dir)?.record())?
                .ok_or_else(|| Error::other("No sandbox is running in this folder"))?;
            let writer = Workload::start(record.source.address()?, &record.accounts.app, "source", rate);
            tokio::signal::ctrl_c().await?;
            say(&serde_json::to_string_pretty(&writer.stop().await).map_err(std::io::Error::other)?);
        }
        Verb::Scenes { names, list, dir, playbooks, upgrade } => {
            let program = std::env::current_exe()?;
            let upgrade = upgrade.unwrap_or_else(|| program.with_file_name("upgrade"));
            if list {
                say(scenes::list().trim_end());
            } else if !(scenes::Scenes { program, upgrade, playbooks, folder: dir }).run(&names, &say).await? {
                return Ok(ExitCode::FAILURE);
            }
        }
        Verb::Rehearse { keep, rds, gtid, oddities, scene, dir, playbooks, upgrade } => {
            let program = std::env::current_exe()?;
            let upgrade = upgrade.unwrap_or_else(|| program.with_file_name("upgrade"));
            let engine = if rds { Engine::Rds } else { Engine::Aurora };
            let say: fn(&str) = if scene.json { warn } else { say };
            let cache = cache()?;
            let tell = self::say;
            let rehearsal = Rehearsal {
                program,
                upgrade,
                playbooks,
                cache,
                folder: dir,
                engine,
                keep,
                gtid,
                oddities,
                scene,
                tell,
            };
            if !rehearsal.run(&say).await? {
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn warn(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn say(line: &str) {
    // Who closed the pipe does not want to know; the sandbox goes on.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// `${XDG_CACHE_HOME:-~/.cache}`.
#[expect(clippy::disallowed_methods, reason = "the one place where the sandbox reads its environment")]
fn cache() -> Result<PathBuf> {
    if let Some(set) = std::env::var_os("XDG_CACHE_HOME").filter(|set| !set.is_empty()) {
        return Ok(set.into());
    }
    let home = std::env::var_os("HOME").ok_or_else(|| Error::other("Neither XDG_CACHE_HOME nor HOME is set"))?;
    Ok(PathBuf::from(home).join(".cache"))
}
