//! `rules test`: the tests beside detectors and rules, for people, programs, and build servers (JUnit).

use super::super::Common;
use super::super::exit::{Error, Exit, Result};
use super::super::output::{Output, plain, print};
use super::super::settings;
use crate::config;
use crate::detect::{Fault, TestResult};

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    #[default]
    Text,
    Json,
    /// XML as build servers read it
    Junit,
}

/// Runs all tests, or those of detectors, rules and files whose name begins with one of `only`.
pub fn run(common: &Common, only: &[String], format: Format) -> Result {
    let mut results = match config::ruleset(&settings::load(common)?) {
        Ok(rules) => rules.run_tests(),
        Err(faults) => {
            // A build server reads its report, and nothing else.
            let found: Vec<TestResult> = faults.iter().map(uncompiled).collect();
            match (format, common.output()) {
                (Format::Junit, _) => print(&junit(&found))?,
                (Format::Json, _) | (Format::Text, Output::Json) => Output::Json.list(&found, |_| String::new())?,
                (Format::Text, Output::Text) => {}
            }
            return Err(Error::Configuration(settings::lines(&faults)));
        }
    };
    if !only.is_empty() {
        results.retain(|result| only.iter().any(|wanted| concerns(result, wanted)));
        if results.is_empty() {
            return Err(Error::No(format!("no test belongs to {}", only.join(", "))));
        }
    }
    let failed = results.iter().filter(|result| !result.passed).count();
    match (format, common.output()) {
        (Format::Junit, _) => print(&junit(&results))?,
        (Format::Json, _) | (Format::Text, Output::Json) => Output::Json.list(&results, |_| String::new())?,
        (Format::Text, Output::Text) => print(&text(&results, failed))?,
    }
    Ok(if failed == 0 { Exit::Done } else { Exit::No })
}

/// Rules that don't compile, as a test that they fail.
fn uncompiled(fault: &Fault) -> TestResult {
    TestResult {
        id: "does-not-compile".to_owned(),
        file: fault.file.clone(),
        line: fault.line,
        column: fault.column,
        text: String::new(),
        passed: false,
        message: fault.to_string(),
    }
}

fn concerns(result: &TestResult, wanted: &str) -> bool {
    let file = std::path::Path::new(&result.file);
    result.id.starts_with(wanted) || file.ends_with(wanted) || result.file.starts_with(wanted)
}

fn text(results: &[TestResult], failed: usize) -> String {
    let mut text = String::new();
    for result in results.iter().filter(|result| !result.passed) {
        let said = plain(result.text.trim());
        let TestResult { file, line, column, id, message, .. } = result;
        text.push_str(&format!("{file}:{line}:{column}: {id}: {message}\n    {said}\n"));
    }
    text + &format!("{} passed, {failed} failed\n", results.len() - failed)
}

/// One suite a file, one case a test.
fn junit(results: &[TestResult]) -> String {
    let failures = |results: &[TestResult]| results.iter().filter(|result| !result.passed).count();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"waxseal rules\" tests=\"{}\" failures=\"{}\">\n",
        results.len(),
        failures(results)
    );
    let mut sorted: Vec<TestResult> = results.to_vec();
    sorted.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    for suite in sorted.chunk_by(|a, b| a.file == b.file) {
        let (name, count, failed) = (escaped(&suite[0].file), suite.len(), failures(suite));
        xml.push_str(&format!(
            "  <testsuite name=\"{name}\" tests=\"{count}\" failures=\"{failed}\" errors=\"0\" skipped=\"0\">\n"
        ));
        for case in suite {
            let (name, class) = (escaped(case.text.trim()), escaped(&case.id));
            let place = format!("file=\"{}\" line=\"{}\"", escaped(&case.file), case.line);
            xml.push_str(&format!("    <testcase name=\"{name}\" classname=\"{class}\" {place}"));
            match case.passed {
                true => xml.push_str("/>\n"),
                false => xml.push_str(&format!("><failure message=\"{}\"/></testcase>\n", escaped(&case.message))),
            }
        }
        xml.push_str("  </testsuite>\n");
    }
    xml + "</testsuites>\n"
}

/// Text in an attribute; characters that XML 1.0 has no way to write are left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_server_can_read_the_results() {
        let result = |id: &str, file: &str, passed| TestResult {
            id: id.to_owned(),
            file: file.to_owned(),
            line: 3,
            column: 9,
            text: "a <b> & \"c\"\n\u{1}".to_owned(),
            passed,
            message: "expected a match".to_owned(),
        };
        let xml =
            junit(&[result("one", "b.yaml", true), result("two", "a.yaml", false), result("three", "b.yaml", true)]);
        let mut reader = quick_xml::Reader::from_str(&xml);
        let mut counts = std::collections::BTreeMap::new();
        loop {
            use quick_xml::events::Event;
            match reader.read_event().expect("well-formed") {
                Event::Start(tag) | Event::Empty(tag) => {
                    tag.attributes().for_each(|attribute| _ = attribute.expect("well-formed"));
                    *counts.entry(tag.name().as_ref().to_owned()).or_insert(0) += 1;
                }
                Event::Eof => break,
                _ => {}
            }
        }
        let wanted = [("failure", 1), ("testcase", 3), ("testsuite", 2), ("testsuites", 1)];
        assert_eq!(counts.iter().map(|(name, count)| (name.as_str(), *count)).collect::<Vec<_>>(), wanted);
        assert!(xml.contains("tests=\"3\" failures=\"1\""));
    }
}
