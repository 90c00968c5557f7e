//! Shell completions and man pages, made from the command line's own description.

use std::path::PathBuf;

use clap_complete::Shell;

use super::exit::{Error, Exit, Result};
use super::output;

#[derive(clap::Args)]
pub struct CompletionsArgs {
    shell: Shell,
}

#[derive(clap::Args)]
pub struct ManArgs {
    /// The folder for waxseal.1, waxseal-queue.1 …; made if absent
    folder: PathBuf,
}

pub fn completions(mut command: clap::Command, args: &CompletionsArgs) -> Result {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "waxseal", &mut script);
    output::bytes(&script)?;
    Ok(Exit::Done)
}

pub fn man(command: clap::Command, args: &ManArgs) -> Result {
    let place = args.folder.display();
    std::fs::create_dir_all(&args.folder).map_err(|error| Error::io(format!("making {place}"), error))?;
    clap_mangen::generate_to(command, &args.folder).map_err(|error| Error::io(format!("writing to {place}"), error))?;
    Ok(Exit::Done)
}
