//! Blue's tail found again in green's log.

use serde::{Deserialize, Serialize};

use crate::{
    error::Result,
    port::{binlog::{BinlogRead, Place}, mysql::Address},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub blue: Address,
    pub green: Address,
    pub blue_server_ids: Vec<u32>,
    pub green_server_id: u32,
    pub from: Place,
}

#[derive(Debug, Clone, Default)]
pub struct Ahead;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Translation {
    Exact(Mirror),
    Inexact { why: String, boundary: Option<Boundary> },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mirror {
    pub start: Place,
    pub boundary: Boundary,
    pub transactions: u64,
    pub rows: u64,
    pub order: Order,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order { Preserved, Changed }

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boundary {
    pub place: Place,
    pub first_green: Option<Place>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Checked { Sound, Unsound(String) }

impl Ahead {
    pub async fn read_on(&self, _: &dyn BinlogRead, _: &Request) -> Result<()> { Ok(()) }
    pub async fn translate(&self, _: &dyn BinlogRead, _: &Request, _: &Place) -> Result<Translation> {
        Ok(Translation::Inexact { why: "not read".into(), boundary: None })
    }
}

pub async fn check_coordinates(_: &dyn BinlogRead, _: &Address, _: &[u32], _: &Place) -> Result<Checked> { Ok(Checked::Sound) }
