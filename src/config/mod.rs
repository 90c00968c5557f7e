//! YAML as written → each room's checked `Config`.
//!
//! Strict: an unknown or duplicate key, a wrong unit or a missing file is a fault with its line,
//! column and mend, and all faults are told at once. No other room reads YAML or the environment.

mod checks;
mod doors;
mod expand;
mod fault;
mod files;
mod known;
mod levels;
mod load;
pub mod raw;
mod records;
mod restart;
mod routes;
mod ruleset;
mod schema;
mod shape;
#[cfg(test)]
mod tests;
mod text;
mod traps;
mod tree;
pub mod units;

pub use fault::{Fault, Faults, Told};
pub use known::{Acquaintance, acquaintance};
pub use load::{Configuration, Surroundings, data_dir, load, load_to_look, look, read};
pub use restart::waits_for_restart;
pub use ruleset::{compile_rules, idle_exceptions, idle_rules, rules_schema, ruleset};
pub use schema::schema;
