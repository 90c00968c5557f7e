//! The recipients themselves as a sight: private persons who see each other, patients whom a table
//! knows, a group that is named for what its members are treated for.

use std::collections::BTreeSet;

use super::known::{Known, Unreadable};
use super::lexicon::Span;
use super::page::{Page, Sight};
use super::ruleset::{Eye, Recipients, Ruleset};
use super::{Circumstances, headers};
use crate::message::{Origin, Reading, Segment, Shape, Zone, ZoneSpan};

/// Who gets a message, as a text of its own for sights to stand on.
pub struct Audience {
    segment: Segment,
    sights: Vec<Sight>,
    /// A table of known people could not be asked about a recipient.
    pub unsearched: bool,
}

impl Audience {
    /// The page with its sights, if there are any.
    pub fn page(&self, rules: &Ruleset) -> Option<Page<'_>> {
        (!self.sights.is_empty()).then(|| Page::of_sights(rules, &self.segment, self.sights.clone()))
    }
}

impl Ruleset {
    /// What detectors of recipients see.
    pub(super) fn audience(&self, known: &Known, reading: &Reading, circumstances: &Circumstances) -> Audience {
        let everyone = Everyone::new(known, reading, circumstances);
        let (mut sights, mut unsearched) = (Vec::new(), false);
        for at in &self.lookers.audiences {
            let detector = &self.detectors[usize::from(*at)];
            let Eye::Audience(wanted) = &detector.eye else { continue };
            let count = everyone.count(wanted).unwrap_or_else(|Unreadable| {
                unsearched = true;
                0
            });
            if count > 0 {
                let confidence = detector.confidence;
                let span = Span { start: 0, end: everyone.first.len() as u32 };
                sights.push(Sight { count: count as u32, ..Sight::new(*at, span, Zone::New, confidence) });
            }
        }
        // Only what is seen needs a text to stand on.
        let text = if sights.is_empty() { String::new() } else { everyone.text() };
        let zones = vec![ZoneSpan { end: text.len(), zone: Zone::New }];
        let segment = Segment { origin: Origin::new("header/to"), text, zones, shape: Shape::Line, canonical: None };
        Audience { segment, sights, unsearched }
    }
}

/// All who are named as recipients.
struct Everyone<'a> {
    known: &'a Known,
    reading: &'a Reading,
    circumstances: &'a Circumstances,
    /// The first recipient of the envelope: findings about the audience stand on it.
    first: String,
}

impl<'a> Everyone<'a> {
    fn new(known: &'a Known, reading: &'a Reading, circumstances: &'a Circumstances) -> Self {
        let first = circumstances.recipients.first();
        let first = first.map(|address| format!("{}@{}", address.local(), address.domain().as_str()));
        Self { known, reading, circumstances, first: first.unwrap_or_default() }
    }

    /// How many recipients are of the wanted kind; 0 where they are too few or too many.
    fn count(&self, wanted: &Recipients) -> Result<usize, Unreadable> {
        if let Some((groups, bonds)) = &wanted.label {
            return Ok(usize::from(self.leaves_the_house() && self.is_labelled(groups, bonds)));
        }
        let mut count = 0;
        if wanted.visible {
            let shown = self.reading.fields("to").chain(self.reading.fields("cc"));
            let shown: Vec<String> = shown.flat_map(|value| value.split([',', ';'])).filter_map(address_in).collect();
            let strangers = !wanted.known && self.are_strangers(&shown);
            for address in &shown {
                let private = self.is_private(address, wanted)? || strangers && self.is_strange(address);
                count += usize::from(private);
            }
        } else {
            for address in &self.circumstances.recipients {
                let address = format!("{}@{}", address.local(), address.domain().as_str());
                count += usize::from(self.is_private(&address, wanted)?);
            }
        }
        Ok(if (wanted.at_least..=wanted.at_most).contains(&count) { count } else { 0 })
    }

