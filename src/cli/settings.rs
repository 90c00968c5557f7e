//! Which configuration a command works with.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Common;
use super::exit::{Error, Result};

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

/// Only what a command needs to find the gateway that runs.
#[derive(Deserialize)]
struct Place {
    data_dir: PathBuf,
}

/// The gateway's `data_dir`; a relative one counts from the configuration's folder.
pub fn data_dir(common: &Common) -> Result<PathBuf> {
    let path = path(common)?;
    let text = std::fs::read_to_string(&path).map_err(|error| Error::io(path.display(), error))?;
    let place: Place =
        serde_yaml::from_str(&text).map_err(|error| Error::Configuration(format!("{}: {error}", path.display())))?;
    Ok(path.parent().unwrap_or(Path::new(".")).join(place.data_dir))
}
