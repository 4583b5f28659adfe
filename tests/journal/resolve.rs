//! What `upgrade resolve` shows where the outcome of a step is not known, and that each command it shows can be pasted.

use std::{path::PathBuf, process::Command, time::Duration};

use serde_json::{Value, json};
use upgrade::{
    port::clock::Clock as _,
    runner::{Run, Signal, Stop, journal},
};

use crate::{
    call,
    hung::{At, Moment},
    support::{
        desk::{Desk, RUN},
        world::World,
    },
    twice::call_that_hangs,
};

/// A run that was left in a step, in the folder of the program.
struct Left {
    desk: Desk,
    world: World,
    step: &'static str,
}

impl Left {
    fn at(step: &'static str, at: At) -> Self {
        let (world, desk) = call::quick();
        call_that_hangs(&desk, &world, (step, at), &Moment::default(), &Stop::default(), Signal::Interrupt);
        // What RDS was asked for is done by then.
        drop(world.sleep(Duration::from_secs(3600)));
        let left = Self { desk, world, step };
        std::fs::create_dir_all(left.journal().parent().unwrap()).unwrap();
        std::fs::copy(left.desk.journal(), left.journal()).unwrap();
        let (made, kept) = (left.desk.folder.path().join("artifacts"), left.journal().with_file_name("artifacts"));
        std::fs::create_dir_all(&kept).unwrap();
        std::fs::copy(made.join("parameters.md"), kept.join("parameters.md")).unwrap();
        left
    }

    fn journal(&self) -> PathBuf {
        self.desk.folder.path().join(".upgrade/runs/orders").join(RUN).join("journal.jsonl")
    }

    /// The command as a shell takes it: its exit code, stdout and stderr.
    fn pasted(&self, line: &str) -> (i32, String, String) {
        let words = line.strip_prefix("upgrade ").unwrap_or_else(|| panic!("`{line}` is no command"));
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &format!("exec \"$0\" {words}")]).arg(env!("CARGO_BIN_EXE_upgrade"));
        let output = shell.current_dir(self.desk.folder.path()).env_clear().output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    /// The choices that are shown, and the end; nothing is changed by showing them.
    fn shown(&self) -> (Vec<Value>, Value) {
        let before = std::fs::read(self.journal()).unwrap();
        let (code, out, err) = self.pasted(&format!("upgrade resolve playbook.yaml {} --output json", self.step));
        assert_eq!(code, 8, "{err}");
        assert_eq!(std::fs::read(self.journal()).unwrap(), before, "nothing is changed");
        let mut events: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let end = events.pop().unwrap();
        assert_eq!((&end["type"], &end["exit_code"]), (&json!("run_finished"), &json!(8)));
        assert_eq!(end["next"], "upgrade run playbook.yaml", "it is safe whatever is the case");
        let said: Vec<_> = events.iter().map(|event| event["as"].as_str().unwrap()).collect();
        assert_eq!(said, ["done", "retry", "skip"]);
        (events, end)
    }

    fn run(&self) -> Run {
        Run::fold(&journal::read(&self.journal()).unwrap().entries).unwrap()
    }

    /// Goes on in the world with what was said.
    fn finishes(&self) {
        std::fs::copy(self.journal(), self.desk.journal()).unwrap();
        let ending = self.desk.finish(&self.world, 2);
        assert_eq!(ending.exit_code, 0, "{}: {ending:?}", self.step);
    }
}

fn command(choice: &Value) -> &str {
    choice["command"].as_str().unwrap()
}

#[test]
fn what_was_begun_is_named_and_each_choice_is_a_command() {
    let left = Left::at("switchover", At::Before);
    let (choices, end) = left.shown();
    let cause = end["error"]["causes"][0].as_str().unwrap();
    assert!(cause.starts_with("Begun, and not known to have ended: Switch"), "{end}");
    assert!(choices[1]["means"].as_str().unwrap().contains("did not take effect"), "{choices:?}");
    let (code, out, err) = left.pasted("upgrade resolve playbook.yaml switchover");
    assert_eq!(code, 8);
    for choice in &choices {
        assert!(out.contains(command(choice)), "{out}");
    }
    assert!(
        err.contains("Begun, and not known to have ended") && err.contains("next: upgrade run playbook.yaml"),
        "{err}"
    );
    // Outputs that are too few are refused with the way to all of them.
    let (code, _, err) =
        left.pasted("upgrade resolve playbook.yaml switchover --as done --reason x --output names='[]'");
    assert!(
        code == 2 && err.contains("`upgrade resolve playbook.yaml switchover` shows which outputs it wants"),
        "{err}"
    );
    let (code, _, err) = left.pasted(command(&choices[1]));
    assert_eq!(code, 0, "{err}");
    left.finishes();
}

#[test]
fn outputs_that_later_steps_need_are_wanted_by_name() {
    let left = Left::at("capture_coordinates", At::Look);
    let (choices, _) = left.shown();
    let names: Vec<_> =
        choices[0]["outputs"].as_array().unwrap().iter().map(|output| output["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["file", "position"]);
    // The names in capitals are no values.
    let (code, _, err) = left.pasted(command(&choices[0]));
    assert!(code == 2 && err.contains("shows which outputs it wants"), "{code} {err}");
    let state = left.world.state().clone();
    let events = state.region.events();
    let told = events.iter().find(|event| event.message.contains("Binary log coordinates")).unwrap().message.clone();
    let file = told.split("file ").nth(1).unwrap().split(' ').next().unwrap();
    let position = told.split("position ").nth(1).unwrap().trim_end_matches('.').split(' ').next().unwrap();
    let (code, _, err) = left.pasted(
        &command(&choices[0]).replace("=FILE", &format!("={file}")).replace("=POSITION", &format!("={position}")),
    );
    assert_eq!(code, 0, "{err}");
    let finished = left.run().step("capture_coordinates").unwrap().finished.clone().unwrap();
    assert_eq!(finished.outputs, json!({"file": file, "position": position.parse::<u64>().unwrap()}));
    left.finishes();
}

/// Nobody reads the outputs of the last steps, so a person need not make them up.
#[test]
fn a_step_whose_outputs_nobody_needs_is_done_without_any() {
    let left = Left::at("submit_cdc_jobs", At::After);
    let (choices, _) = left.shown();
    assert_eq!(choices[0]["outputs"], json!([]));
    let (code, _, err) = left.pasted(command(&choices[0]));
    assert_eq!(code, 0, "{err}");
    left.finishes();
}

#[test]
fn a_reason_or_an_output_alone_says_nothing() {
    let left = Left::at("switchover", At::Before);
    for (words, told) in [("--reason x", "--as"), ("--as retry", "--reason"), ("--output file=f", "`--as done`")] {
        let (code, _, err) = left.pasted(&format!("upgrade resolve playbook.yaml switchover {words}"));
        assert!(code == 2 && err.contains(told), "{words}: {code} {err}");
    }
}
