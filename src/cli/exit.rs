//! Exit statuses (`DESIGN` §4, after sysexits), and the one place that turns trouble into one.

use std::fmt::Display;
use std::io;
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done,
    /// The answer is no: a test failed, a check found faults, there is no such message.
    No,
    /// Some input was no valid data; the rest was done.
    BadInput,
}

/// Why a command could not do what it was asked. The message is for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is well formed, and the answer is no.
    #[error("{0}")]
    No(String),
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Input(String),
    /// No gateway listens on the control socket, or it does not answer.
    #[error("{0}")]
    Unreachable(String),
    #[error("{doing}: {source}")]
    Io { doing: String, source: io::Error },
    #[error("{0}")]
    NotPermitted(String),
    #[error("{0}")]
    Configuration(String),
    /// Whatever read our output went away (`waxseal find | head`): nothing is wrong.
    #[error("output closed")]
    OutputClosed,
}

/// What every command's `run` gives back.
pub type Result<T = Exit> = std::result::Result<T, Error>;

impl Exit {
    pub fn status(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::No => 1,
            Exit::BadInput => 65,
        }
    }
}

impl Error {
    /// An I/O error, with what was being done in words: `reading rules/x.yaml`.
    pub fn io(doing: impl Display, source: io::Error) -> Self {
        Self::Io { doing: doing.to_string(), source }
    }

    pub fn status(&self) -> u8 {
        match self {
            Error::No(_) => 1,
            Error::Usage(_) => USAGE,
            Error::Input(_) => 65,
            Error::Unreachable(_) => 69,
            Error::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => 77,
            Error::Io { .. } => 74,
            Error::NotPermitted(_) => 77,
            Error::Configuration(_) => 78,
            Error::OutputClosed => 0,
        }
    }
}

/// The command line itself could not be understood.
pub const USAGE: u8 = 64;

/// Prints what went wrong and gives the process its exit status.
pub fn conclude(result: Result) -> ExitCode {
    match result {
        Ok(exit) => ExitCode::from(exit.status()),
        Err(error) => {
            if !matches!(error, Error::OutputClosed) {
                eprintln!("waxseal: {error}");
            }
            ExitCode::from(error.status())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trouble_has_the_status_of_the_contract() {
        for (error, status) in [
            (Error::No(String::new()), 1),
            (Error::Usage(String::new()), 64),
            (Error::Input(String::new()), 65),
            (Error::Unreachable(String::new()), 69),
            (Error::io("reading", io::ErrorKind::NotFound.into()), 74),
            (Error::io("reading", io::ErrorKind::PermissionDenied.into()), 77),
            (Error::NotPermitted(String::new()), 77),
            (Error::Configuration(String::new()), 78),
            (Error::OutputClosed, 0),
        ] {
            assert_eq!(error.status(), status, "{error:?}");
        }
    }
}
