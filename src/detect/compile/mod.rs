//! Rule files → [`Ruleset`]: read, merge, resolve names, build the tables. All faults at once.

mod coherent;
mod lists;
mod maker;
mod read;
mod resolve;
mod weights;
mod words;

use aws_lc_rs::digest;

use super::fault::Fault;
use super::ruleset::Ruleset;

/// A rule file as loaded: its path for messages, and its text.
pub struct RuleFile {
    pub name: String,
    pub text: String,
}

/// Loads a word list: the rule file that names it, and the path as written there.
pub type Loader<'a> = &'a dyn Fn(&str, &str) -> Result<String, String>;

/// More text than this in one rule file is refused (word lists have files of their own).
const MOST_RULE_TEXT: usize = 4 << 20;

/// Compiles the active packs. Files stand in order; later ones may override earlier ones.
pub fn compile(files: &[RuleFile], packs: &[String], load: Loader<'_>) -> Result<Ruleset, Vec<Fault>> {
    let mut digests = Vec::new();
    let digests_seen = std::cell::RefCell::new(&mut digests);
    let recording = |file: &str, path: &str| {
        let text = load(file, path)?;
        digests_seen.borrow_mut().push(format!("# {path} sha256:{}\n", sha256(&text)));
        Ok(text)
    };
    let source = read::read(files, packs)?;
    let mut ruleset = resolve::resolve(source, &recording)?;
    digests.sort();
    digests.dedup();
    let mut text = format!("# packs: {}\n", packs.join(", "));
    digests.iter().for_each(|line| text.push_str(line));
    for file in files {
        text.push_str(&format!("# file: {}\n{}\n", file.name, file.text));
    }
    ruleset.hash = sha256(&text);
    ruleset.source = text;
    Ok(ruleset)
}

fn sha256(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
