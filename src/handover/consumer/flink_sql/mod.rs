//! A CDC job that is a Flink SQL script.
