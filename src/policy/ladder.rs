//! Which rungs may be tried for a level, in order. No rung lowers it.

use super::{Class, Config, Level, Method};
use crate::mail::Address;

impl Method {
    /// Rungs that this build can climb.
    pub const BUILT: [Method; 3] = [Method::Transport, Method::Wait, Method::Hold];

    /// The strongest protection that this method can give; `None` for those that send nothing.
    pub fn reaches(self) -> Option<Level> {
        match self {
            Method::Transport => Some(Level::TlsAuthenticated),
            Method::Smime | Method::Openpgp | Method::Pdf | Method::Portal => Some(Level::Message),
            Method::Wait | Method::Hold => None,
        }
    }
}

/// The rungs for one recipient. Never empty: what can't be sent as asked waits for a person.
pub(super) fn ladder(config: &Config, class: Class, level: Level, recipient: &Address) -> Vec<Method> {
    if level >= Level::Hold {
        return vec![Method::Hold];
    }
    let provided = config.provides.iter().find(|route| route.covers(recipient.domain())).map(|route| route.level);
    let reaches = |method: &Method| match method {
        Method::Transport => method.reaches().max(provided) >= Some(level),
        Method::Wait | Method::Hold => true,
        sealing => sealing.reaches() >= Some(level),
    };
    let configured = config.ladder.get(&class).map_or(&Config::AUTO[..], Vec::as_slice);
    let mut rungs: Vec<Method> =
        configured.iter().copied().filter(|rung| Method::BUILT.contains(rung)).filter(reaches).collect();
    // To wait is to wait for a hop to be mended: without a way to send, it would only end in expiry.
    if !rungs.iter().any(|rung| rung.reaches().is_some()) {
        return vec![Method::Hold];
    }
    if !rungs.iter().any(|rung| matches!(rung, Method::Wait | Method::Hold)) {
        rungs.push(Method::Hold);
    }
    rungs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Provision;

    #[test]
    fn the_ladder_keeps_only_rungs_that_reach_the_level() {
        let to: Address = "a@partner.example".parse().unwrap();
        let table = [
            (Level::Tls, vec![Method::Transport, Method::Wait], vec![Method::Transport, Method::Wait]),
            (Level::TlsAuthenticated, vec![Method::Transport], vec![Method::Transport, Method::Hold]),
            (Level::Message, vec![Method::Transport, Method::Wait], vec![Method::Hold]),
            (Level::Tls, vec![Method::Wait], vec![Method::Hold]),
            (Level::Tls, vec![Method::Portal, Method::Hold], vec![Method::Hold]),
            (Level::Hold, vec![Method::Transport, Method::Wait], vec![Method::Hold]),
        ];
        for (level, configured, expected) in table {
            let config = Config { ladder: [(Class::Phi, configured.clone())].into(), ..Config::default() };
            assert_eq!(ladder(&config, Class::Phi, level, &to), expected, "{level} by {configured:?}");
        }
    }

    #[test]
    fn a_route_that_provides_message_protection_carries_such_mail() {
        let provides = vec![Provision { domains: vec!["partner.example".parse().unwrap()], level: Level::Message }];
        let config = Config { provides, ..Config::default() };
        let rungs = |to: &str| ladder(&config, Class::Phi, Level::Message, &to.parse().unwrap());
        assert_eq!(rungs("a@partner.example"), vec![Method::Transport, Method::Wait]);
        assert_eq!(rungs("a@other.example"), vec![Method::Hold]);
    }
}
