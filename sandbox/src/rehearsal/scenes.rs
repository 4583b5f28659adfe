//! The list of scenes, and a table of how they went.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

use crate::clock;
use crate::error::{Error, Result};

/// Name and options of `rehearse`.
const SCENES: [(&str, &str); 40] = [
    ("plain", "--floor"),
    ("rds", "--rds"),
    ("two-jobs", "--jobs 2"),
    ("gtid", "--gtid"),
    ("gtid-rds", "--gtid --rds"),
    ("workers-preserved", "--workers 4 --order preserved --rate 600 --writers 8"),
    ("workers-free", "--workers 4 --order free --rate 600 --writers 8"),
    ("burst", "--burst 100000"),
    ("same-file-natural", "--same-file natural"),
    ("same-file-boundary", "--same-file boundary"),
    ("event-cluster", "--event cluster"),
    ("event-instance", "--event instance"),
    ("event-late", "--event delay=20"),
    ("event-early", "--event delay=-2"),
    ("event-none", "--event none"),
    ("event-doubled", "--event doubled"),
    ("event-conflicting", "--event conflicting --ends 8"),
    ("event-decoys", "--event decoys"),
    ("event-page", "--event page"),
    ("roll-back", "--roll-back 1"),
    ("roll-back-twice", "--roll-back 2 --jobs 2"),
    ("cancel", "--cancel 1"),
    ("readers-survive", "--readers survive"),
    ("insert-500", "--insert-500"),
    ("kill-each-record", "--kill-each-record"),
    ("upset-taskmanager", "--upset taskmanager@stop"),
    ("upset-readers", "--upset readers@switchover"),
    ("upset-logins", "--upset logins@switchover"),
    ("storm", "--storm 30 --cut-rds 5"),
    ("storm-early", "--early --storm 30 --seed 2 --cut-rds 5"),
    ("storm-rds", "--rds --storm 30 --seed 3 --cut-rds 5"),
    ("late-dropped", "--late dropped"),
    ("late-surviving", "--late surviving"),
    ("late-failed", "--late failed"),
    ("late-looping", "--late looping"),
    ("late-astray", "--late astray --ends 0,8"),
    ("late-astray-kept", "--late astray --kept"),
    ("wrong-row", "--early --wrong-row --kill compare"),
    ("early-stays", "--early --green-address stays"),
    ("early-gone", "--early --green-address gone"),
];

/// Names and options, a line each.
pub fn list() -> String {
    SCENES.iter().map(|(name, options)| format!("{name:<20} rehearse {options}\n")).collect()
}

/// What the scenes are rehearsed with.
#[derive(Debug, Clone)]
pub struct Scenes {
    /// The sandbox's own binary.
    pub program: PathBuf,
    /// The product's binary.
    pub upgrade: PathBuf,
    pub playbooks: PathBuf,
    pub folder: PathBuf,
}

impl Scenes {
    /// Rehearses those whose names begin with one of `names`, or all; true when all went well. What a rehearsal says
    /// lies in `scenes/NAME.log` of the folder.
    pub async fn run(&self, names: &[String], say: &(dyn Fn(&str) + Sync)) -> Result<bool> {
        let wanted = |name: &str| names.is_empty() || names.iter().any(|begin| name.starts_with(begin.as_str()));
        let chosen: Vec<_> = SCENES.iter().filter(|(name, _)| wanted(name)).collect();
        if chosen.is_empty() {
            return Err(Error::other(format!("No scene has such a name. There are:\n{}", list())));
        }
        let logs = self.folder.join("scenes");
        fs_err::create_dir_all(&logs)?;
        say(&format!(
            "{:<20} {:<6} {:>8} {:>8} {:>8} {:>7}  {}",
            "scene", "", "gap ms", "INSERT", "row", "took", "why"
        ));
        let mut good = true;
        for (name, options) in chosen {
            let log = fs_err::File::create(logs.join(format!("{name}.log")))?.into_parts().0;
            let started = clock::start();
            let output = Command::new(&self.program)
                .args(["rehearse", "--json", "--dir"])
                .arg(&self.folder)
                .arg("--playbooks")
                .arg(&self.playbooks)
                .arg("--upgrade")
                .arg(&self.upgrade)
                .args(options.split_whitespace())
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(log)
                .kill_on_drop(true)
                .spawn()?
                .wait_with_output()
                .await?;
            good &= output.status.success();
            let told = serde_json::from_slice(&output.stdout).unwrap_or_default();
            say(&row(name, output.status.success(), &told, started.elapsed().as_secs()));
        }
        say(&format!("Gap: of the application. INSERT, row: after the flip, in ms. Logs: {}", logs.display()));
        Ok(good)
    }
}

fn row(name: &str, good: bool, told: &Value, seconds: u64) -> String {
    let figure = |name: &str| told["figures"][name].as_i64().map_or_else(|| "-".to_owned(), |value| value.to_string());
    let mut row = String::new();
    let (gap, insert, first) = (figure("gap_of_application"), figure("insert_sent"), figure("first_row"));
    let word = if good { "good" } else { "BAD" };
    // Writing to a string cannot fail.
    let _ = write!(row, "{name:<20} {word:<6} {gap:>8} {insert:>8} {first:>8} {seconds:>5} s  ");
    let why = match (good, told["error"].as_str(), told["rows_lost_or_wrong"].as_u64()) {
        (true, ..) => "",
        (_, Some(error), _) => error.lines().next().unwrap_or_default(),
        (_, None, Some(lost)) => return format!("{row}{lost} rows lost or wrong"),
        (_, None, None) => "the rehearsal did not come to its end; see its log",
    };
    row + why
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_used_once() {
        let names: std::collections::BTreeSet<_> = SCENES.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), SCENES.len());
    }

    #[test]
    fn a_row_says_why() {
        let told = serde_json::json!({ "error": "Refused.\nBecause", "figures": { "first_row": 12 } });
        let shown = row("plain", false, &told, 3);
        assert!(shown.ends_with("Refused.") && shown.contains(" 12 "), "{shown}");
        assert!(
            row("plain", false, &serde_json::json!({ "rows_lost_or_wrong": 4 }), 3).ends_with("4 rows lost or wrong")
        );
    }
}
