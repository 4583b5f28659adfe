//! A server's catalogue: read once, with narrow columns, one schema at a time over a few connections, and joined here.
//!
//! On 5.7 most of `information_schema` is made up by opening every table's file, and a join there opens them again for each
//! row of the other side. What the server keeps as tables (`mysql.proc`, `mysql.event`) is read as such: it has the bytes as
//! they are, and one spoilt event does not hide all others.

mod asking;
mod cells;
mod check;
mod comments;
mod foreign;
mod innodb;
mod instance;
mod names;
mod originals;
mod partitions;
mod programs;
mod schema;
mod schemas;
mod tables;
mod views;

use futures_util::FutureExt;

use super::read::Mysql;
use crate::port::{
    Reply,
    catalogue::{CatalogueRead, Checked, Gentle, Instance, Schema},
    mysql::Address,
};

impl CatalogueRead for Mysql {
    fn instance<'a>(&'a self, at: &'a Address) -> Reply<'a, Instance> {
        instance::read(self, at).boxed()
    }

    fn schemas<'a>(
        &'a self,
        at: &'a Address,
        names: &'a [String],
        gentle: Gentle,
        each: &'a mut (dyn FnMut(Schema) + Send),
    ) -> Reply<'a, ()> {
        schemas::read(self, at, names, gentle, each).boxed()
    }

    fn check_tables<'a>(
        &'a self,
        at: &'a Address,
        tables: &'a [(String, String)],
        gentle: Gentle,
    ) -> Reply<'a, Vec<Checked>> {
        check::run(self, at, tables, gentle).boxed()
    }
}
