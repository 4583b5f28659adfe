//! Ctrl-C and SIGTERM: the first asks the run to stop at its next safe point, the second leaves at once.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{SignalKind, signal};

use crate::runner::{Signal, Stop};

static ASKED: AtomicBool = AtomicBool::new(false);

/// Watches for signals until the process ends.
pub(super) fn watch(stop: &Stop) {
    for (kind, meaning, code) in [
        (SignalKind::interrupt(), Signal::Interrupt, 130),
        (SignalKind::terminate(), Signal::Terminate, 143),
        (SignalKind::hangup(), Signal::HangUp, 143),
    ] {
        let stop = stop.clone();
        let Ok(mut signals) = signal(kind) else { continue };
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                if ASKED.swap(true, Ordering::SeqCst) {
                    leave(code);
                }
                say(
                    "Stopping at the next safe point. What RDS and Flink were asked to do goes on; the same command continues the run. Once more leaves at once.",
                );
                stop.ask(meaning);
            }
        });
    }
}

#[expect(clippy::print_stderr, reason = "a signal is answered at once, whatever the reporters are doing")]
fn say(text: &str) {
    eprintln!("{text}");
}

#[expect(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "the second signal means now; every record is synced before its effect"
)]
fn leave(code: i32) {
    std::process::exit(code);
}
