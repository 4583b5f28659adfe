//! Mishaps of deployments that are available already.

use crate::region::Region;
use crate::region::deployment::{Deployment, Status};
use crate::region::fault::Mishap;
use crate::region::resource::Resource;
use crate::region::schedule::Due;

impl Region {
    /// Puts what is to befall a deployment on the schedule; one mishap a deployment.
    pub(super) fn plan_mishaps(&mut self, id: &str) {
        let struck = self.settings.faults.strike(|mishap| match mishap {
            Mishap::Invalid { after, .. } | Mishap::MemberMissing { after } | Mishap::MemberBusy { after, .. } => {
                Some((*after, mishap.clone()))
            }
            _ => None,
        });
        if let Some((after, mishap)) = struck {
            self.after(after, Due::Strike { deployment: id.to_owned(), mishap });
        }
    }

    pub(in crate::region) fn befall(&mut self, id: &str, mishap: Mishap) {
        let Some(deployment) = self.deployment_mut(id).filter(|deployment| deployment.status == Status::Available)
        else {
            return;
        };
        match mishap {
            Mishap::Invalid { reason, .. } => {
                deployment.status = Status::InvalidConfiguration;
                deployment.status_details = Some(reason);
            }
            Mishap::MemberMissing { .. } => {
                if let Some(last) = last_of_green(deployment) {
                    self.gone(&last);
                }
            }
            Mishap::MemberBusy { during, status, .. } => {
                let Some(resource) = last_of_green(deployment) else { return };
                if let Some(turn) = self.set_status(&resource, &status) {
                    self.after(during, Due::Status { resource, turn, status: "available" });
                }
            }
            _ => {}
        }
    }
}

fn last_of_green(deployment: &Deployment) -> Option<Resource> {
    let mut greens = deployment.rows.iter().rev().filter_map(|row| row.target.clone());
    greens.find(|green| matches!(green, Resource::Instance(_)))
}
