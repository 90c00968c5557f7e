//! `connect`: the exact steps to make a mail system send through this gateway.
//!
//! The steps stand as text beside this file, with `{hostname}` and `{port}` where they go in.

use serde_json::json;

use super::Common;
use super::exit::{Error, Exit, Result};
use super::settings::{self, Door};

#[derive(clap::Args)]
pub struct Args {
    /// The system that shall send through this gateway
    #[arg(value_enum)]
    system: System,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum System {
    M365,
    Google,
    Exchange,
    Postfix,
    Device,
}

impl System {
    fn steps(self) -> &'static str {
        match self {
            System::M365 => include_str!("m365.txt"),
            System::Google => include_str!("google.txt"),
            System::Exchange => include_str!("exchange.txt"),
            System::Postfix => include_str!("postfix.txt"),
            System::Device => include_str!("device.txt"),
        }
    }

    /// What its listener must be like: the ports that it can be told, and whether it speaks TLS.
    fn suits(self, door: &Door) -> bool {
        match self {
            // Exchange Online's connectors know no port but 25.
            System::M365 => door.port == 25 && door.offers_tls,
            System::Google => matches!(door.port, 25 | 465 | 587) && door.offers_tls,
            System::Exchange => door.offers_tls,
            System::Postfix | System::Device => true,
        }
    }

    /// What to put into the configuration first, where no listener suits.
    fn advice(self) -> &'static str {
        match self {
            System::M365 => "Exchange Online reaches port 25 only: give a listener `bind: \"[::]:25\"` and a TLS mode.",
            System::Google => "Gmail reaches ports 25, 465 and 587 only: give a listener one of them and a TLS mode.",
            System::Exchange => "Exchange is told to require TLS: give a listener a TLS mode other than `none`.",
            System::Postfix | System::Device => "There is no listener: add one.",
        }
    }
}

pub fn run(common: &Common, args: &Args) -> Result {
    let place = settings::load(common)?;
    let Some(door) = place.doors.iter().find(|door| args.system.suits(door)).or(place.doors.first()) else {
        return Err(Error::Configuration("the configuration has no listener".into()));
    };
    let mut steps = fill(args.system.steps(), &place.hostname, door);
    if !args.system.suits(door) {
        steps = format!("FIRST: {}\n\n{steps}", args.system.advice());
    }
    let answer = json!({ "hostname": place.hostname, "port": door.port, "listener": door.name, "steps": steps });
    common.output().one(&answer, |_| steps.clone())?;
    Ok(Exit::Done)
}

/// The steps for this gateway.
fn fill(steps: &str, hostname: &str, door: &Door) -> String {
    let security = match (door.offers_tls, door.implicit) {
        (false, _) => "none",
        (true, true) => "SSL/TLS (from the first byte)",
        (true, false) => "STARTTLS",
    };
    let mail = hostname.split_once('.').map_or(hostname, |(_, domain)| domain);
    steps
        .replace("{hostname}", hostname)
        .replace("{port}", &door.port.to_string())
        .replace("{security}", security)
        .replace("{listener}", &door.name)
        .replace("{domain}", mail)
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn no_steps_are_left_with_a_blank_to_fill() {
        let door = Door { name: "relay".into(), port: 25, offers_tls: true, implicit: false };
        for system in System::value_variants() {
            let steps = fill(system.steps(), "gw.example.org", &door);
            assert!(steps.contains("gw.example.org") && steps.contains("25"), "{system:?}");
            for blank in ["{hostname}", "{port}", "{security}", "{listener}", "{domain}"] {
                assert!(!steps.contains(blank), "{system:?} {blank}");
            }
        }
    }

    #[test]
    fn microsoft_365_is_told_only_of_port_25_with_tls() {
        let door = |port, offers_tls| Door { name: "x".into(), port, offers_tls, implicit: false };
        assert!(System::M365.suits(&door(25, true)));
        assert!(!System::M365.suits(&door(2525, true)));
        assert!(!System::M365.suits(&door(25, false)));
        assert!(System::Device.suits(&door(2525, false)));
    }
}
