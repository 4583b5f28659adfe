//! The checks that are this tool's own: what RDS refuses, and whether the CDC jobs can be handed over.

use super::check::{Check, From, Holds};
use crate::event::{Consequence, Level};

pub(super) const ENGINE_VERSION: Check = own(
    "engine_version",
    Level::Error,
    Consequence::StopsTheUpgrade,
    "RDS offers the target version for blue",
    "RDS upgrades only to versions it lists for blue's own. Choose one of those, or upgrade in two hops.",
);
pub(super) const DEPLOYMENT_EXISTS: Check = own(
    "deployment_exists",
    Level::Error,
    Consequence::StopsTheUpgrade,
    "No other deployment stands in the way",
    "A database has one blue/green deployment at a time, and a name is given once. Finish the other one or delete it.",
);
pub(super) const INSTANCE_AVAILABLE: Check = own(
    "instance_available",
    Level::Error,
    Consequence::StopsTheUpgrade,
    "Every member of blue is available",
    "RDS makes a deployment only of members that are available.",
);
pub(super) const PARAMETERS_IN_SYNC: Check = own(
    "parameters_in_sync",
    Level::Error,
    Consequence::StopsTheUpgrade,
    "Every member of blue is in sync with its parameter group",
    "RDS refuses a deployment while a parameter waits for a reboot. The reboot interrupts production: it is not done for you.",
);
pub(super) const NAME_LENGTH: Check = own(
    "name_length",
    Level::Error,
    Consequence::StopsTheUpgrade,
    "Names leave room for RDS's suffix",
    "RDS adds `-green-` and six characters to names of at most 63.",
);
pub(super) const DATABASE_AVAILABLE: Check = own(
    "database_available",
    Level::Error,
    Consequence::StopsTheUpgrade,
    "Blue is available",
    "RDS makes a deployment only of a database that is available.",
);
pub(super) const BACKUPS_ON: Check = own(
    "backups_on",
    Level::Error,
    Consequence::StopsTheUpgrade,
    "Automated backups of an RDS instance are on",
    "Green begins as a restored backup of an instance: with a retention of 0 there is none.",
);
pub(super) const MANAGED_PASSWORD: Check = own(
    "managed_password",
    Level::Error,
    Consequence::StopsTheUpgrade,
    "The master password is not managed by Secrets Manager",
    "Blue/green deployments do not support a managed master password.",
);
pub(super) const EXTERNAL_SOURCE: Check = own(
    "external_source",
    Level::Error,
    Consequence::StopsTheUpgrade,
    "Blue is no replica",
    "RDS makes no deployment of a database that follows another one. Promote it, or upgrade its source first.",
);
pub(super) const BINLOG_FORMAT: Check = own(
    "binlog_format",
    Level::Error,
    Consequence::StopsTheUpgrade,
    "Blue writes a binary log in ROW format",
    "Green follows blue by its binary log, and CDC jobs read it. In another format replication across versions is not safe and a job sees no rows.",
);
pub(super) const WRITER_ENDPOINT: Check = own(
    "writer_endpoint",
    Level::Error,
    Consequence::StopsTheUpgrade,
    "The production address leads to the writer",
    "A reader takes no writes and has no binary log of its own.",
);
pub(super) const LONG_TRANSACTION: Check = own(
    "long_transaction",
    Level::Error,
    Consequence::StopsTheUpgrade,
    "No transaction stays open for long",
    "A transaction that stays open holds up the set-up of replication (RDS-EVENT-0426) and the switchover.",
);
pub(super) const SCHEMA_TMP: Check = own(
    "schema_tmp",
    Level::Error,
    Consequence::StopsTheUpgrade,
    "An Aurora cluster has no schema `tmp`",
    "Aurora makes no deployment of a cluster with a schema of this name.",
);
pub(super) const CDC_JOBS_LEFT_RUNNING: Check = own(
    "cdc_jobs_left_running",
    Level::Error,
    Consequence::BrokenAfterwards,
    "The playbook stops its jobs before the switchover",
    "A job left alone over a switchover reads another log from a place that means nothing there: it fails, or silently loses rows.",
);
pub(super) const FLINK_SCRIPT: Check = own(
    "flink_script",
    Level::Warning,
    Consequence::Advice,
    "The script reads without doubt",
    "What the script reader wants a person to look at.",
);
pub(super) const CDC_JOB_STATE: Check = own(
    "cdc_job_state",
    Level::Error,
    Consequence::StopsTheUpgrade,
    "One job of the name runs in Flink",
    "Without a running job there must be a savepoint or a retained checkpoint to continue from.",
);
pub(super) const CDC_JOB_UNIQUE: Check = own(
    "cdc_job_unique",
    Level::Error,
    Consequence::StopsTheUpgrade,
    "Only one job of the name is alive",
    "With several it is not known which one to stop.",
);
pub(super) const CDC_CHECKPOINTING: Check = own(
    "cdc_checkpointing",
    Level::Error,
    Consequence::BrokenAfterwards,
    "The job makes checkpoints",
    "Without checkpoints a job has no position to carry over and starts anew after every failure.",
);
pub(super) const CDC_CHECKPOINTS_RETAINED: Check = own(
    "cdc_checkpoints_retained",
    Level::Warning,
    Consequence::SilentUntilUsed,
    "Checkpoints stay when a job is cancelled",
    "They are what is left to tell where a job stood if it ends before its savepoint is made.",
);
pub(super) const CDC_RESTART_STRATEGY: Check = own(
    "cdc_restart_strategy",
    Level::Warning,
    Consequence::SilentUntilUsed,
    "A failing job does not come back by itself",
    "Over a switchover a job that restarts reads green from a place of blue.",
);
pub(super) const CDC_STATE_READABLE: Check = own(
    "cdc_state_readable",
    Level::Error,
    Consequence::StopsTheUpgrade,
    "The position of the job can be read",
    "The position is read from the checkpoint's own bytes: this tool must be able to read the folder.",
);
pub(super) const CDC_SNAPSHOT_PHASE: Check = own(
    "cdc_snapshot_phase",
    Level::Error,
    Consequence::StopsTheUpgrade,
    "The job has finished its first snapshot",
    "A job within its snapshot has no place in the log that could be carried over.",
);
pub(super) const CDC_WRONG_SERVER: Check = own(
    "cdc_wrong_server",
    Level::Error,
    Consequence::StopsTheUpgrade,
    "The job reads blue",
    "The server's id in the job's own position is not blue's.",
);
pub(super) const CDC_NOT_KNOWN: Check = own(
    "cdc_not_known",
    Level::Warning,
    Consequence::SilentUntilUsed,
    "Everything that is to be judged can be asked",
    "What could not be asked is not judged; see why.",
);
pub(super) const CDC_SOURCE_KEY: Check = own(
    "cdc_source_key",
    Level::Warning,
    Consequence::SilentUntilUsed,
    "Source tables have a primary key",
    "Without a key an update cannot be matched to its row when rows are replayed.",
);
pub(super) const CDC_SOURCE_ADDRESS: Check = own(
    "cdc_source_address",
    Level::Warning,
    Consequence::SilentUntilUsed,
    "Sources name blue's own address",
    "Another name may or may not move to green with the switchover.",
);
pub(super) const CDC_SOURCE_READER: Check = own(
    "cdc_source_reader",
    Level::Error,
    Consequence::StopsTheUpgrade,
    "Sources read from blue's writer",
    "A reader has a log, and positions, of its own, or none.",
);
pub(super) const CDC_SOURCE_SERVER: Check = own(
    "cdc_source_server",
    Level::Error,
    Consequence::StopsTheUpgrade,
    "The source's name leads to blue",
    "The name leads to another server than the playbook's target.",
);
pub(super) const CDC_SOURCE_RIGHTS: Check = own(
    "cdc_source_rights",
    Level::Error,
    Consequence::StopsTheUpgrade,
    "The source's login may read the log",
    "Reading the binary log takes REPLICATION SLAVE and REPLICATION CLIENT.",
);
pub(super) const CDC_LOGIN_PLUGIN: Check = own(
    "cdc_login_plugin",
    Level::Warning,
    Consequence::BrokenAfterwards,
    "The source's login works on the target version",
    "The connector may not know how to log in with the account's plugin on the new server.",
);
pub(super) const CDC_SINK_TABLE: Check = own(
    "cdc_sink_table",
    Level::Error,
    Consequence::BrokenAfterwards,
    "Sink tables exist",
    "A job whose sink is missing fails when it starts.",
);
pub(super) const CDC_SINK_KEY: Check = own(
    "cdc_sink_key",
    Level::Error,
    Consequence::BrokenAfterwards,
    "Sink tables have a primary key",
    "Rows are replayed at the handover: without a key they would stand there twice.",
);
pub(super) const CDC_SINK_UNIQUE_KEYS: Check = own(
    "cdc_sink_unique_keys",
    Level::Warning,
    Consequence::BrokenAfterwards,
    "Sink tables have no other unique keys",
    "A replayed row may collide with a later one in a second unique key.",
);
pub(super) const CDC_SINK_FOREIGN_KEYS: Check = own(
    "cdc_sink_foreign_keys",
    Level::Warning,
    Consequence::BrokenAfterwards,
    "Sink tables have no foreign keys",
    "Rows of several tables arrive in no common order.",
);
pub(super) const CDC_SINK_KEY_DIFFERS: Check = own(
    "cdc_sink_key_differs",
    Level::Warning,
    Consequence::SilentUntilUsed,
    "Source and sink have the same key",
    "Rows that differ in the source may be one in the sink.",
);
pub(super) const CDC_SINK_COLUMN: Check = own(
    "cdc_sink_column",
    Level::Warning,
    Consequence::SilentUntilUsed,
    "Sink columns hold what source columns hold",
    "Values that do not fit are cut, rounded or refused.",
);
pub(super) const SERVER_ID: Check = own(
    "server_id",
    Level::Error,
    Consequence::BrokenAfterwards,
    "Every source has ids of its own",
    "The server ends the older of two readers with one id; a source without `server-id` takes a random one at every start.",
);
pub(super) const SERVER_ID_RANGE: Check = own(
    "server_id_range",
    Level::Warning,
    Consequence::BrokenAfterwards,
    "A source has an id for each of its readers",
    "With parallelism every reader wants an id of its own.",
);
pub(super) const SERVER_ID_TAKEN: Check = own(
    "server_id_taken",
    Level::Warning,
    Consequence::BrokenAfterwards,
    "No server has a source's id",
    "A replica or server with the id of a reader is thrown out by it, or throws it out.",
);
pub(super) const CONNECTOR_VERSION: Check = own(
    "connector_version",
    Level::Error,
    Consequence::BrokenAfterwards,
    "The connector can start at a position",
    "Earlier connectors cannot start where the handover must, or not on the target version.",
);
pub(super) const DDL_IN_THE_WINDOW: Check = own(
    "ddl_in_the_window",
    Level::Notice,
    Consequence::Advice,
    "Definitions rest during the handover",
    "The connector keeps the definitions as they are when it starts: a change in the rows it replays does not fit them.",
);
pub(super) const BINLOG_ROW_IMAGE: Check = own(
    "binlog_row_image",
    Level::Error,
    Consequence::BrokenAfterwards,
    "The log holds whole rows",
    "With less than FULL the log does not hold the columns that did not change.",
);
pub(super) const LOG_REPLICA_UPDATES: Check = own(
    "log_replica_updates",
    Level::Warning,
    Consequence::Advice,
    "Green logs what it applies",
    "Then the jobs' places can be translated; else each job must first read blue's log to its end.",
);
pub(super) const GTID_MODE: Check = own(
    "gtid_mode",
    Level::Error,
    Consequence::StopsTheUpgrade,
    "Transactions all have a GTID, or none",
    "In the modes between a job's position is told in two ways that do not agree.",
);
pub(super) const BINLOG_RETENTION: Check = own(
    "binlog_retention",
    Level::Error,
    Consequence::BrokenAfterwards,
    "The log stays long enough",
    "What blue wrote must still be there when the jobs are carried over; without a retention RDS removes files as soon as it can.",
);
pub(super) const BINLOG_ROW_VALUE_OPTIONS: Check = own(
    "binlog_row_value_options",
    Level::Error,
    Consequence::BrokenAfterwards,
    "JSON values are logged whole",
    "The connector cannot read partial updates of JSON.",
);
pub(super) const XA_PREPARED: Check = own(
    "xa_prepared",
    Level::Error,
    Consequence::StopsTheUpgrade,
    "No XA transaction is prepared",
    "A prepared transaction survives in neither log: its rows would be on one side only.",
);

