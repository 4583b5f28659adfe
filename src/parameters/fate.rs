//! What becomes of one parameter on its way from blue to green.

use serde::{Deserialize, Serialize};

use crate::port::rds::Level;

/// The kinds of fates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Becomes {
    /// Same name, same value.
    Carried,
    /// The same value under the name of the target family.
    Renamed,
    /// A value of the same meaning, perhaps under another name.
    Translated,
    /// Blue's value, which no user had set, instead of a new default.
    Pinned,
    /// What the playbook or the upgrade itself asks for.
    Set,
    /// The target family does not have it.
    Dropped,
    /// The target family has it and does not take the value.
    Refused,
    /// Nobody set it, and its default is another one.
    NewDefault,
}

/// One parameter of one level, on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fate {
    pub level: Level,
    /// Its name on blue, or on green where blue has none.
    pub parameter: String,
    /// Its name in green's group, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed: Option<String>,
    /// Set, or in effect by default; absent where RDS does not tell.
    pub blue: Option<String>,
    /// Absent where nothing is set on green: the default of its family holds.
    pub green: Option<String>,
    pub becomes: Becomes,
    /// Empty where there is nothing to explain.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

impl Fate {
    /// Whether green's group is given a value.
    pub fn is_set(&self) -> bool {
        use Becomes::{Carried, Pinned, Renamed, Set, Translated};
        matches!(self.becomes, Carried | Renamed | Translated | Pinned | Set)
    }

    /// `old → new`, or the one name.
    pub fn name(&self) -> String {
        match &self.renamed {
            Some(new) => format!("{} → {new}", self.parameter),
            None => self.parameter.clone(),
        }
    }

    /// A sentence, where somebody should read it.
    pub fn warning(&self) -> Option<String> {
        let (name, why) = (&self.parameter, &self.why);
        let blue = self.blue.as_deref().unwrap_or("its default");
        match self.becomes {
            Becomes::Dropped | Becomes::Refused => Some(format!("{name} = {blue} is not carried to green: {why}")),
            Becomes::NewDefault => {
                let green = self.green.as_deref().unwrap_or("another default");
                Some(format!(
                    "{name} is {blue} on blue by default and {green} on green: {why}. `pin: [{name}]` in \
                     `sync_parameter_group` keeps blue's value"
                ))
            }
            _ => None,
        }
    }
}
