//! What a run keeps is its owner's alone, whatever the umask.

use std::{
    fs::Permissions,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

const GATE: &str = "version: 1\nname: orders\nsteps: [approve]\n";

fn book() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("playbook.yaml"), GATE).unwrap();
    folder
}

/// Exit code and stderr of the program under this umask.
fn under(umask: &str, folder: &Path, arguments: &str) -> (Option<i32>, String) {
    let script = format!("umask {umask} && exec \"$0\" {arguments}");
    let done =
        Command::new("sh").args(["-c", &script, env!("CARGO_BIN_EXE_upgrade")]).current_dir(folder).output().unwrap();
    (done.status.code(), String::from_utf8(done.stderr).unwrap())
}

fn all_below(folder: &Path, found: &mut Vec<(PathBuf, u32)>) {
    found.push((folder.to_owned(), fs_err::metadata(folder).unwrap().permissions().mode() & 0o777));
    if folder.is_dir() {
        for entry in fs_err::read_dir(folder).unwrap() {
            all_below(&entry.unwrap().path(), found);
        }
    }
}

fn private(folder: &Path) -> usize {
    let mut found = Vec::new();
    all_below(folder, &mut found);
    for (path, mode) in &found {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(*mode, expected, "{} has mode {mode:o}", path.display());
    }
    found.len()
}

#[test]
fn everything_a_run_writes_is_its_owners_alone() {
    for umask in ["000", "022", "077"] {
        let folder = book();
        assert_eq!(under(umask, folder.path(), "--state deep/state run playbook.yaml").0, Some(5));
        // An edited playbook is copied again, an approval appended.
        fs_err::write(folder.path().join("playbook.yaml"), GATE.replace("[approve]", "[approve: { budget: 1h }]"))
            .unwrap();
        assert_eq!(under(umask, folder.path(), "--state deep/state approve playbook.yaml approve").0, Some(0));
        assert_eq!(under(umask, folder.path(), "--state deep/state run playbook.yaml").0, Some(0));
        assert!(private(&folder.path().join("deep")) >= 9, "state, runs, one run with its files, a lock");
        let digest = upgrade::artifact::write(&folder.path().join("deep/state/made/here/job.sql"), b"x").unwrap();
        assert!(digest.starts_with("sha256:"));
        private(&folder.path().join("deep"));
    }
}

#[test]
fn a_state_folder_that_others_may_write_is_refused() {
    for (mode, used) in [(0o777, false), (0o1777, false), (0o775, false), (0o755, true), (0o700, true)] {
        let folder = book();
        let state = folder.path().join("state");
        fs_err::create_dir(&state).unwrap();
        fs_err::set_permissions(&state, Permissions::from_mode(mode)).unwrap();
        let (code, told) = under("022", folder.path(), "--state state run playbook.yaml");
        assert_eq!(code, Some(if used { 5 } else { 4 }), "{mode:o}: {told}");
        assert_eq!(told.contains("only its owner may write"), !used, "{told}");
        assert_eq!(told.contains("chmod go-w state"), !used, "{told}");
        // It is somebody's folder, not ours: its own mode is left as it is.
        assert_eq!(fs_err::metadata(&state).unwrap().permissions().mode() & 0o7777, mode);
        let below: Vec<_> = fs_err::read_dir(&state).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(below.is_empty(), !used);
        below.iter().for_each(|path| assert!(private(path) > 0));
    }
}

#[test]
fn folders_that_an_earlier_version_left_open_are_closed() {
    let folder = book();
    let runs = folder.path().join(".upgrade/runs");
    fs_err::create_dir_all(&runs).unwrap();
    fs_err::set_permissions(&runs, Permissions::from_mode(0o777)).unwrap();
    fs_err::set_permissions(folder.path().join(".upgrade"), Permissions::from_mode(0o700)).unwrap();
    assert_eq!(under("000", folder.path(), "run playbook.yaml").0, Some(5));
    private(&folder.path().join(".upgrade"));
}
