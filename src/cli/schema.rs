//! `schema`: JSON Schema (draft-07), so that editors complete and check the YAML files.

use super::exit::{Exit, Result};
use super::output::print;
use crate::config;

#[derive(Clone, Copy, clap::Subcommand)]
pub enum Command {
    /// Of waxseal.yaml
    Config,
    /// Of rule files
    Rules,
}

pub fn run(command: Command) -> Result {
    let schema = match command {
        Command::Config => config::schema(),
        Command::Rules => config::rules_schema(),
    };
    print(&format!("{}\n", serde_json::to_string_pretty(&schema).expect("a schema is JSON")))?;
    Ok(Exit::Done)
}
