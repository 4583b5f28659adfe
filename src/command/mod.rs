//! One verb a file. Each returns the exit code it ends with, or the error that has one.

use std::{
    io::{self, IsTerminal, Write},
    path::Path,
};

use anstream::AutoStream;

use crate::{
    adapter::clock::SystemClock,
    error::{Error, Kind, Result},
    event::{Body, Observer, Outcome},
    playbook,
    port::clock::Clock,
    report,
    runner::{Tell, journal::Decision},
};

mod abort;
mod approve;
mod choices;
mod completions;
mod explain;
mod invocation;
mod kept;
mod offsets;
mod plan;
mod report_verb;
mod resolve;
mod run;
mod scene;
mod schema;
mod signals;
mod status;
mod validate;
mod wiring;

pub use invocation::*;
pub use report_verb::remade;

use scene::Scene;

/// Does what was asked and returns the exit code.
pub fn dispatch(invocation: &Invocation) -> u8 {
    let Invocation { common, command } = invocation;
    let clock = SystemClock::new();
    let done = match command {
        Command::Validate { playbook } => validate::validate(common, playbook, clock.now()),
        Command::Schema => schema::schema(common),
        Command::Completions { shell, script } => completions::completions(common, shell, script),
        Command::Explain { check } => {
            observed(common, &clock, None, |observer| explain::explain(check.as_deref(), &clock, observer))
        }
        Command::Offsets { savepoint } => observed(common, &clock, None, |observer| {
            wait(offsets::offsets(savepoint, &wiring::files(None), &clock, observer))
        }),
        Command::Plan { playbook, detailed_exitcode } => with_playbook(common, playbook, &clock, |scene, observer| {
            wait(plan::plan(scene, *detailed_exitcode, observer))
        }),
        Command::Run { playbook, dry_run: true, .. } => {
            with_playbook(common, playbook, &clock, |scene, observer| wait(plan::plan(scene, false, observer)))
        }
        Command::Run { playbook, until, approve, new_run, dry_run: false } => {
            let asked = run::Asked { until: until.clone(), approve: approve.clone(), new_run: *new_run };
            with_playbook(common, playbook, &clock, |scene, observer| wait(run::run(scene, &asked, observer)))
        }
        Command::Status { playbook } => {
            with_playbook(common, playbook, &clock, |scene, observer| status::status(scene, &clock, observer))
        }
        Command::Approve { playbook, step } => {
            with_playbook(common, playbook, &clock, |scene, observer| approve::approve(scene, step, &clock, observer))
        }
        Command::Abort { playbook, yes, dry_run } => {
            let asked = abort::Asked { yes: *yes, dry_run: *dry_run, output: common.output };
            with_playbook(common, playbook, &clock, |scene, observer| wait(abort::abort(scene, &asked, observer)))
        }
        Command::Resolve { playbook, step, said, outputs } => {
            let verdict = said.as_ref().map(|(resolution, reason)| {
                let decision = match resolution {
                    Resolution::Done => Decision::Done,
                    Resolution::Retry => Decision::Retry,
                    Resolution::Skip => Decision::Skip,
                };
                (decision, reason.as_str())
            });
            let said = resolve::Said { step, verdict, outputs };
            with_playbook(common, playbook, &clock, |scene, observer| resolve::resolve(scene, &said, &clock, observer))
        }
        Command::Report { playbook, format } => {
            with_playbook(common, playbook, &clock, |scene, _| report_verb::report(scene, *format))
        }
    };
    done.unwrap_or_else(|error| {
        let mut text = format!("error: {error}\n");
        text.extend(error.causes.iter().map(|cause| format!("  because: {cause}\n")));
        text.extend(error.hint.iter().map(|hint| format!("  {hint}\n")));
        // Where stderr itself is gone, the exit code still tells.
        let _ = io::stderr().write_all(text.as_bytes());
        error.exit_code()
    })
}

