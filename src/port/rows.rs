//! Whole tables, read by ranges of their key and summed up in the server. A session lives as long as a comparison does.

use serde::{Deserialize, Serialize};

use super::{
    Reply,
    tables::{Form, KeyColumn},
};

/// How a row becomes a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hash {
    /// CRC-32 of its values, multiplied by a number made of its key: 64 bits, of which a changed row keeps the same by a
    /// chance of 2⁻³².
    #[default]
    Crc32,
    /// Half of the MD5 of its values: 64 bits.
    Md5,
}

/// How a value goes into the hash of its row, the same in both servers for the same value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A whole number of at most 32 bits on both sides.
    Narrow,
    /// A whole number of 64 bits; `decimal` where this side keeps it as one.
    Wide { signed: bool, decimal: bool },
    /// With so many digits behind the point.
    Decimal(u64),
    /// As the server writes it: text in UTF-8, bytes, times, decimals of one scale.
    Written,
    /// As it is shown, however long it is.
    Shown(Form),
}

/// A column of the hash. The order of columns is the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashed {
    pub column: String,
    pub part: Part,
    /// NULL is possible on one of the sides.
    pub nullable: bool,
    /// On one of the sides it is text or bytes, which may hold anything.
    pub free: bool,
}

/// A key's values as literals, in the order of the key.
pub type Key = Vec<String>;

/// Rows behind `after` up to and with `until`, in the order of the key; `None` is no end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    pub after: Option<Key>,
    pub until: Option<Key>,
}

/// A table and the order in which it is walked through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    pub schema: String,
    pub table: String,
    /// All columns of the primary key but those of `only`; empty for a table without one.
    pub key: Vec<KeyColumn>,
    /// Columns that must equal a literal: the part of a table that is compared.
    pub only: Vec<(String, String)>,
    pub hash: Hash,
    pub columns: Vec<Hashed>,
}

/// A range summed up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    pub rows: u64,
    /// The same whatever the order of the rows; of a table without a key it counts how often each row is there.
    pub hash: String,
}

/// What a server has to do besides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// `Threads_running`, the one that asks among them.
    pub threads: u64,
    /// `None` where it is no replica, or does not say.
    pub seconds_behind: Option<u64>,
}

/// How big a table is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Size {
    /// As the server estimates it.
    pub rows: u64,
    /// Of a key of one whole number: the least and the greatest; `None` for other keys and an empty table.
    pub ends: Option<(i128, i128)>,
}

/// One session with one server.
pub trait RowsRead: Send {
    fn size<'a>(&'a mut self, walk: &'a Walk) -> Reply<'a, Size>;
    /// The key of the `rows`-th row of the range; `None` where it has fewer.
    fn key_at<'a>(&'a mut self, walk: &'a Walk, range: &'a Range, rows: u64) -> Reply<'a, Option<Key>>;
    fn sum<'a>(&'a mut self, walk: &'a Walk, range: &'a Range) -> Reply<'a, Sum>;
    /// Keys and hashes of the rows of a range, in the order of the key; at most `limit`.
    fn hashes<'a>(&'a mut self, walk: &'a Walk, range: &'a Range, limit: u64) -> Reply<'a, Vec<(Key, u64)>>;
    fn load(&mut self) -> Reply<'_, Load>;
    fn close<'a>(self: Box<Self>) -> Reply<'a, ()>
    where
        Self: 'a;
}
