//! Every key of a playbook, in one table: the decoder, the JSON Schema and the hints all read it.

use super::form::{self, Form};

/// What a value looks like.
#[derive(Debug)]
pub(super) enum Shape {
    /// The number of the playbook format.
    Version,
    Text(&'static Form),
    Choice(&'static [&'static str]),
    Flag,
    /// A whole number that is not negative.
    Count,
    Duration,
    /// `{ env: NAME }` or `{ file: PATH }`.
    Secret,
    Map(&'static Mapping),
    List(&'static Shape),
    /// This word, or a list.
    WordOr(&'static str, &'static Shape),
    /// Names of the reader's own choosing.
    Named(&'static Form, &'static Shape),
    Steps,
}

#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) required: bool,
    /// One sentence, for editors.
    pub(super) about: &'static str,
    pub(super) default: Option<&'static str>,
    /// Another key without which this one means nothing.
    pub(super) with: Option<&'static str>,
}

impl Key {
    pub(super) const fn may(name: &'static str, shape: Shape, about: &'static str) -> Self {
        Self { name, shape, required: false, about, default: None, with: None }
    }

    pub(super) const fn must(name: &'static str, shape: Shape, about: &'static str) -> Self {
        Self { name, shape, required: true, about, default: None, with: None }
    }

    pub(super) const fn or(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    pub(super) const fn with(self, other: &'static str) -> Self {
        Self { with: Some(other), ..self }
    }
}

#[derive(Debug)]
pub(super) struct Mapping {
    pub(super) name: &'static str,
    pub(super) keys: &'static [Key],
    /// Exactly one of these keys must be there; none where the list is empty.
    pub(super) one_of: &'static [&'static str],
    /// Names of the design that this release does not know yet.
    pub(super) later: &'static [&'static str],
    /// Keys every mapping of this family has.
    pub(super) common: &'static [Key],
}

impl Mapping {
    pub(super) const fn of(name: &'static str, keys: &'static [Key]) -> Self {
        Self { name, keys, one_of: &[], later: &[], common: &[] }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &'static Key> {
        self.keys.iter().chain(self.common)
    }

    pub(super) fn key(&self, name: &str) -> Option<&'static Key> {
        self.all().find(|key| key.name == name)
    }
}

pub(super) static PLAYBOOK: Mapping = Mapping::of(
    "the playbook",
    &[
        Key::must("version", Shape::Version, "The version of the playbook format: 1."),
        Key::must("name", Shape::Text(&form::NAME), "Names the run's folder."),
        Key::may("target", Shape::Map(&TARGET), "The database."),
        Key::may("mysql", Shape::Map(&MYSQL), "How the tool logs in to blue, green and -old1."),
        Key::may("flink", Shape::Map(&FLINK), "Where Flink answers."),
        Key::may(
            "secrets",
            Shape::Named(&form::ENV_NAME, &Shape::Secret),
            "What ${secret:NAME} in a job script stands for.",
        ),
        Key::may("cdc_jobs", Shape::List(&Shape::Map(&CDC_JOB)), "The Flink jobs that read the database's binary log."),
        Key::must("steps", Shape::Steps, "What is done, in this order."),
    ],
);

static TARGET: Mapping = Mapping {
    name: "target",
    keys: &[
        Key::may("aurora_cluster", Shape::Text(&form::DATABASE), "The identifier of an Aurora MySQL cluster."),
        Key::may("rds_instance", Shape::Text(&form::DATABASE), "The identifier of an RDS MySQL instance."),
        Key::must("region", Shape::Text(&form::REGION), "The AWS region of the database."),
        Key::may("account", Shape::Text(&form::ACCOUNT), "Refuses to run against any other account."),
        Key::must("engine_version", Shape::Text(&form::ENGINE_VERSION), "The version green is created with."),
        Key::may(
            "old",
            Shape::Text(&form::DATABASE),
            "The old side of a switchover that was done by hand, where its deployment is gone.",
        ),
    ],
    one_of: &["aurora_cluster", "rds_instance"],
    later: &[],
    common: &[],
};

static MYSQL: Mapping = Mapping {
    name: "mysql",
    keys: &[
        Key::must("user", Shape::Text(&form::MYSQL_USER), "The MySQL user."),
        Key::must("password", Shape::Secret, "Where its password is kept."),
        Key::may("tls", Shape::Choice(&["verify", "required", "disabled"]), "`required` does not verify the server.")
            .or("verify"),
        Key::may("ca_file", Shape::Text(&form::PATH), "PEM file of the only authorities that are trusted."),
    ],
    one_of: &[],
    later: &["iam"],
    common: &[],
};

static FLINK: Mapping = Mapping::of(
    "flink",
    &[
        Key::must("rest", Shape::Text(&form::HTTP), "The JobManager's REST address."),
        Key::must("sql_gateway", Shape::Text(&form::HTTP), "The SQL Gateway's REST address."),
        Key::must("savepoints", Shape::Text(&form::FOLDER_URI), "Flink's own savepoint directory."),
        Key::may("ca_file", Shape::Text(&form::PATH), "PEM file of the only authorities trusted for https addresses."),
    ],
);

static CDC_JOB: Mapping = Mapping::of(
    "cdc_jobs",
    &[
        Key::must(
            "name",
            Shape::Text(&form::JOB_NAME),
            "The running Flink job where its script sets no pipeline.name; names it in reports.",
        ),
        Key::must("flink_sql", Shape::Map(&FLINK_SQL), "The job, as a Flink SQL script."),
        Key::may("job_id", Shape::Text(&form::JOB_ID), "Names the running job where its name does not."),
        Key::may(
            "savepoint",
            Shape::Text(&form::FOLDER_URI),
            "Where the job stands, for a job that Flink no longer knows.",
        ),
    ],
);

static FLINK_SQL: Mapping = Mapping {
    name: "flink_sql",
    keys: &[
        Key::may("script", Shape::Text(&form::PATH), "The job as it runs today."),
        Key::may("template", Shape::Text(&form::PATH), "A template of that script.").with("tables"),
        Key::may("tables", Shape::List(&Shape::Text(&form::TABLE)), "The tables the template is filled with.")
            .with("template"),
        Key::may(
            "parameters",
            Shape::Named(&form::PARAMETER_NAME, &Shape::Text(&form::PARAMETER)),
            "What the template knows as {{ parameters.NAME }}; no secrets.",
        )
        .with("template"),
    ],
    one_of: &["script", "template"],
    later: &[],
    common: &[],
};

pub(super) static SECRET: Mapping = Mapping {
    name: "the secret reference",
    keys: &[
        Key::may("env", Shape::Text(&form::ENV_NAME), "An environment variable."),
        Key::may("file", Shape::Text(&form::PATH), "A file; its first line is the secret."),
    ],
    one_of: &["env", "file"],
    later: &["secretsmanager", "iam"],
    common: &[],
};
