use super::*;

fn compile_text(text: &str) -> Result<Ruleset, Vec<Fault>> {
    let file = RuleFile { name: "rules/site.yaml".to_owned(), text: text.to_owned() };
    compile(&[file], &[], &|_, path| match path {
        "data/drugs.txt" => Ok("# drugs\nmetformin\nwarfarin sodium\n".to_owned()),
        _ => Err("no such file".to_owned()),
    })
}

const EXAMPLE: &str = r#"
lists:
  ssn_label: [ssn, social security, soc sec]
detectors:
  - id: us-ssn
    title: US Social Security number
    identifies: person
    class: strong
    regex: '\b\d{3}[- ]?\d{2}[- ]?\d{4}\b'
    validate: [ssn, not-repeated]
    confidence: 40
    raise: [{ near: ssn_label, before: 30, to: 95 }]
    tests: { match: ["SSN 219-09-6781"], no_match: ["order 219-09-6781", "SSN 000-12-3456"] }
  - id: drug-name
    title: Drug names
    identifies: health
    class: specific
    dictionary: data/drugs.txt
rules:
  - id: phi.identifier-with-health
    title: A person's identifier beside health information
    status: stable
    mode: enforce
    when:
      all:
        - { identifies: person, class: [strong, linking], confidence: 75 }
        - { identifies: health, class: [specific, event] }
      within: 300
      zones: [new, quoted]
    topic: clinical
    sensitivity: standard
    why: "45 CFR 160.103: individually identifiable health information"
    false_positives: [Provider directories]
    tests:
      - phi: "Patient John Roe, SSN 219-09-6781, was started on metformin."
      - clean: "Order 219-09-6781 has shipped."
"#;

#[test]
fn the_documented_example_compiles_and_passes_its_tests() {
    let rules = compile_text(EXAMPLE).expect("the example compiles");
    let failed: Vec<_> = rules.run_tests().into_iter().filter(|result| !result.passed).collect();
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!(rules.hash().len(), 64);
}

/// Each fault names its place and, where there is one, the mend.
#[test]
fn faults_name_line_column_and_mend() {
    let cases: &[(&str, &str, usize, &str)] = &[
        ("confidence: 40", "confidance: 40", 11, "did you mean \"confidence\"?"),
        ("validate: [ssn,", "validate: [sssn,", 10, "did you mean \"ssn\"?"),
        ("near: ssn_label", "near: ssn_lable", 12, "did you mean \"ssn_label\"?"),
        ("'\\b\\d{3}[- ]?\\d{2}[- ]?\\d{4}\\b'", "'(\\d{3}'", 9, ""),
        ("'\\b\\d{3}[- ]?\\d{2}[- ]?\\d{4}\\b'", "'(\\w{1000}){1000}'", 9, ""),
        ("data/drugs.txt", "data/drug.txt", 18, ""),
        ("id: drug-name", "id: us-ssn", 14, "give it another id"),
        ("within: 300", "within: 300 metres", 28, ""),
        ("confidence: 40", "confidence: 140", 11, "a number from 0 to 100, or low (65)"),
        ("confidence: 40", "confidence: sure", 11, "a number from 0 to 100, or low (65)"),
        ("before: 30", "before: 30 chars", 12, "a whole number is expected here"),
        ("    class: strong\n", "    class: strong\n    class: weak\n", 9, "keep one of them"),
        ("    class: strong\n", "\tclass: strong\n", 8, "indent with blanks"),
        ("'\\b\\d{3}[- ]?\\d{2}[- ]?\\d{4}\\b'", "\"\\b\\d{3}\"", 9, "between single quotes"),
        ("class: strong", "class: specific", 5, "`strong`, `linking`, `weak` or `context`"),
        ("class: specific", "class: strong", 14, "`specific`, `event`, `general` or `context`"),
        ("confidence: 40", "confidence: 40\n    case: upper", 5, "`terms` or a `dictionary`"),
        ("confidence: 40", "confidence: 40\n    cells: '\\d+'", 5, "`columns`"),
        (", to: 95", "", 5, "give it one of them"),
        ("near: ssn_label, before: 30, ", "", 5, "give it one of `near`"),
        ("topic: clinical", "topic: clinic", 30, "did you mean \"clinical\"?"),
        ("- clean: \"Order", "- clean: x\n        phi: \"Order", 37, "a test of its own"),
        ("- clean: \"Order", "- to: [ann]\n        clean: \"Order", 37, "\"ann\" is no mail address"),
        (
            "      within: 300",
            "        - { recipient: ann@ }\n      within: 300",
            28,
            "\"ann@\" is no address and no domain",
        ),
    ];
    for (old, new, line, mend) in cases {
        assert!(EXAMPLE.contains(old), "{old}");
        let faults = compile_text(&EXAMPLE.replacen(old, new, 1)).map(|_| ()).expect_err(new);
        let text = faults[0].to_string();
        assert_eq!(faults[0].line, *line, "{text}");
        assert!(text.contains(mend), "{text}");
    }
}

