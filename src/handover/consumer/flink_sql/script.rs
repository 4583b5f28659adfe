//! A script as a list of statements, checked for what a handover needs of it.

use std::{collections::BTreeSet, ops::Range};

use super::{
    problem::Problem,
    statement::{Reset, Setting, Statement, Table, classify, name},
    token::{Token, tokens},
};

/// Options that a handover sets; an OPTIONS hint or ALTER TABLE of one would undo it.
const HELD: [&str; 4] = ["scan.startup.", "server-id", "hostname", "port"];

/// Flink starts a job of a given id once only, also after it has ended.
pub(super) const JOB_ID: &str = "$internal.pipeline.job-id";

/// A job's script, parsed and found usable.
#[derive(Debug)]
pub struct Script {
    pub(super) text: String,
    /// Bytes of every statement, without the `;`.
    pub(super) statements: Vec<Range<usize>>,
    tables: Vec<Table>,
    settings: Vec<Setting>,
    inserts: Vec<Insert>,
    resets: Vec<Reset>,
    /// Where the first statement that starts a job begins.
    job: usize,
}

/// One INSERT of the job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insert {
    pub into: String,
    /// What stands behind its FROMs and JOINs, in order.
    pub from: Vec<String>,
}

impl Script {
    /// # Errors
    ///
    /// Every problem of the text that forbids a handover, in order.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let found = tokens(text);
        let mut problems = found.problems;
        let mut script = Self {
            text: text.to_owned(),
            statements: vec![],
            tables: vec![],
            settings: vec![],
            inserts: vec![],
            resets: vec![],
            job: text.len(),
        };
        let (mut jobs, mut open_set, mut altered, mut in_catalog) = (Vec::new(), false, Vec::new(), Vec::new());
        let mut catalog = false;
        for statement in split(text, &found.tokens) {
            let span = statement[0].span.start..statement[statement.len() - 1].span.end;
            script.statements.push(span.clone());
            match classify(text, statement) {
                Statement::Set(setting) => script.settings.push(setting),
                Statement::Reset(reset) => script.resets.push(reset),
                Statement::CreateTable(table) => {
                    if catalog && !statement[1].is(text, "TEMPORARY") {
                        in_catalog.push(table.name.clone());
                    }
                    script.tables.push(table);
                }
                Statement::Job(parts) => {
                    script.inserts.extend(parts.iter().filter_map(|part| insert(text, statement, part)));
                    if !open_set {
                        jobs.push(span.start);
                    }
                }
                Statement::BeginSet => {
                    open_set = true;
                    jobs.push(span.start);
                }
                Statement::EndSet => open_set = false,
                Statement::Alter(table) => altered.push((span, table)),
                Statement::Other => {
                    catalog |=
                        statement[0].is(text, "USE") && statement.get(1).is_some_and(|token| token.is(text, "CATALOG"));
                }
            }
        }
        script.job = jobs.first().copied().unwrap_or(text.len());
        if problems.is_empty() {
            problems.extend(script.check(&jobs, &altered, &in_catalog));
        }
        problems.extend(found.comments.iter().filter_map(|comment| hint(text, comment)));
        problems.sort_by_key(|problem| (problem.line, problem.column));
        if problems.is_empty() { Ok(script) } else { Err(problems) }
    }

    fn check(&self, jobs: &[usize], altered: &[(Range<usize>, String)], in_catalog: &[String]) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut say = |at: usize, message: String, hint: &str| {
            problems.push(Problem::new(&self.text, at, message, hint));
        };
        if self.mysql_cdc().next().is_none() {
            let message = "No table of this script has 'connector' = 'mysql-cdc'".to_owned();
            say(0, message, "Name the script that creates the source tables of the CDC job");
        }
        match jobs {
            [] => {
                let message = "This script starts no job: it has no INSERT and no statement set".to_owned();
                say(0, message, "Name the script as it is submitted, with its INSERT INTO");
            }
            [_] => {}
            [_, more @ ..] => {
                for at in more {
                    let message = "This starts another job of the same name".to_owned();
                    say(*at, message, "Put all INSERTs into one EXECUTE STATEMENT SET BEGIN … END");
                }
            }
        }
        for table in &self.tables {
            let mut seen = BTreeSet::new();
            for option in &table.options {
                if !seen.insert(&option.key) {
                    let message = format!("Option '{}' of table {} is given twice", option.key, table.name);
                    say(option.span.start, message, "Keep one of the two");
                }
            }
            if let Some(base) = table.like.as_ref().filter(|base| self.mysql_cdc().any(|cdc| cdc.name == **base)) {
                let message = format!("Table {} takes options of the mysql-cdc table {base} by LIKE", table.name);
                say(table.span.start, message, "Write its options out and use EXCLUDING OPTIONS");
            }
        }
        for table in self.mysql_cdc().filter(|table| in_catalog.contains(&table.name)) {
            let message =
                format!("The mysql-cdc table {} is kept in a catalog, with the options it was made with", table.name);
            say(table.span.start, message, "Use CREATE TEMPORARY TABLE, which every start of the job makes anew");
        }
        for (span, table) in altered {
            let statement = &self.text[span.clone()];
            if self.mysql_cdc().any(|cdc| cdc.name == *table) && HELD.iter().any(|held| statement.contains(held)) {
                let message = format!("ALTER TABLE changes where the mysql-cdc table {table} reads");
                say(span.start, message, "Write the options into its CREATE TABLE");
            }
        }
        problems
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The sources.
    pub fn mysql_cdc(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter().filter(|table| table.connector() == Some("mysql-cdc"))
    }

    /// The sinks of `jdbc`.
    pub fn jdbc(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter().filter(|table| table.connector() == Some("jdbc"))
    }

    pub fn inserts(&self) -> &[Insert] {
        &self.inserts
    }

    /// Every `SET` of `key` before the job that no `RESET` of everything undoes, in order; the last one counts.
    pub(super) fn sets<'a, 'k>(&'a self, key: &'k str) -> impl DoubleEndedIterator<Item = &'a Setting> + use<'a, 'k> {
        let counts = self.anew()..self.job;
        self.settings.iter().filter(move |setting| setting.key == key && counts.contains(&setting.span.start))
    }

    /// Every `RESET` of `key` alone, where it counts.
    pub(super) fn resets<'a, 'k>(&'a self, key: &'k str) -> impl DoubleEndedIterator<Item = &'a Reset> + use<'a, 'k> {
        let counts = self.anew()..self.job;
        self.resets.iter().filter(move |reset| reset.key.as_deref() == Some(key) && counts.contains(&reset.span.start))
    }

    /// Where the last `RESET` of everything before the job ends; 0 where there is none.
    pub(super) fn anew(&self) -> usize {
        let all = self.resets.iter().filter(|reset| reset.key.is_none() && reset.span.start < self.job);
        all.map(|reset| reset.span.end).next_back().unwrap_or(0)
    }

    /// The value a key has when the job starts, where the script gives it one.
    pub fn setting(&self, key: &str) -> Option<&str> {
        let set = self.sets(key).next_back()?;
        let undone = self.resets(key).next_back().is_some_and(|reset| reset.span.start > set.span.start);
        (!undone).then_some(set.value.as_str())
    }

    /// What is doubtful in the script and no reason to refuse it.
    pub fn warnings(&self) -> Vec<Problem> {
        let fixed = self.sets(JOB_ID).map(|setting| {
            let message = "The script fixes the id of its job, with which Flink starts no second one";
            let hint = "Remove the SET: every start of a handover gets an id of its own, and this one is left out";
            Problem::new(&self.text, setting.span.start, message, hint)
        });
        fixed.collect()
    }

    /// The name the running job has, where the script gives it one.
    pub fn pipeline_name(&self) -> Option<&str> {
        self.setting("pipeline.name")
    }
}

