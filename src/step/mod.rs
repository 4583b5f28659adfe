//! One file per kind of step. A step observes and decides; the engine does.

mod any;
pub mod approve;
mod asked;
pub mod capture_coordinates;
pub mod check_green;
pub mod clean_up;
mod contract;
pub mod create_blue_green;
pub mod delete_green;
mod evidence;
mod excluded;
mod family;
mod green_runs;
mod jobs;
mod logins;
pub mod move_cdc_jobs;
pub mod pairs;
pub mod precheck;
pub mod prepare;
pub mod reboot_green;
pub mod recall_cdc_jobs;
pub mod repoint_cdc_jobs;
pub mod resume_cdc_jobs;
pub mod stop_cdc_jobs;
pub mod submit_cdc_jobs;
pub mod switchover;
pub mod sync_parameter_group;
mod target;
mod upgrade_log;
pub mod verify_data;
mod way_back;

pub use any::{AnyStep, Glances, Turn};
pub use asked::Asked;
pub use contract::{
    Attempt, Attempts, Done, Explained, Fate, Known, Next, Operation, Outline, Performed, Policy, Read, Step, Write,
};
pub use way_back::{Recorded, leads_back};

use crate::playbook::StepBody;

/// The step a playbook asks for.
pub fn of(body: &StepBody) -> Box<dyn AnyStep> {
    match body {
        StepBody::Precheck(settings) => Box::new(precheck::Precheck { settings: settings.clone() }),
        StepBody::Prepare { binlog_retention } => Box::new(prepare::Prepare { binlog_retention: *binlog_retention }),
        StepBody::CreateBlueGreen { name } => Box::new(create_blue_green::CreateBlueGreen::new(name.clone())),
        StepBody::SyncParameterGroup { .. } => Box::new(sync_parameter_group::SyncParameterGroup),
        StepBody::RebootGreen { always } => Box::new(reboot_green::RebootGreen { always: *always }),
        StepBody::CheckGreen(settings) => Box::new(check_green::CheckGreen::new(settings.clone())),
        StepBody::Approve { expires } => Box::new(approve::Approve { expires: *expires }),
        StepBody::StopCdcJobs => Box::new(stop_cdc_jobs::StopCdcJobs),
        StepBody::MoveCdcJobs => Box::new(move_cdc_jobs::MoveCdcJobs::default()),
        StepBody::RepointCdcJobs => Box::new(repoint_cdc_jobs::RepointCdcJobs::default()),
        StepBody::Switchover { timeout, max_lag } => {
            Box::new(switchover::Switchover { timeout: *timeout, max_lag: *max_lag })
        }
        StepBody::CaptureCoordinates { wait, given } => {
            Box::new(capture_coordinates::CaptureCoordinates { wait: *wait, given: given.clone() })
        }
        StepBody::SubmitCdcJobs { tail } => {
            Box::new(submit_cdc_jobs::SubmitCdcJobs { tail: *tail, touched: Default::default() })
        }
        StepBody::VerifyData(settings) => Box::new(verify_data::VerifyData::new(settings.clone())),
        StepBody::CleanUp { keep_old_for } => Box::new(clean_up::CleanUp { keep_old_for: *keep_old_for }),
    }
}
