//! `worker` (hidden): opens documents for the process that started it, confined, over its standard streams.

use super::exit::{Error, Exit, Result};
use crate::message;
use crate::world::worker::{Config, Pool, serve_worker};

pub fn run() -> Result {
    serve_worker(message::answer).map_err(|error| Error::io("working", error))?;
    Ok(Exit::Done)
}

/// Workers made of this program.
pub fn pool() -> Result<Pool> {
    Config::this_program().map(Pool::new).map_err(|error| Error::io("finding this program", error))
}
