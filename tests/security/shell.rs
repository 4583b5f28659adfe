//! Every command that is printed can be pasted: the shell gives back the words that were meant.

use std::process::Command;

use proptest::prelude::*;
use upgrade::runner::Verbs;

/// The words as a shell takes them; a program `upgrade` prints them, each with its end.
fn words(command: &str) -> Vec<String> {
    let script = format!("upgrade() {{ printf '%s\\0' \"$@\"; }}\n{command}\n");
    let done = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert!(done.status.success() && done.stderr.is_empty(), "{command}: {}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8(done.stdout).unwrap();
    text.split_terminator('\0').map(str::to_owned).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_hostile_path_stays_one_word(
        playbook in "([$`\"'\\\\;&|<>()*?~# !\n\ta-c-]|\\PC){1,12}",
        state in proptest::option::of("([$`\"'\\\\;&|<>()*?~# \n.]|\\PC){1,8}"),
    ) {
        let verbs = Verbs::new(playbook.clone(), state.clone());
        for (command, verb, rest) in [
            (verbs.run(), "run", vec![]),
            (verbs.approve("approve"), "approve", vec!["approve"]),
            (verbs.abort_now(), "abort", vec!["--yes"]),
        ] {
            // A word like an option would be taken for one.
            let path = |path: &str| if path.starts_with('-') { format!("./{path}") } else { path.to_owned() };
            let mut expected = vec![verb.to_owned(), path(&playbook)];
            expected.extend(rest.into_iter().map(str::to_owned));
            if let Some(state) = &state {
                expected.extend(["--state".to_owned(), path(state)]);
            }
            prop_assert_eq!(words(&command), expected);
        }
    }
}

#[test]
fn what_validate_prints_is_one_word_too() {
    let folder = tempfile::tempdir().unwrap();
    let name = "-a'b $(touch x);`id`\n.yaml";
    fs_err::write(folder.path().join(name), "version: 1\nname: orders\nsteps: [approve]\n").unwrap();
    let named = format!("./{name}");
    let done = Command::new(env!("CARGO_BIN_EXE_upgrade"))
        .args(["--output", "json", "validate", &named])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let line = String::from_utf8(done.stdout).unwrap();
    let event: serde_json::Value = serde_json::from_str(line.lines().last().unwrap()).unwrap();
    assert_eq!(words(event["next"].as_str().unwrap()), ["plan", &named]);
}
