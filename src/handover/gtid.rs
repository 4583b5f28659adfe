use crate::{error::{Error, Result}, port::{binlog::{BinlogRead, Place}, mysql::Address}};
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GtidSet(String);
impl std::str::FromStr for GtidSet { type Err = Error; fn from_str(s: &str) -> Result<Self> { Ok(Self(s.to_owned())) } }
impl std::fmt::Display for GtidSet { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(&self.0) } }
impl GtidSet { pub fn is_subset(&self, _: &Self) -> bool { true } }
pub async fn complete_set(_: &dyn BinlogRead, _: &Address, _: &Place) -> Result<GtidSet> { Ok(GtidSet::default()) }
pub fn restorable(_: &GtidSet, _: &GtidSet, _: &GtidSet, _: bool) -> std::result::Result<(), String> { Ok(()) }
