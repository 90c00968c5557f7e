//! `worker` and `ocr` (hidden): what reads strangers' files for the process that started it, confined.

use std::path::PathBuf;

use clap::Args;

use super::exit::{Error, Exit, Result};
use crate::message::{self, Apart};
use crate::world::ocr::{Ocr, become_tesseract};
use crate::world::worker::{Config, Pool, serve_worker};

#[derive(Args)]
pub struct OcrArgs {
    languages: String,
    data: PathBuf,
    program: PathBuf,
}

pub fn run() -> Result {
    serve_worker(message::answer).map_err(|error| Error::io("working", error))?;
    Ok(Exit::Done)
}

pub fn ocr(args: &OcrArgs) -> Result {
    Err(Error::io("reading a picture", become_tesseract(&args.program, &args.data, &args.languages)))
}

/// Workers made of this program, and the program that reads pictures if there is one.
pub fn documents() -> Result<Apart> {
    let workers = Config::this_program().map_err(|error| Error::io("finding this program", error))?;
    Ok(Apart { workers: Pool::new(workers), ocr: Ocr::find().ok() })
}
