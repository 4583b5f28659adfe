//! The command line: its grammar, its help, and the plain invocation that comes of it. Only this file knows clap.

use std::{ffi::OsString, path::PathBuf};

use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::command::{Color, Command, Common, Invocation, Output, ReportFormat, Resolution, Verbosity};

const EXIT_CODES: &str = "\
Exit codes:
    0  done
    1  a defect of this program
    2  usage, or an invalid playbook
    3  refused by a precheck; nothing was changed
    4  a step failed; `run` again continues
    5  waiting for an approval or a time
    6  another run holds the target
    7  plan, journal and reality disagree; nothing was changed
    8  the outcome of an operation is unknown; a person must look
   10  `plan --detailed-exitcode` found changes
  130  interrupted (143 by SIGTERM); `run` again continues";

/// Carries an Aurora MySQL or RDS MySQL database, and the CDC jobs that read its binary log, through a major version
/// upgrade.
#[derive(Debug, Parser)]
#[command(name = "upgrade", version, after_help = EXIT_CODES, max_term_width = 110)]
struct Cli {
    /// What is written to stdout: text for people, or JSON lines and nothing else
    // Not `global`: `resolve` has an `--output` of its own, which takes both meanings.
    #[arg(long = "output", id = "output-before-verb", value_name = "FORMAT", value_enum)]
    output: Option<OutputArg>,
    /// Where runs are kept [default: `.upgrade` beside the playbook]
    #[arg(long, value_name = "DIR", global = true)]
    state: Option<PathBuf>,
    /// Whether messages are coloured
    #[arg(long, value_name = "WHEN", value_enum, global = true, default_value_t = ColorArg::Auto)]
    color: ColorArg,
    /// Say more; twice says everything
    #[arg(short, long, action = ArgAction::Count, global = true, conflicts_with = "quiet")]
    verbose: u8,
    /// Say only what went wrong
    #[arg(short, long, global = true)]
    quiet: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Check a playbook's text; touches nothing
    Validate(One),
    /// Show what `run` would do, and change nothing
    Plan {
        #[command(flatten)]
        one: One,
        /// Exit with 10 where there is something to change
        #[arg(long)]
        detailed_exitcode: bool,
    },
    /// Carry out a playbook, or continue where it stopped
    Run {
        #[command(flatten)]
        one: One,
        /// Stop after this step, with exit 0
        #[arg(long, value_name = "STEP")]
        until: Option<String>,
        /// Pass this gate when it is reached; may be given several times
        #[arg(long, value_name = "STEP")]
        approve: Vec<String>,
        /// Start another run after a finished one
        #[arg(long)]
        new_run: bool,
        /// The same as `plan`
        #[arg(long)]
        dry_run: bool,
    },
    /// Show where the run is, what it waits for, and the next command to type
    Status(One),
    /// Pass a gate that has been reached
    Approve {
        #[command(flatten)]
        one: One,
        /// The id of the gate
        step: String,
    },
    /// Give up before the switchover: stopped jobs run at blue again, green is removed
    Abort {
        #[command(flatten)]
        one: One,
        /// Do not ask; needed where nobody can be asked
        #[arg(long)]
        yes: bool,
        /// Show what it would do, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Say what became of a step whose outcome is unknown; without --as, show what may be said
    Resolve {
        /// The playbook
        playbook: PathBuf,
        /// The id of the step
        step: String,
        /// What became of it; without it, what is unknown and what may be said of it is shown
        #[arg(long = "as", value_name = "OUTCOME", value_enum, requires = "reason")]
        resolution: Option<ResolutionArg>,
        /// Why, for the journal
        #[arg(long, value_name = "TEXT", requires = "resolution")]
        reason: Option<String>,
        /// An output of the step, as `position=4`; may be given several times. `human` and `json` choose the format
        #[arg(long = "output", value_name = "K=V", value_parser = output_or_format)]
        outputs: Vec<OutputOrFormat>,
    },
    /// Remake a report of the run from its journal
    Report {
        #[command(flatten)]
        one: One,
        /// The format of the report
        #[arg(long, value_enum, default_value_t = ReportArg::Human)]
        format: ReportArg,
    },
    /// Show where a Flink CDC job stands, read from its savepoint or checkpoint folder
    Offsets {
        /// The folder or its `_metadata`, as a path or an address
        savepoint: String,
        #[command(flatten)]
        format: Format,
    },
    /// Show what a check of the prechecks is about; without a name, all of them
    Explain {
        /// The check's id, as a finding names it
        check: Option<String>,
        #[command(flatten)]
        format: Format,
    },
    /// Print the JSON Schema of a playbook, for editors
    Schema(Format),
    /// Print a completion script
    Completions {
        /// The shell to complete for
        #[arg(value_enum)]
        shell: Shell,
        #[command(flatten)]
        format: Format,
    },
}

#[derive(Debug, Args)]
struct One {
    /// The playbook
    playbook: PathBuf,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Args)]
