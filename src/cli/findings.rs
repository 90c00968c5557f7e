//! Findings for a person: each sight once, however many rules it speaks for.

use crate::detect::Finding;

/// Each sight in the order of its first finding, with the rules that it took part in.
pub fn distinct(findings: &[Finding]) -> Vec<(&Finding, Vec<&str>)> {
    let mut sights: Vec<(&Finding, Vec<&str>)> = Vec::new();
    for finding in findings {
        let place = |other: &Finding| (other.offset, other.length);
        let same = |other: &Finding| {
            place(other) == place(finding) && other.detector == finding.detector && other.origin == finding.origin
        };
        match sights.iter_mut().find(|(other, _)| same(other)) {
            Some((_, rules)) => rules.push(&finding.rule),
            None => sights.push((finding, vec![&finding.rule])),
        }
    }
    sights
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Kind;
    use crate::message::{Origin, Zone};

    #[test]
    fn a_sight_that_nine_rules_share_is_shown_once() {
        let finding = |rule: &str, detector: &str, offset| Finding {
            rule: rule.into(),
            detector: detector.into(),
            kind: Kind::Phi,
            origin: Origin::new("body/text[1]"),
            zone: Zone::New,
            offset,
            length: 11,
            masked: "***-**-6781".into(),
            confidence: 95,
        };
        let findings =
            [finding("a", "ssn", 4), finding("a", "drug", 4), finding("b", "ssn", 4), finding("b", "ssn", 40)];
        let shown: Vec<_> = distinct(&findings)
            .into_iter()
            .map(|(sight, rules)| (sight.detector.as_str(), sight.offset, rules))
            .collect();
        assert_eq!(shown, [("ssn", 4, vec!["a", "b"]), ("drug", 4, vec!["a"]), ("ssn", 40, vec!["b"])]);
    }
}
