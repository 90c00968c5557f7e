//! `check`: everything that is wrong, at once, each with file, line and mend.

mod surroundings;

use std::path::Path;

use serde::Serialize;

use super::exit::{Error, Exit, Result};
use super::output::{Output, plain, print};
use super::{Common, dkim, settings};
use crate::config::{self, Configuration};
use crate::detect::{self, Ruleset};
use crate::people::People;
use crate::smtp::Tls;
use crate::world::{Clock, SystemClock};

/// One thing that was looked at and is not as it should be.
#[derive(Debug, Serialize)]
struct Complaint {
    severity: Severity,
    file: String,
    /// 0: the file as a whole.
    line: u64,
    column: u64,
    message: String,
    mend: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Severity {
    /// The gateway would not start.
    Fault,
    /// It would start, but less safe than it should be.
    Refused,
    /// Worth a look.
    Warning,
}

/// What shows a credential to `check` as to the service.
const LOOK_AS_SERVICE: &str =
    "systemd-run --pipe --wait -p LoadCredential=NAME:FILE waxseal check looks at it as the service does";

/// From so many days before its end a certificate is worth a look.
const WARN_DAYS: i64 = 21;

/// Looks at everything. Exit 78: the configuration or its rules can't be used; 1: there are other faults.
pub fn run(common: &Common) -> Result {
    let path = settings::path(common)?;
    if !path.is_file() {
        let what = if path.is_dir() { "that is a folder; name the file" } else { "there is no such file" };
        return Err(Error::Configuration(format!("{}: {what}", path.display())));
    }
    let mut complaints = Vec::new();
    let loaded = config::look(&path, SystemClock.now());
    let unreadable = |fault: &config::Fault| !fault.is_for_the_service_alone();
    let mut unusable = loaded.as_ref().map_or(true, |configuration| configuration.unreadable.iter().any(unreadable));
    match loaded {
        Err(told) => {
            let of = |faults: Vec<config::Fault>, severity| {
                faults.into_iter().map(move |fault| of_settings(severity, fault)).collect::<Vec<_>>()
            };
            complaints.extend(of(told.faults, Severity::Fault));
            if !told.rules.is_empty() {
                let compiled = config::compile_rules(&told.rules, told.packs.as_deref());
                usable(compiled, &mut complaints);
            }
            complaints.extend(of(told.refusals, Severity::Refused));
            complaints.extend(of(told.warnings, Severity::Warning));
        }
        Ok(configuration) => {
            unusable |= !rules(&configuration, &mut complaints);
            look_around(configuration, &mut complaints);
        }
    }
    match common.output() {
        Output::Json => Output::Json.list(&complaints, |_| String::new())?,
        Output::Text => print(&text(&path, &complaints))?,
    }
    let bad = complaints.iter().any(|complaint| complaint.severity != Severity::Warning);
    match (unusable, bad) {
        (true, _) => Err(Error::Configuration(format!("{} can't be used", path.display()))),
        (false, true) => Ok(Exit::No),
        (false, false) => Ok(Exit::Done),
    }
}

/// The rules and their tests; whether they compile.
fn rules(configuration: &Configuration, complaints: &mut Vec<Complaint>) -> bool {
    let Some(ruleset) = usable(config::ruleset(configuration), complaints) else { return false };
    let idle = config::idle_exceptions(configuration, &ruleset);
    complaints.extend(idle.into_iter().map(|fault| of_settings(Severity::Warning, fault)));
    let idle = config::idle_rules(configuration, &ruleset);
    complaints.extend(idle.into_iter().map(|fault| of_rules(Severity::Warning, fault)));
    true
}

/// The rules, if they compile; what is wrong with them, and which of their own tests fail.
fn usable(
    compiled: std::result::Result<Ruleset, Vec<detect::Fault>>,
    complaints: &mut Vec<Complaint>,
) -> Option<Ruleset> {
    let faults = |faults: Vec<detect::Fault>| faults.into_iter().map(|fault| of_rules(Severity::Fault, fault));
    let ruleset = compiled.map_err(|found| complaints.extend(faults(found))).ok()?;
    let failed = ruleset.run_tests().into_iter().filter(|test| !test.passed);
    complaints.extend(failed.map(|test| Complaint {
        severity: Severity::Fault,
        file: test.file,
        line: test.line as u64,
        column: 0,
        message: format!("{}: its own test fails: {}", test.id, test.message),
        mend: Some("mend the rule or the test; `waxseal rules test` runs them".into()),
    }));
    Some(ruleset)
}

/// What else a gateway needs: its folder, key and store, its certificates, the DNS.
fn look_around(configuration: Configuration, complaints: &mut Vec<Complaint>) {
    let keyed = !configuration.unreadable.iter().any(|fault| fault.key == "keys.master");
    if folder(&configuration.data_dir, complaints) && keyed {
        surroundings::store(&configuration, complaints);
    }
    surroundings::dns(&configuration, complaints);
    surroundings::pictures(&configuration, complaints);
    known(&configuration, complaints);
    if let Err(error) = People::open(&configuration.users) {
        let mend =
            "`users:` names the file that `waxseal user add` writes; whoever runs the gateway must be able to read it";
        complaints.push(about(Severity::Fault, &configuration.file, format!("users: {error}"), Some(mend.into())));
    }
    surroundings::directory(&configuration, complaints);
    certificates(&configuration, complaints);
    if let Err(error) = dkim::keys(&configuration.data_dir, None) {
        complaints.push(about(Severity::Fault, &configuration.data_dir.join("dkim"), error.to_string(), None));
    }
    complaints.extend(configuration.unreadable.into_iter().map(|fault| match fault.is_for_the_service_alone() {
        true => of_settings(Severity::Warning, config::Fault { mend: Some(LOOK_AS_SERVICE.into()), ..fault }),
        false => of_settings(Severity::Fault, fault),
    }));
    complaints.extend(configuration.refusals.into_iter().map(|fault| of_settings(Severity::Refused, fault)));
    complaints.extend(configuration.warnings.into_iter().map(|fault| of_settings(Severity::Warning, fault)));
}

/// Patient indexes and the directory: there, readable, and not out of date.
fn known(configuration: &Configuration, complaints: &mut Vec<Complaint>) {
    match config::acquaintance(configuration, SystemClock.now()) {
        Err(fault) if fault.is_for_the_service_alone() => complaints.push(of_settings(Severity::Warning, fault)),
        Err(fault) => complaints.push(of_settings(Severity::Fault, fault)),
        Ok(known) => complaints.extend(known.warnings.into_iter().map(|fault| of_settings(Severity::Warning, fault))),
    }
}

/// Certificates that the configuration names: one that ends soon, or has ended.
fn certificates(configuration: &Configuration, complaints: &mut Vec<Complaint>) {
    let now = SystemClock.now();
    let mut named = configuration.smtp.clone();
    // The gateway makes pairs of its own where none is named, and renews them itself.
    named.listeners.retain(|listener| listener.certificate.is_some());
    let Ok(tls) = Tls::load(&named, &configuration.data_dir, now) else { return };
    for (listener, end) in tls.expiries(&named) {
        let left = end.duration_since(now);
        let (severity, what) = match left.as_hours() / 24 {
            _ if left.is_negative() => (Severity::Refused, format!("ended on {}", end.strftime("%F"))),
            days if days < WARN_DAYS => (Severity::Warning, format!("ends in {days} days")),
            _ => continue,
        };
        let message = format!("listeners.{listener}.certificate: it {what}");
        complaints.push(about(severity, &configuration.file, message, Some("replace the files, then reload".into())));
    }
}

fn about(severity: Severity, file: &Path, message: String, mend: Option<String>) -> Complaint {
    Complaint { severity, file: file.display().to_string(), line: 0, column: 0, message, mend }
}

/// `data_dir` is made if absent; one that is there must be a folder that only its owner opens. True
/// if what lies in it can be looked at.
fn folder(data_dir: &Path, complaints: &mut Vec<Complaint>) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    use std::os::unix::fs::PermissionsExt;
    let trouble = match std::fs::metadata(data_dir) {
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => {
            let Some(trouble) = unmade(data_dir) else { return true };
            let mend = Some("make it for the gateway's user, with mode 0700, or name another place".to_owned());
            complaints.push(about(Severity::Fault, data_dir, format!("data_dir: {trouble}"), mend));
            return false;
        }
        Err(error) => error.to_string(),
        Ok(found) if !found.is_dir() => "it is no folder".to_owned(),
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            format!("others can open it (mode {:o})", found.permissions().mode() & 0o7777)
        }
        Ok(_) => return true,
    };
    let mend = format!("chmod 0700 {}", data_dir.display());
    complaints.push(about(Severity::Fault, data_dir, format!("data_dir: {trouble}"), Some(mend)));
    false
}

