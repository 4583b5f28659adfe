//! The RDS adapter: what it makes of answers, and of everything that is none, told by a scripted server on loopback.

mod answers;
mod reads;
mod script;
mod writes;
