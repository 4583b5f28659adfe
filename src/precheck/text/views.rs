//! Views that cannot be read, and views that stand on such views.

use std::collections::{BTreeMap, BTreeSet};

use super::passage::{Of, Passage, quoted};
use crate::{
    event::{Consequence, Level},
    port::catalogue::Schema,
    precheck::{
        check::{Check, From, Holds},
        findings::Findings,
        sql::Text,
        structure::CHECK_TABLE,
    },
};

pub(super) const ON_BROKEN: Check = Check {
    id: "view_on_broken_view",
    from: From::Ours,
    level: Level::Error,
    consequence: Consequence::BrokenAfterwards,
    title: "Views on views that break",
    about: "A view that reads another one which the upgrade breaks is broken by it too (error 1356), whatever its own text says. Views of \
            the same schema are looked at.",
    holds: Holds::Always,
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/create-view.html"),
};

/// Comes after all other checks of the schema: what they found of views tells which ones break.
pub(super) fn look(schema: &Schema, passages: &[Passage<'_>], findings: &mut Findings) {
    let breaks = |view: &str| {
        let object = format!("{}.{view}", schema.name);
        let mut so_far = findings.so_far().iter();
        so_far.any(|found| {
            found.object == object && (found.level, found.consequence) == (Level::Error, Consequence::BrokenAfterwards)
        })
    };
    let hurt: BTreeSet<_> =
        schema.views.iter().filter(|view| breaks(&view.name)).map(|view| view.name.clone()).collect();
    look_on_broken(schema, passages, &hurt, findings);
    look_broken(schema, passages, findings);
}

fn look_broken(schema: &Schema, passages: &[Passage<'_>], findings: &mut Findings) {
    for passage in passages {
        let Of::View(view) = passage.of else { continue };
        let Some(why) = &view.broken else { continue };
        let name = quoted(&[&schema.name, &view.name]);
        findings
            .add(&CHECK_TABLE, &passage.object, format!("The view cannot be read: {why}"))
            .fix(format!("DROP VIEW {}, or create it again on what is there", name))
            .query(format!("CHECK TABLE {} FOR UPGRADE", name));
    }
}

/// `hurt` are the views that have an error of their own.
fn look_on_broken(schema: &Schema, passages: &[Passage<'_>], hurt: &BTreeSet<String>, findings: &mut Findings) {
    let names: BTreeSet<_> = schema.views.iter().map(|view| view.name.as_str()).collect();
    let reads: BTreeMap<_, _> = passages
        .iter()
        .filter_map(|passage| match passage.of {
            Of::View(view) => Some((view.name.as_str(), (passage, read(&passage.text, &schema.name, &names)))),
            _ => None,
        })
        .collect();
    let mut broken: BTreeMap<&str, &str> = BTreeMap::new();
    // Each round goes one view further up; there are no more rounds than views.
    loop {
        let next = reads.iter().find_map(|(name, (_, bases))| {
            let is_new = !broken.contains_key(name) && !hurt.contains(*name);
            let base =
                bases.iter().find(|base| *base != name && (hurt.contains(**base) || broken.contains_key(**base)))?;
            is_new.then_some((*name, *base))
        });
        let Some((name, base)) = next else { break };
        broken.insert(name, base);
    }
    for (name, base) in broken {
        let (passage, _) = &reads[name];
        findings
            .add(&ON_BROKEN, &passage.object, format!("The view reads {}.{base}, which will be broken", schema.name))
            .fix(format!("Mend {}.{base} first", schema.name))
            .query(&passage.query);
    }
}

/// The views of this schema that a view reads.
fn read<'v>(text: &Text<'_>, schema: &str, views: &BTreeSet<&'v str>) -> BTreeSet<&'v str> {
    let mut read = BTreeSet::new();
    for at in 0..text.len() {
        if at > 0 && text.is_symbol(at - 1, b'.') {
            continue;
        }
        let qualified = text.is_symbol(at + 1, b'.');
        let name = match text.name(at) {
            Some(first) if qualified && first == schema => text.name(at + 2),
            Some(first) if !qualified && at > 0 && ["FROM", "JOIN"].contains(&text.word(at - 1).as_str()) => {
                Some(first)
            }
            _ => None,
        };
        read.extend(name.and_then(|name| views.get(name.as_str()).copied()));
    }
    read
}
