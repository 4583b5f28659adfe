//! Signals as a real process meets them: once, twice, from a terminal that has gone, and where nobody answers.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may fail by unwrapping, and times real processes"
)]

mod abort;
#[path = "../support/aws.rs"]
mod aws;
mod process;

use aws::Aws;
use process::{Process, RUN, SOON, folder, silent, until};
use sandbox::region::{Action, Breakage, Calls, Fault, Faults, Rule};
use upgrade::step::Fate;

#[test]
fn a_look_that_nobody_answers_is_given_up_at_the_first_signal() {
    let (listener, endpoint) = silent();
    let folder = folder();
    for (signal, code, name) in [("INT", 130, "Interrupt"), ("TERM", 143, "Terminate"), ("HUP", 143, "HangUp")] {
        let mut process = Process::start(folder.path(), &endpoint, RUN, "");
        let asked = listener.accept().unwrap();
        process.send(signal);
        assert_eq!(process.ends(SOON), code, "{signal}");
        process.told("next: upgrade run playbook.yaml");
        assert_eq!(process.interrupted().as_deref(), Some(name));
        let stopped = process.run().stopped.expect("how the call ended is in the journal");
        assert_eq!(stopped.next.as_deref(), Some("upgrade run playbook.yaml"));
        drop(asked);
    }
}

/// A write is waited for, because its outcome is worth more; who signals twice does not want to wait.
#[test]
fn a_write_is_waited_for_and_the_second_signal_leaves_at_once() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let lost = Fault::ReplyLost(Breakage::Silence);
        let rule = Rule::new(Action::CreateBlueGreenDeployment, Calls::Nth(1), lost);
        let aws = Aws::start(Faults { rules: vec![rule], ..Faults::default() });
        let folder = folder();
        let mut process = Process::start(folder.path(), &aws.endpoint, RUN, "");
        until("the deployment is asked for", || aws.deployments() == 1);
        process.send(signal);
        process.told("Stopping at the next safe point");
        assert!(process.child.try_wait().unwrap().is_none(), "it waits for the answer");
        process.send(signal);
        assert_eq!(process.ends(SOON), code, "{signal}");
        let run = process.run();
        let attempts = &run.steps[0].attempts.0;
        assert!(matches!(attempts.last().unwrap().fate, Fate::Open), "begun, and no more is known");
        // The same command goes on: what was asked for is found, and not asked for again.
        let mut again = Process::start(folder.path(), &aws.endpoint, RUN, "");
        again.told("goes on where it stopped");
        again.told("waiting");
        again.send(signal);
        assert_eq!(again.ends(SOON), code);
        let creates = aws.api.with(|region| {
            region.requests().iter().filter(|call| call.action == Action::CreateBlueGreenDeployment).count()
        });
        assert_eq!(creates, 1);
        assert!(again.run().stopped.is_some());
    }
}

/// The kernel and the shell both tell that the terminal is gone, and what is written ends in an error.
#[test]
fn a_terminal_that_goes_away_ends_the_call_at_a_safe_point() {
    let aws = Aws::start(Faults::default());
    let folder = folder();
    let mut process = Process::start(folder.path(), &aws.endpoint, RUN, "");
    process.told("AVAILABLE");
    drop((process.child.stdout.take(), process.child.stderr.take()));
    process.send("HUP");
    process.send("HUP");
    assert_eq!(process.ends(SOON), 143);
    assert_eq!(process.interrupted().as_deref(), Some("HangUp"));
    assert!(process.run().stopped.is_some(), "it ended at a safe point");
}

#[test]
fn who_reads_no_more_does_not_end_a_run() {
    let aws = Aws::start(Faults::default());
    let folder = folder();
    let mut process = Process::start(folder.path(), &aws.endpoint, RUN, "");
    drop((process.child.stdout.take(), process.child.stderr.take()));
    until("the deployment is asked for", || aws.deployments() == 1);
    let asked = aws.api.with(|region| region.requests().len());
    until("it goes on looking", || aws.api.with(|region| region.requests().len()) > asked + 5);
    process.send("INT");
    assert_eq!(process.ends(SOON), 130, "and hears a signal");
    assert!(process.run().stopped.is_some());
}

#[test]
fn a_run_under_nohup_outlives_its_terminal() {
    let (listener, endpoint) = silent();
    let folder = folder();
    let mut process = Process::start(folder.path(), &endpoint, RUN, "trap '' HUP;");
    let _asked = listener.accept().unwrap();
    process.send("HUP");
    process.send("TERM");
    assert_eq!(process.ends(SOON), 143);
    assert_eq!(process.interrupted().as_deref(), Some("Terminate"), "the hang-up was not for it");
}
