//! Which recipients of a message go one way: to one hop, by one method, at one level.

use super::Way;
use crate::deliver::Destination;
use crate::policy::{Decision, Level, Method};
use crate::queue::Work;
use crate::store::{Leased, RecipientRecord};

/// What recipients must have in common to share a transaction: the hop, what it must prove, and so
/// the bytes.
#[derive(PartialEq)]
pub struct Path {
    pub destination: Destination,
    pub level: Level,
    pub method: Method,
}

impl Path {
    fn of(way: &Way, decision: &Decision, due: &RecipientRecord) -> Self {
        let level = asked(decision, due);
        Self { destination: way.deliverer.config().destination(due.address.domain(), level), level, method: due.method }
    }
}

/// Recipients that share a transaction.
pub struct Group {
    pub path: Path,
    pub recipients: Vec<usize>,
}

/// What the hop must reach. While the site only observes, everything goes with the best TLS offered.
pub fn asked(decision: &Decision, due: &RecipientRecord) -> Level {
    if decision.observed { Level::Opportunistic } else { due.level }
}

pub fn groups(way: &Way, leased: &Leased) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::with_capacity(1);
    for due in &leased.due {
        let path = Path::of(way, &leased.decision, due);
        match groups.iter_mut().find(|group| group.path == path) {
            Some(group) => group.recipients.push(due.index),
            None => groups.push(Group { path, recipients: vec![due.index] }),
        }
    }
    groups
}

/// Other domains of the message behind the same next hop share its transaction.
pub fn take_along(way: &Way, work: &mut Work) {
    let paths: Vec<Path> = groups(way, &work.leased).into_iter().map(|group| group.path).collect();
    let decision = work.leased.decision.clone();
    work.take_along(|due| paths.contains(&Path::of(way, &decision, due)));
}
