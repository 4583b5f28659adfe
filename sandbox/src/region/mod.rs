//! A pure model of RDS: resources, blue/green life cycle, parameter groups, events and faults, on a clock it is given.
//!
//! [`Region`] never touches a server: it hands out [`work`] and waits for it to be finished. Calls of the API go through
//! [`Region::call`] with one of the request structs of [`action`]; faults are asked and the call is recorded on the way.
//! What people do at the console goes through [`Region::by_hand`]. [`pretend`] is a data plane for tests in one process.
pub mod action;
mod address;
pub mod call;
pub mod catalogue;
mod clockwork;
mod csv;
pub mod deployment;
pub(crate) mod dice;
pub mod error;
pub mod event;
pub mod fault;
pub mod group;
mod hand;
mod lifecycle;
mod lookup;
mod pace;
pub mod page;
pub mod pretend;
pub mod resource;
mod scene;
mod schedule;
pub mod version;
pub mod work;

pub use address::Addresses;
pub use call::{Action, Call, Failure, Outcome, Request};
pub use catalogue::Level;
pub use clockwork::{Region, Settings};
pub use deployment::Deployment;
pub use error::ApiError;
pub use event::Event;
pub use fault::{Breakage, Calls, CoordinatesEvent, Fault, Faults, Home, Mishap, Planned, Rule, Verdict};
pub use pace::Pace;
pub use page::{Page, Paging};
pub use pretend::Pretend;
pub use resource::{Cluster, Instance, Tags};
pub use scene::{ClusterSpec, InstanceSpec, Kind};
pub use work::{Done, Millis, ServerId, Task, Work, WorkId};