pub(super) const VIEW_BROKEN: Check = own(
    "view_broken",
    Level::Error,
    Consequence::BrokenAfterwards,
    "Every view can be read on green",
    "Each view of green is read without a row (`LIMIT 0`): what the new version cannot make sense of shows there first.",
);
pub(super) const PROGRAM_BROKEN: Check = own(
    "program_broken",
    Level::Error,
    Consequence::BrokenAfterwards,
    "Every routine, trigger and event parses on green",
    "A definition that the new version cannot parse fails when it is called, or stops writes to its table.",
);
pub(super) const MISSING_ON_GREEN: Check = own(
    "missing_on_green",
    Level::Error,
    Consequence::BrokenAfterwards,
    "Green holds every object of blue",
    "What blue has and green has not after it has applied all of blue's log did not survive the upgrade.",
);
pub(super) const ONLY_ON_GREEN: Check = own(
    "only_on_green",
    Level::Warning,
    Consequence::Advice,
    "Green holds nothing that blue has not",
    "Somebody has made it on green, where the switchover will bring it into production.",
);
pub(super) const EVENT_OFF_ON_GREEN: Check = own(
    "event_off_on_green",
    Level::Warning,
    Consequence::SilentUntilUsed,
    "Events will run after the switchover",
    "An event made on blue after green was copied arrives on green disabled.",
);
pub(super) const EVENT_RUNS_ON_GREEN: Check = own(
    "event_runs_on_green",
    Level::Warning,
    Consequence::SilentUntilUsed,
    "No event runs on green before the switchover",
    "An event that runs on both sides changes rows twice, and replication stops at the second change.",
);
pub(super) const NOT_LOOKED_AT: Check = own(
    "not_looked_at",
    Level::Warning,
    Consequence::Advice,
    "Everything on green can be looked at",
    "The login lacks a right, or the server did not answer in time: that object was not judged.",
);

