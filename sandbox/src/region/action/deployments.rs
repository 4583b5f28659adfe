//! DescribeBlueGreenDeployments.

use serde::Serialize;

use super::{Filter, check_filters};
use crate::region::Region;
use crate::region::call::{Action, Call};
use crate::region::deployment::{Deployment, Status};
use crate::region::error::ApiError;
use crate::region::page::{Page, Paging};

#[derive(Debug, Clone, Default, Serialize)]
pub struct DescribeBlueGreenDeployments {
    /// `bgd-…`, in any case.
    pub id: Option<String>,
    /// An unknown id is an error, a filter that fits nothing is an empty list.
    pub filters: Vec<Filter>,
    pub paging: Paging,
}

impl Call for DescribeBlueGreenDeployments {
    const ACTION: Action = Action::DescribeBlueGreenDeployments;
    type Answer = Page<Deployment>;

    fn apply(self, region: &mut Region) -> Result<Page<Deployment>, ApiError> {
        let known = ["blue-green-deployment-identifier", "blue-green-deployment-name", "source", "target"];
        check_filters(&self.filters, &known)?;
        let now = region.now;
        let mut shown = region.deployments.iter().filter(|deployment| deployment.progress.shown_from <= now);
        let mut unknown = |id: &str| !shown.any(|deployment| deployment.id.eq_ignore_ascii_case(id));
        if let Some(id) = self.id.as_deref().filter(|id| unknown(id)) {
            return Err(ApiError::no_deployment(id));
        }
        let wanted = |deployment: &Deployment| {
            let first = deployment.source();
            deployment.progress.shown_from <= now
                && self.id.as_ref().is_none_or(|id| id.eq_ignore_ascii_case(&deployment.id))
                && self.filters.iter().all(|filter| match filter.name.as_str() {
                    "blue-green-deployment-identifier" => filter.has(&deployment.id),
                    "blue-green-deployment-name" => filter.has(&deployment.name),
                    "source" => filter.has(&first.source_arn),
                    _ => first.target_arn.as_ref().is_some_and(|arn| filter.has(arn)),
                })
        };
        let mut found = Vec::new();
        for deployment in region.deployments.iter_mut().filter(|deployment| wanted(deployment)) {
            let mut shown = deployment.clone();
            let progress = &mut deployment.progress;
            if deployment.status == Status::Available && now < progress.flaps_until {
                progress.looks += 1;
                if progress.looks.is_multiple_of(2) {
                    shown.status = Status::Provisioning;
                }
            }
            found.push(shown);
        }
        self.paging.of(found)
    }
}
