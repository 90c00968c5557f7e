//! Which configuration a command works with.

use std::path::{Path, PathBuf};

use super::Common;
use super::exit::{Error, Result};
use crate::config::{self, Configuration};
use crate::intake::Law;
use crate::world::{Clock, SystemClock};

/// Where the configuration stands if `--config` doesn't say.
const PLACES: [&str; 2] = ["config/waxseal.yaml", "/etc/waxseal/waxseal.yaml"];

/// The file named by `--config`, or the first of the usual places that exists.
pub fn path(common: &Common) -> Result<PathBuf> {
    match &common.config {
        Some(path) => Ok(path.clone()),
        None => PLACES.iter().map(PathBuf::from).find(|path| path.is_file()).ok_or_else(|| {
            Error::Configuration(format!(
                "there is no configuration: neither {} exists (see --config)",
                PLACES.join(" nor ")
            ))
        }),
    }
}

/// The checked configuration with everything that a gateway needs, or all that is wrong with it.
pub fn load_to_serve(common: &Common) -> Result<Configuration> {
    config::load(&path(common)?, SystemClock.now()).map_err(|faults| Error::Configuration(faults.to_string()))
}

/// The checked configuration, or everything that is wrong with it. Commands beside the gateway do
/// without its secrets and certificates, which whoever runs them may not be able to read.
pub fn load(common: &Common) -> Result<Configuration> {
    config::load_to_look(&path(common)?, SystemClock.now()).map_err(|faults| Error::Configuration(faults.to_string()))
}

/// Where the gateway keeps what it keeps; a fault elsewhere in the file keeps nobody from a gateway that runs.
pub fn data_dir(common: &Common) -> Result<PathBuf> {
    let path = path(common)?;
    config::data_dir(&path).map_or_else(|| load(common).map(|configuration| configuration.data_dir), Ok)
}

/// Gives what a command made to the owner of the folder that it belongs to: run as root on a gateway
/// with a user of its own, it must be readable by the gateway.
pub fn give_to_owner_of(folder: &Path, made: &Path) -> Result<()> {
    use std::os::unix::fs::{MetadataExt, chown};
    let Ok(owner) = std::fs::metadata(folder) else { return Ok(()) };
    chown(made, Some(owner.uid()), Some(owner.gid())).map_err(|error| Error::io(made.display(), error))
}

/// What judges a message under this configuration.
pub fn law(configuration: &Configuration) -> Result<Law> {
    let ruleset = config::ruleset(configuration).map_err(|faults| Error::Configuration(lines(&faults)))?;
    let known = config::acquaintance(configuration, SystemClock.now());
    let known = known.map_err(|fault| Error::Configuration(fault.to_string()))?.known;
    Ok(Law {
        ruleset: ruleset.knowing(known),
        policy: configuration.policy.clone(),
        own_domains: configuration.own_domains.clone(),
    })
}

/// One fault a line.
pub fn lines(faults: &[impl ToString]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
