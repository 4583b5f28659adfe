//! Checks of what the text of views, routines, triggers, events and expressions says.

use super::{
    check::{Check, Hop},
    findings::Findings,
};
use crate::port::catalogue::{Instance, Schema};

pub(super) const CHECKS: &[Check] = &[];

pub(super) fn of_instance(_instance: &Instance, _hop: &Hop, _findings: &mut Findings) {}

pub(super) fn of_schema(_schema: &Schema, _instance: &Instance, _hop: &Hop, _findings: &mut Findings) {}
