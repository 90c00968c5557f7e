//! Shell completions and man pages, made from the command line's own description.

use std::path::PathBuf;

use clap_complete::Shell;

use super::exit::{Error, Exit, Result};
use super::output;

#[derive(clap::Args)]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

#[derive(clap::Args)]
pub struct ManArgs {
    /// The folder for waxseal.1, waxseal-queue.1 …; made if absent
    folder: PathBuf,
}

pub fn completions(command: clap::Command, args: &CompletionsArgs) -> Result {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut for_people(&command), "waxseal", &mut script);
    output::bytes(&script)?;
    Ok(Exit::Done)
}

/// Without the commands that the program only gives itself: the generator would offer them, hidden or not.
fn for_people(command: &clap::Command) -> clap::Command {
    let shown = command.get_subcommands().filter(|below| !below.is_hide_set()).cloned();
    clap::Command::new("waxseal").args(command.get_arguments().cloned()).subcommands(shown)
}

pub fn man(command: clap::Command, args: &ManArgs) -> Result {
    let place = args.folder.display();
    std::fs::create_dir_all(&args.folder).map_err(|error| Error::io(format!("making {place}"), error))?;
    clap_mangen::generate_to(command, &args.folder).map_err(|error| Error::io(format!("writing to {place}"), error))?;
    Ok(Exit::Done)
}
