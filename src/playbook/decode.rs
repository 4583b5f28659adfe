//! The checked tree → the typed playbook, and what can only be checked there: values that must fit each other, files
//! that must exist.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    check::{self, Findings},
    duration, form,
    keys::{PLAYBOOK, Shape},
    kinds,
    model::{
        CdcJob, CheckGreen, DatabaseName, Excluded, Flink, FlinkSql, Mysql, Of, Pin, Playbook, Prechecks, RowHash,
        Scope, Step, StepBody, TableAt, Tail, Target, Tls, VerifyData,
    },
    problem::{Problem, place},
    steps::{self, Entry},
    tree::{Node, Value},
};
use crate::secret::SecretRef;

/// The whole playbook, or `None` where something is missing; then it is among the findings.
pub(super) fn playbook(text: &str, root: &Node, folder: &Path, found: &mut Findings) -> Option<Playbook> {
    check::value(root, &Shape::Map(&PLAYBOOK), &first_line(text), found);
    if let Some(list) = root.get("steps") {
        steps::needed_sections(root, list, found);
    }
    let target = root.get("target");
    if let Some(target) = target {
        fitting_version(target, found);
    }
    if let Some(mysql) = root.get("mysql") {
        fitting_tls(mysql, folder, found);
    }
    if let Some(file) = root.get("flink").and_then(|flink| flink.get("ca_file")) {
        readable(file, folder, found);
    }
    let jobs = root.list("cdc_jobs");
    unique(jobs, "name", found);
    unique(jobs, "job_id", found);
    for job in jobs {
        for key in ["script", "template"] {
            job.get("flink_sql").and_then(|sql| sql.get(key)).into_iter().for_each(|node| {
                readable(node, folder, found);
                no_link(node, folder, found);
            });
        }
    }
    let listed = root.get("steps").map(steps::entries).unwrap_or_default();
    for entry in &listed {
        lengths(entry, found);
    }
    Some(Playbook {
        version: 1,
        name: root.text("name")?.to_owned(),
        target: target.and_then(self::target),
        mysql: root.get("mysql").and_then(|node| mysql(node, folder)),
        flink: root.get("flink").and_then(|node| flink(node, folder)),
        secrets: root.get("secrets").map(|node| secrets(node, folder)).unwrap_or_default(),
        cdc_jobs: jobs.iter().filter_map(|node| cdc_job(node, folder)).collect(),
        steps: listed.iter().filter_map(|entry| step(text, entry, folder)).collect(),
    })
}

/// Where what is missing from the whole file is shown.
fn first_line(text: &str) -> std::ops::Range<usize> {
    let start = text.len() - text.trim_start_matches('\u{feff}').len();
    start..start + text[start..].chars().next().filter(|c| !c.is_control()).map_or(0, char::len_utf8)
}

fn target(node: &Node) -> Option<Target> {
    let cluster = node.text("aurora_cluster").map(|id| DatabaseName::AuroraCluster(id.to_owned()));
    let instance = node.text("rds_instance").map(|id| DatabaseName::RdsInstance(id.to_owned()));
    Some(Target {
        database: cluster.or(instance)?,
        region: node.text("region")?.to_owned(),
        account: node.text("account").map(str::to_owned),
        engine_version: node.text("engine_version")?.to_owned(),
        old: node.text("old").map(str::to_owned),
    })
}

fn fitting_version(target: &Node, found: &mut Findings) {
    let (Some(node), Some(version)) = (target.get("engine_version"), target.text("engine_version")) else { return };
    let (wrong, hint) = match (target.get("aurora_cluster"), target.get("rds_instance")) {
        (Some(_), None) if form::is_rds_version(version) => {
            ("a version of RDS MySQL for an Aurora cluster", "Aurora's are written as in `8.0.mysql_aurora.3.08.2`")
        }
        (None, Some(_)) if form::is_aurora_version(version) => {
            ("a version of Aurora MySQL for an RDS instance", "those of RDS are written as in `8.0.42`")
        }
        _ => return,
    };
    found.add(Problem::new(node.span.clone(), format!("`{version}` is {wrong}")).hint(hint));
}

