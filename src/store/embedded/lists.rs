//! Lists of messages and what waits for each destination. With a long queue both are asked for, so neither
//! sorts it, and a page costs what it shows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::query::{STORED, Stored};
use super::record::{parse, read_mark, read_text};
use super::shared::Shared;
use super::state;
use super::trouble::Trouble;
use crate::mail::{Address, Domain, QueueId};
use crate::store::{Destination, MessageState, Query, RecipientRecord, Summary};

/// Messages that match, in order of arrival.
pub fn list(shared: &Shared, db: &Connection, query: &Query) -> Result<Vec<Summary>, Trouble> {
    let after = match query.after {
        None => 0,
        Some(id) => match place_of(db, id)? {
            Some(seq) => seq,
            None => return Ok(Vec::new()),
        },
    };
    let mut places = db.prepare_cached(&places(&query.states))?;
    let mut row = db.prepare_cached(&format!(
        "SELECT {STORED} FROM message JOIN standing USING (seq) WHERE seq = ?1 AND received >= ?2
         AND (?3 IS NULL OR instr(lower(envelope), ?3) OR instr(lower(facts), ?3))
         AND (?4 IS NULL OR instr(lower(envelope), ?4))
         AND (?5 IS NULL OR instr(lower(facts), ?5))"
    ))?;
    let since = query.since.map_or(i64::MIN, Timestamp::as_millisecond);
    let limit = query.limit.unwrap_or(usize::MAX);
    let [from, to, message_id] =
        [&query.from, &query.to, &query.message_id].map(|wanted| wanted.as_deref().and_then(as_stored));
    let mut found = Vec::new();
    for seq in places.query_map([after], |row| row.get::<_, i64>(0))? {
        let stored = row.query_row(params![seq?, since, from, to, message_id], Stored::read).optional()?;
        let Some(stored) = stored else { continue };
        // One damaged row must not hide the others, nor itself.
        let summary = stored.summary(&shared.integrity).or_else(|_| stored.unreadable())?;
        if matches(query, &summary) {
            found.push(summary);
        }
        if found.len() >= limit {
            break;
        }
    }
    Ok(found)
}

fn place_of(db: &Connection, id: QueueId) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT seq FROM message WHERE id = ?")?.query_row([id.as_bytes()], |row| row.get(0)).optional()
}

/// The statement that walks through messages in these states, in order. The few that are open are found by the
/// indexes of them, each of which is in order for itself.
fn places(states: &[MessageState]) -> String {
    let numbers: Vec<i64> = states.iter().map(|state| state::number(*state)).collect();
    // Held also where another recipient is still to be delivered.
    let held = states.contains(&MessageState::Held);
    if states.is_empty() {
        return "SELECT seq FROM standing WHERE seq > ?1 ORDER BY seq".to_owned();
    }
    if numbers.iter().any(|number| *number >= 3) {
        let numbers = numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
        let held = if held { " OR +held = 1" } else { "" };
        return format!("SELECT seq FROM standing WHERE seq > ?1 AND (+state IN ({numbers}){held}) ORDER BY seq");
    }
    let open = numbers.iter().flat_map(|number| [(number, 0), (number, 1)]).map(|(number, unlisted)| {
        format!("SELECT seq FROM standing WHERE state = {number} AND state < 3 AND unlisted = {unlisted} AND seq > ?1")
    });
    let held = held.then(|| "SELECT seq FROM standing WHERE held = 1 AND seq > ?1".to_owned());
    format!("{} ORDER BY seq", open.chain(held).collect::<Vec<_>>().join(" UNION "))
}

/// The text as it stands in a row, so that the database can leave out what can't match without a
/// row being read and checked. `None` where JSON or case would write it in another way.
fn as_stored(wanted: &str) -> Option<String> {
    let plain = wanted.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\'));
    plain.then(|| wanted.trim_matches(['<', '>']).to_ascii_lowercase())
}

fn matches(query: &Query, summary: &Summary) -> bool {
    let authors = summary.envelope.reverse_path.address().into_iter().chain(&summary.facts.author);
    let mut recipients = summary.envelope.recipients.iter().map(|recipient| &recipient.address);
    let bare = |id: &str| id.trim_matches(['<', '>']).to_owned();
    let contains =
        |wanted: &str, address: &Address| address.to_string().to_lowercase().contains(&bare(wanted).to_lowercase());
    query.from.as_ref().is_none_or(|wanted| authors.clone().any(|author| contains(wanted, author)))
        && query.to.as_ref().is_none_or(|wanted| recipients.any(|recipient| contains(wanted, recipient)))
        && query
            .message_id
            .as_ref()
            .is_none_or(|wanted| summary.facts.message_id.as_deref().map(bare) == Some(bare(wanted)))
}

/// What waits, by destination. Damaged rows are left out: nothing can be said of their recipients.
pub fn destinations(shared: &Shared, db: &Connection) -> Result<Vec<Destination>, Trouble> {
    let mut rows = db.prepare_cached(
        "SELECT id, state, recipients, standing.mark, received FROM standing JOIN message USING (seq)
         WHERE state = 1 AND state < 3",
    )?;
    let mut found: BTreeMap<Domain, Destination> = BTreeMap::new();
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let (id, text) = (QueueId::from_bytes(row.get(0)?), read_text(row, 2)?);
        if read_mark(row, 3)? != shared.integrity.standing(id, state::of(row.get(1)?)?, &text) {
            continue;
        }
        let received = Timestamp::from_millisecond(row.get(4)?).unwrap_or_default();
        for recipient in parse::<Vec<RecipientRecord>>(id, &text)? {
            if recipient.state.waits() {
                let domain = recipient.address.domain();
                match found.get_mut(domain) {
                    Some(destination) => destination.add(&recipient, received),
                    None => drop(found.insert(domain.clone(), Destination::first(&recipient, received))),
                }
            }
        }
    }
    Ok(found.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a page sorted the whole queue, listing 200,000 messages took a minute and a half.
    #[test]
    fn no_list_sorts_the_queue_or_reads_what_is_settled() {
        let mut db = Connection::open_in_memory().unwrap();
        super::super::schema::migrate(&mut db).unwrap();
        use MessageState::{Delivered, Held, Queued, Scanning};
        for states in
            [vec![], vec![Scanning, Queued], vec![Held], vec![Queued, Held], vec![Delivered], vec![Held, Delivered]]
        {
            let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {}", places(&states))).unwrap();
            let steps: Vec<String> = plan.query_map([0], |row| row.get(3)).unwrap().map(Result::unwrap).collect();
            let plan = steps.join("; ");
            assert!(!plan.contains("TEMP B-TREE"), "{states:?}: {plan}");
            let settled = states.is_empty() || states.contains(&Delivered);
            assert_eq!(plan.contains("PRIMARY KEY"), settled, "{states:?}: {plan}");
            assert!(!plan.contains("SCAN"), "{states:?}: {plan}");
        }
    }
}
