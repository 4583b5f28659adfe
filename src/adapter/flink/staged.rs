//! A session that waits with the head of a script done, and what makes it the head of another.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::task::JoinHandle;

use super::{
    gateway::Session,
    sql::{Leaves, leaves},
};
use crate::{
    port::{clock::Clock, flink::Statement},
    secret::Secret,
};

/// A session without a call ends after ten minutes, where nobody has set less.
const BEAT: Duration = Duration::from_secs(30);
/// Settings that are read when a job is started, never when a table is made.
const OF_A_JOB: [&str; 6] =
    ["pipeline.", "$internal.pipeline.", "execution.", "restart-strategy.", "state.", "parallelism.default"];

/// These say where classes are found, which making a table needs.
const OF_CLASSES: [&str; 2] = ["pipeline.jars", "pipeline.classpaths"];

pub(super) struct Staged {
    pub(super) session: Session,
    /// What was run in the session, in this order, and nothing else that leaves a trace.
    head: Vec<Secret>,
    heart: JoinHandle<()>,
}

impl Drop for Staged {
    fn drop(&mut self) {
        self.heart.abort();
    }
}

impl Staged {
    pub(super) fn new(session: Session, head: &[Statement], clock: Arc<dyn Clock>) -> Self {
        let kept = session.clone();
        let heart = tokio::spawn(async move {
            loop {
                clock.sleep(BEAT).await;
                if !kept.beat().await {
                    return;
                }
            }
        });
        Self { session, head: head.iter().map(|statement| statement.0.clone()).collect(), heart }
    }

    /// What to send so that the session is as if it had run the head of `script`; `None` where that is not certain. No group
    /// needs another.
    pub(super) fn repairs(&self, script: &[Statement]) -> Option<Vec<Vec<String>>> {
        let old: Vec<&str> = self.head.iter().map(Secret::expose).collect();
        repairs(&old, &head(script).iter().map(|statement| statement.0.expose()).collect::<Vec<_>>())
    }
}

/// The statements before the first that may do more than change its session.
pub(super) fn head(script: &[Statement]) -> &[Statement] {
    let end = script.iter().position(|statement| leaves(statement.0.expose()).is_none());
    &script[..end.unwrap_or(script.len())]
}

/// The statements that lead from the state after `old` to the state after `new`, both run from nothing, in groups that
/// leave each other alone.
///
/// A state is the session's settings and its tables, each by its name. Settings that only a job reads are compared by key,
/// wherever they stand. Of everything else it is certain to be the same where the heads have statement by statement the
/// same kind and name, each name occurs once (so that the order says nothing), and what was changed is not read by a
/// statement after it that is not sent again: a table by a `LIKE` or a view, a setting by anything.
fn repairs(old: &[&str], new: &[&str]) -> Option<Vec<Vec<String>>> {
    let ((was_set, was), (now_set, now)) = (effects(old)?, effects(new)?);
    if was.len() != now.len() {
        return None;
    }
    let mut groups = Vec::new();
    for (key, text) in &now_set {
        if was_set.get(key) != Some(text) {
            groups.push(vec![(*text).to_owned()]);
        }
    }
    for key in was_set.keys().filter(|key| !now_set.contains_key(*key)) {
        groups.push(vec![format!("RESET '{}'", key.replace('\'', "''"))]);
    }
    for (at, ((before, was), (text, effect))) in was.iter().zip(&now).enumerate() {
        if before == text {
            continue;
        }
        if now.iter().filter(|(_, other)| object(other) == object(effect)).count() > 1 {
            return None;
        }
        let (Leaves::Table { name: was, temporary: kept, .. }, Leaves::Table { name, temporary, like: false }) =
            (was, effect)
        else {
            return None;
        };
        let reads =
            |(_, later): &(&str, Leaves)| matches!(later, Leaves::View { .. } | Leaves::Table { like: true, .. });
        if (was, kept) != (name, temporary) || now[at + 1..].iter().any(reads) {
            return None;
        }
        let kind = if *temporary { "TEMPORARY TABLE" } else { "TABLE" };
        groups.push(vec![format!("DROP {kind} `{name}`"), (*text).to_owned()]);
    }
    Some(groups)
}

