//! Steps that no playbook names: they take back what a run has done before the switchover.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    any::typed,
    contract::{Attempt, Attempts, Fate},
    delete_green, recall_cdc_jobs, resume_cdc_jobs,
};
use crate::error::Result;

/// What a run has recorded of one step of its playbook.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub kind: String,
    /// Those that nothing has taken back yet.
    pub attempts: Attempts<Value>,
    /// Absent while the step is not done.
    pub outputs: Option<Value>,
}

impl Recorded {
    /// Attempts that were, or may have been, applied.
    pub(super) fn sent<Op: DeserializeOwned>(&self) -> Result<Vec<Attempt<Op>>> {
        let mut attempts = typed::<Op>(&self.attempts)?.0;
        attempts.retain(|attempt| !matches!(attempt.fate, Fate::Failed(_)));
        Ok(attempts)
    }
}

/// Whether steps of this kind lead back.
pub fn leads_back(kind: &str) -> bool {
    [recall_cdc_jobs::KIND, resume_cdc_jobs::KIND, delete_green::KIND].contains(&kind)
}
