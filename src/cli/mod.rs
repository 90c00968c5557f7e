//! The command line: arguments in, exit status out. One file per command.

mod audit;
mod check;
mod connect;
mod control;
mod demo;
mod dkim;
mod dns;
mod edm;
mod exit;
mod find;
mod findings;
mod generate;
mod output;
mod quarantine;
mod queue;
mod rules;
mod scan;
mod schema;
mod serve;
mod settings;
mod suspend;
mod trace;
mod user;
mod waiver;
mod worker;
mod zone;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

use exit::Result;
use output::Output;

/// Outbound SMTP compliance gateway for healthcare: reads every message, finds protected health
/// information, sends it protected or holds it.
#[derive(Parser)]
#[command(name = "waxseal", version, max_term_width = 100, after_help = STATUSES)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

const STATUSES: &str = "Exit status: 0 done; 1 the answer is no; 64 usage; 65 bad input data; 69 gateway not\n\
reachable; 74 I/O; 77 not permitted; 78 configuration.";

/// What every command takes, anywhere after its name.
#[derive(Args, Clone)]
pub struct Common {
    /// Configuration file [default: config/waxseal.yaml, then /etc/waxseal/waxseal.yaml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON: one object, or one object a line for lists
    #[arg(long, global = true)]
    json: bool,
}

impl Common {
    fn output(&self) -> Output {
        if self.json { Output::Json } else { Output::Text }
    }
}

#[derive(Subcommand)]
enum Command {
    /// Run the gateway, in the foreground
    Serve,
    /// Show everything on loopback: six mails through a gateway, and what became of each recipient
    Demo,
    /// Print the exact steps to connect a mail system to this gateway
    Connect(connect::Args),
    /// Look at configuration, rules, certificates and keys: all problems at once, each with its mend
    Check,
    /// Judge mail that is there already by the rules; sends and stores nothing
    Scan(scan::Args),
    /// What the rules are, whether they hold, what a change would do
    #[command(subcommand)]
    Rules(rules::Command),
    /// Print the JSON Schema of a kind of file, for editors
    #[command(subcommand)]
    Schema(schema::Command),
    /// Look at the mail that waits, and move it
    #[command(subcommand)]
    Queue(queue::Command),
    /// Judge the mail that is held for a person
    #[command(subcommand)]
    Quarantine(quarantine::Command),
    /// Let nothing go to a destination for a while
    Suspend(suspend::SuspendArgs),
    /// Let mail go to a destination again
    Resume(suspend::ResumeArgs),
    /// Search all mail, also delivered
    Find(find::Args),
    /// Tell one message's whole story, per recipient
    Trace(trace::Args),
    /// Recipients' documented consent to unencrypted mail
    #[command(subcommand)]
    Waiver(waiver::Command),
    /// Exact-data-match indexes: the site's patients as keyed hashes
    #[command(subcommand)]
    Edm(edm::Command),
    /// The keys that sign what leaves
    #[command(subcommand)]
    Dkim(dkim::Command),
    /// What must stand in the DNS, and whether it does
    #[command(subcommand)]
    Dns(dns::Command),
    /// Verify or export the account of everything that happened
    #[command(subcommand)]
    Audit(audit::Command),
    /// SMTP submitters and people; works without a running gateway, seen at once
    #[command(subcommand)]
    User(user::Command),
    /// Print a completion script for a shell
    Completions(generate::CompletionsArgs),
    /// Open documents for the process that started this one
    #[command(hide = true)]
    Worker,
    /// Read a picture for the process that started this one
    #[command(hide = true)]
    Ocr(worker::OcrArgs),
    /// Write the man pages into a folder
    Man(generate::ManArgs),
}

/// The whole program: reads the command line, does the command, gives the exit status.
pub fn main() -> ExitCode {
    // Before any thread: everything that speaks TLS uses this one provider.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        unreachable!("nothing ran before main that could have installed a provider");
    }
    match Cli::try_parse() {
        Ok(cli) => exit::conclude(run(cli)),
        Err(error) => {
            // Help and version are answers and go to standard output; the rest is a complaint.
            let status = if error.use_stderr() { exit::USAGE } else { 0 };
            _ = error.print();
            ExitCode::from(status)
        }
    }
}

