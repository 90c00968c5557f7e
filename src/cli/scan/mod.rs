//! `scan`: what the rules make of mail that is there already. Sends and stores nothing.
//!
//! It runs `intake::examine`, exactly as the gateway does before its `250`.

mod explain;
mod inputs;
mod report;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::Common;
use super::exit::{Error, Exit, Result};
use super::output::{Output, line, print};
use super::settings;
use crate::intake::Law;
use crate::mail::Address;
use crate::message::Documents;
use crate::world::{Clock, SystemClock};
pub use inputs::Inputs;
use inputs::{Input, Unreadable};
pub use report::Bench;
use report::Report;

#[derive(clap::Args)]
pub struct Args {
    /// Mails (.eml), mboxes, Maildirs, folders of mails, or - for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Show the exact text that was read, its zones, the findings and what nearly matched.
    /// It is the mail's own content: mind who sees it
    #[arg(long)]
    explain: bool,
    /// Judge it as sent to this address instead of those in To, Cc and Bcc; several with commas, or repeated
    #[arg(long = "to", value_name = "ADDRESS", value_delimiter = ',')]
    to: Vec<Address>,
}

/// Messages in memory at a time: enough to keep the processors busy, however large the mbox.
const BATCH: usize = 64;
const BATCH_BYTES: usize = 64 << 20;

pub fn run(common: &Common, args: &Args) -> Result {
    let law = settings::law(&settings::load(common)?)?;
    let documents = super::worker::documents()?;
    let mut inputs = Inputs::new(&args.paths);
    let mut tally = Tally::default();
    loop {
        let batch = next_batch(&mut inputs);
        if batch.is_empty() {
            break;
        }
        for result in examine_all(&batch, &law, &documents, args) {
            tally.count(&result);
            show(common.output(), result)?;
        }
    }
    tally.conclude(common.output())
}

/// What an input came to.
enum Outcome<'a> {
    Report(Report, Option<String>),
    Unreadable(&'a Unreadable),
}

fn next_batch(inputs: &mut Inputs) -> Vec<std::result::Result<Input, Unreadable>> {
    let mut batch = Vec::new();
    let mut bytes = 0;
    while batch.len() < BATCH && bytes < BATCH_BYTES {
        let Some(input) = inputs.next() else { break };
        bytes += input.as_ref().map_or(0, |input| input.content.len());
        batch.push(input);
    }
    batch
}

/// Examines a batch on all processors and gives the outcomes in the order of the inputs.
fn examine_all<'a>(
    batch: &'a [std::result::Result<Input, Unreadable>],
    law: &Law,
    documents: &dyn Documents,
    args: &Args,
) -> impl Iterator<Item = Outcome<'a>> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from).min(batch.len());
    let next = AtomicUsize::new(0);
    let bench = Bench { law, documents, now: SystemClock.now() };
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(input) = batch.get(at) else { return done };
            done.push((at, examine_one(input, &bench, args)));
        }
    };
    let mut outcomes: Vec<(usize, Outcome<'a>)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..processors).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("examining does not panic")).collect()
    });
    outcomes.sort_by_key(|(at, _)| *at);
    outcomes.into_iter().map(|(_, outcome)| outcome)
}

fn examine_one<'a>(input: &'a std::result::Result<Input, Unreadable>, bench: &Bench<'_>, args: &Args) -> Outcome<'a> {
    let input = match input {
        Ok(input) => input,
        Err(unreadable) => return Outcome::Unreadable(unreadable),
    };
    let started = Instant::now();
    let examined = bench.examine(&input.content, &args.to);
    let report = Report::new(&input.name, &examined.decision, started.elapsed());
    let explanation = args.explain.then(|| explain::text(&examined, bench));
    Outcome::Report(report, explanation)
}

fn show(output: Output, outcome: Outcome<'_>) -> Result<()> {
    let (report, explanation) = match outcome {
        Outcome::Report(report, explanation) => (report, explanation),
        Outcome::Unreadable(unreadable) => {
            eprintln!("waxseal: {}: {}", unreadable.name, unreadable.error);
            return Ok(());
        }
    };
    match output {
        Output::Json => line(&report.json(explanation.as_deref())),
        Output::Text => print(&format!("{}{}", report.text(), explanation.unwrap_or_default())),
    }
}

/// What the whole run came to.
#[derive(Default)]
struct Tally {
    messages: usize,
    by_verdict: [usize; 4],
    not_mail: usize,
    unreadable: usize,
    spent: Duration,
}

impl Tally {
    fn count(&mut self, outcome: &Outcome<'_>) {
        match outcome {
            Outcome::Unreadable(_) => self.unreadable += 1,
            Outcome::Report(report, _) => {
                self.messages += 1;
                self.by_verdict[report.verdict as usize] += 1;
                self.not_mail += usize::from(report.is_not_mail());
                self.spent += report.spent;
            }
        }
    }

    fn conclude(&self, output: Output) -> Result {
        if output == Output::Text && self.messages > 1 {
            let counts: Vec<String> = crate::policy::Verdict::ALL
                .iter()
                .map(|verdict| format!("{} {verdict}", self.by_verdict[*verdict as usize]))
                .collect();
            print(&format!("\n{} messages: {}\n", self.messages, counts.join(", ")))?;
        }
        match (self.unreadable, self.not_mail) {
            (0, 0) => Ok(Exit::Done),
            (0, _) => Ok(Exit::BadInput),
            (count, _) => {
                Err(Error::io(format!("{count} of the inputs could not be read"), std::io::Error::other("see above")))
            }
        }
    }
}
