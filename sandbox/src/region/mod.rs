//! A pure model of RDS: resources, blue/green life cycle, parameter groups, events and faults, on a clock it is given.
pub mod work;
