//! A disk that is full: the journal fails at each append in turn, before the line or in the middle of it by turns.

use std::{
    io,
    sync::{Arc, Mutex},
};

use upgrade::{
    error::Kind,
    runner::{
        Run, Stop,
        journal::{self, Store},
    },
    step::Fate,
};

use crate::{call, order::WRITES, ordinary::check};

/// Takes so many lines, and of the next one so many bytes.
#[derive(Debug)]
pub struct Full {
    pub below: Box<dyn Store>,
    pub lines: usize,
    pub bytes: usize,
}

impl Store for Full {
    fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.lines == 0 {
            self.below.add(&bytes[..self.bytes.min(bytes.len() - 1)])?;
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        self.lines -= 1;
        self.below.add(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.below.sync()
    }
}

#[test]
fn a_run_whose_disk_is_full_stops_before_the_next_effect_and_goes_on() {
    let (world, desk) = call::quick();
    assert_eq!(desk.finish(&world, 1).exit_code, 0);
    let records = journal::read(&desk.journal()).unwrap().entries.len();
    assert!(records > 40, "{records}");
    // The first record is the desk's own.
    let ends: Vec<_> = (0..records - 1).map(|lines| (lines, if lines % 2 == 0 { 0 } else { 40 })).collect();
    std::thread::scope(|scope| {
        for part in ends.chunks(ends.len().div_ceil(2)) {
            scope.spawn(|| part.iter().for_each(|(lines, bytes)| full(*lines, *bytes)));
        }
    });
}

fn full(lines: usize, bytes: usize) {
    let what = format!("full after {lines} records and {bytes} bytes");
    let (world, desk) = call::quick();
    let mut started = desk.started();
    started.journal = started.journal.through(|below| Box::new(Full { below, lines, bytes }));
    let calls: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = Arc::clone(&calls);
    world.listen(move |name, after| {
        if after && WRITES.contains(&name) {
            heard.lock().unwrap().push(name.to_owned());
        }
    });
    let (ending, events) = call::run(&desk, &world, started, Stop::default());
    let error = ending.error.unwrap_or_else(|| panic!("{what}: it ends well"));
    assert_eq!((error.kind, ending.exit_code), (Kind::Permanent, 4), "{what}: {error:?}");
    assert_eq!(error.message, "The run's journal cannot be written", "{what}");
    assert!(error.unchanged.is_some_and(|text| text.contains(&format!("ends at record {}", lines + 1))), "{what}");
    assert!(ending.next.is_some(), "{what}");
    assert!(matches!(events.last().unwrap().body, upgrade::event::Body::RunFinished { .. }), "{what}: it is told");
    let recovered = journal::read(&desk.journal()).unwrap();
    assert_eq!((recovered.entries.len(), recovered.torn.is_some()), (lines + 1, bytes > 0), "{what}");
    let run = Run::fold(&recovered.entries).unwrap();
    let intents = run.steps.iter().flat_map(|step| &step.attempts.0);
    let made = calls.lock().unwrap().len();
    let sent = |fate: &Fate| !matches!(fate, Fate::Failed(_));
    let begun: Vec<_> = intents.filter(|attempt| sent(&attempt.fate)).flat_map(|one| &one.operation.calls).collect();
    assert!(made <= begun.len(), "{what}: {made} calls, and on disk are only {begun:?}");
    world.listen(|_, _| {});
    assert_eq!(desk.finish(&world, 2).exit_code, 0, "{what}");
    check(&world.state(), &what);
}
