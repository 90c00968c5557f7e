//! Both rulesets over mails in files.

use std::path::{Path, PathBuf};

use super::super::super::Common;
use super::super::super::exit::{Error, Exit, Result};
use super::super::super::scan::{Bench, Inputs};
use super::{Changes, Name, Outcome};
use crate::intake::Law;
use crate::message::Documents;
use crate::world::{Clock, SystemClock};

pub fn run(common: &Common, old: &Law, new: &Law, corpus: &Path) -> Result {
    let documents = crate::cli::worker::documents()?;
    let mut changes = Changes::new(common);
    let mut unreadable = 0;
    for input in Inputs::new(&[PathBuf::from(corpus)]) {
        match input {
            Ok(input) => {
                let outcome = |law| outcome(law, &documents, &input.content);
                let (before, after) = (outcome(old), outcome(new));
                changes.see(Name::File(input.name), before, after, Vec::new)?;
            }
            Err(trouble) => {
                eprintln!("waxseal: {}: {}", trouble.name, trouble.error);
                unreadable += 1;
            }
        }
    }
    changes.sum_up()?;
    match unreadable {
        0 => Ok(Exit::Done),
        count => Err(Error::io(format!("{count} of the inputs could not be read"), std::io::Error::other("see above"))),
    }
}

fn outcome(law: &Law, documents: &dyn Documents, content: &[u8]) -> Outcome {
    let bench = Bench { law, documents, now: SystemClock.now() };
    Outcome::from(&bench.examine(content, &[]).decision)
}
