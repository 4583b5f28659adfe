//! What the schemas of blue and green hold.
#![allow(dead_code, reason = "not every test changes it")]

use std::collections::BTreeSet;

use sandbox::region::pretend;
use upgrade::port::objects::{Kind, Object, Objects, Unreadable, Why};

/// Both sides hold the same, but for what is told here.
#[derive(Debug, Clone)]
pub struct Held {
    pub both: BTreeSet<Object>,
    pub only_blue: BTreeSet<Object>,
    pub only_green: BTreeSet<Object>,
    /// What green makes nothing of.
    pub broken: Vec<Unreadable>,
    /// What blue makes nothing of.
    pub broken_on_blue: Vec<Unreadable>,
    /// Green runs events.
    pub runs_events: bool,
    /// The status of every event on green.
    pub event_status: &'static str,
}

impl Default for Held {
    fn default() -> Self {
        let all =
            [(Kind::Table, "orders"), (Kind::View, "totals"), (Kind::Procedure, "close_day"), (Kind::Event, "nightly")];
        Self {
            both: all.map(|(kind, name)| object(kind, name)).into(),
            only_blue: BTreeSet::new(),
            only_green: BTreeSet::new(),
            broken: Vec::new(),
            broken_on_blue: Vec::new(),
            runs_events: false,
            event_status: "ENABLED",
        }
    }
}

/// Of the schema `source`.
pub fn object(kind: Kind, name: &str) -> Object {
    Object { kind, schema: "source".to_owned(), name: name.to_owned() }
}

pub fn refused(kind: Kind, name: &str, code: u16, message: &str) -> Unreadable {
    Unreadable { object: object(kind, name), why: Why::Refused { code, message: message.to_owned() } }
}

impl Held {
    pub(super) fn on(&self, server: &pretend::Server) -> Objects {
        let green = server.replicates_from.is_some();
        let own = if green { &self.only_green } else { &self.only_blue };
        let all: BTreeSet<Object> = self.both.union(own).cloned().collect();
        let status = if green { self.event_status } else { "ENABLED" };
        let events = all.iter().filter(|object| object.kind == Kind::Event);
        let events = events.map(|object| (object.clone(), status.to_owned())).collect();
        let grants = vec!["GRANT ALL PRIVILEGES ON *.* TO 'upgrade'@'%'".to_owned()];
        Objects { events, runs_events: green && self.runs_events, account: "upgrade@%".to_owned(), grants, all }
    }

    pub(super) fn unreadable(&self, server: &pretend::Server, objects: &[Object]) -> Vec<Unreadable> {
        let broken = if server.replicates_from.is_some() { &self.broken } else { &self.broken_on_blue };
        broken.iter().filter(|broken| objects.contains(&broken.object)).cloned().collect()
    }
}