fn mysql(node: &Node, folder: &Path) -> Option<Mysql> {
    Some(Mysql {
        user: node.text("user")?.to_owned(),
        password: secret(node.get("password")?, folder)?,
        tls: match node.text("tls") {
            Some("required") => Tls::Required,
            Some("disabled") => Tls::Disabled,
            _ => Tls::Verify,
        },
        ca_file: node.text("ca_file").map(|path| folder.join(path)),
    })
}

fn fitting_tls(mysql: &Node, folder: &Path, found: &mut Findings) {
    let Some(file) = mysql.get("ca_file") else { return };
    readable(file, folder, found);
    if let (Some(tls), Some(setting @ ("required" | "disabled"))) = (mysql.get("tls"), mysql.text("tls")) {
        let unused = Problem::new(
            file.span.clone(),
            format!("with `tls: {setting}` no server is verified, so `ca_file` is not used"),
        );
        found.add(unused.also(tls.span.clone(), "not verified").hint("write `tls: verify`, or remove `ca_file`"));
    }
}

fn secret(node: &Node, folder: &Path) -> Option<SecretRef> {
    let env = node.text("env").map(|name| SecretRef::Env(name.to_owned()));
    env.or_else(|| Some(SecretRef::File(folder.join(node.text("file")?))))
}

fn secrets(node: &Node, folder: &Path) -> BTreeMap<String, SecretRef> {
    let Value::Map(entries) = &node.value else { return BTreeMap::new() };
    let named = entries.iter().filter_map(|(key, value)| match &key.value {
        Value::Text(name) => Some((name.clone(), secret(value, folder)?)),
        _ => None,
    });
    named.collect()
}

fn flink(node: &Node, folder: &Path) -> Option<Flink> {
    let address = |key| node.text(key).map(|text| text.trim_end_matches('/').to_owned());
    Some(Flink {
        rest: address("rest")?,
        sql_gateway: address("sql_gateway")?,
        savepoints: address("savepoints")?,
        ca_file: node.text("ca_file").map(|path| folder.join(path)),
    })
}

fn cdc_job(node: &Node, folder: &Path) -> Option<CdcJob> {
    let sql = node.get("flink_sql")?;
    let path = |key| sql.text(key).map(|path| folder.join(path));
    let tables = sql.list("tables").iter().filter_map(|table| match &table.value {
        Value::Text(name) => Some(name.clone()),
        _ => None,
    });
    let script = path("script").map(FlinkSql::Script);
    let parameters = match sql.get("parameters").map(|node| &node.value) {
        Some(Value::Map(entries)) => entries
            .iter()
            .filter_map(|(key, entry)| match (&key.value, &entry.value) {
                (Value::Text(name), Value::Text(value)) => Some((name.clone(), value.clone())),
                _ => None,
            })
            .collect(),
        _ => BTreeMap::new(),
    };
    Some(CdcJob {
        name: node.text("name")?.to_owned(),
        flink_sql: script.or_else(|| {
            Some(FlinkSql::Template { template: path("template")?, tables: tables.collect(), parameters })
        })?,
        job_id: node.text("job_id").map(str::to_owned),
        savepoint: node.text("savepoint").map(str::to_owned),
    })
}

fn unique(items: &[Node], key: &str, found: &mut Findings) {
    let mut seen: BTreeMap<&str, &Node> = BTreeMap::new();
    for item in items {
        let (Some(node), Some(name)) = (item.get(key), item.text(key)) else { continue };
        let first = *seen.entry(name).or_insert(node);
        if first.span != node.span {
            let twice = Problem::new(node.span.clone(), format!("two `cdc_jobs` have the {key} `{name}`"));
            found.add(twice.also(first.span.clone(), "the first one").hint("one entry is one Flink job"));
        }
    }
}

/// The file is there and can be opened; what is in it is judged where it is used.
fn readable(node: &Node, folder: &Path, found: &mut Findings) {
    let Value::Text(written) = &node.value else { return };
    if !(form::PATH.accepts)(written) {
        return;
    }
    let path: PathBuf = folder.join(written);
    // A pipe that nobody writes does not even open.
    let wrong = match std::fs::metadata(&path) {
        Ok(file) if file.is_file() => match std::fs::File::open(&path) {
            Ok(_) => return,
            Err(error) => format!("`{written}` cannot be read: {error}"),
        },
        Ok(_) => format!("`{written}` is not a file"),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => format!("there is no file `{written}`"),
        Err(error) => format!("`{written}` cannot be read: {error}"),
    };
    found.add(Problem::new(node.span.clone(), wrong).hint("a relative path is relative to the playbook's folder"));
}