/// Loads the playbook, or shows all that is wrong with it as `validate` does.
fn with_playbook(
    common: &Common,
    path: &Path,
    clock: &dyn Clock,
    verb: impl FnOnce(&Scene, &mut dyn Observer) -> Result<u8>,
) -> Result<u8> {
    let loaded = match playbook::load(path) {
        Ok(loaded) => loaded,
        Err(problems) => return validate::refuse(common, path, &problems, clock.now()),
    };
    let scene = Scene::of(loaded, path, common.state.as_deref());
    observed(common, clock, Some(&scene), |observer| verb(&scene, observer))
}

/// Runs a verb under the reporter that was asked for; its error becomes the last event.
fn observed(
    common: &Common,
    clock: &dyn Clock,
    scene: Option<&Scene>,
    verb: impl FnOnce(&mut dyn Observer) -> Result<u8>,
) -> Result<u8> {
    let mut observer = reporter(common)?;
    match verb(&mut *observer) {
        Ok(code) => Ok(code),
        Err(error) => {
            let exit_code = error.exit_code();
            let outcome = match error.kind {
                Kind::Unknown => Outcome::Unknown,
                Kind::Waiting => Outcome::Waiting,
                _ => Outcome::Failed,
            };
            let next = scene.map(|scene| match error.kind {
                Kind::Transient => scene.verbs.run(),
                // Of what ends here, only an abort waits.
                Kind::Waiting => scene.verbs.abort_now(),
                // A look at the status would end as this did.
                Kind::Drift if scene.is_damaged() => scene.verbs.run(),
                _ => scene.verbs.status(),
            });
            let body = Body::RunFinished { outcome, exit_code, error: Some(error), next };
            Tell::new(&mut *observer).event(clock.now(), body);
            Ok(exit_code)
        }
    }
}

fn reporter(common: &Common) -> Result<Box<dyn Observer>> {
    let kind = match common.output {
        Output::Human => report::Kind::Human,
        Output::Json => report::Kind::Json,
    };
    let verbosity = match common.verbosity {
        Verbosity::Quiet => report::Verbosity::Quiet,
        Verbosity::Normal => report::Verbosity::Normal,
        Verbosity::Verbose | Verbosity::Debug => report::Verbosity::Verbose,
    };
    let options = report::Options {
        color_out: common.colored_result(),
        color_err: common.colored_messages(),
        tty: io::stderr().is_terminal(),
        verbosity,
        out: Box::new(io::stdout()),
        err: Box::new(io::stderr()),
    };
    let live = report::live(kind, options);
    Ok(match wiring::github()? {
        Some(summary) => {
            Box::new(report::Fan(vec![live, Box::new(report::Annotations::new(Box::new(io::stderr()), summary))]))
        }
        None => live,
    })
}

/// Everything that waits for the outside runs here.
fn wait<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Error::bug("The runtime cannot be started").because(&error))?;
    let done = runtime.block_on(work);
    // A connection that hangs must not keep the process.
    runtime.shutdown_background();
    done
}

impl Common {
    /// Whether messages on stderr are coloured.
    fn colored_messages(&self) -> bool {
        self.colored(|| AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never)
    }

    /// Whether the result on stdout is coloured.
    fn colored_result(&self) -> bool {
        self.colored(|| AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never)
    }

    fn colored(&self, auto: impl FnOnce() -> bool) -> bool {
        match self.color {
            Color::Auto => auto(),
            Color::Always => true,
            Color::Never => false,
        }
    }
}

/// Writes to stdout. A reader that has gone away is no error: it has read what it wanted.
fn say(text: &str) -> Result<()> {
    heard(io::stdout().lock().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()))
}

/// Writes to stderr.
fn tell(text: &str) -> Result<()> {
    heard(io::stderr().lock().write_all(text.as_bytes()))
}

fn heard(written: io::Result<()>) -> Result<()> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::permanent("The output cannot be written").because(&error))
        }
        _ => Ok(()),
    }
}
