//! What a comparison found.

use serde::{Deserialize, Serialize};

/// Differences that are told with their values; beyond them rows are counted.
pub(super) const MOST_TOLD: usize = 100;

/// Rows of the sink against those of the source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// Keys that were looked up, each once for each sink; one that neither side has any more counts as equal.
    pub rows: u64,
    pub equal: u64,
    /// In the source, and not in the sink.
    pub missing: u64,
    /// In the sink, and not in the source.
    pub extra: u64,
    /// Differences in columns.
    pub different: u64,
    /// Of the three above: rows whose source was the same at two looks, so that the sink has had its chance.
    pub settled: u64,
    /// The first hundred of those that are missing, extra or different.
    pub differences: Vec<Difference>,
    /// `sink.column`, or a whole sink or source, and why it was not compared.
    pub not_compared: Vec<(String, String)>,
    /// Every row that was not equal, to look at again. Never kept: it holds values of rows.
    #[serde(skip)]
    pub unequal: Vec<Unequal>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// `schema.table` of the sink.
    pub table: String,
    /// `id = 1, shard = 'a'`, names of the sink and literals.
    pub key: String,
    pub what: What,
    /// Its source row was the same at two looks with time between them: the sink has had its chance.
    pub settled: bool,
    /// The statement that would give the sink what the source has, or as a comment why there is none. Never kept in a
    /// journal: it holds values of rows.
    #[serde(skip)]
    pub mending: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Missing,
    Extra,
    /// Name of the sink's column, value of the source, value of the sink; `None` is NULL.
    Columns(Vec<(String, Option<String>, Option<String>)>),
}

/// A row that was not equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unequal {
    /// Its place among the pairs.
    pub(super) pair: usize,
    pub(super) key: Vec<String>,
    /// Digest of the source's row then; `None` where there was none.
    pub(super) source: Option<u64>,
}

impl Compared {
    /// Whether every row that was looked at is the same on both sides.
    pub fn is_equal(&self) -> bool {
        self.missing + self.extra + self.different == 0
    }

    /// One sentence.
    pub fn sentence(&self) -> String {
        let mut said = format!("{} rows touched, {} equal", self.rows, self.equal);
        for (count, what) in [(self.missing, "missing"), (self.extra, "extra"), (self.different, "different")] {
            if count > 0 {
                said.push_str(&format!(", {count} {what}"));
            }
        }
        if !self.not_compared.is_empty() {
            said.push_str(&format!("; {} columns or tables not compared", self.not_compared.len()));
        }
        said
    }

    pub(super) fn found(&mut self, unequal: Unequal, difference: impl FnOnce() -> Difference) {
        let difference = (self.differences.len() < MOST_TOLD).then(difference);
        self.differences.extend(difference);
        self.unequal.push(unequal);
    }

    pub(super) fn leave_out(&mut self, what: impl Into<String>, why: impl Into<String>) {
        let entry = (what.into(), why.into());
        if !self.not_compared.contains(&entry) {
            self.not_compared.push(entry);
        }
    }
}