struct Format {
    /// What is written to stdout: text for people, or JSON lines and nothing else
    #[arg(long, value_name = "FORMAT", value_enum)]
    output: Option<OutputArg>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OutputArg {
    Human,
    Json,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ColorArg {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ResolutionArg {
    /// It was done; its outputs are given or found
    Done,
    /// It was not done; do it again
    Retry,
    /// Go on without it
    Skip,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ReportArg {
    Human,
    Json,
    Markdown,
    Html,
    Junit,
}

#[derive(Debug, Clone)]
enum OutputOrFormat {
    Output(String, String),
    Format(OutputArg),
}

fn output_or_format(text: &str) -> Result<OutputOrFormat, String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok(OutputOrFormat::Output(key.to_owned(), value.to_owned())),
        _ => OutputArg::from_str(text, false)
            .map(OutputOrFormat::Format)
            .map_err(|_| "expected an output as `position=4`, or a format: `human`, `json`".to_owned()),
    }
}

/// Reads the command line. `Err` is the exit code of a request that is answered already: 0 for help and version, 2 for a
/// command line that cannot be understood.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Invocation, u8> {
    let grammar = Cli::command().mut_subcommands(|verb| verb.after_help(EXIT_CODES));
    let read = grammar.try_get_matches_from(arguments).and_then(|matches| Cli::from_arg_matches(&matches));
    read.map(invocation).map_err(|answer| {
        // Nobody is left to tell where the stream itself is gone.
        let _ = answer.print();
        u8::try_from(answer.exit_code()).unwrap_or(2)
    })
}

fn invocation(cli: Cli) -> Invocation {
    let (command, output) = command(cli.verb);
    let verbosity = match (cli.quiet, cli.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, 0) => Verbosity::Normal,
        (false, 1) => Verbosity::Verbose,
        (false, _) => Verbosity::Debug,
    };
    let color = match cli.color {
        ColorArg::Auto => Color::Auto,
        ColorArg::Always => Color::Always,
        ColorArg::Never => Color::Never,
    };
    let output = match output.or(cli.output) {
        Some(OutputArg::Json) => Output::Json,
        Some(OutputArg::Human) | None => Output::Human,
    };
    Invocation { common: Common { output, state: cli.state, color, verbosity }, command }
}

fn command(verb: Verb) -> (Command, Option<OutputArg>) {
    match verb {
        Verb::Validate(One { playbook, format }) => (Command::Validate { playbook }, format.output),
        Verb::Plan { one: One { playbook, format }, detailed_exitcode } => {
            (Command::Plan { playbook, detailed_exitcode }, format.output)
        }
        Verb::Run { one: One { playbook, format }, until, approve, new_run, dry_run } => {
            (Command::Run { playbook, until, approve, new_run, dry_run }, format.output)
        }
        Verb::Status(One { playbook, format }) => (Command::Status { playbook }, format.output),
        Verb::Approve { one: One { playbook, format }, step } => (Command::Approve { playbook, step }, format.output),
        Verb::Abort { one: One { playbook, format }, yes, dry_run } => {
            (Command::Abort { playbook, yes, dry_run }, format.output)
        }
        Verb::Resolve { playbook, step, resolution, reason, outputs } => {
            let resolution = resolution.map(|resolution| match resolution {
                ResolutionArg::Done => Resolution::Done,
                ResolutionArg::Retry => Resolution::Retry,
                ResolutionArg::Skip => Resolution::Skip,
            });
            let mut format = None;
            let mut given = Vec::new();
            for output in outputs {
                match output {
                    OutputOrFormat::Output(key, value) => given.push((key, value)),
                    OutputOrFormat::Format(chosen) => format = Some(chosen),
                }
            }
            (Command::Resolve { playbook, step, said: resolution.zip(reason), outputs: given }, format)
        }
        Verb::Report { one: One { playbook, format: output }, format } => {
            let format = match format {
                ReportArg::Human => ReportFormat::Human,
                ReportArg::Json => ReportFormat::Json,
                ReportArg::Markdown => ReportFormat::Markdown,
                ReportArg::Html => ReportFormat::Html,
                ReportArg::Junit => ReportFormat::Junit,
            };
            (Command::Report { playbook, format }, output.output)
        }
        Verb::Offsets { savepoint, format } => (Command::Offsets { savepoint }, format.output),
        Verb::Explain { check, format } => (Command::Explain { check }, format.output),
        Verb::Schema(format) => (Command::Schema, format.output),
        Verb::Completions { shell, format } => {
            (Command::Completions { shell: shell.to_string(), script: script(shell) }, format.output)
        }
    }
}

fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "upgrade", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Invocation {
        parse(line.split_whitespace().map(OsString::from)).expect("the line is understood")
    }

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_format_may_stand_before_or_after_the_verb() {
        for line in ["upgrade --output json validate p.yaml", "upgrade validate p.yaml --output json"] {
            assert_eq!(read(line).common.output, Output::Json, "{line}");
        }
        assert_eq!(read("upgrade --output json validate p.yaml --output human").common.output, Output::Human);
    }

    #[test]
    fn resolve_takes_outputs_and_a_format_by_one_name() {
        let line = "upgrade resolve p.yaml switchover --as done --reason seen --output file=b.1 --output json --output position=4";
        let Invocation { common, command } = read(line);
        assert_eq!(common.output, Output::Json);
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let Command::Resolve { outputs, said, .. } = command else { panic!("another verb") };
        assert_eq!(outputs, [pair("file", "b.1"), pair("position", "4")]);
        assert_eq!(said, Some((Resolution::Done, "seen".to_owned())));
        let Command::Resolve { said, .. } = read("upgrade resolve p.yaml switchover").command else {
            panic!("another verb")
        };
        assert_eq!(said, None);
    }

    #[test]
    fn what_all_verbs_take_may_stand_anywhere() {
        let expected = read("upgrade --state /s --color never -vv run p.yaml");
        assert_eq!(read("upgrade run p.yaml --state /s -v --color never -v"), expected);
        assert_eq!(expected.common.verbosity, Verbosity::Debug);
        assert_eq!(expected.common.state, Some(PathBuf::from("/s")));
    }
}
