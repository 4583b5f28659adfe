//! Reports of every format, from event lists.

#[path = "report/docs.rs"]
mod docs;
#[path = "report/format.rs"]
mod format;
#[path = "report/hostile.rs"]
mod hostile;
#[path = "report/live.rs"]
mod live;
#[path = "report/snapshots.rs"]
mod snapshots;
#[path = "report/stories.rs"]
mod stories;
