//! Names from outside stay names: in SQL, in paths, in strings of scripts.

use std::path::{Component, Path};

use proptest::prelude::*;
use upgrade::{
    artifact::{Values, render},
    handover::consumer::flink_sql::{Script, generate, placeholders, redact},
    playbook::parse,
    port::tables::{Column, Table},
    runner::RunFolder,
};

const TEMPLATE: &str = include_str!("../../templates/mysql_to_mysql.sql.tera");

/// What has power somewhere: in SQL, shells, paths, templates, terminals.
const HOSTILE: [&str; 28] = [
    "'",
    "''",
    "`",
    "\"",
    "\\",
    "\n",
    "\r\n",
    "\0",
    ";",
    "--",
    "-- ",
    "//",
    "/*",
    "*/",
    "#",
    "$",
    "${secret:A}",
    "{{ name }}",
    "{% include 'x' %}",
    "../",
    "/",
    "..",
    "\u{1b}[2J",
    "\u{202e}",
    "\u{2028}",
    "а",
    "%",
    "); DROP TABLE t; --",
];

fn filled(table: &Table) -> Option<String> {
    let values = Values {
        name: "job".into(),
        tables: generate(std::slice::from_ref(table), 7000).ok()?,
        parameters: [("sink_url", "jdbc:mysql://sink:3306/copy"), ("cdc_user", "cdc"), ("sink_user", "sink")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        source_host: "db".into(),
        source_port: 3306,
        savepoints: String::new(),
    };
    Some(render("mysql_to_mysql.sql.tera", TEMPLATE, &values).unwrap())
}

fn table(schema: &str, name: &str, column: &str) -> Table {
    let kind = |name: &str, kind: &str| Column { name: name.into(), kind: kind.into(), ..Column::default() };
    Table {
        schema: schema.into(),
        name: name.into(),
        columns: vec![kind("id", "bigint"), kind(column, "varchar(9)")],
        primary_key: vec!["id".into()],
        ..Table::default()
    }
}

/// A regular expression without its backslashes.
fn plain(pattern: &str) -> String {
    let mut letters = pattern.chars();
    let mut text = String::new();
    while let Some(letter) = letters.next() {
        text.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    text
}

/// The script reads back as exactly this table, or there is none. Whether there is one.
fn carried_or_refused(schema: &str, name: &str, column: &str) -> bool {
    let Some(text) = filled(&table(schema, name, column)) else { return false };
    let script = Script::parse(&text).unwrap_or_else(|problems| panic!("{problems:?} in {text}"));
    let (sources, sinks): (Vec<_>, Vec<_>) = (script.mysql_cdc().collect(), script.jdbc().collect());
    assert_eq!((sources.len(), sinks.len()), (1, 1), "{text}");
    assert_eq!(sources[0].name, format!("{schema}_{name}_source"));
    assert_eq!(sinks[0].name, format!("{schema}_{name}_sink"));
    assert_eq!(plain(sources[0].option("database-name").unwrap()), schema);
    assert_eq!(plain(sources[0].option("table-name").unwrap()), name);
    assert_eq!(sinks[0].option("table-name"), Some(name));
    assert_eq!(placeholders(&text).into_iter().collect::<Vec<_>>(), ["CDC_PASSWORD", "SINK_PASSWORD"], "{text}");
    assert!(redact(&text).warnings.is_empty());
    // SET three times, two tables, and the set: nothing that a name has begun.
    assert_eq!(statements(&text), 6, "{text}");
    true
}

/// By the rules of the language and code of its own: `;` outside of strings, names, comments and the statement set.
fn statements(text: &str) -> usize {
    let (mut count, mut rest, mut within) = (0, text, false);
    while let Some(letter) = rest.chars().next() {
        let length = match letter {
            '\'' | '`' => {
                let mut at = 1;
                loop {
                    at += rest[at..].find(letter).unwrap() + 1;
                    if !rest[at..].starts_with(letter) {
                        break at;
                    }
                    at += 1;
                }
            }
            _ if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("/*") => rest.find("*/").unwrap() + 2,
            _ => {
                within |= rest.starts_with("BEGIN");
                within &= !rest.starts_with("END;");
                count += usize::from(letter == ';' && !within);
                letter.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    count
}

#[test]
fn every_hostile_table_is_carried_as_it_is_or_refused() {
    let mut carried = 0;
    for hostile in HOSTILE {
        for name in [hostile.to_owned(), format!("a{hostile}b"), format!("{hostile}{hostile} c")] {
            carried += usize::from(carried_or_refused(&name, "t", "c"));
            carried += usize::from(carried_or_refused("s", &name, "c"));
            carried += usize::from(carried_or_refused("s", "t", &name));
        }
    }
    assert!(carried > 40, "{carried} of them are harmless and carried");
}

#[test]
fn a_name_that_would_take_a_secret_in_or_begin_a_statement_is_refused_by_name() {
    for name in ["${secret:CDC_PASSWORD}", "a\nDROP TABLE b", "a\u{1b}[2J", "*/ x", "a'b", "a`b"] {
        let refusals = generate(&[table("shop", name, "c")], 7000).unwrap_err();
        assert!(refusals.iter().any(|refusal| refusal.object.contains(name)), "{refusals:?}");
        assert!(refusals.iter().all(|refusal| !refusal.way_out.is_empty()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_table_is_carried_as_it_is_or_refused(
        schema in "([;$`'\"\\\\/*# \n{}%.-]|\\PC){1,8}",
        name in "([;$`'\"\\\\/*# \n{}%.-]|\\PC){1,8}",
        column in "([;$`'\"\\\\/*# \n{}%.-]|\\PC|[a-z]){1,8}",
    ) {
        carried_or_refused(&schema, &name, &column);
        carried_or_refused(&schema, &name, "c");
    }
}

/// Keys whose values become names: of folders, locks, resources, jobs, variables.
fn playbooks(name: &str) -> Vec<String> {
    let quoted = serde_json::to_string(name).unwrap();
    let target = "target: { aurora_cluster: a, region: us-east-1, engine_version: 8.0.mysql_aurora.3.08.2 }";
    let with = |head: String, steps: &str| format!("version: 1\n{head}\nsteps: {steps}\n");
    let gate = "[approve]";
    vec![
        with(format!("name: {quoted}"), gate),
        with("name: a".into(), &format!("[approve: {{ id: {quoted} }}]")),
        with(format!("name: a\n{}", target.replace("aurora_cluster: a", &format!("aurora_cluster: {quoted}"))), gate),
        with(format!("name: a\n{}", target.replace("aurora_cluster: a", &format!("rds_instance: {quoted}"))), gate),
        with(format!("name: a\n{}", target.replace("us-east-1", &quoted)), gate),
        with(format!("name: a\n{}", target.replace(" }", &format!(", account: {quoted} }}"))), gate),
        with(format!("name: a\n{}", target.replace("8.0.mysql_aurora.3.08.2", &quoted)), gate),
        with(format!("name: a\n{target}"), &format!("[create_blue_green: {{ name: {quoted} }}]")),
        with(format!("name: a\n{target}"), &format!("[sync_parameter_group: {{ group: {quoted} }}]")),
        with(format!("name: a\nsecrets: {{ {quoted}: {{ env: A }} }}"), gate),
        with(format!("name: a\nsecrets: {{ A: {{ env: {quoted} }} }}"), gate),
        with(format!("name: a\ncdc_jobs: [{{ name: {quoted}, flink_sql: {{ script: Cargo.toml }} }}]"), gate),
        with(
            format!("name: a\ncdc_jobs: [{{ name: a, job_id: {quoted}, flink_sql: {{ script: Cargo.toml }} }}]"),
            gate,
        ),
    ]
}

#[test]
fn names_of_a_playbook_are_plain_or_refused_where_they_stand() {
    for hostile in HOSTILE {
        for name in [hostile.to_owned(), format!("a{hostile}"), format!("{hostile}a")] {
            // `a--` and `a..` have no power anywhere.
            if name.starts_with('a') && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.')) {
                continue;
            }
            for text in playbooks(&name) {
                let problems = parse(&text, "playbook.yaml", Path::new("")).expect_err(&text);
                assert!(problems.iter().all(|problem| problem.line >= 2 && problem.column > 0), "{text}");
                let shown = problems.render(false);
                assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{shown:?}");
            }
        }
    }
}

#[test]
fn a_savepoint_directory_is_one_address() {
    for hostile in ["'", "a b", "\n", "file:///x?y", "s3://k:canary-1@b/x", "http://h#x", "a/../b", "\0"] {
        let quoted = serde_json::to_string(hostile).unwrap();
        let flink = format!("flink: {{ rest: \"http://h\", sql_gateway: \"http://h\", savepoints: {quoted} }}");
        let text = format!("version: 1\nname: a\n{flink}\nsteps: [approve]\n");
        let problems = parse(&text, "playbook.yaml", Path::new("")).expect_err(&text);
        assert!(!problems.render(false).contains("canary-"), "{problems}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn paths_made_of_names_stay_in_their_folder(name in "([a-z0-9./-]|\\PC){1,6}") {
        let quoted = serde_json::to_string(&name).unwrap();
        let text = format!(
            "version: 1\nname: {quoted}\ncdc_jobs: [{{ name: {quoted}, flink_sql: {{ script: Cargo.toml }} }}]\nsteps: [approve]\n"
        );
        let Ok(playbook) = parse(&text, "playbook.yaml", Path::new("")) else { return Ok(()) };
        let inside = |path: &str| Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        prop_assert!(inside(&playbook.name) && inside(&playbook.cdc_jobs[0].name), "{}", name);
        let state = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(state.path(), &playbook, &text).unwrap();
        prop_assert_eq!(folder.path.parent().unwrap(), state.path().join("runs").join(&playbook.name));
        prop_assert!(folder.path.canonicalize().unwrap().starts_with(state.path().canonicalize().unwrap()));
    }
}