/// Statements as runs of tokens: split at `;`, except within `EXECUTE STATEMENT SET BEGIN … END`.
pub(super) fn split<'a>(text: &str, tokens: &'a [Token]) -> Vec<&'a [Token]> {
    let mut statements = Vec::new();
    let mut start = 0;
    // Within a set only its own END lets a `;` close the statement; the END of a CASE does not.
    let (mut set, mut cases) = (false, 0_usize);
    for (at, token) in tokens.iter().enumerate() {
        if at == start {
            (set, cases) = (starts_set(text, &tokens[at..]), 0);
        }
        if token.is(text, "CASE") {
            cases += 1;
        } else if token.is(text, "END") {
            set &= cases > 0;
            cases = cases.saturating_sub(1);
        }
        if set || !token.is(text, ";") {
            continue;
        }
        if at > start {
            statements.push(&tokens[start..at]);
        }
        start = at + 1;
    }
    if start < tokens.len() {
        statements.push(&tokens[start..]);
    }
    statements
}

fn starts_set(text: &str, tokens: &[Token]) -> bool {
    let words = ["EXECUTE", "STATEMENT", "SET", "BEGIN"];
    tokens.len() >= words.len() && words.iter().zip(tokens).all(|(word, token)| token.is(text, word))
}

fn insert(text: &str, statement: &[Token], part: &Range<usize>) -> Option<Insert> {
    let first = statement.iter().position(|token| token.span.start >= part.start)?;
    let end = statement.partition_point(|token| token.span.end <= part.end);
    let tokens = &statement[first..end];
    let into = tokens.iter().position(|token| token.is(text, "INTO") || token.is(text, "OVERWRITE"))?;
    let from = tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| token.is(text, "FROM") || token.is(text, "JOIN"))
        .map(|(at, _)| name(text, tokens, at + 1).0)
        .filter(|name| !name.is_empty())
        .collect();
    Some(Insert { into: name(text, tokens, into + 1).0, from })
}

fn hint(text: &str, comment: &Range<usize>) -> Option<Problem> {
    let content = &text[comment.clone()];
    let overrides = content.starts_with("/*+")
        && content.to_ascii_uppercase().contains("OPTIONS")
        && HELD.iter().any(|held| content.contains(&format!("'{held}")));
    overrides.then(|| {
        let message = "This hint overrides where a source reads";
        Problem::new(text, comment.start, message, "Write the options into the CREATE TABLE of the source")
    })
}
