//! `upgrade abort` as a process: signals before it has begun and while it is at work, and a disk that is full.

use std::path::Path;

use sandbox::region::{Action, Breakage, Calls, Fault, Faults, Rule};
use upgrade::event::Outcome;

use crate::{
    aws::Aws,
    process::{Process, RUN, SOON, folder, silent, until},
};

const ABORT: &str = "abort playbook.yaml --yes";
const SIGNALS: [(&str, i32); 3] = [("INT", 130), ("TERM", 143), ("HUP", 143)];

/// A run that was stopped while its deployment is made.
fn begun(folder: &Path, aws: &Aws) {
    let mut process = Process::start(folder, &aws.endpoint, RUN, "");
    until("the deployment is asked for", || aws.deployments() == 1);
    process.send("INT");
    assert_eq!(process.ends(SOON), 130);
}

fn deletes(aws: &Aws) -> usize {
    let applied = |region: &mut sandbox::region::Region| {
        region
            .requests()
            .iter()
            .filter(|call| call.action == Action::DeleteBlueGreenDeployment && call.applied())
            .count()
    };
    aws.api.with(applied)
}

/// The same command, until nothing is left; green is made meanwhile.
fn finishes(folder: &Path, aws: &Aws, what: &str) {
    let mut process = Process::start(folder, &aws.endpoint, ABORT, "");
    until(what, || {
        aws.go_on();
        process.child.try_wait().unwrap().is_some()
    });
    assert_eq!(process.ends(SOON), 0, "{what}");
    assert_eq!(process.run().finished, Some(Outcome::Aborted), "{what}");
    assert_eq!((aws.deployments(), deletes(aws)), (0, 1), "{what}");
}

#[test]
fn a_signal_before_an_abort_has_begun_leaves_all_as_it_was() {
    let aws = Aws::start(Faults::default());
    let folder = folder();
    begun(folder.path(), &aws);
    let (listener, endpoint) = silent();
    for (signal, code) in SIGNALS {
        let before = std::fs::read(journal(folder.path())).unwrap();
        let mut process = Process::start(folder.path(), &endpoint, ABORT, "");
        let asked = listener.accept().unwrap();
        process.send(signal);
        assert_eq!(process.ends(SOON), code, "{signal}");
        process.told("next: upgrade abort playbook.yaml --yes");
        assert_eq!(std::fs::read(journal(folder.path())).unwrap(), before, "{signal}: it had not begun");
        drop(asked);
    }
    finishes(folder.path(), &aws, "the same command takes all back");
}

#[test]
fn an_abort_that_waits_ends_at_the_first_signal_and_the_same_command_goes_on() {
    let aws = Aws::start(Faults::default());
    let folder = folder();
    begun(folder.path(), &aws);
    for (signal, code) in SIGNALS {
        let mut process = Process::start(folder.path(), &aws.endpoint, ABORT, "");
        process.told("waiting");
        process.send(signal);
        assert_eq!(process.ends(SOON), code, "{signal}");
        process.told("next: upgrade abort playbook.yaml");
        let run = process.run();
        assert!(run.aborting.is_some(), "{signal}: it stays an abort");
        assert_eq!(run.stopped.unwrap().next.as_deref(), Some("upgrade abort playbook.yaml"), "{signal}");
    }
    finishes(folder.path(), &aws, "the same command goes on");
}

#[test]
fn the_second_signal_leaves_an_abort_at_once_and_nothing_is_deleted_twice() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let lost = Fault::ReplyLost(Breakage::Silence);
        let rule = Rule::new(Action::DeleteBlueGreenDeployment, Calls::Nth(1), lost);
        let aws = Aws::start(Faults { rules: vec![rule], ..Faults::default() });
        let folder = folder();
        begun(folder.path(), &aws);
        until("green is made", || {
            aws.go_on();
            aws.api.with(|region| region.deployments()[0].status.as_str() == "AVAILABLE")
        });
        let mut process = Process::start(folder.path(), &aws.endpoint, ABORT, "");
        until("green is deleted", || deletes(&aws) == 1);
        process.send(signal);
        process.told("Stopping at the next safe point");
        assert!(process.child.try_wait().unwrap().is_none(), "it waits for the answer");
        process.send(signal);
        assert_eq!(process.ends(SOON), code, "{signal}");
        finishes(folder.path(), &aws, "the same command goes on");
    }
}

/// No byte fits beyond the limit of the file's size, at every record of an abort in turn.
#[test]
fn an_abort_whose_journal_cannot_be_written_names_the_same_command() {
    let aws = Aws::start(Faults::default());
    let folder = folder();
    begun(folder.path(), &aws);
    let mut failed = 0;
    loop {
        let size = std::fs::metadata(journal(folder.path())).unwrap().len();
        // In blocks of 512 bytes, rounded down: not one record more.
        let full = format!("trap '' XFSZ; ulimit -f {};", size / 512);
        let mut process = Process::start(folder.path(), &aws.endpoint, ABORT, &full);
        until("it ends", || {
            aws.go_on();
            process.child.try_wait().unwrap().is_some()
        });
        assert_eq!(process.ends(SOON), 4);
        process.told("The run's journal cannot be written");
        process.told("next: upgrade abort playbook.yaml");
        failed += 1;
        // The next record fits, and perhaps one more.
        let full = format!("trap '' XFSZ; ulimit -f {};", size / 512 + 1);
        let mut process = Process::start(folder.path(), &aws.endpoint, ABORT, &full);
        until("it ends", || {
            aws.go_on();
            process.child.try_wait().unwrap().is_some()
        });
        if process.ends(SOON) == 0 {
            break;
        }
        process.told("next: upgrade abort playbook.yaml");
        failed += 1;
    }
    assert!(failed > 3, "{failed}");
    assert_eq!((aws.deployments(), deletes(&aws)), (0, 1), "deleted once");
}

fn journal(folder: &Path) -> std::path::PathBuf {
    let run = std::fs::read_dir(folder.join(".upgrade/runs/orders")).unwrap().next().unwrap().unwrap().path();
    run.join("journal.jsonl")
}
