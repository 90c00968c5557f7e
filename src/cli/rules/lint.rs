//! `rules lint`: what a reviewer would ask for, as text, JSON, or SARIF 2.1.0 for code review.

use serde_json::{Value, json};

use super::super::Common;
use super::super::exit::{Error, Exit, Result};
use super::super::output::{Output, line, plain, print};
use super::super::settings;
use crate::config::{self, Configuration};
use crate::detect::{Check, Fault, Remark, Severity};
use crate::world::{Clock, SystemClock};

/// How remarks are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    #[default]
    Text,
    Json,
    /// Static Analysis Results Interchange Format 2.1.0
    Sarif,
}

/// Exit 78: the rules can't be used; 1: there are errors, with `strict` also warnings.
pub fn run(common: &Common, format: Format, strict: bool) -> Result {
    let path = settings::path(common)?;
    let configuration = match config::load_to_look(&path, SystemClock.now()) {
        Ok(configuration) => configuration,
        // What is wrong with a record or the configuration is told like what is wrong with a rule.
        Err(faults) => {
            write(common, format, &faults.0.into_iter().map(of_settings).collect::<Vec<_>>(), "")?;
            return Err(Error::Configuration(format!("{} can't be used", path.display())));
        }
    };
    let (mut remarks, summary, usable) = match config::ruleset(&configuration) {
        Err(faults) => (faults.into_iter().map(of_fault).collect(), String::new(), false),
        Ok(rules) => {
            let (count, detectors) = (rules.rules().count(), rules.detectors().count());
            let summary = format!("{count} rules and {detectors} detectors compile; ruleset {}\n", rules.hash());
            let mut remarks = rules.lint();
            remarks.extend(config::idle_exceptions(&configuration, &rules).into_iter().map(of_exception));
            let idle = config::idle_rules(&configuration, &rules).into_iter().map(of_fault);
            remarks.extend(idle.map(|remark| Remark {
                check: Check::Unreachable,
                severity: Check::Unreachable.severity(),
                ..remark
            }));
            (remarks, summary, true)
        }
    };
    remarks.extend(expired(&configuration));
    write(common, format, &remarks, &summary)?;
    let worst = |severity| remarks.iter().any(|remark| remark.severity == severity);
    match usable {
        false => Err(Error::Configuration("the rules can't be used".to_owned())),
        true if worst(Severity::Error) || strict && worst(Severity::Warning) => Ok(Exit::No),
        true => Ok(Exit::Done),
    }
}

fn write(common: &Common, format: Format, remarks: &[Remark], summary: &str) -> Result<()> {
    match (format, common.output()) {
        (Format::Sarif, _) => line(&sarif(remarks).to_string()),
        (Format::Json, _) | (Format::Text, Output::Json) => Output::Json.list(remarks, |_| String::new()),
        (Format::Text, Output::Text) => print(&(text(remarks) + summary)),
    }
}

fn of_settings(fault: config::Fault) -> Remark {
    Remark { check: Check::DoesNotCompile, severity: Severity::Error, ..of_exception(fault) }
}

fn of_fault(fault: Fault) -> Remark {
    let Fault { file, line, column, message, mend } = fault;
    let message = mend.map_or(message.clone(), |mend| format!("{message} ({mend})"));
    Remark { check: Check::DoesNotCompile, severity: Severity::Error, id: String::new(), file, line, column, message }
}

fn of_exception(fault: config::Fault) -> Remark {
    let config::Fault { file, line, column, key, message, mend } = fault;
    let message = mend.map_or(message.clone(), |mend| format!("{message}; {mend}"));
    Remark {
        check: Check::Exception,
        severity: Check::Exception.severity(),
        id: key,
        file: file.display().to_string(),
        line: line as usize,
        column: column as usize,
        message,
    }
}

/// Exception records that have ended: the loader warns of them, in their own files.
fn expired(configuration: &Configuration) -> impl Iterator<Item = Remark> {
    let of_records = configuration.warnings.iter().filter(|warning| warning.file != configuration.file);
    of_records.cloned().map(of_exception)
}

fn text(remarks: &[Remark]) -> String {
    let mut text = String::new();
    for remark in remarks {
        let severity = super::word(remark.severity);
        let id = if remark.id.is_empty() { String::new() } else { format!("{} ", remark.id) };
        let place = match (remark.line, remark.column) {
            (0, _) => remark.file.clone(),
            (line, column) => format!("{}:{line}:{column}", remark.file),
        };
        text.push_str(&format!("{severity:<8} {}: {id}{}\n", plain(&place), plain(&remark.message)));
    }
    if !remarks.is_empty() {
        let plural = if remarks.len() == 1 { "" } else { "s" };
        text.push_str(&format!("{} remark{plural}\n", remarks.len()));
    }
    text
}

/// SARIF 2.1.0 (OASIS): one run, each check a rule of the tool, each remark a result.
fn sarif(remarks: &[Remark]) -> Value {
    let rule = |check: &Check| {
        json!({
            "id": super::word(check),
            "shortDescription": { "text": check.describe() },
            "defaultConfiguration": { "level": super::word(check.severity()) },
        })
    };
    let result = |remark: &Remark| {
        let index = Check::ALL.iter().position(|check| *check == remark.check);
        let text = [remark.id.as_str(), remark.message.as_str()].join(" ");
        let mut place = json!({ "artifactLocation": { "uri": uri(&remark.file) } });
        if remark.line > 0 {
            place["region"] = json!({ "startLine": remark.line, "startColumn": remark.column.max(1) });
        }
        json!({
            "ruleId": super::word(remark.check),
            "ruleIndex": index,
            "level": super::word(remark.severity),
            "message": { "text": text.trim() },
            "locations": [{ "physicalLocation": place }],
        })
    };
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "waxseal",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": Check::ALL.iter().map(rule).collect::<Vec<_>>(),
            } },
            "columnKind": "utf16CodeUnits",
            "results": remarks.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

/// A path as a URI reference (RFC 3986): what isn't allowed there is written as octets.
fn uri(path: &str) -> String {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes().map(|byte| if allowed(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_what_sarif_asks_for() {
        let remark = |check: Check, line| Remark {
            check,
            severity: check.severity(),
            id: "a.rule".to_owned(),
            file: "my rules/a.yaml".to_owned(),
            line,
            column: 0,
            message: "is odd".to_owned(),
        };
        let report = sarif(&[remark(Check::Unreachable, 12), remark(Check::Exception, 0)]);
        let run = &report["runs"][0];
        assert_eq!(report["version"], "2.1.0");
        assert_eq!(run["tool"]["driver"]["rules"].as_array().expect("a list").len(), Check::ALL.len());
        for result in run["results"].as_array().expect("a list") {
            let index = result["ruleIndex"].as_u64().expect("an index") as usize;
            assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
            assert!(matches!(result["level"].as_str(), Some("error" | "warning" | "note")));
        }
        let place = &run["results"][0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "my%20rules/a.yaml");
        assert_eq!(place["region"], json!({ "startLine": 12, "startColumn": 1 }), "columns count from 1");
        assert!(run["results"][1]["locations"][0]["physicalLocation"].get("region").is_none());
    }
}
