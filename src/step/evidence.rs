//! Where the evidence of a job's move is kept: one file for machines, and a page to read once it has been proven.

use serde::Serialize;
use serde_json::json;

use super::contract::{Performed, Write};
use crate::{
    artifact,
    error::{Error, Result},
};

/// Which move: the name of its files.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept(pub &'static str);

impl Kept {
    /// The file for machines, as a path in the run's folder.
    pub fn file(self, job: &str) -> String {
        format!("artifacts/{job}/{}.json", self.0)
    }

    /// Writes that file; `(path in the run's folder, digest)`.
    pub fn write(self, job: &str, evidence: &impl Serialize, write: &Write) -> Result<(String, String)> {
        let mut text = serde_json::to_string_pretty(evidence)
            .map_err(|error| Error::bug("The evidence cannot be written as JSON").because(&error))?;
        text.push('\n');
        let digest = artifact::write(&write.artifacts.join(format!("{job}/{}.json", self.0)), text.as_bytes())?;
        Ok((self.file(job), digest))
    }

    /// Writes both, with the proof in them.
    pub fn attest(self, job: &str, evidence: &impl Serialize, page: &str, write: &Write) -> Result<Performed> {
        let kept = self.write(job, evidence, write)?;
        let name = format!("{job}/{}.md", self.0);
        let digest = artifact::write(&write.artifacts.join(&name), page.as_bytes())?;
        let artifacts = vec![kept, (format!("artifacts/{name}"), digest)];
        Ok(Performed { handle: json!({ "evidence": self.file(job) }), artifacts })
    }
}
