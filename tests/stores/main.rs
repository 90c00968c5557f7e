//! What every backing of the store promises, and what the embedded one promises beside.

mod contract;
mod crash;
mod damage;
mod faults;
mod folder;
mod mail;
#[path = "../support/sample.rs"]
mod sample;
