//! Who writes and who is written to. Where their names stand in the text, in a signature or a
//! greeting, they are nobody's of whom the text speaks.

use std::collections::BTreeSet;

use super::lexicon::{WordSet, for_each_word};
use super::page::Page;
use super::ruleset::{Eye, Ruleset};
use crate::message::Reading;

/// So sure at most is a name of somebody of whom the text speaks, if it is a correspondent's.
const MOST: u8 = 25;

/// Fields that name correspondents.
const FIELDS: [&str; 5] = ["from", "sender", "reply-to", "to", "cc"];

/// More than these are a list, and lists are no greeting.
const MOST_CORRESPONDENTS: usize = 64;

/// All correspondents: their names, each as the set of its words, and their addresses' local parts.
pub struct Correspondents {
    names: Vec<WordSet>,
    /// Of one word and in lower case, for `jroe` is `Jane Roe`.
    locals: BTreeSet<String>,
}

impl Correspondents {
    pub fn of(reading: &Reading) -> Self {
        let values = || FIELDS.iter().flat_map(|field| reading.fields(field)).take(MOST_CORRESPONDENTS);
        let names = values().flat_map(|value| value.split('>')).map(display_name);
        let addresses = values().flat_map(|value| value.split([',', ';', '<'])).take(MOST_CORRESPONDENTS);
        Self {
            names: names.filter(|name| !name.trim().is_empty()).take(MOST_CORRESPONDENTS).map(words_of).collect(),
            locals: addresses.map(|address| local_part(address).trim().to_lowercase()).collect(),
        }
    }

    /// Bounds what is seen of their names on a page.
    pub fn bound(&self, rules: &Ruleset, page: &mut Page<'_>) {
        let text = page.text;
        for sight in &mut page.sights {
            let is_name = matches!(rules.detectors[usize::from(sight.detector)].eye, Eye::Names { .. });
            if is_name && self.hold(&text[sight.start as usize..sight.end as usize]) {
                sight.most = MOST;
                sight.base = sight.base.min(MOST);
                sight.confidence = sight.base;
            }
        }
    }

    /// Whether all words of a name, initials aside, are of one correspondent's.
    fn hold(&self, name: &str) -> bool {
        self.is_local_part(name)
            || self.names.iter().any(|person| {
                let (mut words, mut all) = (0, true);
                for_each_word(name, |word| {
                    let word = &name[word.span.start as usize..word.span.end as usize];
                    if word.len() > 1 {
                        words += 1;
                        all &= person.holds(word);
                    }
                });
                words > 0 && all
            })
    }

    /// Whether an address is made of a name: `jroe`, `janer`, `janeroe`, `roej`.
    fn is_local_part(&self, name: &str) -> bool {
        if self.locals.is_empty() {
            return false;
        }
        let name = name.to_lowercase();
        let mut words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let (Some(first), Some(last)) = (words.next(), words.next_back()) else { return false };
        let initial = |word: &str| word.chars().take(1).collect::<String>();
        let (f, l) = (initial(first), initial(last));
        [format!("{f}{last}"), format!("{first}{l}"), format!("{first}{last}"), format!("{last}{f}")]
            .iter()
            .any(|made| made.len() > 3 && self.locals.contains(made))
    }
}

/// What stands before an address, or its local part where nothing does.
fn display_name(mailbox: &str) -> &str {
    match mailbox.split_once('<') {
        Some((name, address)) if name.chars().all(|c| !c.is_alphanumeric()) => local_part(address),
        Some((name, _)) => name,
        None => local_part(mailbox),
    }
}

fn local_part(address: &str) -> &str {
    address.split_once('@').map_or("", |(local, _)| local)
}

fn words_of(name: &str) -> WordSet {
    let mut words = Vec::new();
    for_each_word(name, |word| words.push(&name[word.span.start as usize..word.span.end as usize]));
    WordSet::new(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Field;

    #[test]
    fn a_correspondents_name_is_known_in_every_form() {
        let fields = [
            ("From", "\"Roe, Jörg\" <j.roe@corp.example>"),
            ("To", "Mary Ann Smith <mas@x.example>, carl.grant@y.example"),
        ];
        let fields = fields.map(|(name, value)| Field { name: name.into(), value: value.into(), range: 0..0 });
        let known = Correspondents::of(&Reading { fields: fields.into(), ..Reading::default() });
        for name in ["Jorg Roe", "ROE, JÖRG P", "Roe", "Mary Smith", "Carl Grant"] {
            assert!(known.hold(name), "{name}");
        }
        let fields = [("From", "jroe@corp.example"), ("To", "<smithm@x.example>, Roe <ann@y.example>")];
        let fields = fields.map(|(name, value)| Field { name: name.into(), value: value.into(), range: 0..0 });
        let by_address = Correspondents::of(&Reading { fields: fields.into(), ..Reading::default() });
        for (name, holds) in
            [("Jane Q. Roe", true), ("Mary Smith", true), ("Carl Smith", false), ("Jane Roemer", false)]
        {
            assert_eq!(by_address.hold(name), holds, "{name}");
        }
        for name in ["Jane Roe", "Mary Roe", "P."] {
            assert!(!known.hold(name), "{name}");
        }
    }
}
