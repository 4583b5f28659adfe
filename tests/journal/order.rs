//! What is on disk when a call goes out, on a disk that keeps nothing it was not told to sync.

use std::sync::{Arc, Mutex};

use sandbox::region::Faults;
use upgrade::{
    runner::{
        Run, Stop,
        journal::{self, Store},
    },
    step::Fate,
};

use crate::{
    call,
    ordinary::{check, host},
    support::{
        desk::Desk,
        world::{State, World},
    },
};

/// What is added reaches the file below only with the sync.
#[derive(Debug)]
struct Forgetful {
    below: Box<dyn Store>,
    unsynced: Vec<u8>,
}

impl Store for Forgetful {
    fn add(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.unsynced.extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> std::io::Result<()> {
        self.below.add(&std::mem::take(&mut self.unsynced))?;
        self.below.sync()
    }
}

/// The steps with an operation whose begin is on disk and whose end is not.
fn begun(path: &std::path::Path) -> usize {
    let Ok(recovered) = journal::read(path) else { return 0 };
    let run = Run::fold(&recovered.entries).unwrap();
    let attempts = run.steps.iter().chain(&run.asides).flat_map(|step| &step.attempts.0);
    attempts.filter(|attempt| matches!(attempt.fate, Fate::Open)).count()
}

#[test]
fn the_begin_of_an_operation_is_synced_before_its_effect() {
    let world = World::new(State::aurora(Faults::default()));
    let desk = Desk::new(&host(&world.state()));
    let mut started = desk.started();
    started.journal = started.journal.through(|below| Box::new(Forgetful { below, unsynced: Vec::new() }));
    let heard: Arc<Mutex<Vec<(String, bool, usize)>>> = Arc::default();
    let (all, path) = (Arc::clone(&heard), desk.journal());
    world.listen(move |what, after| {
        if WRITES.contains(&what) {
            all.lock().unwrap().push((what.to_owned(), after, begun(&path)));
        }
    });
    let (ending, _) = call::run(&desk, &world, started, Stop::default());
    assert_eq!(ending.exit_code, 0, "{ending:?}");
    check(&world.state(), "a forgetful disk");
    let heard = heard.lock().unwrap();
    for (what, after, begun) in heard.iter() {
        let when = if *after { "after" } else { "before" };
        assert!(*begun > 0, "{when} {what} its begin was not on disk");
    }
    for what in ["create deployment", "reboot", "switchover", "stop job", "submit job", "delete deployment"] {
        assert!(heard.iter().any(|(heard, ..)| heard == what), "{what} was called");
    }
    let recovered = journal::read(&desk.journal()).unwrap();
    assert!(Run::fold(&recovered.entries).unwrap().finished.is_some(), "the end is on disk too");
}

/// Calls that change what is not this run's to lose. A start that is only made ready holds nothing.
pub const WRITES: [&str; 10] = [
    "create parameter group",
    "modify parameter group",
    "create deployment",
    "attach parameter group",
    "reboot",
    "switchover",
    "delete deployment",
    "stop job",
    "cancel job",
    "submit job",
];
