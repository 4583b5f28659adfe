//! Reports of every format, from event lists.
#![expect(clippy::unwrap_used, reason = "in a test, what is missing is a failure of its own")]

#[path = "report/docs.rs"]
mod docs;
#[path = "report/format.rs"]
mod format;
#[path = "report/hostile.rs"]
mod hostile;
#[path = "report/live.rs"]
mod live;
#[path = "report/prechecks.rs"]
mod prechecks;
#[path = "report/snapshots.rs"]
mod snapshots;
#[path = "report/stories.rs"]
mod stories;
