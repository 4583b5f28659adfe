//! Checks of what the text of views, routines, triggers, events and expressions says.
//!
//! What becomes of a text depends on where it stands, as measured by starting 8.0.15 on data directories of 5.7.22: a stored program
//! or generated column that the newer parser refuses stops the upgrade, a view is broken by it. A function, table or variable that is
//! not there breaks a view and is found in a stored program only when it runs.

mod definers;
mod delimiters;
mod dot;
mod dynamic;
mod encoding;
mod functions;
mod gone;
mod grouping;
mod lists;
mod modes;
mod names;
mod orphans;
mod passage;
mod syntax;
mod views;

#[cfg(test)]
mod tests;

use super::{
    check::{Check, Hop},
    findings::Findings,
};
use crate::port::catalogue::{Instance, Release, Schema};

/// The first release that keeps everything in its data dictionary: the upgrade to it reads all that 5.7 kept in files.
const DICTIONARY: Release = Release(8, 0, 11);

pub(super) const CHECKS: &[Check] = &[
    orphans::CHECK,
    functions::REMOVED,
    functions::CHANGED,
    grouping::CHECK,
    syntax::CHECK,
    dot::CHECK,
    names::RESERVED,
    names::DOLLAR,
    modes::MAXDB,
    modes::OBSOLETE,
    delimiters::CHECK,
    views::ON_BROKEN,
    definers::EVENTS,
    definers::TRIGGERS,
    definers::DUPLICATES,
    encoding::PROGRAMS,
    encoding::VIEWS,
    gone::TABLES,
    gone::VARIABLES,
    dynamic::CHECK,
];

/// Schemas whose objects are the server's own and come anew with the newer one.
const OF_THE_SERVER: [&str; 4] = ["mysql", "sys", "information_schema", "performance_schema"];

pub(super) fn of_instance(instance: &Instance, hop: &Hop, findings: &mut Findings) {
    if hop.crosses(DICTIONARY) {
        orphans::look(instance, findings);
        modes::look_instance(instance, findings);
    }
}

pub(super) fn of_schema(schema: &Schema, _instance: &Instance, hop: &Hop, findings: &mut Findings) {
    if OF_THE_SERVER.contains(&schema.name.as_str()) {
        return;
    }
    let passages = passage::of_schema(schema, hop);
    functions::look(&passages, hop, findings);
    syntax::look(&passages, hop, findings);
    names::look_reserved(schema, hop, findings);
    gone::look_tables(&passages, hop, findings);
    gone::look_variables(&passages, hop, findings);
    dynamic::look(&passages, hop, findings);
    if hop.needs(&functions::CHANGED) {
        functions::look_changed(&passages, findings);
    }
    if hop.needs(&grouping::CHECK) {
        grouping::look(&passages, findings);
    }
    if hop.needs(&names::DOLLAR) {
        names::look_dollar(schema, findings);
    }
    if hop.needs(&delimiters::CHECK) {
        delimiters::look(schema, findings);
    }
    if hop.crosses(DICTIONARY) {
        dot::look(&passages, findings);
        modes::look(schema, findings);
        definers::look_events(schema, findings);
        definers::look_triggers(schema, findings);
        definers::look_duplicates(schema, findings);
        encoding::look_programs(schema, findings);
        encoding::look_views(&passages, findings);
    }
    views::look(schema, &passages, findings);
}
