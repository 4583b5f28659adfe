//! Every kind of step: its keys, what it needs, and where it may stand.

use super::{
    form,
    keys::{Key, Mapping, Shape},
};

#[derive(Debug)]
pub(super) struct Kind {
    /// Its name is the step's key.
    pub(super) body: Mapping,
    pub(super) about: &'static str,
    /// Sections of the playbook it cannot do without.
    pub(super) sections: &'static [&'static str],
    /// Steps it cannot do without.
    pub(super) steps: &'static [&'static str],
    pub(super) repeatable: bool,
}

static COMMON: [Key; 2] = [
    Key::may("id", Shape::Text(&form::STEP_ID), "The step's name; its kind where there is none."),
    Key::may("budget", Shape::Duration, "The step fails when it has taken this long; a rerun begins a new budget."),
];

const fn body(name: &'static str, keys: &'static [Key], later: &'static [&'static str]) -> Mapping {
    Mapping { name, keys, one_of: &[], later, common: &COMMON }
}

static PAIR: Mapping = Mapping::of(
    "pairs",
    &[
        Key::must("source", Shape::Map(&TABLE_AT), "The table that is written to."),
        Key::must("sink", Shape::Map(&TABLE_AT), "The table that takes its rows over."),
    ],
);

static TABLE_AT: Mapping = Mapping::of(
    "a table",
    &[
        Key::must("host", Shape::Text(&form::HOST), "The server."),
        Key::may("port", Shape::Count, "Its port.").or("3306"),
        Key::must("table", Shape::Text(&form::TABLE), "database.table"),
        Key::may("user", Shape::Text(&form::MYSQL_USER), "Where it is not the one of the section `mysql`.")
            .with("password"),
        Key::may("password", Shape::Secret, "Where that user's password is kept.").with("user"),
    ],
);

static EXCLUDED: Mapping = Mapping::of(
    "exclude",
    &[Key::must("check", Shape::Text(&form::CHECK), "Which finding, by its check."), OBJECT, REASON],
);

static EXCLUDED_ON_GREEN: Mapping = Mapping::of(
    "exclude",
    &[Key::must("check", Shape::Choice(&GREEN_CHECKS), "Which finding, by its check."), OBJECT, REASON],
);

const OBJECT: Key =
    Key::may("object", Shape::Text(&form::LINE), "Of which object, as the finding names it; of every one without it.");
const REASON: Key = Key::must("reason", Shape::Text(&form::LINE), "Why; stands in the report.");

/// What `check_green` may find.
const GREEN_CHECKS: [&str; 7] = [
    "view_broken",
    "program_broken",
    "missing_on_green",
    "only_on_green",
    "event_off_on_green",
    "event_runs_on_green",
    "not_looked_at",
];

