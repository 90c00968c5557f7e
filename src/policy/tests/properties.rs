//! What holds of any decision, whatever was found and configured.

use proptest::prelude::*;

use super::*;

fn any_level() -> impl Strategy<Value = Level> {
    prop::sample::select(&Level::ALL[..])
}

fn any_match() -> impl Strategy<Value = RuleMatch> {
    use Sensitivity::*;
    let sensitivities = vec![Light, Standard, Special, Tls, TlsVerified, TlsAuthenticated, Message, Hold, Reject];
    let rules = prop::sample::select(vec!["phi.a", "phi.b", "pci.card"]);
    let kinds = prop::sample::select(vec![Kind::Phi, Kind::Payment, Kind::Personal]);
    let modes = prop::sample::select(vec![Mode::Shadow, Mode::Notify, Mode::Enforce]);
    (rules, kinds, modes, prop::sample::select(sensitivities), any::<bool>()).prop_map(
        |(rule, kind, mode, sensitivity, all_or_nothing)| RuleMatch {
            all_or_nothing,
            ..matched(rule, kind, mode, sensitivity)
        },
    )
}

fn any_gap() -> impl Strategy<Value = Gap> {
    prop::sample::select(&GapReason::ALL[..]).prop_map(gap)
}

fn any_field() -> impl Strategy<Value = (&'static str, &'static str)> {
    prop::sample::select(vec![
        ("Subject", "[secure] x"),
        ("Subject", "plain"),
        ("X-Waxseal-Protect", "hold"),
        ("X-Waxseal-Protect", "tls-verified"),
        ("X-Waxseal-Protect", "pdf"),
        ("TLS-Required", "No"),
        ("Sensitivity", "Company-Confidential"),
    ])
}

fn any_exception() -> impl Strategy<Value = Exception> {
    let rules = prop::sample::select(vec!["phi.a", "pci.card", "gap.encrypted", "policy.clean"]);
    (rules, any_level()).prop_map(|(rule, effect)| Exception {
        id: "e".into(),
        rules: vec![rule.into()],
        when: When::default(),
        effect,
        reason: "r".into(),
        owner: "o".into(),
        approvers: vec!["p".into()],
        expires: at(2000),
    })
}

prop_compose! {
    fn any_config()(
        levels in prop::collection::vec(any_level(), 5),
        gap in prop::collection::btree_map(prop::sample::select(&GapReason::ALL[..]), any_level(), 0..10),
        ladder in prop::collection::vec(prop::sample::select(&Method::ALL[..]), 0..6),
        exceptions in prop::collection::vec(any_exception(), 0..3),
        provided in prop::option::of(any_level()),
    ) -> Config {
        use Class::*;
        Config {
            clean: levels[0],
            light: levels[1],
            phi: levels[2],
            special: levels[3],
            asked: levels[4],
            gap,
            ladder: [Clean, Asked, Light, Gap, Phi, Special].map(|class| (class, ladder.clone())).into(),
            exceptions,
            provides: provided.map(|level| Provision { domains: vec![crate::mail::DomainPattern::Any], level }).into_iter().collect(),
            ..Config::default()
        }
    }
}

prop_compose! {
    fn any_case()(
        config in any_config(),
        matches in prop::collection::vec(any_match(), 0..4),
        gaps in prop::collection::vec(any_gap(), 0..3),
        fields in prop::collection::vec(any_field(), 0..3),
        waived in any::<bool>(),
        require_tls in any::<bool>(),
    ) -> Case {
        let fields = fields.into_iter().map(|(name, value)| field(name, value)).collect();
        let mut envelope = envelope(&["bob@partner.example", "jane@home.example"]);
        envelope.require_tls = require_tls;
        let waivers = if waived { vec![waiver("jane@home.example")] } else { Vec::new() };
        Case { config, matches, reading: Reading { fields, gaps, ..Reading::default() }, envelope, waivers }
    }
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fields: Vec<_> = self.reading.fields.iter().map(|field| (&field.name, &field.value)).collect();
        write!(f, "{:?} {:?} {fields:?} {:?}", self.matches, self.reading.gaps, self.config)
    }
}

proptest! {
    #[test]
    fn more_findings_gaps_or_wishes_never_lower_a_level(
        mut case in any_case(),
        matches in prop::collection::vec(any_match(), 0..3),
        gaps in prop::collection::vec(any_gap(), 0..3),
        fields in prop::collection::vec(any_field(), 0..3),
    ) {
        let before = case.decide();
        case.matches.extend(matches);
        case.reading.gaps.extend(gaps);
        case.reading.fields.extend(fields.into_iter().map(|(name, value)| field(name, value)));
        let after = case.decide();
        for (before, after) in before.recipients.iter().zip(&after.recipients) {
            prop_assert!(after.level >= before.level, "{} fell to {}", before.level, after.level);
        }
        prop_assert!(after.refusal.is_some() || before.refusal.is_none());
    }

    #[test]
    fn a_ladder_is_never_empty_and_no_rung_is_below_the_level(case in any_case()) {
        for recipient in &case.decide().recipients {
            let provided = case.config.provides.first().map(|provision| provision.level);
            prop_assert!(!recipient.ladder.is_empty());
            for rung in &recipient.ladder {
                prop_assert!(Method::BUILT.contains(rung));
                if let Some(reaches) = rung.reaches() {
                    prop_assert!(Some(reaches).max(provided) >= Some(recipient.level));
                }
            }
            let ends_safe = recipient.ladder.iter().any(|rung| matches!(rung, Method::Wait | Method::Hold));
            prop_assert!(ends_safe, "{:?}", recipient.ladder);
        }
    }

    #[test]
    fn without_a_record_nobody_is_below_what_clean_mail_asks(mut case in any_case()) {
        case.waivers.clear();
        case.config.exceptions.clear();
        for recipient in &case.decide().recipients {
            prop_assert!(recipient.level >= case.config.clean);
            prop_assert!(recipient.lowered_by.is_empty());
        }
    }
}
