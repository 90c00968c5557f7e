//! Stories told from outside: the built gateway between a client and "the internet".

mod consent;
mod crash;
mod damage;
mod operations;
mod peers;
mod postfix;
mod relay;
mod resources;
mod rows;
#[path = "../support/sample.rs"]
mod sample;
mod soak;
mod support;
