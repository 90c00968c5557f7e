//! The shipped packs: they compile, pass the tests in their own files, and stand any text.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Instant;

use proptest::prelude::*;
use waxseal::config::{compile_rules, rules_schema};
use waxseal::detect::{Circumstances, Findings, Outline, RuleFile, RuleMatch, Ruleset, compile};
use waxseal::message::{self, Budget, InProcess, Origin, Reading, Segment, Shape, Zone, ZoneSpan};

/// All shipped packs, as `serve` loads them.
fn shipped() -> &'static Ruleset {
    static RULES: OnceLock<Ruleset> = OnceLock::new();
    RULES
        .get_or_init(|| compile_rules(&[PathBuf::from("rules")], None).unwrap_or_else(|faults| panic!("{}", faults[0])))
}

fn reading(text: &str, shape: Shape) -> Reading {
    let zones = vec![ZoneSpan { end: text.len(), zone: Zone::New }];
    let origin = Origin::new("body/text[1]");
    Reading {
        segments: vec![Segment { origin, text: text.to_owned(), zones, shape, canonical: None }],
        ..Reading::default()
    }
}

fn scan(rules: &Ruleset, text: &str, shape: Shape) -> Findings {
    rules.scan(&reading(text, shape), &Circumstances::default(), &Budget::new(u64::MAX, u64::MAX))
}

fn failures(rules: &Ruleset) -> String {
    let failed = rules.run_tests().into_iter().filter(|result| !result.passed);
    failed
        .map(|result| format!("{}:{} {}: {} ({})\n", result.file, result.line, result.id, result.text, result.message))
        .collect()
}

#[test]
fn the_shipped_packs_pass_their_own_tests() {
    let failed = failures(shipped());
    assert!(failed.is_empty(), "{failed}");
}

#[test]
fn the_optional_packs_pass_theirs_and_are_active_only_where_they_are_named() {
    let packs = ["hipaa", "hipaa-strict", "special", "payment-cards", "personal"].map(str::to_owned);
    let every = compile_rules(&[PathBuf::from("rules")], Some(&packs)).unwrap_or_else(|faults| panic!("{}", faults[0]));
    let failed = failures(&every);
    assert!(failed.is_empty(), "{failed}");
    let has = |rules: &Ruleset, id: &str| rules.rules().any(|rule| rule.rule.id.value == id);
    for id in ["special.hiv", "strict.patient-number"] {
        assert!(has(&every, id) && !has(shipped(), id), "{id}");
    }
    assert!(has(shipped(), "phi.identifier-with-health") && has(shipped(), "payment.card-number"));
}

/// `UPDATE_GOLDEN=1` writes it anew.
#[test]
fn the_schema_for_editors_is_made_from_the_types() {
    let path = "config/rules.schema.json";
    let made = serde_json::to_string_pretty(&rules_schema()).expect("a schema is JSON") + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &made).expect("the schema is writable");
    }
    assert_eq!(std::fs::read_to_string(path).expect("the schema"), made, "run with UPDATE_GOLDEN=1");
}

/// Every block of docs/rules.md that is a whole file compiles beside the shipped packs and passes its tests.
#[test]
fn the_guides_examples_work_as_printed() {
    let guide = std::fs::read_to_string("docs/rules.md").expect("the guide");
    let blocks: Vec<&str> = guide.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 2);
    let mut files = Vec::new();
    let mut shipped: Vec<PathBuf> =
        std::fs::read_dir("rules/hipaa").expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    shipped.retain(|path| path.extension().is_some_and(|kind| kind == "yaml"));
    shipped.sort();
    for path in shipped {
        let text = std::fs::read_to_string(&path).expect("a shipped file");
        files.push(RuleFile { name: path.display().to_string(), text });
    }
    files.extend(
        blocks.iter().enumerate().map(|(at, text)| RuleFile { name: format!("docs/{at}.yaml"), text: (*text).into() }),
    );
    let load = |file: &str, path: &str| {
        let path = Path::new(file).parent().expect("a folder").join(path);
        std::fs::read_to_string(path).map_err(|error| error.to_string())
    };
    let rules = compile(&files, &["hipaa".to_owned()], &load).unwrap_or_else(|faults| panic!("{}", faults[0]));
    let failed: String = rules
        .run_tests()
        .into_iter()
        .filter(|result| !result.passed && result.file.starts_with("docs/"))
        .map(|result| format!("{}: {} ({})\n", result.id, result.text, result.message))
        .collect();
    assert!(failed.is_empty(), "{failed}");
}

