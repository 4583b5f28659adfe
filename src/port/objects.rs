//! What schemas hold, and whether a server can still make something of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Table,
    View,
    Procedure,
    Function,
    Trigger,
    Event,
}

impl Kind {
    pub const ALL: [Self; 6] = [Self::Table, Self::View, Self::Procedure, Self::Function, Self::Trigger, Self::Event];

    /// As statements name it: `SHOW CREATE VIEW`.
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Table => "TABLE",
            Self::View => "VIEW",
            Self::Procedure => "PROCEDURE",
            Self::Function => "FUNCTION",
            Self::Trigger => "TRIGGER",
            Self::Event => "EVENT",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.keyword().to_ascii_lowercase())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Object {
    pub kind: Kind,
    pub schema: String,
    pub name: String,
}

impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

/// All that a login sees in the schemas that are not the server's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Objects {
    pub all: BTreeSet<Object>,
    /// Of each event its status as the server spells it: `ENABLED`, `DISABLED`, `SLAVESIDE_DISABLED`.
    pub events: BTreeMap<Object, String>,
    /// `@@event_scheduler` is on.
    pub runs_events: bool,
    /// Who asked, and what that account was granted: more there may be that it does not see.
    pub account: String,
    pub grants: Vec<String>,
}

/// Why nothing could be made of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The server's error number and words.
    Refused { code: u16, message: String },
    /// The server took too long, or the connection broke; what happened.
    Late(String),
    /// The login may not see the definition.
    Hidden,
}

/// An object whose definition the server does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    pub object: Object,
    pub why: Why,
}
