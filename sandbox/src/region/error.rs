//! What the API refuses, under the codes that go over the wire.

use serde::{Deserialize, Serialize};

/// A refusal, as the XML error document carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code} ({http_status}): {message}")]
pub struct ApiError {
    /// As on the wire: some codes end in `Fault`, some do not.
    pub code: String,
    pub http_status: u16,
    pub message: String,
}

impl ApiError {
    pub fn new(code: &str, http_status: u16, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), http_status, message: message.into() }
    }

    pub(super) fn invalid_value(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterValue", 400, message)
    }

    pub(super) fn invalid_combination(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterCombination", 400, message)
    }

    pub(super) fn no_cluster(id: &str) -> Self {
        Self::new("DBClusterNotFoundFault", 404, format!("DBCluster {id} not found."))
    }

    pub(super) fn no_instance(id: &str) -> Self {
        Self::new("DBInstanceNotFound", 404, format!("DBInstance {id} not found."))
    }

    /// Describe, modify and delete say this of cluster groups too.
    pub(super) fn no_group(name: &str) -> Self {
        Self::new("DBParameterGroupNotFound", 404, format!("DBParameterGroup not found: {name}"))
    }

    /// Only CreateBlueGreenDeployment and ModifyDBCluster have a code of their own for cluster groups.
    pub(super) fn no_cluster_group(name: &str) -> Self {
        let message = format!("DBClusterParameterGroup not found: {name}");
        Self::new("DBClusterParameterGroupNotFound", 404, message)
    }

    pub(super) fn no_deployment(id: &str) -> Self {
        let message = format!("Blue/green deployment {id} not found.");
        Self::new("BlueGreenDeploymentNotFoundFault", 404, message)
    }

    pub(super) fn instance_state(message: impl Into<String>) -> Self {
        Self::new("InvalidDBInstanceState", 400, message)
    }

    pub(super) fn cluster_state(message: impl Into<String>) -> Self {
        Self::new("InvalidDBClusterStateFault", 400, message)
    }

    pub(super) fn deployment_state(message: impl Into<String>) -> Self {
        Self::new("InvalidBlueGreenDeploymentStateFault", 400, message)
    }

    pub(super) fn group_state(message: impl Into<String>) -> Self {
        Self::new("InvalidDBParameterGroupState", 400, message)
    }

    pub(super) fn throttled() -> Self {
        Self::new("Throttling", 400, "Rate exceeded")
    }

    pub(super) fn expired_token() -> Self {
        Self::new("ExpiredToken", 403, "The security token included in the request is expired")
    }

    pub(super) fn internal() -> Self {
        let message = "An internal error has occurred. Please try your query again at a later time.";
        Self::new("InternalFailure", 500, message)
    }

    pub(super) fn unavailable() -> Self {
        Self::new("ServiceUnavailable", 503, "The request has failed due to a temporary failure of the server.")
    }
}
