//! Waxseal, an outbound SMTP compliance gateway for healthcare.
//!
//! The rooms in reading order: the words, the way of a message, the side rooms, the cellar.
#![forbid(unsafe_code)]

pub mod audit;
pub mod cli;
pub mod config;
pub mod deliver;
pub mod detect;
pub mod dispatch;
pub mod gateway;
pub mod intake;
pub mod keys;
pub mod mail;
pub mod message;
pub mod people;
pub mod policy;
pub mod protect;
pub mod quarantine;
pub mod queue;
pub mod smtp;
pub mod store;
pub mod telemetry;
pub mod web;
pub mod world;