    /// A private person's address: at a provider for everybody, or a known patient's; never staff's.
    fn is_private(&self, address: &str, wanted: &Recipients) -> Result<bool, Unreadable> {
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        if self.is_own(domain) || self.known.directory.load().holds(address) {
            return Ok(false);
        }
        let at_provider = wanted.domains.iter().any(|private| private.eq_ignore_ascii_case(domain));
        let private = !wanted.known && (at_provider || !self.is_authors(domain) && looks_private(address));
        Ok(private || self.known.holds_email(address)?)
    }

    fn is_own(&self, domain: &str) -> bool {
        self.circumstances.own_domains.iter().any(|own| own.as_str().eq_ignore_ascii_case(domain))
    }

    fn is_authors(&self, domain: &str) -> bool {
        self.circumstances.authors.iter().any(|author| author.domain().as_str().eq_ignore_ascii_case(domain))
    }

    /// Five and more who see each other, at three providers and more, none of them at a house of any kind:
    /// people whom only the sender joins.
    fn are_strangers(&self, shown: &[String]) -> bool {
        let domains: BTreeSet<&str> =
            shown.iter().filter_map(|address| address.rsplit_once('@')).map(|(_, domain)| domain).collect();
        shown.len() >= 5 && domains.len() >= 3 && shown.iter().all(|address| self.is_strange(address))
    }

    /// At a domain that is neither the house's own nor the author's, and not called after any house.
    fn is_strange(&self, address: &str) -> bool {
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain).to_ascii_lowercase();
        let (own, staff) = (self.is_own(&domain), self.known.directory.load().holds(address));
        let house = HOUSES.split_whitespace().any(|word| domain.contains(word))
            || [".edu", ".gov", ".org", ".mil"].iter().any(|end| domain.ends_with(end));
        !own && !staff && !house && !self.is_authors(&domain)
    }

    fn leaves_the_house(&self) -> bool {
        let own = &self.circumstances.own_domains;
        self.circumstances.recipients.iter().any(|address| !own.contains(address.domain()))
    }

    /// `Dialysis Patients <list@clinic.example>`, `List-Id: <oncology-families.clinic.example>`.
    fn is_labelled(&self, groups: &[String], bonds: &[String]) -> bool {
        let fields = ["to", "cc", "list-id", "list-post"].into_iter().flat_map(|name| self.reading.fields(name));
        fields.flat_map(|value| value.split([',', ';'])).any(|value| {
            let words = format!(" {} ", headers::normal(value));
            [groups, bonds].iter().all(|terms| terms.iter().any(|term| words.contains(term.as_str())))
        })
    }

    fn text(&self) -> String {
        let mut text = format!("{}\n", self.first);
        for address in self.circumstances.recipients.iter().skip(1) {
            text.push_str(&format!("{}@{}\n", address.local(), address.domain().as_str()));
        }
        for value in self.reading.fields("to").chain(self.reading.fields("cc")) {
            text.push_str(&format!("\n{value}"));
        }
        text
    }
}

/// What domains of houses are called after: who is written to there is at work.
const HOUSES: &str = "hosp health clinic medic care doctor dental surg ortho cardio pharm rehab therap nurs lab onco univ \
    college school academy institut county city state dept law legal bank insur mutual assur tech soft system solution \
    consult supply logist group partner assoc council society foundation";

/// Words before a number that is no person's: `room204@`.
const POSTS: &str = "room unit user team desk info fax test ward office admin sales support list group dept clinic store \
    noreply mail";

/// At a domain that is called after mail (`hushmail`), or a name with two digits or a year of birth behind it, as
/// people take where the name alone is taken (`jane.roe62`): no list of providers is complete.
fn looks_private(address: &str) -> bool {
    let Some((local, domain)) = address.rsplit_once('@') else { return false };
    let provider = domain.rsplit('.').nth(1).unwrap_or_default().to_ascii_lowercase();
    let name = local.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = &local[name.len()..];
    let born = match number.len() {
        2 => true,
        4 => ("1925".."2013").contains(&number),
        _ => false,
    };
    let named = name.chars().filter(|c| c.is_alphabetic()).count() > 3
        && !name.contains(|c: char| c.is_ascii_digit())
        && !POSTS.split_whitespace().any(|post| post.eq_ignore_ascii_case(name.trim_end_matches(['.', '_', '-'])));
    provider.contains("mail") || provider.contains("inbox") || born && named
}

