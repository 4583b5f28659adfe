//! What goes wrong on purpose: calls that fail, and deployments that come to grief.

use serde::{Deserialize, Serialize};

use super::call::Action;
use super::dice::Dice;
use super::error::ApiError;
use super::work::Millis;

/// Everything that is to go wrong. The default is a region where nothing does.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Faults {
    /// The first rule that matches a call decides.
    pub rules: Vec<Rule>,
    pub mishaps: Vec<Planned>,
    pub coordinates: CoordinatesEvent,
}

/// Which calls of an action fail.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Calls {
    All,
    /// The nth that the rule sees, from 1.
    Nth(u64),
    /// The first n.
    First(u64),
    /// This share of them, `0.0..=1.0`, by the region's seed.
    Share(f64),
}

/// How a connection ends without a whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Breakage {
    Closed,
    Reset,
    /// Half of the body, then closed.
    CutShort,
    /// Nothing comes, and the connection stays.
    Silence,
    /// A proxy gives up: 504 with an HTML page.
    GatewayTimeout,
}

/// What happens to a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// 400 `Throttling`.
    Throttle,
    /// 500.
    Internal,
    /// 503 as XML.
    Unavailable,
    /// 503 as an HTML page.
    HtmlUnavailable,
    /// 403.
    ExpiredToken,
    Refuse(ApiError),
    /// The effect takes place, the answer is lost.
    ReplyLost(Breakage),
    /// Neither effect nor answer.
    CallLost(Breakage),
}

/// Lets some calls fail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Every action if absent.
    #[serde(default)]
    pub action: Option<Action>,
    pub calls: Calls,
    /// Only from this moment on.
    #[serde(default)]
    pub from: Option<Millis>,
    /// Only before this moment.
    #[serde(default)]
    pub until: Option<Millis>,
    pub fault: Fault,
    /// How many calls of the action the rule has seen in its time window.
    #[serde(default)]
    pub seen: u64,
    /// How many of them it let fail.
    #[serde(default)]
    pub struck: u64,
}

impl Rule {
    pub fn new(action: Action, calls: Calls, fault: Fault) -> Self {
        Self { action: Some(action), ..Self::any(calls, fault) }
    }

    /// For every action.
    pub fn any(calls: Calls, fault: Fault) -> Self {
        Self { action: None, calls, from: None, until: None, fault, seen: 0, struck: 0 }
    }

    /// Counts a call it is about; true where it lets the call fail.
    fn strikes(&mut self, action: Action, now: Millis, dice: &mut Dice) -> bool {
        let early = self.from.is_some_and(|from| now < from);
        let late = self.until.is_some_and(|until| now >= until);
        if early || late || self.action.is_some_and(|own| own != action) {
            return false;
        }
        self.seen += 1;
        match self.calls {
            Calls::All => true,
            Calls::Nth(nth) => self.seen == nth,
            Calls::First(first) => self.seen <= first,
            Calls::Share(share) => dice.chance(share),
        }
    }
}

/// What the rules say of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Proceed,
    Refuse(ApiError),
    /// An HTML page with this status, no effect.
    Html(u16),
    /// No whole answer; `applied` tells whether the call takes effect.
    Break {
        applied: bool,
        how: Breakage,
    },
}

/// Something that happens to deployments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mishap {
    /// Provisioning fails in this task, and the deployment shows this status.
    CreationFails { task: String, reason: String, status: String },
    /// Provisioning never ends this task.
    Stuck { task: String },
    /// The guardrails cancel the switchover; everything is as before.
    SwitchoverCancelled { reason: String },
    /// SWITCHOVER_FAILED: either nothing has moved, or everything has.
    SwitchoverFailed { reason: String, moved: bool },
    /// INVALID_CONFIGURATION, so long after AVAILABLE.
    Invalid { after: Millis, reason: String },
    /// A member of green is deleted by somebody, so long after AVAILABLE.
    MemberMissing { after: Millis },
    /// For so long after AVAILABLE every other look still shows PROVISIONING.
    Flapping { during: Millis },
    /// Green members are in `storage-optimization` for so long after AVAILABLE.
    StorageOptimization { during: Millis },
    /// Green members are in `storage-initialization` for so long after AVAILABLE: their blocks are still being fetched.
    StorageInitialization { during: Millis },
    /// A member of green shows this status for so long, so long after AVAILABLE, though nobody has asked for anything.
    MemberBusy { after: Millis, during: Millis, status: String },
    /// A deployment is not listed for so long after it was asked for.
    ShowsLate { by: Millis },
    /// An event is listed so much later than it happened.
    EventsLate { by: Millis },
    /// An event is listed twice.
    EventsTwice,
    /// An event whose message holds these words, in lower case, is never listed.
    EventsLost { words: String },
    /// Green comes up with the defaults of its family; its groups wait for a reboot.
    GreenPendingReboot,
    /// A parameter group refuses changes for so long after each change.
    GroupBusy { during: Millis },
}

