//! What every backing of the store promises, and what the embedded one promises beside.

mod contract;
mod crash;
mod damage;
mod folder;
mod mail;
