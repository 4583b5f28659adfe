//! Random worlds: an upgrade in which calls fail, the program dies, people do things by hand, systems are away and time
//! passes, each from one seed. What must hold holds after every act, and once the faults have ended the upgrade comes to its
//! end. Most stories begin behind a step that went well, for that costs less.
//!
//! `MODEL_WORLDS` sets how many (2,000 if not), `MODEL_SEED` where they begin: `MODEL_SEED=7 MODEL_WORLDS=1` is the seventh.
//! From 2,000 on, every trouble that can be drawn must have been seen.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may fail by unwrapping, and this one is told its worlds"
)]

#[path = "model/acts.rs"]
mod acts;
#[path = "model/beginning.rs"]
mod beginning;
#[path = "support/ordinary.rs"]
mod ordinary;
#[path = "model/story.rs"]
mod story;
mod support;
#[path = "model/trouble.rs"]
mod trouble;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicU64, Ordering},
};

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use acts::{Plot, plots};
use story::Story;

const WORLDS: u64 = 2_000;

#[test]
fn every_world_comes_to_its_end() {
    // What a crash of the machine leaves on a disk is the matter of other tests.
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::env::override_temp_dir(memory).expect("nobody has asked for a folder yet");
    }
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let first = number("MODEL_SEED").unwrap_or(0);
    let end = first + number("MODEL_WORLDS").unwrap_or(WORLDS);
    let next = AtomicU64::new(first);
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let reached = std::sync::Mutex::new(story::Reached::default());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut mine = story::Reached::default();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        break;
                    }
                    if let Err(why) = world(seed, &mut mine) {
                        // The others need not go on.
                        next.store(end, Ordering::Relaxed);
                        panic!("MODEL_SEED={seed} MODEL_WORLDS=1: {why}");
                    }
                }
                reached.lock().unwrap().add(&mine);
            });
        }
    });
    let reached = reached.into_inner().unwrap();
    println!("{} worlds: {reached}", end - first);
    if end - first >= WORLDS {
        reached.check();
    }
}

/// The world of one seed; where it goes wrong, the smallest one like it and what went wrong there.
fn world(seed: u64, reached: &mut story::Reached) -> Result<(), String> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases: 1, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let reached = std::cell::RefCell::new(reached);
    let result = runner.run(&plots(), |plot: Plot| {
        let told = catch_unwind(AssertUnwindSafe(|| Story::new(seed, &plot).tell(&mut reached.borrow_mut())));
        match told {
            Ok(Ok(())) => Ok(()),
            Ok(Err(why)) => Err(TestCaseError::fail(why)),
            Err(thrown) => {
                let words = thrown.downcast_ref::<String>().cloned();
                let words = words.or_else(|| thrown.downcast_ref::<&str>().map(|words| (*words).to_owned()));
                Err(TestCaseError::fail(words.unwrap_or_else(|| "it panicked".to_owned())))
            }
        }
    });
    match result {
        Ok(()) => Ok(()),
        Err(TestError::Fail(why, plot)) => Err(format!("{why}\n{plot:#?}")),
        Err(TestError::Abort(why)) => Err(why.to_string()),
    }
}