/// A bare domain was read as a mailbox, which no address is: such a rule never matched and nothing said so.
#[test]
fn a_condition_on_a_recipient_takes_a_bare_domain() {
    let test = "      - { to: [bob@a.plan.example], clean: \"Patient John Roe, SSN 219-09-6781, was started on metformin.\" }\n";
    let text = EXAMPLE
        .replace("      within: 300", "        - { recipient: [ann@other.example, plan.example] }\n      within: 300")
        .replace("      - phi: \"Patient", "      - to: [bob@plan.example]\n        phi: \"Patient");
    let rules = compile_text(&format!("{text}{test}")).expect("it compiles");
    let failed: Vec<_> = rules.run_tests().into_iter().filter(|result| !result.passed).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn confidence_may_be_a_word() {
    let rules = compile_text(&EXAMPLE.replace("confidence: 40", "confidence: low")).expect("a word");
    assert_eq!(rules.detectors().next().map(|detector| detector.confidence), Some(65));
}

#[test]
fn a_later_file_changes_an_earlier_one_by_id() {
    let site = "overrides: [{id: us-ssn, set: {confidence: 80}}, {id: phi.identifier-with-health, append: {zones: [signature]}}, {id: drug-name, disable: true}]\n\
                detectors: [{id: local, title: Local, identifies: health, class: specific, terms: [foo]}]";
    let files =
        [("a.yaml", EXAMPLE), ("b.yaml", site)].map(|(name, text)| RuleFile { name: name.into(), text: text.into() });
    let rules =
        compile(&files, &[], &|_, _| Ok("metformin".to_owned())).unwrap_or_else(|faults| panic!("{}", faults[0]));
    assert_eq!(rules.detectors().map(|detector| detector.id.as_str()).collect::<Vec<_>>(), ["us-ssn", "local"]);
    assert_eq!(rules.detectors().next().map(|detector| detector.confidence), Some(80));
    assert_eq!(rules.rules().next().map(|rule| rule.rule.when.zones.len()), Some(3));
}

#[test]
fn a_rule_may_ask_what_kind_of_mail_it_is_and_how_large() {
    let rule = |condition: &str, tests: &str| {
        format!(
            "rules:\n  - id: a.b\n    title: A\n    when: {{ all: [{{ detector: w }}, {condition}] }}\n    tests: [{tests}]\n\
             detectors: [{{ id: w, title: W, identifies: other, class: context, terms: [foo] }}]"
        )
    };
    for (condition, tests) in [
        ("{ traffic: list }", "{ match: foo, fields: { list-id: \"<l.x.example>\" } }, { clean: foo }"),
        ("{ traffic: [person, report] }", "{ match: foo }, { clean: foo, fields: { Auto-Submitted: auto-replied } }"),
        ("{ size: { at_least: 5 } }", "{ match: foo bar }, { clean: foo }"),
        ("{ size: { at_most: 3 } }", "{ match: foo }, { clean: foo bar }"),
        ("{ header: { name: x-a, contains: B } }", "{ match: foo, fields: { X-A: abc } }, { clean: foo }"),
    ] {
        let rules = compile_text(&rule(condition, tests)).unwrap_or_else(|faults| panic!("{}", faults[0]));
        let failed: Vec<_> = rules.run_tests().into_iter().filter(|test| !test.passed).collect();
        assert!(failed.is_empty(), "{condition}: {failed:?}");
    }
    for condition in ["{}", "{ count: 2 }", "{ confidence: high }"] {
        let faults = compile_text(&rule(condition, "")).map(|_| ()).expect_err(condition);
        assert!(faults[0].message.contains("asks for nothing"), "{}", faults[0]);
    }
}

#[test]
fn what_others_name_can_be_taken_out_and_then_finds_nothing() {
    let site = "overrides: [{ id: us-ssn, disable: true }]\n\
                rules:\n  - id: site.a\n    title: A\n    when: { all: [{ detector: drug-name }], none: [{ detector: us-ssn }] }\n    \
                lower: [{ near: [us-ssn], to: 10 }]\n    tests: [{ match: \"219-09-6781 metformin\" }, { clean: \"foo\" }]";
    let example = format!("pack: example\n{EXAMPLE}");
    let files =
        [("a.yaml", &*example), ("b.yaml", site)].map(|(name, text)| RuleFile { name: name.into(), text: text.into() });
    let rules = compile(&files, &["example".to_owned()], &|_, _| Ok("metformin".to_owned()))
        .unwrap_or_else(|faults| panic!("{}", faults[0]));
    assert!(rules.detectors().all(|detector| detector.id != "us-ssn"));
    let results = rules.run_tests();
    let of_site: Vec<_> = results.iter().filter(|test| test.id == "site.a").collect();
    assert!(of_site.len() == 2 && of_site.iter().all(|test| test.passed), "{of_site:?}");
    assert!(results.iter().all(|test| test.passed), "what the shipped tests say of it is void: {results:?}");
}

/// The shipped file is not at fault, and nobody finds the mend there.
#[test]
fn what_an_override_breaks_is_told_where_the_override_stands() {
    for (change, said) in [
        ("{ id: us-ssn, set: { regex: '(' } }", "unclosed group"),
        ("{ id: us-ssn, append: { validate: [sssn] } }", "did you mean \"ssn\"?"),
        ("{ id: phi.identifier-with-health, append: { all: [{ detector: nosuch }] } }", "no detector is named"),
    ] {
        let site = format!("overrides:\n  - {change}\n");
        let files = [("a.yaml", EXAMPLE), ("b.yaml", &site)];
        let files = files.map(|(name, text)| RuleFile { name: name.into(), text: text.into() });
        let faults = compile(&files, &[], &|_, _| Ok("metformin".to_owned())).map(|_| ()).expect_err(change);
        assert_eq!((faults[0].file.as_str(), faults[0].line), ("b.yaml", 2), "{}", faults[0]);
        assert!(faults[0].to_string().contains(said), "{}", faults[0]);
    }
}

#[test]
fn a_test_that_an_override_brings_fails_where_the_override_stands() {
    let site = "overrides:\n  - { id: us-ssn, set: { tests: { match: [nothing] } } }\n";
    let files =
        [("a.yaml", EXAMPLE), ("b.yaml", site)].map(|(name, text)| RuleFile { name: name.into(), text: text.into() });
    let rules = compile(&files, &[], &|_, _| Ok("metformin".to_owned())).unwrap_or_else(|f| panic!("{}", f[0]));
    let failed = rules.run_tests().into_iter().find(|result| !result.passed).expect("one fails");
    assert_eq!((failed.file.as_str(), failed.line), ("b.yaml", 2));
}

#[test]
fn what_an_override_changes_still_stands_where_it_stood() {
    let site = "overrides: [{ id: us-ssn, set: { confidence: 80 } }]";
    let files =
        [("a.yaml", EXAMPLE), ("b.yaml", site)].map(|(name, text)| RuleFile { name: name.into(), text: text.into() });
    let rules = compile(&files, &[], &|_, _| Ok("metformin".to_owned())).unwrap_or_else(|f| panic!("{}", f[0]));
    let changed = rules.detectors().next().expect("the first detector");
    assert_eq!((changed.file.as_str(), changed.line), ("a.yaml", 5));
    assert_eq!(changed.changed, Some(("b.yaml".to_owned(), 1)));
}

#[test]
fn the_hash_follows_every_byte_that_decides() {
    let hash = |text: &str| compile_text(text).map(|rules| rules.hash().to_owned()).ok();
    assert_eq!(hash(EXAMPLE), hash(EXAMPLE));
    assert_ne!(hash(EXAMPLE), hash(&EXAMPLE.replace("confidence: 40", "confidence: 41")));
}

/// A fault in one detector once left others without their place.
#[test]
fn a_fault_before_a_detector_with_labels_is_told_and_does_not_panic() {
    let faulty = EXAMPLE.replace("data/drugs.txt", "data/none.txt").replace("near: ssn_label", "near: nobody");
    let faults = compile_text(&faulty).map(|_| ()).expect_err("two faults");
    assert_eq!(faults.len(), 2);
}

/// A new detector must change nothing that the other rules decide before somebody says so.
#[test]
fn a_detector_in_shadow_is_seen_only_by_conditions_that_name_it() {
    let shadow = EXAMPLE.replace("    confidence: 40\n", "    confidence: 40\n    mode: shadow\n");
    let faults = compile_text(&shadow).err().expect("nothing is left that identifies a person");
    assert!(faults[0].to_string().contains("no detector fits"), "{}", faults[0]);
    let named = shadow.replace(
        "{ identifies: person, class: [strong, linking], confidence: 75 }",
        "{ detector: us-ssn, confidence: 75 }",
    );
    let rules = compile_text(&named).expect("it compiles");
    assert!(rules.run_tests().iter().all(|result| result.passed));
    let told = shadow.replace("mode: shadow", "mode: notify");
    assert!(compile_text(&told).is_err_and(|faults| faults[0].to_string().contains("`shadow` or `enforce`")));
}

/// A column's header says what its cells are; what stands in the message may still say otherwise.
#[test]
fn a_column_is_weighed_like_any_other_sight() {
    let rules = |weigh: &str, threshold: u8, said: &str| {
        compile_text(&format!(
            "lists: {{ cue: [zebra] }}\n\
             detectors: [{{ id: col, title: C, identifies: person, class: strong, columns: [member id], {weigh} }}]\n\
             rules: [{{ id: r, title: R, threshold: {threshold}, when: {{ all: [{{ detector: col, confidence: {threshold} }}] }}, \
             tests: [{{ {said}: \"member id,name\\n4471,zebra\\n4472,b\", table: true }}] }}]\n"
        ))
        .unwrap_or_else(|faults| panic!("{}", faults[0]))
    };
    for (weigh, threshold, said) in [
        ("confidence: 40", 85, "phi"),
        ("raise: [{ near: cue, within: part, to: 99 }]", 99, "phi"),
        ("raise: [{ near: cue, within: row, to: 99 }]", 99, "phi"),
        ("lower: [{ near: cue, within: part, to: 10 }]", 11, "clean"),
    ] {
        let failed: Vec<_> =
            rules(weigh, threshold, said).run_tests().into_iter().filter(|result| !result.passed).collect();
        assert!(failed.is_empty(), "{weigh}: {failed:?}");
    }
}