pub(super) static KINDS: [Kind; 15] = [
    Kind {
        body: body(
            "prepare",
            &[Key::may(
                "binlog_retention",
                Shape::Duration,
                "How long blue and green keep their binary log at least, in whole hours.",
            )
            .or("72h")],
            &[],
        ),
        about: "Gives blue what the upgrade needs of it; never reboots it.",
        sections: &["target", "mysql"],
        steps: &[],
        repeatable: false,
    },
    Kind {
        body: body(
            "precheck",
            &[
                Key::may("include", Shape::List(&Shape::Text(&form::CHECK)), "The only checks that count."),
                Key::may("exclude", Shape::List(&Shape::Map(&EXCLUDED)), "Findings to go on with."),
                Key::may("fail_on", Shape::Choice(&["error", "warning"]), "The least level that refuses.").or("error"),
                Key::may("connections", Shape::Count, "Sessions with blue's writer at most.").or("4"),
                Key::may(
                    "max_threads_running",
                    Shape::Count,
                    "Threads of the server over which nothing more is asked of its catalogue.",
                )
                .or("25"),
                Key::may("check_tables", Shape::Flag, "Whether every table is checked (CHECK TABLE … FOR UPGRADE).")
                    .or("true"),
            ],
            &[],
        ),
        about: "Looks for everything that would stop the upgrade or break after it.",
        sections: &["target", "mysql"],
        steps: &[],
        repeatable: true,
    },
    Kind {
        body: body(
            "create_blue_green",
            &[Key::must("name", Shape::Text(&form::DEPLOYMENT), "The deployment's name.")],
            &[],
        ),
        about: "Creates the blue/green deployment, with green on the target version.",
        sections: &["target"],
        steps: &[],
        repeatable: false,
    },
    Kind {
        body: body(
            "sync_parameter_group",
            &[
                Key::may(
                    "group",
                    Shape::Text(&form::PARAMETER_GROUP),
                    "An existing cluster group (Aurora) or instance group (RDS) to use instead of one of our own.",
                ),
                Key::may(
                    "instance_group",
                    Shape::Text(&form::PARAMETER_GROUP),
                    "An existing group for the instances of an Aurora cluster.",
                ),
                Key::may(
                    "pin",
                    Shape::WordOr("all", &Shape::Text(&form::DB_PARAMETER)),
                    "Parameters that nobody has set and that keep blue's value, or `all` whose new default is warned of.",
                ),
                Key::may(
                    "set",
                    Shape::Named(&form::DB_PARAMETER, &Shape::Text(&form::DB_VALUE)),
                    "Values that green gets whatever blue has.",
                ),
            ],
            &[],
        ),
        about: "Carries the parameters of blue over to the target's family.",
        sections: &["target"],
        steps: &[],
        repeatable: false,
    },
    Kind {
        body: body(
            "reboot_green",
            &[Key::may("always", Shape::Flag, "Reboots even where every parameter is in effect.").or("false")],
            &[],
        ),
        about: "Reboots green so that static parameters take effect, and looks at what it runs with.",
        sections: &["target", "mysql"],
        steps: &[],
        repeatable: false,
    },
    Kind {
        body: body(
            "check_green",
            &[
                Key::may("connections", Shape::Count, "Sessions with a server at most.").or("4"),
                Key::may("exclude", Shape::List(&Shape::Map(&EXCLUDED_ON_GREEN)), "Findings to go on with."),
            ],
            &[],
        ),
        about: "Reads every view of green, and compares what its schemas hold with blue.",
        sections: &["target", "mysql"],
        steps: &["create_blue_green"],
        repeatable: false,
    },
    Kind {
        body: body(
            "approve",
            &[Key::may("expires", Shape::Duration, "How long an approval is good for.").or("24h")],
            &[],
        ),
        about: "Stops until a person approves.",
        sections: &[],
        steps: &[],
        repeatable: true,
    },
    Kind {
        body: body("move_cdc_jobs", &[], &[]),
        about: "Moves the CDC jobs to green while it still is a replica.",
        sections: &["target", "mysql", "flink", "cdc_jobs"],
        steps: &["create_blue_green", "repoint_cdc_jobs"],
        repeatable: false,
    },
    Kind {
        body: body("stop_cdc_jobs", &[], &[]),
        about: "Stops the CDC jobs with savepoints.",
        sections: &["flink", "cdc_jobs"],
        steps: &[],
        repeatable: false,
    },
    Kind {
        body: body(
            "switchover",
            &[
                Key::may("timeout", Shape::Duration, "30s to 3600s; over it RDS rolls everything back.").or("300s"),
                Key::may("max_lag", Shape::Duration, "Green's replication lag that is tolerated before the call.")
                    .or("5s"),
            ],
            &[],
        ),
        about: "Switches over from blue to green.",
        sections: &["target", "mysql"],
        steps: &[],
        repeatable: false,
    },
    Kind {
        body: body(
            "capture_coordinates",
            &[
                Key::may("wait", Shape::Duration, "How long the event with the coordinates is awaited.").or("15m"),
                Key::may("file", Shape::Text(&form::LOG_FILE), "Green's binary log file at the switchover, by hand.")
                    .with("position"),
                Key::may("position", Shape::Count, "The position in that file.").with("file"),
            ],
            &[],
        ),
        about: "Takes the binary log coordinates at which green took over.",
        sections: &["target", "mysql"],
        steps: &[],
        repeatable: false,
    },
    Kind {
        body: body(
            "submit_cdc_jobs",
            &[Key::may(
                "tail",
                Shape::Choice(&["auto", "drain"]),
                "What blue wrote after a job's savepoint: `auto` finds it in green's log and starts there where that is exact; `drain` always reads it on the old side first.",
            )
            .or("auto")],
            &[],
        ),
        about: "Regenerates the CDC jobs for green and submits them.",
        sections: &["target", "mysql", "flink", "cdc_jobs"],
        steps: &["stop_cdc_jobs", "capture_coordinates"],
        repeatable: false,
    },
    Kind {
        body: body("repoint_cdc_jobs", &[], &[]),
        about: "Points the CDC jobs that were moved to green at the production address.",
        sections: &["target", "mysql", "flink", "cdc_jobs"],
        steps: &["move_cdc_jobs", "switchover"],
        repeatable: false,
    },
    Kind {
        body: body(
            "verify_data",
            &[
                Key::may(
                    "pairs",
                    Shape::List(&Shape::Map(&PAIR)),
                    "Tables by name; without it those of the scripts of `cdc_jobs`.",
                ),
                Key::may(
                    "of",
                    Shape::Choice(&["jobs", "green"]),
                    "Whose tables: sources and sinks of the jobs, or, before the switchover, all of blue with green.",
                )
                .or("jobs"),
                Key::may(
                    "scope",
                    Shape::Choice(&["all", "handover"]),
                    "Which rows: all, or those that green has logged since the jobs read it.",
                )
                .or("all"),
                Key::may("hash", Shape::Choice(&["crc32", "md5"]), "How rows are summed up in the servers.").or("crc32"),
                Key::may("connections", Shape::Count, "Sessions with each server at most.").or("4"),
                Key::may("max_threads_running", Shape::Count, "Threads of a server over which the comparison waits.")
                    .or("25"),
                Key::may("max_lag", Shape::Duration, "Lag of a replica over which the comparison waits.").or("30s"),
                Key::may("settle", Shape::Duration, "How long a row must differ at rest where no job tells its place.")
                    .or("30s"),
                Key::may("values", Shape::Choice(&["shown", "hidden"]), "Whether values stand in the report.").or("shown"),
            ],
            &[],
        ),
        about: "Compares every row of the sinks with its source, while both are written to.",
        sections: &["mysql"],
        steps: &[],
        repeatable: true,
    },
    Kind {
        body: body(
            "clean_up",
            &[Key::may(
                "keep_old_for",
                Shape::Duration,
                "Time since the switchover before the deployment object is removed.",
            )
            .or("72h")],
            &["delete_old"],
        ),
        about: "Removes the deployment object; the old database stays.",
        sections: &["target"],
        steps: &["switchover"],
        repeatable: false,
    },
];

