//! Each action on the wire: how its request is read, how its answer is written.
mod clusters;
mod deployments;
mod events;
mod groups;
mod instances;
mod logs;
mod tags;
mod versions;

use super::form::Form;
use super::xml::Xml;
use crate::region::action::*;
use crate::region::{Action, ApiError, Call, Failure, Page, Region};

/// An action that can be read from a form and answered in XML.
pub(super) trait Wire: Call + Sized {
    fn read(form: &Form) -> Result<Self, ApiError>;
    fn write(answer: Self::Answer, xml: &mut Xml);
}

fn run<W: Wire>(form: &Form, region: &mut Region) -> Result<Xml, Failure> {
    let call = W::read(form)?;
    let answer = region.call(call)?;
    let mut xml = Xml::default();
    W::write(answer, &mut xml);
    Ok(xml)
}

/// The marker and the rows of a page.
fn page<T>(xml: &mut Xml, list: &str, item: &str, page: Page<T>, fill: impl Fn(&mut Xml, T)) {
    xml.maybe("Marker", page.marker);
    xml.list(list, item, page.items, fill);
}

macro_rules! dispatch {
    ($form:expr, $region:expr, $action:expr, [$($name:ident),* $(,)?]) => {
        match $action {
            $(Action::$name => run::<$name>($form, $region)),*
        }
    };
}

/// Makes the call a form stands for; the action's name, and the inside of its result.
pub(super) fn dispatch(form: &Form, region: &mut Region) -> (&'static str, Result<Xml, Failure>) {
    let name = form.text("Action").unwrap_or_default();
    let Some(action) = Action::parse(&name) else {
        let message = format!("Could not find operation {name} for version 2014-10-31");
        return ("Unknown", Err(ApiError::new("InvalidAction", 400, message).into()));
    };
    let result = dispatch!(
        form,
        region,
        action,
        [
            AddTagsToResource,
            CreateBlueGreenDeployment,
            CreateDBClusterParameterGroup,
            CreateDBParameterGroup,
            DeleteBlueGreenDeployment,
            DeleteDBCluster,
            DeleteDBClusterParameterGroup,
            DeleteDBInstance,
            DeleteDBParameterGroup,
            DescribeBlueGreenDeployments,
            DescribeDBClusterParameterGroups,
            DescribeDBClusterParameters,
            DescribeDBClusters,
            DescribeDBEngineVersions,
            DescribeDBInstances,
            DescribeDBLogFiles,
            DescribeDBParameterGroups,
            DescribeDBParameters,
            DescribeEngineDefaultClusterParameters,
            DescribeEngineDefaultParameters,
            DescribeEvents,
            DownloadDBLogFilePortion,
            ListTagsForResource,
            ModifyDBCluster,
            ModifyDBClusterParameterGroup,
            ModifyDBInstance,
            ModifyDBParameterGroup,
            RebootDBInstance,
            SwitchoverBlueGreenDeployment,
        ]
    );
    (action.name(), result)
}
