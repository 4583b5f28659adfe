//! Why the engine upgrade of a green failed: the log of its prechecks, fetched from green's writer.
//!
//! It explains a failure and is never one of its own: what cannot be had is a warning.

use crate::{
    event::{Finding, Level},
    port::{
        rds::{self, Deployment, RdsRead},
        side::{self, Side},
    },
    precheck::upgrade_log,
};

/// Of each check, so many findings that are no errors are told; the log has them all.
const TOLD_PER_CHECK: usize = 10;
const ERRORS_TOLD: usize = 500;

/// What green's log says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) findings: Vec<Finding>,
    pub(super) warnings: Vec<String>,
    /// The log itself, under the name it is kept by.
    pub(super) file: Option<(String, String)>,
}

/// Looks for the log of a deployment that failed. A green that failed before its upgrade has none, which is not told.
pub(super) async fn look(rds: &dyn RdsRead, deployment: &Deployment, level: rds::Level) -> Told {
    let upgraded = deployment.parts.iter().any(|(part, status)| part.contains("UPGRADE") && status == "FAILED")
        || deployment.status_details.iter().any(|details| details.to_lowercase().contains("upgrade"));
    let containing = match level {
        rds::Level::Cluster => "upgrade-prechecks",
        rds::Level::Instance => "PrePatchCompatibility",
    };
    match fetch(rds, deployment, level, containing).await {
        Ok(Some(told)) => told,
        Ok(None) if !upgraded => Told::default(),
        Ok(None) => missing(&format!("green's writer has no log file with `{containing}` in its name")),
        Err(why) if upgraded => missing(&why),
        Err(_) => Told::default(),
    }
}

fn missing(why: &str) -> Told {
    let message = format!("What green's upgrade prechecks have found could not be read: {why}");
    Told { warnings: vec![message], ..Told::default() }
}

async fn fetch(
    rds: &dyn RdsRead,
    deployment: &Deployment,
    level: rds::Level,
    containing: &str,
) -> Result<Option<Told>, String> {
    let green = side::green(rds, deployment, level).await.map_err(|error| error.message)?;
    let writer = green.as_ref().map(Side::writer).transpose().map_err(|error| error.message)?;
    let Some(writer) = writer else { return Err("green has no instance to ask".to_owned()) };
    let logs = rds.instance_logs(&writer.id, containing).await.map_err(|error| error.message)?;
    let Some(log) = logs.first() else { return Ok(None) };
    let fetched = rds.log_text(&writer.id, log).await.map_err(|error| error.message)?;
    let read = upgrade_log::read(&fetched.text);
    let mut warnings = Vec::new();
    if fetched.short_by > 0 {
        warnings.push(format!(
            "RDS gave {} of the {} bytes of {}: there may be more problems than are told",
            fetched.text.len(),
            log.size,
            log.name
        ));
    } else if read.cut {
        warnings.push(format!("{} ends before its end: there may be more problems than are told", log.name));
    }
    if read.findings.is_empty() {
        warnings.push(format!("{} tells no problem that could be read; it is kept as it is", log.name));
    }
    let command = format!(
        "aws rds download-db-log-file-portion --db-instance-identifier {} --log-file-name {} --starting-token 0 --output text",
        writer.id, log.name
    );
    let (findings, left) = bounded(read.findings, &command);
    if left > 0 {
        warnings.push(format!("{left} more findings stand in {}", log.name));
    }
    Ok(Some(Told { findings, warnings, file: Some((plain(&log.name), fetched.text)) }))
}

/// The errors first; and how many are left out.
fn bounded(mut findings: Vec<Finding>, command: &str) -> (Vec<Finding>, usize) {
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    let all = findings.len();
    let mut told: Vec<Finding> = Vec::new();
    for finding in findings {
        let same = told.iter().filter(|other| other.check == finding.check && other.level == finding.level).count();
        let room = if finding.level == Level::Error { told.len() < ERRORS_TOLD } else { same < TOLD_PER_CHECK };
        if room {
            told.push(Finding { query: Some(command.to_owned()), ..finding });
        }
    }
    let left = all - told.len();
    (told, left)
}

/// The name of a log without its folder, as a file name of any system.
fn plain(name: &str) -> String {
    let base = name.rsplit('/').next().unwrap_or(name);
    base.chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' })
        .take(100)
        .collect()
}
