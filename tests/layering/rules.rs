//! The table of rooms, and what breaks it.

use std::{collections::BTreeMap, fs, path::Path};

use super::source::{Named, paths};

/// Each room of `src/` and the rooms it may name. `error`, `secret` and `event` are open to all but themselves.
const ROOMS: &[(&str, &[&str])] = &[
    ("main", &["cli", "command"]),
    ("lib", &[]),
    ("cli", &["command"]),
    (
        "command",
        &[
            "cli",
            "playbook",
            "runner",
            "step",
            "handover",
            "precheck",
            "parameters",
            "verify",
            "artifact",
            "port",
            "adapter",
            "report",
        ],
    ),
    ("playbook", &[]),
    // The runner waits; all else that is outside reaches it through steps.
    ("runner", &["playbook", "step", "port::clock"]),
    ("step", &["playbook", "handover", "precheck", "parameters", "verify", "artifact", "port"]),
    ("handover", &["port"]),
    ("precheck", &["port"]),
    ("parameters", &["port"]),
    ("verify", &["port"]),
    ("artifact", &[]),
    ("port", &[]),
    ("adapter", &["port"]),
    ("event", &["error"]),
    ("error", &["secret"]),
    ("secret", &[]),
    ("report", &[]),
];

const OPEN: &[&str] = &["error", "secret", "event"];
const CLOSED: &[&str] = &["error", "secret", "event", "lib"];

/// Crates with one home, as beginnings of paths below `src/`. A crate whose name ends in `_` stands for all that begin so.
const HOMES: &[(&str, &[&str])] = &[
    ("aws_", &["adapter/rds", "adapter/files", "command/wiring.rs"]),
    ("mysql_async", &["adapter/mysql"]),
    ("reqwest", &["adapter/flink"]),
    ("serde_yaml", &["playbook/", "playbook.rs"]),
    ("annotate_snippets", &["playbook/", "playbook.rs"]),
    ("tera", &["artifact.rs", "report/", "handover/"]),
    ("indicatif", &["report/"]),
    ("clap", &["cli.rs", "cli/"]),
    ("clap_", &["cli.rs", "cli/"]),
    ("sandbox", &[]),
];

/// Within each of its homes this crate is known to one file only.
const ONE_FILE: &str = "tera";

/// Crates that these rooms must do without, whoever else uses them.
const WITHOUT: &[(&str, &[&str])] =
    &[("report", &["tokio", "tokio_util", "tracing", "uuid"]), ("playbook", &["tokio", "tokio_util"])];

const LONGEST: usize = 600;

/// Files of one tree: path below its root, `/` between names, and text.
pub(crate) type Files = BTreeMap<String, String>;

pub(crate) fn read(root: &Path) -> Files {
    let mut files = Files::new();
    collect(root, root, &mut files);
    files
}

fn collect(root: &Path, folder: &Path, files: &mut Files) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let below = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            files.insert(below, fs::read_to_string(&path).unwrap());
        }
    }
}

/// What in `src/` of `upgrade` breaks the table, one sentence each.
pub(crate) fn check(files: &Files) -> Vec<String> {
    let mut broken = Vec::new();
    let mut homes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (path, text) in files {
        let module = module(path);
        let room = room(path);
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            broken.push(format!("{path}: `{room}` is no room of the table; add it to the design first"));
            continue;
        };
        let mut named = paths(text, &module);
        named.dedup();
        for name in &named {
            match name {
                Named::Own(inner) => broken.extend(own(path, room, allowed, inner)),
                Named::Foreign(outer) if outer[0] == "upgrade" => broken.extend(own(path, room, allowed, &outer[1..])),
                Named::Foreign(outer) => broken.extend(foreign(path, room, &outer[0])),
            }
        }
        let knows = named.iter().any(|name| matches!(name, Named::Foreign(outer) if outer[0] == ONE_FILE));
        if knows {
            homes.entry(room).or_default().push(path);
        }
    }
    for (room, files) in homes {
        if files.len() > 1 {
            broken
                .push(format!("{room}: `{ONE_FILE}` is known to {}; one file of a room may know it", files.join(", ")));
        }
    }
    broken.sort();
    broken.dedup();
    broken
}

/// What in the sandbox knows the program it tests.
pub(crate) fn check_sandbox(files: &Files) -> Vec<String> {
    let knows = |(path, text): (&String, &String)| {
        let named = paths(text, &module(path));
        let knows = named.iter().any(|name| matches!(name, Named::Foreign(outer) if outer[0] == "upgrade"));
        knows.then(|| format!("sandbox/src/{path} names `upgrade`, which it must reach only as a user does"))
    };
    files.iter().filter_map(knows).collect()
}

pub(crate) fn too_long(tree: &str, files: &Files) -> Vec<String> {
    let long = files.iter().filter(|(_, text)| text.lines().count() > LONGEST);
    long.map(|(path, text)| format!("{tree}/{path} has {} lines, more than {LONGEST}", text.lines().count())).collect()
}

fn own(path: &str, room: &str, allowed: &[&str], inner: &[String]) -> Option<String> {
    let target = inner.first()?.as_str();
    if target == room || (OPEN.contains(&target) && !CLOSED.contains(&room)) {
        return None;
    }
    if !is_room(target) {
        return (room != "lib").then(|| format!("{path} names `{}`, which is in no room", inner.join("::")));
    }
    let whole = inner.join("::");
    let may = |permit: &&str| whole == **permit || whole.starts_with(&format!("{permit}::"));
    (!allowed.iter().any(may)).then(|| format!("{path}: `{room}` may not name `{whole}`"))
}

fn foreign(path: &str, room: &str, crate_name: &str) -> Option<String> {
    let is = |pattern: &str| crate_name == pattern || pattern.ends_with('_') && crate_name.starts_with(pattern);
    let stray = HOMES.iter().find(|(pattern, homes)| is(pattern) && !homes.iter().any(|home| path.starts_with(home)));
    let without = WITHOUT.iter().any(|(name, crates)| *name == room && crates.contains(&crate_name));
    if let Some((_, homes)) = stray {
        return Some(format!("{path} names the crate `{crate_name}`, whose home is {homes:?}"));
    }
    without.then(|| format!("{path} names the crate `{crate_name}`, which `{room}` does without"))
}

fn is_room(name: &str) -> bool {
    ROOMS.iter().any(|(room, _)| *room == name)
}

fn room(path: &str) -> &str {
    path.split('/').next().unwrap_or(path).trim_end_matches(".rs")
}

fn module(path: &str) -> Vec<&str> {
    let mut names = path.trim_end_matches(".rs").split('/').collect::<Vec<_>>();
    if matches!(names.last(), Some(&"mod" | &"lib" | &"main")) {
        names.pop();
    }
    names
}
