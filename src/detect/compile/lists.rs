//! Word lists: inline terms, other lists by name, files by path → one table for all.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hasher;
use std::rc::Rc;

use siphasher::sip::SipHasher24;

use super::{Fault, Loader};
use crate::detect::lexicon::{LexiconBuilder, ListId, MOST_LISTS, WordSet};
use crate::detect::raw::Spot;

/// How deep lists may name other lists.
const DEPTH: usize = 8;

/// Builds the word table while detectors ask for their lists.
pub struct Lists<'a> {
    named: &'a BTreeMap<String, (String, Vec<Spot<String>>)>,
    load: Loader<'a>,
    pub builder: LexiconBuilder,
    known: HashMap<String, ListId>,
    digests: HashMap<String, u64>,
    files: HashMap<(String, String), TermFile>,
}

/// A file of terms: one a line, `#` begins a comment. Its text is kept, and not each term for itself: there are
/// hundreds of thousands, and what was in memory once stays the gateway's.
#[derive(Clone)]
pub struct TermFile(Rc<str>);

impl TermFile {
    pub fn terms(&self) -> impl Iterator<Item = &str> {
        self.0.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
    }
}

impl<'a> Lists<'a> {
    pub fn new(named: &'a BTreeMap<String, (String, Vec<Spot<String>>)>, load: Loader<'a>) -> Self {
        let (builder, known, digests, files) = Default::default();
        Self { named, load, builder, known, digests, files }
    }

    /// The list of that name, put into the word table at the first call.
    pub fn id(&mut self, file: &str, name: &Spot<String>, capital_only: Option<&WordSet>) -> Result<ListId, Fault> {
        if let Some(id) = self.known.get(&name.value) {
            return Ok(*id);
        }
        let terms = self.named(file, name)?;
        let id = self.add(file, name, terms.iter().map(String::as_str), capital_only)?;
        self.known.insert(name.value.clone(), id);
        Ok(id)
    }

    /// The same of a list of which each term in a text is wanted.
    pub fn walked(&mut self, file: &str, name: &Spot<String>, capital_only: Option<&WordSet>) -> Result<ListId, Fault> {
        let id = self.id(file, name, capital_only)?;
        self.builder.walk(id);
        Ok(id)
    }

    /// A walked list of its own for a detector's terms.
    pub fn own<'t>(
        &mut self,
        file: &str,
        spot: &Spot<String>,
        terms: impl Iterator<Item = &'t str>,
    ) -> Result<ListId, Fault> {
        let id = self.add(file, spot, terms, None)?;
        self.builder.walk(id);
        Ok(id)
    }

    fn add<'t>(
        &mut self,
        file: &str,
        spot: &Spot<String>,
        terms: impl Iterator<Item = &'t str>,
        capital_only: Option<&WordSet>,
    ) -> Result<ListId, Fault> {
        if self.builder.lists() >= MOST_LISTS {
            return Err(Fault::at(file, spot, format!("more than {MOST_LISTS} lists")));
        }
        let id = self.builder.list();
        for term in terms {
            let everyday = capital_only.is_some_and(|words| words.holds(term));
            if !self.builder.add(id, term, everyday) {
                return Err(Fault::at(file, spot, format!("the term {term:?} has neither letter nor digit"))
                    .mend("write it as a `regex`"));
            }
        }
        Ok(id)
    }

    /// What tells one wording of a named list from another; 0 for what is no list.
    pub fn digest(&mut self, name: &str) -> u64 {
        if let Some(digest) = self.digests.get(name) {
            return *digest;
        }
        let terms = self.named.get(name).and_then(|(home, terms)| self.expand(home, terms, 0).ok());
        let mut hasher = SipHasher24::new();
        terms.iter().flatten().for_each(|term| hasher.write(term.as_bytes()));
        let digest = terms.map_or(0, |_| hasher.finish());
        self.digests.insert(name.to_owned(), digest);
        digest
    }

    /// The terms of a named list.
    pub fn named(&mut self, file: &str, name: &Spot<String>) -> Result<Vec<String>, Fault> {
        let Some((home, terms)) = self.named.get(&name.value) else {
            let fault = Fault::at(file, name, format!("no list or detector is named {:?}", name.value))
                .mend("name a list, a detector, or a kind such as `health.specific`");
            return Err(fault.suggest(&name.value, self.named.keys().map(String::as_str)));
        };
        self.expand(home, terms, 0)
    }

    /// Terms with `@lists` and `file:` entries replaced by what they name.
    pub fn expand(&mut self, file: &str, terms: &[Spot<String>], depth: usize) -> Result<Vec<String>, Fault> {
        let mut all = Vec::new();
        for term in terms {
            if let Some(name) = term.strip_prefix('@') {
                let inner = Spot { value: name.to_owned(), line: term.line, column: term.column };
                let Some((home, terms)) = self.named.get(name).filter(|_| depth < DEPTH) else {
                    let message = format!("no list is named {name:?}, or lists name each other in a ring");
                    return Err(Fault::at(file, &inner, message).suggest(name, self.named.keys().map(String::as_str)));
                };
                all.extend(self.expand(home, terms, depth + 1)?);
            } else if let Some(path) = term.strip_prefix("file:") {
                let path = Spot { value: path.to_owned(), line: term.line, column: term.column };
                all.extend(self.file(file, &path)?.terms().map(str::to_owned));
            } else {
                all.push(term.value.clone());
            }
        }
        Ok(all)
    }

    pub fn file(&mut self, file: &str, path: &Spot<String>) -> Result<TermFile, Fault> {
        let key = (file.to_owned(), path.value.clone());
        if let Some(known) = self.files.get(&key) {
            return Ok(known.clone());
        }
        let text = (self.load)(file, path)
            .map_err(|error| Fault::at(file, path, format!("the word list {:?} can't be read: {error}", path.value)))?;
        let loaded = TermFile(text.into());
        self.files.insert(key, loaded.clone());
        Ok(loaded)
    }
}