pub(super) const CHECKS: &[Check] = &[
    ENGINE_VERSION,
    DEPLOYMENT_EXISTS,
    INSTANCE_AVAILABLE,
    PARAMETERS_IN_SYNC,
    NAME_LENGTH,
    DATABASE_AVAILABLE,
    BACKUPS_ON,
    MANAGED_PASSWORD,
    EXTERNAL_SOURCE,
    BINLOG_FORMAT,
    WRITER_ENDPOINT,
    LONG_TRANSACTION,
    SCHEMA_TMP,
    CDC_JOBS_LEFT_RUNNING,
    FLINK_SCRIPT,
    CDC_JOB_STATE,
    CDC_JOB_UNIQUE,
    CDC_CHECKPOINTING,
    CDC_CHECKPOINTS_RETAINED,
    CDC_RESTART_STRATEGY,
    CDC_STATE_READABLE,
    CDC_SNAPSHOT_PHASE,
    CDC_WRONG_SERVER,
    CDC_NOT_KNOWN,
    CDC_SOURCE_KEY,
    CDC_SOURCE_ADDRESS,
    CDC_SOURCE_READER,
    CDC_SOURCE_SERVER,
    CDC_SOURCE_RIGHTS,
    CDC_LOGIN_PLUGIN,
    CDC_SINK_TABLE,
    CDC_SINK_KEY,
    CDC_SINK_UNIQUE_KEYS,
    CDC_SINK_FOREIGN_KEYS,
    CDC_SINK_KEY_DIFFERS,
    CDC_SINK_COLUMN,
    SERVER_ID,
    SERVER_ID_RANGE,
    SERVER_ID_TAKEN,
    CONNECTOR_VERSION,
    DDL_IN_THE_WINDOW,
    BINLOG_ROW_IMAGE,
    LOG_REPLICA_UPDATES,
    GTID_MODE,
    BINLOG_RETENTION,
    BINLOG_ROW_VALUE_OPTIONS,
    XA_PREPARED,
    VIEW_BROKEN,
    PROGRAM_BROKEN,
    MISSING_ON_GREEN,
    ONLY_ON_GREEN,
    EVENT_OFF_ON_GREEN,
    EVENT_RUNS_ON_GREEN,
    NOT_LOOKED_AT,
];

const fn own(
    id: &'static str,
    level: Level,
    consequence: Consequence,
    title: &'static str,
    about: &'static str,
) -> Check {
    Check { id, from: From::Ours, level, consequence, title, about, holds: Holds::Always, link: None }
}
