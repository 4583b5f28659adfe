//! Events: what they say, under which source, and how they are listed.

use serde::Serialize;

use super::Region;
use super::call::{Action, Call};
use super::error::ApiError;
use super::fault::Mishap;
use super::page::{Page, Paging};
use super::work::Millis;

/// One row of DescribeEvents. There is no id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    pub source_id: String,
    pub source_type: SourceType,
    pub source_arn: String,
    pub categories: Vec<&'static str>,
    pub message: String,
    pub at: Millis,
    /// When it is first listed.
    pub listed_at: Millis,
}

/// Of the kinds RDS knows, those the model writes events for, and the rest by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceType {
    DbInstance,
    DbCluster,
    DbParameterGroup,
    DbClusterParameterGroup,
    BlueGreenDeployment,
}

impl SourceType {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DbInstance => "db-instance",
            Self::DbCluster => "db-cluster",
            // Events of cluster groups go under the one type there is for groups.
            Self::DbParameterGroup | Self::DbClusterParameterGroup => "db-parameter-group",
            Self::BlueGreenDeployment => "blue-green-deployment",
        }
    }
}

const SOURCE_TYPES: [&str; 11] = [
    "db-instance",
    "db-parameter-group",
    "db-security-group",
    "db-snapshot",
    "db-cluster",
    "db-cluster-snapshot",
    "custom-engine-version",
    "db-proxy",
    "blue-green-deployment",
    "db-shard-group",
    "zero-etl",
];

const MINUTE: Millis = 60_000;
/// Events are kept for 14 days.
const KEPT: Millis = 14 * 24 * 60 * MINUTE;

/// Before green is open for writes every one of these begins the message.
pub const COORDINATES: &str = "Binary log coordinates in green environment after switchover";

/// The message that carries the coordinates.
pub fn coordinates_message(file: &str, position: u64) -> String {
    format!("{COORDINATES}: file {file} and position {position}")
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct DescribeEvents {
    pub source_identifier: Option<String>,
    pub source_type: Option<String>,
    pub start_time: Option<Millis>,
    pub end_time: Option<Millis>,
    /// Minutes.
    pub duration: Option<u64>,
    pub categories: Vec<String>,
    pub paging: Paging,
}

impl Call for DescribeEvents {
    const ACTION: Action = Action::DescribeEvents;
    type Answer = Page<Event>;

    fn apply(self, region: &mut Region) -> Result<Page<Event>, ApiError> {
        if self.source_identifier.is_some() && self.source_type.is_none() {
            return Err(ApiError::invalid_combination("SourceType must be specified with SourceIdentifier."));
        }
        if let Some(unknown) = self.source_type.as_deref().filter(|known| !SOURCE_TYPES.contains(known)) {
            return Err(ApiError::invalid_value(format!("The value {unknown} is not a valid SourceType.")));
        }
        let now = region.now;
        let end = self.end_time.unwrap_or(now);
        let duration = self.duration.unwrap_or(60) * MINUTE;
        let start = self.start_time.unwrap_or_else(|| end.saturating_sub(duration));
        if start > end {
            return Err(ApiError::invalid_combination("The StartTime must be before the EndTime."));
        }
        let start = start.max(now.saturating_sub(KEPT));
        let wanted = |event: &&Event| {
            event.listed_at <= now
                && (start..=end).contains(&event.at)
                && self.source_type.as_deref().is_none_or(|wanted| wanted == event.source_type.as_str())
                && self.source_identifier.as_deref().is_none_or(|id| id.eq_ignore_ascii_case(&event.source_id))
                && (self.categories.is_empty()
                    || event.categories.iter().any(|own| self.categories.iter().any(|one| one == own)))
        };
        self.paging.of(region.events.iter().filter(wanted).cloned().collect())
    }
}

impl Region {
    /// Everything that was ever said, also what is not listed yet, in the order of listing.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    pub(super) fn say(&mut self, source: SourceType, id: &str, category: &'static str, message: impl Into<String>) {
        let event = Event {
            source_id: id.to_owned(),
            source_type: source,
            source_arn: self.event_arn(source, id),
            categories: if category.is_empty() { Vec::new() } else { vec![category] },
            message: message.into(),
            at: self.now,
            listed_at: self.now + self.settings.pace.event_delay,
        };
        self.say_somehow(event);
    }

    /// As the mishaps of events want it.
    fn say_somehow(&mut self, mut event: Event) {
        let faults = &mut self.settings.faults;
        let said = event.message.to_lowercase();
        let lost = faults.strike(|mishap| match mishap {
            Mishap::EventsLost { words } if said.contains(words.as_str()) => Some(()),
            _ => None,
        });
        if lost.is_some() {
            return;
        }
        let late = faults.strike(|mishap| match mishap {
            Mishap::EventsLate { by } => Some(*by),
            _ => None,
        });
        event.listed_at += late.unwrap_or_default();
        if faults.strike(|mishap| matches!(mishap, Mishap::EventsTwice).then_some(())).is_some() {
            self.list(event.clone());
        }
        self.list(event);
    }

    pub(super) fn list(&mut self, event: Event) {
        let place = self.events.partition_point(|listed| listed.listed_at <= event.listed_at);
        self.events.insert(place, event);
    }

    pub(super) fn event_arn(&self, source: SourceType, id: &str) -> String {
        let kind = match source {
            SourceType::DbInstance => "db",
            SourceType::DbCluster => "cluster",
            SourceType::DbParameterGroup => "pg",
            SourceType::DbClusterParameterGroup => "cluster-pg",
            SourceType::BlueGreenDeployment => "deployment",
        };
        self.arn(kind, id)
    }
}