/// Steps of the design that this release does not know yet.
pub(super) const LATER: [&str; 2] = ["pause", "run_command"];

/// Two ways of one thing: a playbook has one of them.
pub(super) const EITHER: [(&str, &str); 2] = [("move_cdc_jobs", "stop_cdc_jobs"), ("move_cdc_jobs", "submit_cdc_jobs")];

/// The first step of the one kind must stand before every step of the other, where a playbook has both.
/// `sync_parameter_group` may stand before or after `create_blue_green`.
pub(super) const ORDER: [(&str, &str); 39] = [
    ("prepare", "create_blue_green"),
    ("prepare", "reboot_green"),
    ("prepare", "stop_cdc_jobs"),
    ("prepare", "move_cdc_jobs"),
    ("prepare", "switchover"),
    ("precheck", "create_blue_green"),
    ("precheck", "reboot_green"),
    ("precheck", "stop_cdc_jobs"),
    ("precheck", "switchover"),
    ("create_blue_green", "reboot_green"),
    ("create_blue_green", "stop_cdc_jobs"),
    ("create_blue_green", "switchover"),
    ("sync_parameter_group", "reboot_green"),
    ("sync_parameter_group", "stop_cdc_jobs"),
    ("sync_parameter_group", "switchover"),
    ("precheck", "check_green"),
    ("create_blue_green", "check_green"),
    ("sync_parameter_group", "check_green"),
    ("reboot_green", "check_green"),
    ("check_green", "stop_cdc_jobs"),
    ("check_green", "move_cdc_jobs"),
    ("check_green", "switchover"),
    ("reboot_green", "stop_cdc_jobs"),
    ("reboot_green", "switchover"),
    ("stop_cdc_jobs", "switchover"),
    ("precheck", "move_cdc_jobs"),
    ("create_blue_green", "move_cdc_jobs"),
    ("sync_parameter_group", "move_cdc_jobs"),
    ("reboot_green", "move_cdc_jobs"),
    ("move_cdc_jobs", "switchover"),
    ("move_cdc_jobs", "repoint_cdc_jobs"),
    ("switchover", "repoint_cdc_jobs"),
    ("switchover", "capture_coordinates"),
    ("switchover", "submit_cdc_jobs"),
    ("capture_coordinates", "submit_cdc_jobs"),
    ("switchover", "clean_up"),
    ("capture_coordinates", "clean_up"),
    ("submit_cdc_jobs", "clean_up"),
    ("repoint_cdc_jobs", "clean_up"),
];

pub(super) fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.body.name == name)
}