/// The address of one recipient as written in a field.
fn address_in(written: &str) -> Option<String> {
    let written = written.rsplit_once('<').map_or(written, |(_, address)| address);
    let address = written.trim().trim_end_matches(|c: char| !c.is_alphanumeric());
    address.contains('@').then(|| address.to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arc_swap::ArcSwap;

    use super::super::known::{Column, Directory, Field, Memory};
    use super::super::{RuleFile, compile};
    use super::*;
    use crate::message::Field as HeaderField;

    const RULES: &str = "
lists: { free: [gmail.com], groups: [patients], bonds: [dialysis] }
detectors:
  - { id: seen, title: Seen, identifies: person, class: strong, recipients: { private_domains: free, at_least: 3, visible: true } }
  - { id: known, title: Known, identifies: person, class: linking, recipients: { known: true } }
  - { id: named, title: Named, identifies: person, class: linking, recipients: { groups: groups, bonds: bonds } }
";

    /// The detectors that see something in the recipients of a message.
    fn seen(to: &str) -> Vec<&'static str> {
        let file = RuleFile { name: "site.yaml".to_owned(), text: RULES.to_owned() };
        let rules = compile(&[file], &[], &|_, _| Err(String::new())).unwrap_or_else(|faults| panic!("{}", faults[0]));
        let mut table = Memory::default();
        table.row([(Column::Email, "jane@home.example")]);
        table.row([(Column::Email, "nurse@corp.example")]);
        let mut directory = Directory::default();
        directory.add([(Field::Email, "ada@gmail.com")]);
        let known =
            Known { directory: Arc::new(ArcSwap::from_pointee(directory)), ..Known::default() }.with(Arc::new(table));
        let fields = vec![HeaderField { name: "To".to_owned(), value: to.to_owned(), range: 0..0 }];
        let reading = Reading { fields, ..Reading::default() };
        let recipients = to.split(',').filter_map(address_in).filter_map(|address| address.parse().ok()).collect();
        let own_domains = vec!["corp.example".parse().expect("a domain")];
        let circumstances = Circumstances { recipients, own_domains, ..Circumstances::default() };
        let audience = rules.audience(&known, &reading, &circumstances);
        audience.sights.iter().map(|sight| ["seen", "known", "named"][usize::from(sight.detector)]).collect()
    }

    #[test]
    fn private_persons_are_counted_and_staff_and_business_are_not() {
        for (to, expected) in [
            ("a@gmail.com, b@gmail.com, c@gmail.com", vec!["seen"]),
            ("a@gmail.com, Roe <b@gmail.com>, jane@home.example", vec!["seen", "known"]),
            ("a@gmail.com, b@gmail.com, ada@gmail.com", vec![]),
            ("a@gmail.com, b@gmail.com, c@business.example", vec![]),
            ("roe@hushmail.example, jane.smith1962@isp.example, carl_ortiz41@line.example", vec!["seen"]),
            ("fair2026@isp.example, room12@isp.example, a@isp.example", vec![]),
            ("a.roe@isp.example, b@line.example, c.lee@wire.example, d@line.example, e@isp.example", vec!["seen"]),
            ("a.roe@isp.example, b@line.example, c.lee@cityhospital.example, d@line.example, e@isp.example", vec![]),
            ("nurse@corp.example", vec![]),
            ("Dialysis Patients <list@lists.example>", vec!["named"]),
            ("Dialysis Patients <list@corp.example>", vec![]),
            ("Dialysis Supplies <list@lists.example>", vec![]),
        ] {
            assert_eq!(seen(to), expected, "{to}");
        }
    }
}
