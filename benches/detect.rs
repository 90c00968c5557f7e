//! How long the shipped packs take over plain text, on one core: `cargo bench --bench detect [-- TEXT]`.
//!
//! Prints milliseconds a scan (the best of several), for clean prose, for prose with clinical words
//! and names, and for hostile text, and how long 50,000 terms and 200 expressions take to load.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use waxseal::config::compile_rules;
use waxseal::detect::{Circumstances, RuleFile, Ruleset, compile};
use waxseal::message::{Budget, Origin, Reading, Segment, Shape, Zone, ZoneSpan};

const PROSE: &str = "The quarterly report is attached for your review. Please send comments on the new \
    delivery schedule before Thursday, since the board meets on the 14th and wants final numbers. We moved \
    the planning session to the large room upstairs; bring the printed drafts along. ";
const CLINICAL: &str = "Patient Jane Roe was seen on 03/14/2025 for follow-up of hypertension. She takes \
    lisinopril 20 mg daily and denies chest pain. MRN 4471234. Hgb 8.9, ferritin 6. Dr. Smith will call. ";

fn main() {
    let start = Instant::now();
    let rules = compile_rules(&[PathBuf::from("rules")], None).unwrap_or_else(|faults| panic!("{}", faults[0]));
    println!("shipped packs compiled in {:?}", start.elapsed());
    println!("50,000 terms and 200 expressions compiled in {:?}", load());
    let salad = salad(64 << 10);
    let mixed = format!("{}{CLINICAL}", PROSE.repeat(4));
    for (name, text) in [
        ("prose", PROSE.to_owned()),
        ("prose, one paragraph in five clinical", mixed),
        ("clinical", CLINICAL.to_owned()),
        ("office and clinic words in any order", salad),
        ("digits", "219096781 ".to_owned()),
        ("1-1-1-", "1-1-".to_owned()),
        ("near misses of an SSN", "219-09-678 ".to_owned()),
    ] {
        if !std::env::args().skip(1).filter(|asked| !asked.starts_with('-')).all(|asked| name.contains(&asked)) {
            continue;
        }
        for size in [4 << 10, 1 << 20] {
            println!("{name:40} {:7} KiB {:9.3} ms", size >> 10, best(&rules, &text, size).as_secs_f64() * 1e3);
        }
    }
}

/// Lines as mail has them, of words that offices and clinics use, some with capitals, some of
/// numbers, some base64: much to look at and nothing to find.
fn salad(size: usize) -> String {
    const WORDS: &str = "the and to of in for with on that please attached meeting schedule invoice report team review \
        thanks office clinic ward referral follow up appointment next week monday order contract policy update window \
        room minutes draft approve delivery address street building call number account payment question training \
        staff manager department pharmacy laboratory radiology results sample test normal range value chart summary";
    const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |most: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % most as u64) as usize
    };
    let mut text = String::with_capacity(size + 100);
    while text.len() < size {
        match below(20) {
            0..3 => (0..76).for_each(|_| text.push(char::from(BASE64[below(64)]))),
            3 => {
                text += &format!(
                    "Ref {} / item {} of {}, total {}.50 EUR",
                    below(9999),
                    below(50),
                    below(90),
                    below(100_000)
                )
            }
            _ => {
                for _ in 0..10 {
                    let word = words[below(words.len())];
                    let (head, rest) = word.split_at(1);
                    text += &if below(12) == 0 { head.to_uppercase() } else { head.to_owned() };
                    text += rest;
                    text += if below(14) == 0 { ", " } else { " " };
                }
            }
        }
        text.push('\n');
    }
    text
}

/// The best of a second's scans.
fn best(rules: &Ruleset, text: &str, size: usize) -> Duration {
    let reading = reading(text.repeat(size / text.len() + 1), size);
    let (budget, circumstances) = (Budget::new(u64::MAX, u64::MAX), Circumstances::default());
    let begin = Instant::now();
    let mut best = Duration::MAX;
    for _ in 0..2000 {
        let start = Instant::now();
        std::hint::black_box(rules.scan(&reading, &circumstances, &budget));
        best = best.min(start.elapsed());
        if begin.elapsed() > Duration::from_secs(1) {
            break;
        }
    }
    best
}

fn reading(mut text: String, size: usize) -> Reading {
    text.truncate(size);
    let zones = vec![ZoneSpan { end: text.len(), zone: Zone::New }];
    let segment = Segment { origin: Origin::new("body/text[1]"), text, zones, shape: Shape::Prose, canonical: None };
    Reading { segments: vec![segment], ..Reading::default() }
}

/// A site's own large rule set: made-up words, made-up expressions.
fn load() -> Duration {
    let word = |number: usize| format!("term{number}x");
    let terms: String = (0..50_000).map(|number| word(number) + "\n").collect();
    let mut text = String::from("detectors:\n");
    text += "  - { id: many, title: Many, identifies: other, class: context, dictionary: terms.txt }\n";
    for number in 0..200 {
        text += &format!(
            "  - {{ id: shape-{number}, title: Shape, identifies: other, class: context, regex: '\\b[A-Z]{{2}}{number}\\d{{4,9}}\\b' }}\n"
        );
    }
    let files = [RuleFile { name: Path::new("site.yaml").display().to_string(), text }];
    let start = Instant::now();
    let rules = compile(&files, &[], &|_, _| Ok(terms.clone())).unwrap_or_else(|faults| panic!("{}", faults[0]));
    std::hint::black_box(rules.hash());
    start.elapsed()
}
