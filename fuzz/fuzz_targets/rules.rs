//! Any bytes as a rule file: compiled or told of with its place, never a panic; what compiles can be asked.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal::detect::{Circumstances, RuleFile, compile};
use waxseal::message::{Budget, Origin, Reading, Segment, Shape, Zone, ZoneSpan};

const TEXT: &str = "Patient Jane Roe, SSN 219-09-6781, DOB 10/24/1971, takes metformin.";

fuzz_target!(|text: &str| {
    let file = RuleFile { name: "site.yaml".to_owned(), text: text.to_owned() };
    let load = |_: &str, path: &str| if path.len() < 8 { Ok("asthma\nJane\nRoe\n".to_owned()) } else { Err("no".to_owned()) };
    let Ok(rules) = compile(&[file], &["hipaa".to_owned()], &load).or_else(|faults| {
        assert!(!faults.is_empty());
        faults.iter().for_each(|fault| assert!(!fault.to_string().is_empty()));
        Err(())
    }) else {
        return;
    };
    let zones = vec![ZoneSpan { end: TEXT.len(), zone: Zone::New }];
    let origin = Origin::new("body/text[1]");
    let segments = vec![Segment { origin, text: TEXT.to_owned(), zones, shape: Shape::Prose, canonical: None }];
    let reading = Reading { segments, ..Reading::default() };
    rules.scan(&reading, &Circumstances::default(), &Budget::new(1 << 20, 100));
    rules.lint();
});