/// Every mail of the corpus: what is kept of it, and no letter of its text, gives the matches that its text gave.
#[test]
fn what_is_kept_of_a_message_lets_the_same_rules_judge_alike() {
    let (rules, budget) = (shipped(), || Budget::new(u64::MAX, u64::MAX));
    let known = Circumstances::default();
    // Such sights are not kept, and `limits_of_outlines` says so of the rule.
    let takes_unlikely = |id: &str| {
        let when = rules.rules().find(|rule| rule.rule.id.value == id).map(|rule| &rule.rule.when).expect("a rule");
        when.all.iter().chain(&when.any).any(|condition| condition.confidence.is_some_and(|least| least < 50))
    };
    let (mut kept, mut matched) = (0, 0);
    for entry in std::fs::read_dir("tests/corpus/eml").expect("the corpus") {
        let path = entry.expect("an entry").path();
        let content = std::fs::read(&path).expect("a mail");
        let reading = message::read(&content, &budget(), &InProcess);
        let findings = rules.scan(&reading, &known, &budget());
        let gaps = Reading { gaps: reading.gaps.clone(), ..Reading::default() };
        let json = serde_json::to_string(&findings.outline).expect("JSON");
        let outline: Outline = serde_json::from_str(&json).expect("the same");
        let again = rules.judge_outline(&outline, &gaps, &known);
        let brief = |matches: &[RuleMatch]| -> Vec<(String, u8)> {
            let told = matches.iter().filter(|matched| !takes_unlikely(&matched.rule));
            told.map(|matched| (matched.rule.clone(), matched.confidence)).collect()
        };
        if rules.doubts(&outline).is_empty() {
            assert_eq!(brief(&again), brief(&findings.matches), "{}", path.display());
            matched += usize::from(!brief(&again).is_empty());
        }
        for seen in findings.findings.iter().filter(|finding| finding.length >= 8) {
            let segment = reading.segments.iter().find(|segment| segment.origin == seen.origin);
            let value = segment.and_then(|segment| segment.text.get(seen.offset..seen.offset + seen.length));
            assert!(value.is_none_or(|value| !json.contains(value)), "{}", path.display());
            kept += 1;
        }
    }
    assert!(matched > 50 && kept > 100, "{matched} {kept}");
}

/// T172: the time grows with the text, whatever the text is.
#[test]
fn hostile_text_is_scanned_in_linear_time() {
    for text in ["219096781 ", "1-1-1-", "219-09-678 ", "patient patient ", "John Roe, ", "a1b2c3", "________: "] {
        let small = text.repeat((64 << 10) / text.len());
        let large = text.repeat((512 << 10) / text.len());
        let start = Instant::now();
        scan(shipped(), &small, Shape::Prose);
        let once = start.elapsed();
        let start = Instant::now();
        scan(shipped(), &large, Shape::Prose);
        // Eight times the text; room for a busy machine, none for a square (64).
        assert!(
            start.elapsed() < once * 32 + std::time::Duration::from_millis(200),
            "{text:?}: {once:?} {:?}",
            start.elapsed()
        );
    }
}

/// Pieces that make texts in which something is found, joined by anything.
fn pieces() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "Patient",
        "Jane Roe",
        "ROE, JANE",
        "SSN 219-09-6781",
        "metformin 500 mg",
        "MRN 4471234",
        "é",
        "\u{200b}",
        "\n\n",
        "\t",
        ": ",
        "Dx E11.9",
        "DOB 10/24/1971",
        "Mr. ",
        "’s",
        "4111 1111 1111 1111",
        "𝟙",
        "____",
        "[ ]",
        "\r\n",
        "PID-5: ",
    ]);
    prop::collection::vec(prop_oneof![known.prop_map(str::to_owned), "\\PC{0,8}"], 0..24)
        .prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_text_is_scanned_and_findings_stand_on_its_characters(text in pieces(), shape in 0..3_u8) {
        let shape = [Shape::Prose, Shape::Table, Shape::Records][usize::from(shape)];
        for finding in scan(shipped(), &text, shape).findings {
            let end = finding.offset + finding.length;
            prop_assert!(text.is_char_boundary(finding.offset) && text.is_char_boundary(end), "{finding:?}");
            prop_assert!(end <= text.len());
        }
    }
}

/// What an editor shows on hovering over a key.
#[test]
fn every_key_of_rules_and_configuration_is_described() {
    for schema in [rules_schema(), waxseal::config::schema()] {
        let mut bare = Vec::new();
        undescribed(&schema, "", &mut bare);
        assert!(bare.is_empty(), "{bare:?}");
    }
}

fn undescribed(schema: &serde_json::Value, path: &str, bare: &mut Vec<String>) {
    let Some(object) = schema.as_object() else { return };
    for (name, key) in object.get("properties").and_then(|keys| keys.as_object()).into_iter().flatten() {
        let path = format!("{path}.{name}");
        if key.get("description").is_none() {
            bare.push(path.clone());
        }
        undescribed(key, &path, bare);
    }
    for (name, definition) in object.get("definitions").and_then(|all| all.as_object()).into_iter().flatten() {
        undescribed(definition, name, bare);
    }
}
