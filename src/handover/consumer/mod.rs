//! The kinds of CDC job, one room each.

pub mod flink_sql;
