//! The rooms of the design and what each may import, held by a test. The checker itself is shown to be able to fail.
#![expect(clippy::unwrap_used, reason = "in a test, what is missing is a failure of its own")]

#[path = "layering/rules.rs"]
mod rules;
#[path = "layering/source.rs"]
mod source;

use std::path::Path;

use rules::{Files, check, check_sandbox, read, too_long};
use source::{Named, paths};

fn here(below: &str) -> Files {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(below))
}

fn none(broken: &[String]) {
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn rooms_import_what_the_table_says() {
    none(&check(&here("src")));
}

#[test]
fn the_sandbox_does_not_know_the_program() {
    none(&check_sandbox(&here("sandbox/src")));
    let manifest = include_str!("../sandbox/Cargo.toml");
    assert!(!manifest.lines().any(|line| line.starts_with("upgrade")), "sandbox/Cargo.toml depends on `upgrade`");
}

#[test]
fn no_file_is_too_long() {
    for tree in ["src", "sandbox/src", "tests"] {
        none(&too_long(tree, &here(tree)));
    }
}

fn one(path: &str, text: &str) -> Vec<String> {
    check(&Files::from([(path.to_owned(), text.to_owned())]))
}

#[test]
fn a_forbidden_import_is_found_however_it_is_written() {
    let bad = [
        ("report/human.rs", "use crate::port::clock::Clock;"),
        ("report/human.rs", "use crate::{event::Event, port::{clock::Clock, rds::Rds}};"),
        ("report/human.rs", "use crate::{\n    event::Event,\n    runner,\n};"),
        ("report/human.rs", "fn f() -> crate::runner::Engine { todo() }"),
        ("report/human.rs", "use super::super::runner::Engine;"),
        ("report/human/page.rs", "use super::super::super::step::Step;"),
        ("report/human.rs", "mod tests { use super::super::super::step::Step; }"),
        ("report/human.rs", "use upgrade::step;"),
        ("report/mod.rs", "use super::step;"),
        ("precheck/names.rs", "use crate::step::Read;"),
        ("runner/engine.rs", "use crate::port::rds::RdsWrite;"),
        ("runner/engine.rs", "use crate::port::{clock::Clock, rds::RdsWrite};"),
        ("step/approve.rs", "use crate::adapter::rds::Sdk;"),
        ("adapter/rds.rs", "use crate::command::wiring;"),
        ("error.rs", "use crate::event::Event;"),
        ("step/approve.rs", "use crate::Nowhere;"),
    ];
    for (path, text) in bad {
        assert!(!one(path, text).is_empty(), "{path}: {text}");
    }
}

#[test]
fn a_crate_outside_its_home_is_found() {
    let bad = [
        ("step/create.rs", "use aws_sdk_rds::Client;"),
        ("step/create.rs", "fn f(_: &::aws_config::SdkConfig) {}"),
        ("handover/tail.rs", "async fn f() { mysql_async::Pool::new(\"\"); }"),
        ("adapter/rds.rs", "use reqwest as http;"),
        ("runner/plan.rs", "use {std::fmt, serde_yaml::Value};"),
        ("command/run.rs", "use clap::Parser;"),
        ("step/any.rs", "use tera;"),
        ("report/live.rs", "use tokio::time::Instant;"),
        ("runner/engine.rs", "use sandbox::region::Region;"),
    ];
    for (path, text) in bad {
        assert!(!one(path, text).is_empty(), "{path}: {text}");
    }
}

#[test]
fn a_new_room_and_a_second_home_are_found() {
    assert_eq!(one("utils/mod.rs", "").len(), 1);
    assert_eq!(one("manager.rs", "").len(), 1);
    let tera = || "use tera::Tera;".to_owned();
    let two = Files::from([("report/html.rs".to_owned(), tera()), ("report/markdown.rs".to_owned(), tera())]);
    assert_eq!(check(&two).len(), 1);
    let apart = Files::from([("report/html.rs".to_owned(), tera()), ("artifact.rs".to_owned(), tera())]);
    none(&check(&apart));
}

#[test]
fn what_is_allowed_passes() {
    let good = [
        (
            "report/human/page.rs",
            "use crate::{error::Error, event::{Event, Level}, report::words};\nuse super::super::story::Story;",
        ),
        (
            "runner/engine.rs",
            "use crate::{playbook::Playbook, port::clock::Clock, step::{Next, Step}, secret::Secret};",
        ),
        ("step/mod.rs", "mod approve;\npub use approve::Approve;\nuse super::port::rds::RdsRead;"),
        ("adapter/rds/mod.rs", "use aws_sdk_rds::Client;\nuse crate::port::Reply;"),
        ("lib.rs", "pub mod port;\npub mod report;"),
        ("main.rs", "use upgrade::{cli, command};"),
        ("event.rs", "fn f(_: crate::error::Error) {}"),
        ("report/human.rs", "// use crate::port::clock;\n/* crate::runner::Engine /* nested */ */\n"),
        (
            "report/human.rs",
            "const A: &str = \"crate::runner\"; const B: &str = r#\"use \"crate::port::x\"\"#; const C: char = '\"';",
        ),
        ("report/human.rs", "fn f<'a>(x: &'a str) -> char { '\\'' }\nuse crate::event::Event;"),
        ("report/mod.rs", "#[cfg(test)]\nmod tests { use super::*; use super::words; }"),
        ("step/approve.rs", "fn f(user: User) { user.tera::<u8>(); }"),
    ];
    for (path, text) in good {
        none(&one(path, text));
    }
}

#[test]
fn the_sandbox_and_long_files_can_fail_too() {
    let knows = Files::from([("rehearsal.rs".to_owned(), "use upgrade::handover::Tail;".to_owned())]);
    assert_eq!(check_sandbox(&knows).len(), 1);
    let fine = Files::from([("rehearsal.rs".to_owned(), "use crate::region::Region; // upgrade::handover".to_owned())]);
    none(&check_sandbox(&fine));
    let long = Files::from([("a.rs".to_owned(), "\n".repeat(601)), ("b.rs".to_owned(), "\n".repeat(600))]);
    assert_eq!(too_long("src", &long).len(), 1);
}

#[test]
fn trees_are_spread_out_to_their_leaves() {
    let own = |path: &str| Named::Own(path.split("::").map(str::to_owned).collect());
    let found = paths("use crate::{a::{b, c::{d, e as f}, *}, g};", &[]);
    assert_eq!(found, [own("a::b"), own("a::c::d"), own("a::c::e"), own("a"), own("g")]);
}
