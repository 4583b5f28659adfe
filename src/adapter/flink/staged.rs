//! A session that waits with the head of a script done, and what makes it the head of another.

use std::{sync::Arc, time::Duration};

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

    /// What to send so that the session is as if it had run the head of `script`; `None` where that is not certain.
    pub(super) fn repairs(&self, script: &[Statement]) -> Option<Vec<String>> {
        let old: Vec<&str> = self.head.iter().map(Secret::expose).collect();
        repairs(&old, &head(script).iter().map(|statement| statement.0.expose()).collect::<Vec<_>>())
    }
}

/// The statements before the first that may do more than change its session.
pub(super) fn head(script: &[Statement]) -> &[Statement] {
    let end = script.iter().position(|statement| leaves(statement.0.expose()).is_none());
    &script[..end.unwrap_or(script.len())]
}

/// The statements that lead from the state after `old` to the state after `new`, both run from nothing.
///
/// A state is the session's settings and its tables, each by its name. It is certain to be the same where the heads have
/// statement by statement the same kind and name, each name occurs once (so that the order says nothing), and what was
/// changed is not read by a statement after it that is not sent again: a table by a `LIKE` or a view, a setting by
/// anything.
fn repairs(old: &[&str], new: &[&str]) -> Option<Vec<String>> {
    let effects = |head: &[&str]| head.iter().map(|statement| leaves(statement)).collect::<Option<Vec<_>>>();
    let (was, is) = (effects(old)?, effects(new)?);
    if was.len() != is.len() {
        return None;
    }
    let mut repairs = Vec::new();
    for (at, (was, now)) in was.iter().zip(&is).enumerate() {
        if old[at] == new[at] {
            continue;
        }
        if is.iter().filter(|other| object(other) == object(now)).count() > 1 {
            return None;
        }
        match (was, now) {
            (Leaves::Setting { key: was }, Leaves::Setting { key })
                if was == key && OF_A_JOB.iter().any(|begin| key.starts_with(begin)) => {}
            (Leaves::Table { name: was, temporary: kept, .. }, Leaves::Table { name, temporary, like: false })
                if (was, kept) == (name, temporary) =>
            {
                let reads = |later: &Leaves| matches!(later, Leaves::View { .. } | Leaves::Table { like: true, .. });
                if is[at + 1..].iter().any(reads) {
                    return None;
                }
                let kind = if *temporary { "TEMPORARY TABLE" } else { "TABLE" };
                repairs.push(format!("DROP {kind} `{name}`"));
            }
            _ => return None,
        }
        repairs.push(new[at].to_owned());
    }
    Some(repairs)
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
        repairs(&HEAD, &new)
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
        assert_eq!(repairs(&old, &new).unwrap(), ["DROP TEMPORARY TABLE `s`", new[0]]);
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
