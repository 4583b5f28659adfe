//! placeholder, replaced at merge
use std::path::PathBuf;
#[derive(Debug, Clone)]
pub struct Folder(pub PathBuf);
