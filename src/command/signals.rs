//! Ctrl-C and SIGTERM: the first asks the run to stop at its next safe point, the second leaves at once. A terminal that
//! hangs up asks as well, and never for more.

use std::{
    io::{self, Write as _},
    sync::atomic::{AtomicBool, Ordering},
};

use tokio::signal::unix::{SignalKind, signal};

use crate::runner::{Signal, Stop};

const STOPPING: &str = "Stopping at the next safe point. What RDS and Flink were asked to do goes on; the same command \
                        continues the run. Once more leaves at once.\n";

static ASKED: AtomicBool = AtomicBool::new(false);

/// Watches for signals until the process ends.
pub(super) fn watch(stop: &Stop) {
    let ignored = ignored(&fs_err::read_to_string("/proc/self/status").unwrap_or_default());
    for (kind, meaning, leaves_with) in [
        (SignalKind::interrupt(), Signal::Interrupt, Some(130)),
        (SignalKind::terminate(), Signal::Terminate, Some(143)),
        // The kernel and the shell both tell of a terminal that goes away: the second time says nothing new.
        (SignalKind::hangup(), Signal::HangUp, None),
    ] {
        // `nohup`, and a shell that starts a job in the background, want it so.
        if ignored & (1 << (kind.as_raw_value() - 1)) != 0 {
            continue;
        }
        let stop = stop.clone();
        let Ok(mut signals) = signal(kind) else { continue };
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                stop.ask(meaning);
                if let Some(code) = leaves_with
                    && ASKED.swap(true, Ordering::SeqCst)
                {
                    leave(code);
                }
                // Answered at once, whatever the reporters are doing; the terminal may be gone.
                let _ = io::stderr().write_all(STOPPING.as_bytes());
            }
        });
    }
}

/// The signals that were ignored when the process began, a bit each, from what Linux says of it; elsewhere none.
fn ignored(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

#[expect(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "the second signal means now; every record is synced before its effect"
)]
fn leave(code: i32) {
    std::process::exit(code);
}

#[cfg(test)]
mod tests {
    use super::ignored;

    #[test]
    fn what_the_parent_ignores_is_read_from_the_mask() {
        assert_eq!(ignored("Name:\tupgrade\nSigBlk:\t0000000000000000\nSigIgn:\t0000000001001001\n"), 0x100_1001);
        assert_eq!(ignored(""), 0);
    }
}
