//! Mishaps of deployments that are available already.

use crate::region::Region;
use crate::region::deployment::Status;
use crate::region::fault::Mishap;
use crate::region::resource::Resource;
use crate::region::schedule::Due;

impl Region {
    /// Puts what is to befall a deployment on the schedule; one mishap a deployment.
    pub(super) fn plan_mishaps(&mut self, id: &str) {
        let struck = self.settings.faults.strike(|mishap| match mishap {
            Mishap::Invalid { after, .. } | Mishap::MemberMissing { after } => Some((*after, mishap.clone())),
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
                let mut greens = deployment.rows.iter().rev().filter_map(|row| row.target.clone());
                let last = greens.find(|green| matches!(green, Resource::Instance(_)));
                if let Some(last) = last {
                    self.gone(&last);
                }
            }
            _ => {}
        }
    }
}