/// Why a folder that is not there can't be made, as far as it shows without making it.
fn unmade(data_dir: &Path) -> Option<String> {
    let here =
        |above: &'_ Path| if above.as_os_str().is_empty() { Path::new(".").to_owned() } else { above.to_owned() };
    let nearest = data_dir.ancestors().skip(1).map(here).find(|above| above.exists())?;
    let access = rustix::fs::access(&nearest, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK);
    let why = if nearest.is_dir() { access.err()?.to_string() } else { "that is no folder".to_owned() };
    Some(format!("it is not there and can't be made in {}: {why}", nearest.display()))
}

fn of_settings(severity: Severity, fault: config::Fault) -> Complaint {
    let config::Fault { file, line, column, key, message, mend } = fault;
    let message = if key.is_empty() { message } else { format!("{key}: {message}") };
    Complaint { severity, file: file.display().to_string(), line, column, message, mend }
}

fn of_rules(severity: Severity, fault: detect::Fault) -> Complaint {
    let detect::Fault { file, line, column, message, mend } = fault;
    Complaint { severity, file, line: line as u64, column: column as u64, message, mend }
}

fn text(path: &Path, complaints: &[Complaint]) -> String {
    if complaints.is_empty() {
        return format!("{}: all is well\n", path.display());
    }
    let mut text = String::new();
    for complaint in complaints {
        let place = match (complaint.line, complaint.column) {
            (0, _) => complaint.file.clone(),
            (line, 0) => format!("{}:{line}", complaint.file),
            (line, column) => format!("{}:{line}:{column}", complaint.file),
        };
        let severity = match complaint.severity {
            Severity::Fault => "fault",
            Severity::Refused => "unsafe",
            Severity::Warning => "warning",
        };
        text.push_str(&format!("{severity:<8} {}: {}\n", plain(&place), plain(&complaint.message)));
        if let Some(mend) = &complaint.mend {
            text.push_str(&format!("         {}\n", plain(mend)));
        }
    }
    text
}
