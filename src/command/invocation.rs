//! What was asked on the command line, in plain types.

use std::path::PathBuf;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    pub common: Common,
    pub command: Command,
}

/// What every verb takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Common {
    pub output: Output,
    /// Absent: `.upgrade` beside the playbook.
    pub state: Option<PathBuf>,
    pub color: Color,
    pub verbosity: Verbosity,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    Human,
    /// JSON lines on stdout, and nothing else there.
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// Where the stream is a terminal that has it.
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    Quiet,
    Normal,
    Verbose,
    /// `-vv` and more.
    Debug,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Validate {
        playbook: PathBuf,
    },
    Plan {
        playbook: PathBuf,
        /// Exit 10 where the plan has changes.
        detailed_exitcode: bool,
    },
    Run {
        playbook: PathBuf,
        /// The id of the last step to do.
        until: Option<String>,
        /// Ids of gates that are passed when they are reached.
        approve: Vec<String>,
        /// Another run after a finished one.
        new_run: bool,
        /// The same as `Plan`.
        dry_run: bool,
    },
    Status {
        playbook: PathBuf,
    },
    Approve {
        playbook: PathBuf,
        step: String,
    },
    Abort {
        playbook: PathBuf,
        /// The consent, given beforehand.
        yes: bool,
        /// Show what it would do.
        dry_run: bool,
    },
    Resolve {
        playbook: PathBuf,
        step: String,
        /// What a person says, and why; absent: what there is to say is shown.
        said: Option<(Resolution, String)>,
        /// Outputs that a step done by hand is given, in the order of the arguments.
        outputs: Vec<(String, String)>,
    },
    Report {
        playbook: PathBuf,
        format: ReportFormat,
    },
    /// All checks without a name.
    Explain {
        check: Option<String>,
    },
    Offsets {
        /// A savepoint or checkpoint folder, or its `_metadata`; a path or an address.
        savepoint: String,
    },
    Schema,
    Completions {
        shell: String,
        script: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    Done,
    Retry,
    Skip,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportFormat {
    Human,
    Json,
    Markdown,
    Html,
    Junit,
}
