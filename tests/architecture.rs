//! A room knows only rooms above its own, so there are no cycles. This is the table.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Which rooms each room may import; `mail` and `world` are open to all, `web` and below see more.
/// The order is the order of the house, from the words to the cellar.
const TABLE: &[(&str, &[&str])] = &[
    ("mail", &[]),
    ("world", &["mail"]),
    ("people", &[]),
    ("keys", &[]),
    ("telemetry", &[]),
    ("message", &[]),
    ("detect", &["message"]),
    ("directory", &["detect"]),
    ("edm", &["keys", "detect"]),
    ("policy", &["message", "detect"]),
    ("audit", &["message", "detect", "policy"]),
    ("protect", &["message", "policy", "keys"]),
    ("store", &["people", "keys", "message", "detect", "policy", "audit"]),
    ("smtp", &["people"]),
    ("deliver", &["policy"]),
    ("queue", &["message", "detect", "policy", "audit", "store"]),
    ("quarantine", &["message", "detect", "policy", "audit", "store", "queue", "people", "telemetry"]),
    ("pickup", &["message", "detect", "policy", "audit", "store", "queue", "people"]),
    (
        "web",
        &[
            "people",
            "keys",
            "telemetry",
            "message",
            "detect",
            "policy",
            "audit",
            "store",
            "queue",
            "quarantine",
            "pickup",
        ],
    ),
    ("intake", &["smtp", "message", "detect", "policy", "audit", "store", "queue", "telemetry"]),
    (
        "dispatch",
        &[
            "message",
            "policy",
            "store",
            "keys",
            "queue",
            "protect",
            "deliver",
            "quarantine",
            "pickup",
            "audit",
            "telemetry",
        ],
    ),
];

/// Rooms whose functions must stay plain: no async, no I/O, no clock of their own.
const PURE: &[&str] = &["mail", "message", "detect", "policy", "protect", "audit"];

/// What a pure room's code must not say.
const IMPURE: &[&str] =
    &["async fn", "tokio::", "std::fs", "std::net::Tcp", "SystemTime", "Instant::now", "Timestamp::now", "Zoned::now"];

/// These see everything; they put the house together.
const ABOVE: &[&str] = &["config", "gateway", "cli", "main", "lib"];

fn sources(below: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(below).expect("src is readable") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn room_of(path: &Path) -> String {
    let inside = path.strip_prefix("src").expect("below src");
    inside.components().next().expect("a name").as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

/// The code without its tests and comments.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("a source file");
    let text = text.split("#[cfg(test)]\nmod tests").next().expect("the front").to_owned();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Every room named in a `crate::` path.
fn imports(code: &str) -> BTreeSet<String> {
    named_behind("crate::", code)
}

/// What is named first in a path behind these, also in `use crate::{a::…, b}`.
fn named_behind(path: &str, code: &str) -> BTreeSet<String> {
    let name = |text: &str| text.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect::<String>();
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices(path) {
        let rest = &code[at + path.len()..];
        match rest.strip_prefix('{') {
            None => _ = found.insert(name(rest)),
            Some(group) => {
                let mut depth = 0;
                let mut start = 0;
                for (at, c) in group.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => {
                            found.insert(name(group[start..at].trim_start()));
                            break;
                        }
                        '}' => depth -= 1,
                        ',' if depth == 0 => {
                            found.insert(name(group[start..at].trim_start()));
                            start = at + 1;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    found.remove("");
    found
}

fn is_test(path: &Path) -> bool {
    path.components().any(|step| matches!(step.as_os_str().to_str(), Some("tests" | "tests.rs")))
}

#[test]
fn a_room_imports_only_rooms_above_its_own() {
    let table: BTreeMap<&str, BTreeSet<&str>> =
        TABLE.iter().map(|(room, may)| (*room, may.iter().copied().collect())).collect();
    let mut faults = Vec::new();
    for path in sources(Path::new("src")) {
        let room = room_of(&path);
        if ABOVE.contains(&room.as_str()) || is_test(&path) {
            continue;
        }
        let Some(may) = table.get(room.as_str()) else {
            faults.push(format!("{}: room {room:?} is not in the table", path.display()));
            continue;
        };
        for import in imports(&code(&path)) {
            let open = import == room || import == "mail" || import == "world";
            let words_only = matches!(room.as_str(), "mail") && import == "world";
            if (!open && !may.contains(import.as_str())) || words_only {
                faults.push(format!("{} imports {import}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_table_itself_has_no_cycle() {
    let order: Vec<&str> = TABLE.iter().map(|(room, _)| *room).collect();
    for (at, (room, may)) in TABLE.iter().enumerate() {
        for import in *may {
            let place = order.iter().position(|name| name == import).expect("an imported room is in the table");
            assert!(place < at, "{room} may import {import}, which stands below it");
        }
    }
}

/// By file or folder of a room, which others of the room it imports.
fn inside(room: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let name = room.file_name().expect("a room has a name").to_string_lossy().into_owned();
    for path in sources(room).iter().filter(|path| !is_test(path)) {
        let steps: Vec<_> = path.strip_prefix(room).expect("below the room").components().collect();
        let part = steps[0].as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
        let code = code(path);
        let here = steps.len() == 1 || steps.len() == 2 && path.ends_with("mod.rs");
        let above = if here { "super::" } else { "super::super::" };
        let found = named_behind(above, &code).into_iter().chain(named_behind(&format!("crate::{name}::"), &code));
        known.entry(part.clone()).or_default().extend(found.filter(|other| *other != part));
    }
    known
}

#[test]
fn the_files_of_a_room_know_each_other_one_way() {
    let rooms =
        TABLE.iter().map(|(room, _)| *room).chain(["config", "gateway", "cli"]).map(|room| Path::new("src").join(room));
    for room in rooms.filter(|room| room.is_dir()) {
        let mut known = inside(&room);
        // What imports nothing that is left, or is imported by nothing, can be taken away; the rest is a circle.
        let free = |known: &BTreeMap<String, BTreeSet<String>>| {
            let imports = |part: &String| known[part].iter().any(|other| known.contains_key(other));
            let imported = |part: &String| known.values().any(|others| others.contains(part));
            known.keys().find(|part| !imports(part) || !imported(part)).cloned()
        };
        while let Some(part) = free(&known) {
            known.remove(&part);
        }
        assert!(known.is_empty(), "{}: among these, files import each other in a circle: {known:?}", room.display());
    }
}

#[test]
fn pure_rooms_stay_pure() {
    let mut faults = Vec::new();
    for path in sources(Path::new("src")) {
        if !PURE.contains(&room_of(&path).as_str()) || is_test(&path) {
            continue;
        }
        let code = code(&path);
        for word in IMPURE {
            if code.contains(word) {
                faults.push(format!("{} says {word:?}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn unsafe_code_is_forbidden_at_both_roots() {
    for root in ["src/lib.rs", "src/main.rs"] {
        assert!(std::fs::read_to_string(root).expect("a root").contains("#![forbid(unsafe_code)]"), "{root}");
    }
}