/// What a head leaves: the settings of jobs, by key, and the rest in its order. `None` where that is not certain.
type Effects<'a> = (BTreeMap<String, &'a str>, Vec<(&'a str, Leaves)>);

fn effects<'a>(head: &[&'a str]) -> Option<Effects<'a>> {
    let (mut settings, mut others) = (BTreeMap::new(), Vec::new());
    for text in head {
        match leaves(text)? {
            Leaves::Setting { key } if of_a_job(&key) => {
                // The same key twice: which of them counts is not worth knowing.
                if settings.insert(key, *text).is_some() {
                    return None;
                }
            }
            effect => others.push((*text, effect)),
        }
    }
    Some((settings, others))
}

fn of_a_job(key: &str) -> bool {
    OF_A_JOB.iter().any(|begin| key.starts_with(begin)) && !OF_CLASSES.contains(&key)
}

/// Tables and views share their names, whether temporary or not.
fn object(effect: &Leaves) -> (bool, &str) {
    match effect {
        Leaves::Setting { key } => (true, key),
        Leaves::Table { name, .. } | Leaves::View { name } => (false, name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: [&str; 4] = [
        "SET 'pipeline.name' = 'a'",
        "CREATE TABLE s (id INT)",
        "SET 'table.local-time-zone' = 'UTC'",
        "CREATE TABLE t (id INT)",
    ];

    fn with(changes: &[(usize, &'static str)]) -> Option<Vec<String>> {
        let mut new = HEAD;
        for (at, text) in changes {
            new[*at] = text;
        }
        repairs(&HEAD, &new).map(|groups| groups.concat())
    }

    #[test]
    fn only_what_changed_is_sent_again() {
        assert_eq!(with(&[]), Some(vec![]));
        assert_eq!(
            with(&[(0, "SET 'pipeline.name' = 'b'"), (1, "CREATE TABLE s (id BIGINT)")]).unwrap(),
            ["SET 'pipeline.name' = 'b'", "DROP TABLE `s`", "CREATE TABLE s (id BIGINT)"]
        );
        let old = ["CREATE TEMPORARY TABLE s (id INT)"];
        let new = ["CREATE TEMPORARY TABLE s (id BIGINT)"];
        assert_eq!(repairs(&old, &new).unwrap(), [["DROP TEMPORARY TABLE `s`", new[0]]]);
    }

    #[test]
    fn settings_of_the_job_come_and_go() {
        let ddl = "CREATE TABLE s (id INT)";
        let old = ["SET 'execution.savepoint.path' = '/a'", "SET 'pipeline.name' = 'a'", ddl];
        let new = ["SET 'pipeline.name' = 'a'", "SET 'state.backend.type' = 'rocksdb'", ddl];
        let expected = [["SET 'state.backend.type' = 'rocksdb'"], ["RESET 'execution.savepoint.path'"]];
        assert_eq!(repairs(&old, &new).unwrap(), expected);
    }

    #[test]
    fn what_is_not_certain_is_not_repaired() {
        for change in [
            (0, "SET 'pipeline.jars' = 'a'"),
            (0, "CREATE TABLE u (id INT)"),
            (1, "CREATE TABLE u (id INT)"),
            (1, "CREATE TEMPORARY TABLE s (id BIGINT)"),
            (1, "CREATE TABLE s WITH ('a'='b') LIKE t"),
            (1, "CREATE VIEW s AS SELECT 1"),
            (2, "SET 'table.local-time-zone' = 'CET'"),
            (3, "USE d"),
        ] {
            assert_eq!(with(&[change]), None, "{change:?}");
        }
        assert_eq!(repairs(&HEAD, &HEAD[..3]), None);
        let twice = ["SET 'pipeline.name' = 'a'", "SET 'pipeline.name' = 'b'"];
        assert_eq!(repairs(&twice, &["SET 'pipeline.name' = 'c'", twice[1]]), None);
        for reader in ["CREATE VIEW v AS SELECT * FROM s", "CREATE TABLE t WITH ('a'='b') LIKE s"] {
            assert_eq!(repairs(&[HEAD[1], reader], &["CREATE TABLE s (id BIGINT)", reader]), None, "{reader}");
        }
    }
}
