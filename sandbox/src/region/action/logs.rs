//! Log files of instances.

use serde::Serialize;

use crate::region::call::{Action, Call};
use crate::region::error::ApiError;
use crate::region::page::{Page, Paging};
use crate::region::{Millis, Region};

/// A log file of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogFile {
    /// The instance's resource id.
    pub instance: String,
    pub name: String,
    pub text: String,
    pub written_at: Millis,
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct DescribeDBLogFiles {
    pub instance: String,
    pub contains: Option<String>,
    pub paging: Paging,
}

impl Call for DescribeDBLogFiles {
    const ACTION: Action = Action::DescribeDBLogFiles;
    type Answer = Page<LogFile>;

    fn apply(self, region: &mut Region) -> Result<Page<LogFile>, ApiError> {
        let instance = region.instance(&self.instance)?;
        let named = |log: &&LogFile| self.contains.as_ref().is_none_or(|part| log.name.contains(part));
        let own = region.logs.iter().filter(|log| log.instance == instance.resource_id);
        self.paging.of(own.filter(named).cloned().collect())
    }
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct DownloadDBLogFilePortion {
    pub instance: String,
    pub file: String,
    /// `0`: from the beginning; absent: the end of the file.
    pub marker: Option<String>,
    pub lines: Option<u32>,
}

/// A part of a log file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogPortion {
    pub text: String,
    /// Present on the last portion too.
    pub marker: String,
    pub more: bool,
}

/// A portion has no more lines than this.
const MOST_LINES: u32 = 10_000;
const MOST_BYTES: usize = 1_000_000;

impl Call for DownloadDBLogFilePortion {
    const ACTION: Action = Action::DownloadDBLogFilePortion;
    type Answer = LogPortion;

    fn apply(self, region: &mut Region) -> Result<LogPortion, ApiError> {
        let instance = region.instance(&self.instance)?;
        let file = region.logs.iter().find(|log| log.instance == instance.resource_id && log.name == self.file);
        let Some(file) = file else {
            let message = format!("DBLog File: {}, is not found on the DB instance", self.file);
            return Err(ApiError::new("DBLogFileNotFoundFault", 404, message));
        };
        if instance.status != "available" {
            let message = format!("DB instance {} isn't ready", instance.id);
            return Err(ApiError::new("DBInstanceNotReady", 400, message));
        }
        let most = self.lines.unwrap_or(MOST_LINES).min(MOST_LINES) as usize;
        let lines: Vec<&str> = file.text.split_inclusive('\n').collect();
        let start = match self.marker.as_deref() {
            None => lines.len().saturating_sub(most),
            // Markers of RDS look like `3:4711`: the hour and the place in the file.
            Some(marker) => {
                let place = marker.rsplit(':').next().and_then(|place| place.parse::<usize>().ok());
                place.ok_or_else(|| ApiError::invalid_value(format!("Invalid marker: {marker}")))?.min(lines.len())
            }
        };
        let mut size = 0;
        // A line that is too long alone is given all the same.
        let fits = |line: &&&str| {
            let first = size == 0;
            size += line.len();
            first || size <= MOST_BYTES
        };
        let taken: Vec<&str> = lines[start..].iter().take(most).take_while(fits).copied().collect();
        let end = start + taken.len();
        Ok(LogPortion { text: taken.concat(), marker: format!("0:{end}"), more: end < lines.len() })
    }
}
