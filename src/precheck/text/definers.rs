//! Events and triggers without a definer, and triggers that share a name.

use std::collections::BTreeMap;

use super::{
    DICTIONARY,
    passage::{quoted, show},
};
use crate::{
    event::{Consequence, Level},
    port::catalogue::{Program, Schema, StoredProgram},
    precheck::{
        check::{Check, From, Holds},
        findings::Findings,
    },
};

const AURORA: Option<&str> = Some(
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.upgrade-prechecks.descriptions.html",
);

pub(super) const EVENTS: Check = Check {
    id: "getEventsWithNullDefiner",
    from: From::Aurora,
    level: Level::Error,
    consequence: Consequence::StopsTheUpgrade,
    title: "Events without a definer",
    about: "An event whose definer is empty stops the upgrade, and the server's log does not say which one. It also makes \
            information_schema.EVENTS fail for the whole server (error 1728).",
    holds: Holds::Crossing(DICTIONARY),
    link: AURORA,
};

pub(super) const TRIGGERS: Check = Check {
    id: "getTriggersWithNullDefiner",
    from: From::Aurora,
    level: Level::Error,
    consequence: Consequence::StopsTheUpgrade,
    title: "Triggers without a definer",
    about: "A trigger from before MySQL kept definers stops the upgrade. Drop it and create it again.",
    holds: Holds::Crossing(DICTIONARY),
    link: AURORA,
};

pub(super) const DUPLICATES: Check = Check {
    id: "getDuplicateTriggers",
    from: From::Aurora,
    level: Level::Error,
    consequence: Consequence::StopsTheUpgrade,
    title: "Triggers of one name in a schema",
    about: "Two triggers of a schema whose names are the same, or differ only in the case of their letters, stop the upgrade: the data \
            dictionary of 8.0 holds one. 5.7 lets them be made where file names tell letters apart.",
    holds: Holds::Crossing(DICTIONARY),
    link: AURORA,
};

pub(super) fn look_events(schema: &Schema, findings: &mut Findings) {
    for event in without(schema, Program::Event) {
        let name = quoted(&[&schema.name, &event.name]);
        let state = if event.enabled { "ENABLE" } else { "DISABLE" };
        findings
            .add(&EVENTS, format!("{}.{}", schema.name, event.name), "The event has no definer")
            .fix(format!("ALTER DEFINER = CURRENT_USER EVENT {name} {state}"))
            .query("SELECT db, name, definer FROM mysql.event WHERE definer = ''");
    }
}

pub(super) fn look_triggers(schema: &Schema, findings: &mut Findings) {
    for trigger in without(schema, Program::Trigger) {
        findings
            .add(&TRIGGERS, format!("{}.{}", schema.name, trigger.name), "The trigger has no definer")
            .fix(format!("DROP TRIGGER {}, then create it again", quoted(&[&schema.name, &trigger.name])))
            .query(show(&schema.name, trigger));
    }
}

fn without(schema: &Schema, kind: Program) -> impl Iterator<Item = &StoredProgram> {
    schema.programs.iter().filter(move |program| program.kind == kind && program.definer.trim_matches('@').is_empty())
}

pub(super) fn look_duplicates(schema: &Schema, findings: &mut Findings) {
    let mut by_name = BTreeMap::<String, Vec<&StoredProgram>>::new();
    for trigger in schema.programs.iter().filter(|program| program.kind == Program::Trigger) {
        by_name.entry(trigger.name.to_lowercase()).or_default().push(trigger);
    }
    for triggers in by_name.values().filter(|triggers| triggers.len() > 1) {
        let tables: Vec<_> =
            triggers.iter().map(|trigger| trigger.table.as_deref().unwrap_or("an unknown table")).collect();
        let first = triggers[0];
        findings
            .add(
                &DUPLICATES,
                format!("{}.{}", schema.name, first.name),
                format!("{} triggers have this name, on {}", triggers.len(), tables.join(", ")),
            )
            .fix(format!(
                "DROP TRIGGER {}, then create it again under another name",
                quoted(&[&schema.name, &triggers[triggers.len() - 1].name])
            ))
            .query(format!("SHOW TRIGGERS FROM {}", quoted(&[&schema.name])));
    }
}
