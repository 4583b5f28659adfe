//! A call of the API: how it is made, what may come of it, and the record of all that were made.

use serde::{Deserialize, Serialize};

use super::Region;
use super::error::ApiError;
use super::fault::{Breakage, Verdict};
use super::work::Millis;

macro_rules! actions {
    ($($name:ident $kind:ident),* $(,)?) => {
        /// The actions the region answers, by their wire names.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Action {
            $($name),*
        }

        impl Action {
            pub const ALL: &[Self] = &[$(Self::$name),*];

            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name)),*
                }
            }

            /// True where the call changes something.
            pub fn mutating(self) -> bool {
                match self {
                    $(Self::$name => actions!(@ $kind)),*
                }
            }
        }
    };
    (@ reads) => { false };
    (@ writes) => { true };
}

actions! {
    AddTagsToResource writes,
    CreateBlueGreenDeployment writes,
    CreateDBClusterParameterGroup writes,
    CreateDBParameterGroup writes,
    DeleteBlueGreenDeployment writes,
    DeleteDBCluster writes,
    DeleteDBClusterParameterGroup writes,
    DeleteDBInstance writes,
    DeleteDBParameterGroup writes,
    DescribeBlueGreenDeployments reads,
    DescribeDBClusterParameterGroups reads,
    DescribeDBClusterParameters reads,
    DescribeDBClusters reads,
    DescribeDBEngineVersions reads,
    DescribeDBInstances reads,
    DescribeDBLogFiles reads,
    DescribeDBParameterGroups reads,
    DescribeDBParameters reads,
    DescribeEngineDefaultClusterParameters reads,
    DescribeEngineDefaultParameters reads,
    DescribeEvents reads,
    DownloadDBLogFilePortion reads,
    ListTagsForResource reads,
    ModifyDBCluster writes,
    ModifyDBClusterParameterGroup writes,
    ModifyDBInstance writes,
    ModifyDBParameterGroup writes,
    RebootDBInstance writes,
    SwitchoverBlueGreenDeployment writes,
}

impl Action {
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.name() == name)
    }
}

/// A request of the API.
pub trait Call: Serialize {
    const ACTION: Action;
    type Answer;

    /// What the call does and answers, whatever the faults and the record.
    fn apply(self, region: &mut Region) -> Result<Self::Answer, ApiError>;
}

/// Why the caller has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Refused(#[from] ApiError),
    #[error("HTTP {0} with an HTML page")]
    Html(u16),
    /// The caller does not learn whether it took effect; a test may.
    #[error("the answer was lost ({how:?})")]
    Lost { applied: bool, how: Breakage },
}

/// One line of the record of calls.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Request {
    pub at: Millis,
    pub action: Action,
    /// The request as a JSON object.
    pub params: serde_json::Value,
    pub mutating: bool,
    pub outcome: Outcome,
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Answered,
    /// The code of the refusal.
    Refused(String),
    Html(u16),
    Lost {
        applied: bool,
    },
}

impl Request {
    /// True where the call took effect.
    pub fn applied(&self) -> bool {
        matches!(self.outcome, Outcome::Answered | Outcome::Lost { applied: true })
    }
}

impl Region {
    /// Makes a call as a client would: the faults are asked first, and the call is recorded.
    pub fn call<C: Call>(&mut self, call: C) -> Result<C::Answer, Failure> {
        // Requests are plain structs of strings and numbers.
        let params = serde_json::to_value(&call).unwrap_or_default();
        let verdict = self.verdict(C::ACTION);
        let result = match verdict {
            Verdict::Proceed => call.apply(self).map_err(Failure::Refused),
            Verdict::Refuse(error) => Err(Failure::Refused(error)),
            Verdict::Html(status) => Err(Failure::Html(status)),
            Verdict::Break { applied, how } => {
                let applied = applied && call.apply(self).is_ok();
                Err(Failure::Lost { applied, how })
            }
        };
        let outcome = match &result {
            Ok(_) => Outcome::Answered,
            Err(Failure::Refused(error)) => Outcome::Refused(error.code.clone()),
            Err(Failure::Html(status)) => Outcome::Html(*status),
            Err(Failure::Lost { applied, .. }) => Outcome::Lost { applied: *applied },
        };
        let mutating = C::ACTION.mutating();
        self.requests.push(Request { at: self.now, action: C::ACTION, params, mutating, outcome });
        result
    }

    /// Does what a person at the console does: no faults, and not recorded.
    pub fn by_hand<C: Call>(&mut self, call: C) -> Result<C::Answer, ApiError> {
        call.apply(self)
    }

    /// What the rules say of the next call of this action; asking counts as the call. `call` asks by itself.
    pub fn verdict(&mut self, action: Action) -> Verdict {
        self.settings.faults.verdict(action, self.now, &mut self.dice)
    }

    /// Every call since the start or the last `forget_requests`, oldest first.
    pub fn requests(&self) -> &[Request] {
        &self.requests
    }

    pub fn forget_requests(&mut self) {
        self.requests.clear();
    }
}
