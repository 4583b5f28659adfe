//! Checks of how schemas, tables, columns, keys and accounts are made.

use super::{
    check::{Check, Hop},
    findings::Findings,
};
use crate::port::catalogue::{Instance, Schema};

pub(super) const CHECKS: &[Check] = &[];

pub(super) fn of_instance(_instance: &Instance, _hop: &Hop, _findings: &mut Findings) {}

pub(super) fn of_schema(_schema: &Schema, _instance: &Instance, _hop: &Hop, _findings: &mut Findings) {}