fn run(cli: Cli) -> Result {
    let common = &cli.common;
    match cli.command {
        Command::Serve => serve::run(common),
        Command::Demo => demo::run(common),
        Command::Connect(args) => connect::run(common, &args),
        Command::Check => check::run(common),
        Command::Rules(command) => rules::run(common, command),
        Command::Schema(command) => schema::run(command),
        Command::Scan(args) => scan::run(common, &args),
        Command::Queue(command) => queue::run(common, command),
        Command::Quarantine(command) => quarantine::run(common, command),
        Command::Suspend(args) => suspend::suspend(common, &args),
        Command::Resume(args) => suspend::resume(common, &args),
        Command::Find(args) => find::run(common, &args),
        Command::Trace(args) => trace::run(common, &args),
        Command::Waiver(command) => waiver::run(common, command),
        Command::Edm(command) => edm::run(common, command),
        Command::Dkim(command) => dkim::run(common, command),
        Command::Dns(command) => dns::run(common, command),
        Command::Audit(command) => audit::run(common, command),
        Command::User(command) => user::run(common, command),
        Command::Completions(args) => generate::completions(Cli::command(), &args),
        Command::Worker => worker::run(),
        Command::Ocr(args) => worker::ocr(&args),
        Command::Man(args) => generate::man(Cli::command(), &args),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_argument_says_what_it_is() {
        fn silent(command: &clap::Command, path: &str, found: &mut Vec<String>) {
            let shown = command.get_arguments().filter(|argument| !argument.is_hide_set());
            let mute = shown.filter(|argument| argument.get_help().is_none_or(|help| help.to_string().is_empty()));
            found.extend(mute.map(|argument| format!("{path} {}", argument.get_id())));
            for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
                silent(below, &format!("{path} {}", below.get_name()), found);
            }
        }
        let mut found = Vec::new();
        silent(&Cli::command(), "waxseal", &mut found);
        assert!(found.is_empty(), "{found:?}");
    }

    /// The commands that a page tells its reader to type, or speaks of.
    fn commands_in(page: &str) -> Vec<Vec<String>> {
        let typed = page.lines().filter_map(|line| line.trim().trim_start_matches("sudo ").strip_prefix("waxseal "));
        let told = page.split('`').skip(1).step_by(2).filter_map(|words| words.strip_prefix("waxseal "));
        let mut commands = Vec::new();
        for command in typed.chain(told) {
            // What the shell sees of it: no comment, no redirection, quoted words whole.
            let command = command.split(['#', '>', '|', '&', '\n']).next().unwrap_or_default();
            let mut words = vec!["waxseal".to_owned()];
            for (at, piece) in command.split('"').enumerate() {
                match at % 2 {
                    0 => words.extend(piece.split_whitespace().map(str::to_owned)),
                    _ => words.push(piece.to_owned()),
                }
            }
            commands.push(words);
        }
        commands
    }

    /// A page must not send an administrator to a command or option that isn't there.
    #[test]
    fn every_command_in_the_documents_is_understood() {
        use clap::error::ErrorKind::{
            DisplayHelpOnMissingArgumentOrSubcommand, MissingRequiredArgument, MissingSubcommand,
        };
        let docs = std::fs::read_dir("docs").unwrap().map(|entry| entry.unwrap().path());
        let pages = docs.chain(["README.md".into(), "config/prometheus/waxseal.rules.yaml".into()]);
        let mut seen = 0;
        for page in pages.filter(|page| page.is_file()) {
            for mut words in commands_in(&std::fs::read_to_string(&page).unwrap()) {
                for word in words.iter_mut().filter(|word| word.as_str() == "ID") {
                    *word = "01a20109f57778a7b2b3cba8581a7753".to_owned();
                }
                seen += 1;
                let Err(error) = Cli::try_parse_from(&words) else { continue };
                // A command that is only spoken of stands without what it needs.
                let spoken_of = [DisplayHelpOnMissingArgumentOrSubcommand, MissingRequiredArgument, MissingSubcommand]
                    .contains(&error.kind());
                assert!(spoken_of, "{}: {}: {error}", page.display(), words.join(" "));
            }
        }
        assert!(seen > 40, "{seen}");
    }

    #[test]
    fn config_and_json_stand_anywhere_after_the_command() {
        for line in ["waxseal trace --json --config c.yaml abc", "waxseal trace abc --config c.yaml --json"] {
            let cli = Cli::try_parse_from(line.split(' ')).unwrap_or_else(|error| panic!("{line}: {error}"));
            assert!(cli.common.json, "{line}");
            assert_eq!(cli.common.config.as_deref(), Some(std::path::Path::new("c.yaml")), "{line}");
        }
    }
}