/// A mishap, and how often it is still to happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    pub mishap: Mishap,
    pub times: u32,
    /// How often it happened.
    #[serde(default)]
    pub struck: u32,
}

impl Planned {
    pub fn once(mishap: Mishap) -> Self {
        Self { mishap, times: 1, struck: 0 }
    }

    pub fn always(mishap: Mishap) -> Self {
        Self { mishap, times: u32::MAX, struck: 0 }
    }
}

/// Under which source the event with the binary log coordinates appears; all three were reported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Home {
    /// `db-instance`, by the name the writer of green had before.
    #[default]
    OldGreenInstance,
    /// `db-instance`, by the name of production.
    ProductionInstance,
    /// `db-cluster`, by the name of production; for RDS the instance.
    ProductionCluster,
}

/// How the event with the binary log coordinates behaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CoordinatesEvent {
    pub home: Home,
    /// Milliseconds after SWITCHOVER_COMPLETED; negative is before it, though never before the new names.
    pub after_completed: i64,
    /// 0: it never comes.
    pub copies: u32,
    /// Dated at the flip but listed after later events.
    pub out_of_order: bool,
    /// A second event that names these coordinates.
    pub rival: Option<(String, u64)>,
    /// Events of other databases and of an older switchover that read the same.
    pub decoys: bool,
    /// So many other events under the same source come before it.
    pub crowd: u32,
}

impl Default for CoordinatesEvent {
    fn default() -> Self {
        Self {
            home: Home::default(),
            after_completed: 0,
            copies: 1,
            out_of_order: false,
            rival: None,
            decoys: false,
            crowd: 0,
        }
    }
}

impl Faults {
    pub(super) fn verdict(&mut self, action: Action, now: Millis, dice: &mut Dice) -> Verdict {
        // Every rule counts every call it is about, also those another rule decides.
        let mut decided = None;
        for rule in &mut self.rules {
            if rule.strikes(action, now, dice) && decided.is_none() {
                rule.struck += 1;
                decided = Some(rule.fault.clone());
            }
        }
        match decided {
            None => Verdict::Proceed,
            Some(Fault::Throttle) => Verdict::Refuse(ApiError::throttled()),
            Some(Fault::Internal) => Verdict::Refuse(ApiError::internal()),
            Some(Fault::Unavailable) => Verdict::Refuse(ApiError::unavailable()),
            Some(Fault::ExpiredToken) => Verdict::Refuse(ApiError::expired_token()),
            Some(Fault::HtmlUnavailable) => Verdict::Html(503),
            Some(Fault::Refuse(error)) => Verdict::Refuse(error),
            Some(Fault::ReplyLost(how)) => Verdict::Break { applied: true, how },
            Some(Fault::CallLost(how)) => Verdict::Break { applied: false, how },
        }
    }

    /// What the first planned mishap that `pick` takes and that has times left says, used up once.
    pub(super) fn strike<T>(&mut self, pick: impl Fn(&Mishap) -> Option<T>) -> Option<T> {
        let left = self.mishaps.iter_mut().filter(|planned| planned.struck < planned.times);
        for planned in left {
            if let Some(found) = pick(&planned.mishap) {
                planned.struck += 1;
                return Some(found);
            }
        }
        None
    }
}
