//! `connect`: the exact steps to make a mail system send through this gateway.
//!
//! The steps stand as text beside this file, with `{hostname}` and `{port}` where they go in.

mod verify;

use serde_json::json;

use super::Common;
use super::exit::{Error, Exit, Result};
use super::output::plain;
use super::settings;
use crate::smtp::{self, Listener, TlsMode};

#[derive(clap::Args)]
pub struct Args {
    /// The system that shall send through this gateway
    #[arg(value_enum)]
    system: System,
    /// Instead of printing steps, look at the listener as that system will: name, port, TLS, certificate
    #[arg(long)]
    verify: bool,
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
    fn suits(self, listener: &Listener) -> bool {
        let port = listener.bind.port();
        let offers_tls = listener.tls != TlsMode::Off;
        match self {
            // Exchange Online's connectors know no port but 25.
            System::M365 => port == 25 && offers_tls,
            System::Google => matches!(port, 25 | 465 | 587) && offers_tls,
            System::Exchange => offers_tls,
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
    let configuration = settings::load(common)?;
    let settings = &configuration.smtp;
    let suiting = settings.listeners.iter().find(|listener| args.system.suits(listener));
    let Some(listener) = suiting.or(settings.listeners.first()) else {
        return Err(Error::Configuration("the configuration has no listener".into()));
    };
    if args.verify {
        let servers = configuration.settings.delivery.dns.clone().unwrap_or_default();
        return verify(common, args.system, settings, listener, servers);
    }
    let mut steps = fill(args.system.steps(), settings.hostname.as_str(), listener);
    if suiting.is_none() {
        steps = format!("FIRST: {}\n\n{steps}", args.system.advice());
    }
    let answer = json!({
        "hostname": settings.hostname,
        "port": listener.bind.port(),
        "listener": listener.name,
        "steps": steps,
    });
    common.output().one(&answer, |_| steps.clone())?;
    Ok(Exit::Done)
}

/// Tries what the other system will do; the answer is no if a step fails.
fn verify(
    common: &Common,
    system: System,
    settings: &smtp::Config,
    listener: &Listener,
    servers: Vec<std::net::SocketAddr>,
) -> Result {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::io("starting", error))?;
    let mut steps = runtime.block_on(verify::verify(&settings.hostname, listener, servers));
    if !system.suits(listener) {
        let (step, detail) = ("a listener suits it".to_owned(), system.advice().to_owned());
        steps.insert(0, verify::Step { step, good: false, detail });
    }
    common.output().list(&steps, |steps| {
        let line = |step: &verify::Step| {
            let verdict = if step.good { "good" } else { "FAULT" };
            format!("{verdict:<6} {}: {}\n", step.step, plain(&step.detail))
        };
        steps.iter().map(line).collect()
    })?;
    Ok(if steps.iter().all(|step| step.good) { Exit::Done } else { Exit::No })
}

/// The steps for this gateway.
fn fill(steps: &str, hostname: &str, listener: &Listener) -> String {
    let security = match listener.tls {
        TlsMode::Off => "none",
        TlsMode::Implicit => "SSL/TLS (from the first byte)",
        TlsMode::Offered | TlsMode::Required => "STARTTLS",
    };
    let mail = hostname.split_once('.').map_or(hostname, |(_, domain)| domain);
    steps
        .replace("{hostname}", hostname)
        .replace("{port}", &listener.bind.port().to_string())
        .replace("{security}", security)
        .replace("{listener}", &listener.name)
        .replace("{domain}", mail)
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    fn listener(port: u16, tls: TlsMode) -> Listener {
        let bind = ([0, 0, 0, 0], port).into();
        Listener { name: "relay".into(), bind, tls, certificate: None, auth: Vec::new(), proxy_from: Vec::new() }
    }

    #[test]
    fn no_steps_are_left_with_a_blank_to_fill() {
        let listener = listener(25, TlsMode::Offered);
        for system in System::value_variants() {
            let steps = fill(system.steps(), "gw.example.org", &listener);
            assert!(steps.contains("gw.example.org") && steps.contains("25"), "{system:?}");
            for blank in ["{hostname}", "{port}", "{security}", "{listener}", "{domain}"] {
                assert!(!steps.contains(blank), "{system:?} {blank}");
            }
        }
    }

    #[test]
    fn microsoft_365_is_told_only_of_port_25_with_tls() {
        assert!(System::M365.suits(&listener(25, TlsMode::Required)));
        assert!(!System::M365.suits(&listener(2525, TlsMode::Required)));
        assert!(!System::M365.suits(&listener(25, TlsMode::Off)));
        assert!(System::Device.suits(&listener(2525, TlsMode::Off)));
    }
}