/// Scripts are read as savepoints are: what a link points at is not what the playbook names.
fn no_link(node: &Node, folder: &Path, found: &mut Findings) {
    let Value::Text(written) = &node.value else { return };
    let link = std::fs::symlink_metadata(folder.join(written)).is_ok_and(|there| there.is_symlink());
    if link && (form::PATH.accepts)(written) {
        let wrong = format!("`{written}` is a symbolic link, which is not followed");
        found.add(Problem::new(node.span.clone(), wrong).hint("name the file itself"));
    }
}

fn prechecks(entry: &Entry<'_>) -> Option<Prechecks> {
    let given = |key: &str| entry.body.and_then(|body| body.get(key)).map(|node| &node.value);
    let include = entry.body.map(|body| body.list("include")).unwrap_or_default();
    let name = |node: &Node| match &node.value {
        Value::Text(name) => Some(name.clone()),
        _ => None,
    };
    Some(Prechecks {
        include: include.iter().map(name).collect::<Option<_>>()?,
        exclude: excluded(entry)?,
        strict: entry.body.and_then(|body| body.text("fail_on")) == Some("warning"),
        connections: count(entry, "connections")?,
        max_threads_running: count(entry, "max_threads_running")?,
        check_tables: !matches!(given("check_tables"), Some(Value::Flag(false))),
    })
}

fn check_green(entry: &Entry<'_>) -> Option<CheckGreen> {
    Some(CheckGreen { connections: count(entry, "connections")?, exclude: excluded(entry)? })
}

fn excluded(entry: &Entry<'_>) -> Option<Vec<Excluded>> {
    let rule = |node: &Node| {
        Some(Excluded {
            check: node.text("check")?.to_owned(),
            object: node.text("object").map(str::to_owned),
            reason: node.text("reason")?.to_owned(),
        })
    };
    entry.body.map(|body| body.list("exclude")).unwrap_or_default().iter().map(rule).collect()
}

/// As written, or the default.
fn count(entry: &Entry<'_>, key: &str) -> Option<u64> {
    let written = entry.body.and_then(|body| body.get(key)).and_then(Node::whole);
    written.or_else(|| entry.kind.body.key(key)?.default?.parse().ok())
}

fn verify_data(entry: &Entry<'_>, folder: &Path, length: &dyn Fn(&str) -> Option<Duration>) -> Option<VerifyData> {
    let given = |key: &str| entry.body.and_then(|body| body.text(key));
    let pairs = entry.body.map(|body| body.list("pairs")).unwrap_or_default();
    let pair = |node: &Node| Some((table_at(node.get("source")?, folder)?, table_at(node.get("sink")?, folder)?));
    Some(VerifyData {
        pairs: pairs.iter().map(pair).collect::<Option<_>>()?,
        of: if given("of") == Some("green") { Of::Green } else { Of::Jobs },
        scope: if given("scope") == Some("handover") { Scope::Handover } else { Scope::All },
        hash: if given("hash") == Some("md5") { RowHash::Md5 } else { RowHash::Crc32 },
        connections: count(entry, "connections")?,
        max_threads_running: count(entry, "max_threads_running")?,
        max_lag: length("max_lag")?,
        settle: length("settle")?,
        values_shown: given("values") != Some("hidden"),
    })
}

fn table_at(node: &Node, folder: &Path) -> Option<TableAt> {
    Some(TableAt {
        host: node.text("host")?.to_owned(),
        port: match node.get("port") {
            Some(port) => u16::try_from(port.whole()?).ok()?,
            None => 3306,
        },
        table: node.text("table")?.to_owned(),
        user: node.text("user").map(str::to_owned),
        password: node.get("password").and_then(|password| secret(password, folder)),
    })
}

