//! A script that can be read stays one when it is changed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use upgrade::handover::consumer::flink_sql::{Changes, Script, Start, rewrite};

fuzz_target!(|text: &str| {
    let Ok(script) = Script::parse(text) else { return };
    assert_eq!(rewrite(&script, &Changes::default()), text);
    let start = Some(Start::Position { file: "mysql-bin.000007".to_owned(), position: 1234 });
    let changed = rewrite(&script, &Changes { start, ..Changes::default() });
    assert!(Script::parse(&changed).is_ok(), "{changed}");
});
