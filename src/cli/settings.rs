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

/// What commands outside the gateway need to know of it.
pub struct Place {
    pub hostname: String,
    pub data_dir: PathBuf,
    /// The users file.
    pub users: PathBuf,
    pub doors: Vec<Door>,
}

/// A listener, as one who connects sees it.
pub struct Door {
    pub name: String,
    pub port: u16,
    pub offers_tls: bool,
    pub implicit: bool,
}

#[derive(Deserialize)]
struct Raw {
    hostname: String,
    data_dir: PathBuf,
    users: Option<PathBuf>,
    #[serde(default)]
    listeners: Vec<RawListener>,
}

#[derive(Deserialize)]
struct RawListener {
    name: String,
    bind: std::net::SocketAddr,
    tls: String,
}

/// Reads the configuration; a relative `data_dir` counts from its folder.
pub fn load(common: &Common) -> Result<Place> {
    let path = path(common)?;
    let text = std::fs::read_to_string(&path).map_err(|error| Error::io(path.display(), error))?;
    let raw: Raw =
        serde_yaml::from_str(&text).map_err(|error| Error::Configuration(format!("{}: {error}", path.display())))?;
    let doors = raw.listeners.into_iter().map(|listener| Door {
        name: listener.name,
        port: listener.bind.port(),
        offers_tls: listener.tls != "none",
        implicit: listener.tls == "implicit",
    });
    let base = path.parent().unwrap_or(Path::new("."));
    let data_dir = base.join(raw.data_dir);
    let users = raw.users.map_or_else(|| data_dir.join("users"), |users| base.join(users));
    Ok(Place { hostname: raw.hostname, data_dir, users, doors: doors.collect() })
}
