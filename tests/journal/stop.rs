//! A run that is asked to stop at a call, whichever it is.

use upgrade::{
    event::Outcome,
    runner::{Run, Signal, Stop, journal},
};

use crate::{call, ordinary::check};

/// So many calls that only look are tried, at equal distances; of those that change something all are.
const LOOKS: usize = 24;

#[test]
fn a_run_that_was_stopped_at_any_call_ends_as_if_it_had_not_been() {
    let (world, desk) = call::quick();
    let tried = call::worth_trying(&world, LOOKS, || assert_eq!(desk.finish(&world, 1).exit_code, 0));
    std::thread::scope(|scope| {
        for part in tried.chunks(tried.len().div_ceil(2)) {
            scope.spawn(|| part.iter().for_each(|at| stopped(*at)));
        }
    });
}

fn stopped(at: usize) {
    let signal = [Signal::Interrupt, Signal::Terminate, Signal::HangUp][at % 3];
    let what = format!("{signal:?} at call {at}");
    let (world, desk) = call::quick();
    let stop = Stop::default();
    let (asked, mut left) = (stop.clone(), at);
    world.listen(move |_, _| match left.checked_sub(1) {
        Some(less) => left = less,
        None => asked.ask(signal),
    });
    let (ending, _) = call::run(&desk, &world, desk.started(), stop);
    world.listen(|_, _| {});
    if ending.exit_code != 0 {
        let code = if signal == Signal::Interrupt { 130 } else { 143 };
        assert_eq!((ending.outcome, ending.exit_code), (Outcome::Interrupted, code), "{what}: {ending:?}");
        assert_eq!(ending.next.as_deref(), Some("upgrade run playbook.yaml"), "{what}");
        let recovered = journal::read(&desk.journal()).unwrap();
        assert_eq!(recovered.torn, None, "{what}");
        let stopped = Run::fold(&recovered.entries).unwrap().stopped.unwrap();
        assert_eq!(stopped.outcome, Outcome::Interrupted, "{what}");
        assert_eq!(desk.finish(&world, 2).exit_code, 0, "{what}");
    }
    check(&world.state(), &what);
}

#[tokio::test]
async fn what_only_looks_is_given_up_and_what_is_ready_is_not() {
    let stop = Stop::default();
    assert_eq!(stop.unless_asked(async { 7 }).await, Some(7));
    let asking = stop.clone();
    let silent = async {
        asking.ask(Signal::Interrupt);
        std::future::pending::<()>().await
    };
    assert_eq!(stop.unless_asked(silent).await, None);
    assert_eq!(stop.unless_asked(async { 7 }).await, None, "it was asked before");
}
