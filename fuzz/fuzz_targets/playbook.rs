//! Any text is a playbook or errors that have a place within it.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use upgrade::playbook::parse;

fuzz_target!(|text: &str| {
    if let Err(problems) = parse(text, "playbook.yaml", Path::new("playbooks")) {
        let lines = text.split('\n').count();
        assert!(problems.iter().next().is_some());
        assert!(problems.iter().all(|problem| (1..=lines).contains(&problem.line) && problem.column > 0));
        assert!(!problems.render(false).is_empty());
    }
});
