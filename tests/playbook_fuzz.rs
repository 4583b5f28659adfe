//! Whatever the text is, it is a playbook or a list of located errors, and nothing else happens.

use std::path::Path;

use proptest::{prelude::*, sample::Index};
use upgrade::playbook::parse;

const SHIPPED: &str = include_str!("../playbooks/aurora-mysql.yaml");

fn check(text: &str) {
    if let Err(problems) = parse(text, "playbook.yaml", Path::new("playbooks")) {
        let lines = text.split('\n').count();
        assert!(problems.iter().next().is_some());
        assert!(problems.iter().all(|problem| (1..=lines).contains(&problem.line) && problem.column > 0));
        assert!(!problems.render(false).is_empty() && !problems.render(true).is_empty());
    }
}

fn boundary(text: &str, index: &Index) -> usize {
    let mut at = index.index(text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(768))]

    #[test]
    fn any_text(text in "\\PC{0,200}") {
        check(&text);
    }

    #[test]
    fn any_text_of_yaml_signs(text in "[-:{}\\[\\],&*!|>'\"%@`#?~<=. \\n\\t\\rae1é\u{feff}\u{85}\u{2028}😀]{0,60}") {
        check(&text);
    }

    #[test]
    fn a_playbook_with_typos(edits in prop::collection::vec((any::<Index>(), 0..12_usize, "[-:{}\\[\\],&*!|>'\"%@#? \\n\\taé1😀]{0,4}"), 1..6)) {
        let mut text = SHIPPED.to_owned();
        for (index, length, insert) in edits {
            let start = boundary(&text, &index);
            let mut end = (start + length).min(text.len());
            while !text.is_char_boundary(end) {
                end += 1;
            }
            text.replace_range(start..end, &insert);
        }
        check(&text);
    }

    #[test]
    fn a_playbook_with_lines_moved(from in any::<Index>(), to in any::<Index>(), crlf in any::<bool>()) {
        let mut lines: Vec<&str> = SHIPPED.lines().collect();
        let line = lines.remove(from.index(lines.len()));
        lines.insert(to.index(lines.len()), line);
        check(&lines.join(if crlf { "\r\n" } else { "\n" }));
    }
}