fn step(text: &str, entry: &Entry<'_>, folder: &Path) -> Option<Step> {
    let given = |key| entry.body.and_then(|body| body.text(key)).map(str::to_owned);
    let length =
        |key: &str| duration_of(entry, key).or_else(|| duration::parse(entry.kind.body.key(key)?.default?).ok());
    let body = match entry.name() {
        "prepare" => StepBody::Prepare { binlog_retention: length("binlog_retention")? },
        "precheck" => StepBody::Precheck(prechecks(entry)?),
        "create_blue_green" => StepBody::CreateBlueGreen { name: given("name")? },
        "sync_parameter_group" => {
            let (pin, set) = parameters(entry);
            StepBody::SyncParameterGroup { group: given("group"), instance_group: given("instance_group"), pin, set }
        }
        "reboot_green" => StepBody::RebootGreen {
            always: matches!(
                entry.body.and_then(|body| body.get("always")).map(|node| &node.value),
                Some(Value::Flag(true))
            ),
        },
        "check_green" => StepBody::CheckGreen(check_green(entry)?),
        "approve" => StepBody::Approve { expires: length("expires")? },
        "stop_cdc_jobs" => StepBody::StopCdcJobs,
        "move_cdc_jobs" => StepBody::MoveCdcJobs,
        "repoint_cdc_jobs" => StepBody::RepointCdcJobs,
        "switchover" => StepBody::Switchover { timeout: length("timeout")?, max_lag: length("max_lag")? },
        "capture_coordinates" => {
            let position = entry.body.and_then(|body| body.get("position")).and_then(Node::whole);
            StepBody::CaptureCoordinates { wait: length("wait")?, given: given("file").zip(position) }
        }
        "submit_cdc_jobs" => StepBody::SubmitCdcJobs {
            tail: if given("tail").as_deref() == Some("drain") { Tail::Drain } else { Tail::Auto },
        },
        "verify_data" => StepBody::VerifyData(verify_data(entry, folder, &length)?),
        "clean_up" => StepBody::CleanUp { keep_old_for: length("keep_old_for")? },
        _ => return None,
    };
    let (line, _) = place(text, entry.key.span.start);
    Some(Step { id: entry.id().0.to_owned(), body, budget: duration_of(entry, "budget"), line })
}

/// `pin` and `set` of `sync_parameter_group`.
fn parameters(entry: &Entry<'_>) -> (Pin, BTreeMap<String, String>) {
    let text = |node: &Node| match &node.value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    };
    let body = |key: &str| entry.body.and_then(|body| body.get(key)).map(|node| &node.value);
    let pin = match body("pin") {
        Some(Value::Text(_)) => Pin::All,
        Some(Value::List(items)) => Pin::Names(items.iter().filter_map(text).collect()),
        _ => Pin::Names(Vec::new()),
    };
    let set = match body("set") {
        Some(Value::Map(entries)) => {
            entries.iter().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect()
        }
        _ => BTreeMap::new(),
    };
    (pin, set)
}

fn duration_of(entry: &Entry<'_>, key: &str) -> Option<Duration> {
    duration::parse(entry.body?.text(key)?).ok()
}

/// Of Aurora, which keeps it longer than RDS.
const LONGEST_RETENTION_HOURS: u64 = 2160;

/// Durations that are well written and still cannot be meant.
fn lengths(entry: &Entry<'_>, found: &mut Findings) {
    for key in kinds::kind(entry.name()).into_iter().flat_map(|kind| kind.body.all()) {
        let (Some(node), Some(length)) = (entry.body.and_then(|body| body.get(key.name)), duration_of(entry, key.name))
        else {
            continue;
        };
        let wrong = match (entry.name(), key.name) {
            ("switchover", "timeout")
                if !(Duration::from_secs(30)..=Duration::from_secs(3600)).contains(&length)
                    || length.subsec_nanos() != 0 =>
            {
                "RDS takes a switchover timeout of 30s to 3600s, in whole seconds"
            }
            ("prepare", "binlog_retention")
                if length.is_zero() || length.as_secs() % 3600 != 0 || length.subsec_nanos() != 0 =>
            {
                "the retention is counted in whole hours: write `72h`"
            }
            ("prepare", "binlog_retention") if length > Duration::from_secs(LONGEST_RETENTION_HOURS * 3600) => {
                "Aurora keeps its log for 2160h at most, RDS for 168h"
            }
            (_, "budget" | "expires" | "wait") if length.is_zero() => "it would be over before it begins",
            _ => continue,
        };
        let text = duration::duration_text(length);
        found.add(Problem::new(node.span.clone(), format!("`{}` cannot be {text}", key.name)).hint(wrong));
    }
}
