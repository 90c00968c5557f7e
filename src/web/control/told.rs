//! Changes that commands make by themselves, beside the gateway: each stands in the account under the name of whoever ran
//! the command. Where no gateway runs, it is left in a file in `data_dir`, and the next one takes it up.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::{House, Problem};
use super::{Actor, event, name_of};
use crate::audit::{Event, EventKind};

/// A change, as a command tells it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    pub kind: Change,
    pub detail: Map<String, Value>,
}

/// What commands change beside the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    User,
    Key,
    Rule,
}

impl Change {
    fn event(self) -> EventKind {
        match self {
            Change::User => EventKind::UserChanged,
            Change::Key => EventKind::KeyChanged,
            Change::Rule => EventKind::RuleChanged,
        }
    }
}

/// Writes it into the account.
pub async fn told(State(house): State<House>, actor: Actor, Json(told): Json<Told>) -> Result<StatusCode, Problem> {
    let Told { kind, detail } = told;
    house.store.append(vec![event(&house, &actor, kind.event(), None, Value::Object(detail))]).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A change that waits for a gateway.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Left {
    at: Timestamp,
    actor: String,
    #[serde(flatten)]
    told: Told,
}

/// One JSON object a line.
fn waiting(data_dir: &Path) -> PathBuf {
    data_dir.join("told.jsonl")
}

/// What a gateway that starts is taking up.
fn taking(data_dir: &Path) -> PathBuf {
    data_dir.join("told.taking")
}

/// Leaves a change for the next gateway, if there is a folder for it yet; answers the file.
pub fn leave(data_dir: &Path, told: Told, at: Timestamp) -> io::Result<Option<PathBuf>> {
    if !data_dir.is_dir() {
        return Ok(None);
    }
    let actor = format!("local:{}", name_of(rustix::process::geteuid().as_raw()));
    let mut line = serde_json::to_vec(&Left { at, actor, told })?;
    line.push(b'\n');
    let path = waiting(data_dir);
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path)?;
    file.write_all(&line)?;
    file.sync_all()?;
    Ok(Some(path))
}

/// What was left, in order; [`taken`] says that the account has it. A line that is none is left out: whoever can write
/// there could have left none at all.
pub fn take(data_dir: &Path) -> io::Result<Vec<Event>> {
    let (waiting, taking) = (waiting(data_dir), taking(data_dir));
    // Of a start that was cut short comes first what it was taking.
    let mut text = read(&taking)?;
    if waiting.exists() {
        text.push_str(&read(&waiting)?);
        fs::write(&taking, &text)?;
        fs::remove_file(&waiting)?;
    }
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Left>(line).ok());
    Ok(lines
        .map(|Left { at, actor, told }| Event {
            at,
            actor,
            kind: told.kind.event(),
            message: None,
            detail: told.detail,
        })
        .collect())
}

/// The account has what [`take`] gave.
pub fn taken(data_dir: &Path) -> io::Result<()> {
    match fs::remove_file(taking(data_dir)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn read(path: &Path) -> io::Result<String> {
    match fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(user: &str) -> Told {
        Told { kind: Change::User, detail: Map::from_iter([("user".to_owned(), user.into())]) }
    }

    #[test]
    fn what_was_left_is_taken_up_once_also_after_a_start_that_was_cut_short() {
        let folder = tempfile::tempdir().unwrap();
        let at = Timestamp::UNIX_EPOCH;
        let users = |events: Vec<Event>| {
            events.iter().map(|event| event.detail["user"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(leave(&folder.path().join("none"), told("ann"), at).unwrap(), None);
        assert!(take(folder.path()).unwrap().is_empty());
        leave(folder.path(), told("ann"), at).unwrap();
        leave(folder.path(), told("bob"), at).unwrap();
        let events = take(folder.path()).unwrap();
        assert_eq!((events[0].kind, events[0].at), (EventKind::UserChanged, at));
        assert!(events[0].actor.starts_with("local:"));
        leave(folder.path(), told("cy"), at).unwrap();
        assert_eq!(users(take(folder.path()).unwrap()), ["ann", "bob", "cy"]);
        taken(folder.path()).unwrap();
        assert!(take(folder.path()).unwrap().is_empty());
    }

    #[test]
    fn a_line_that_is_none_takes_no_other_with_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(waiting(folder.path()), b"{\n\xff\n").unwrap();
        leave(folder.path(), told("ann"), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(take(folder.path()).unwrap().len(), 1);
    }
}
