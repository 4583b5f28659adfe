//! One verb a file. Each returns the exit code it ends with, or the error that has one.

use std::io::{self, Write};

use anstream::AutoStream;
use time::OffsetDateTime;

use crate::error::{Error, Result};

mod completions;
mod invocation;
mod schema;
mod validate;

pub use invocation::*;

/// Does what was asked and returns the exit code.
pub fn dispatch(invocation: &Invocation) -> u8 {
    let Invocation { common, command } = invocation;
    let done = match command {
        Command::Validate { playbook } => validate::validate(common, playbook, OffsetDateTime::now_utc()),
        Command::Schema => schema::schema(common),
        Command::Completions { shell, script } => completions::completions(common, shell, script),
        Command::Plan { .. }
        | Command::Run { .. }
        | Command::Status { .. }
        | Command::Approve { .. }
        | Command::Resolve { .. }
        | Command::Report { .. }
        | Command::Offsets { .. } => {
            Err(Error::usage("this build has no such verb: it has validate, schema, completions"))
        }
    };
    done.unwrap_or_else(|error| {
        // Where stderr itself is gone, the exit code still tells.
        let _ = writeln!(io::stderr(), "error: {error}");
        error.exit_code()
    })
}

impl Common {
    /// Whether messages on stderr are coloured.
    fn colored_messages(&self) -> bool {
        match self.color {
            Color::Auto => AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never,
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
            Err(Error::permanent("the output cannot be written").because(&error))
        }
        _ => Ok(()),
    }
}
