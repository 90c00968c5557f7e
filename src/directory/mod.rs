//! The organisation's own people: read from a CSV file or asked of an LDAP server, kept, and renewed.
//!
//! In: where they are kept. Out: a [`Directory`] that scans ask, exchanged while they do. What was last
//! heard of an LDAP server lies in `data_dir`, so that a start without it knows the staff as they were.

mod ask;
mod kept;
mod table;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use prometheus::{GaugeVec, Opts, Registry};
use tracing::{error, info, warn};

pub use ask::{Attributes, Error, Server, usual};

use crate::detect::known::{Directory, Field};
use kept::Kept;

/// After a failure an LDAP server is asked again this soon, or sooner if it is asked more often.
const AGAIN: Duration = Duration::from_secs(60);

/// Where the directory is, and the age from which it is out of date.
#[derive(Clone, Debug)]
pub struct Source {
    pub place: Place,
    pub max_age: Duration,
}

#[derive(Clone, Debug)]
pub enum Place {
    File(PathBuf),
    Server(Box<Server>),
}

/// One person, by what tells who that is.
type Cells = Vec<(Field, String)>;

/// The directory in use.
pub struct Live {
    source: Source,
    /// Where the answers of a server are kept.
    kept: PathBuf,
    people: Arc<ArcSwap<Directory>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When the directory in use was true: the file's change, the server's answer.
    as_of: Option<Timestamp>,
    /// Which file was read last, whether or not it could be.
    seen: Option<Identity>,
    next: Option<Timestamp>,
    /// Why it could not be renewed.
    trouble: Option<String>,
    warned: bool,
}

/// Tells one file from another in the same place: number, length, time of change.
type Identity = (u64, u64, i64, i64);

impl Live {
    /// Reads the file, or what is kept of the server: it is asked at the first [`Live::refresh`].
    pub fn open(source: Source, data_dir: &Path) -> Result<Self, String> {
        let kept = data_dir.join("directory.json");
        let mut state = State::default();
        let people = match &source.place {
            Place::File(path) => {
                state.seen = identity(path);
                state.as_of = state.seen.and_then(changed);
                table::read(path)?
            }
            Place::Server(server) => match Kept::read(&kept, &server.fingerprint()) {
                Ok(Some(Kept { as_of, people })) => {
                    state.as_of = Some(as_of);
                    directory(&people)
                }
                Ok(None) => Directory::default(),
                Err(error) => {
                    warn!(%error, "what was kept of the directory can't be read; it is asked for anew");
                    Directory::default()
                }
            },
        };
        Ok(Self { source, kept, people: Arc::new(ArcSwap::from_pointee(people)), state: state.into() })
    }

    /// What scans ask; it is exchanged while they do.
    pub fn people(&self) -> Arc<ArcSwap<Directory>> {
        self.people.clone()
    }

    /// When the directory in use was true; `None` while nothing is known of a server's.
    pub fn as_of(&self) -> Option<Timestamp> {
        self.state().as_of
    }

    /// What an operator should know of it, and what to do.
    pub fn trouble(&self, now: Timestamp) -> Option<(String, String)> {
        let state = self.state();
        let mend = match &self.source.place {
            Place::File(_) => "export it again",
            Place::Server(_) => "`waxseal check` asks the server and says what is wrong",
        };
        let why = state.trouble.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        let message = match state.as_of {
            None => format!("the directory has never been read{why}"),
            Some(as_of) if age(as_of, now) > self.source.max_age => {
                format!("the directory is {} days old{why}", age(as_of, now).as_secs() / 86_400)
            }
            Some(_) => return None,
        };
        Some((message, mend.to_owned()))
    }

    /// Reads a file that has changed, or asks the server when it is time. What can't be read leaves what is
    /// known in use.
    pub async fn refresh(&self, now: Timestamp) {
        let renewed = match &self.source.place {
            Place::File(path) => self.read_again(path),
            Place::Server(server) => self.ask_again(server, now).await,
        };
        match renewed {
            Some(Ok((people, as_of))) => {
                info!(people = people.len(), "the directory is renewed");
                self.people.store(Arc::new(people));
                let mut state = self.state();
                (state.as_of, state.trouble, state.warned) = (as_of, None, false);
            }
            Some(Err(error)) => {
                error!(%error, "the directory can't be renewed; what was known of it stays in use");
                self.state().trouble = Some(error);
            }
            None => {}
        }
        let old = self.trouble(now).filter(|_| !std::mem::replace(&mut self.state().warned, true));
        match old {
            Some((trouble, _)) => warn!(trouble, "the directory is out of date"),
            None if self.trouble(now).is_none() => self.state().warned = false,
            None => {}
        }
    }

    fn read_again(&self, path: &Path) -> Option<Result<(Directory, Option<Timestamp>), String>> {
        let found = identity(path);
        let mut state = self.state();
        if state.seen == found {
            return None;
        }
        state.seen = found;
        Some(table::read(path).map(|people| (people, found.and_then(changed))))
    }

    async fn ask_again(
        &self,
        server: &Server,
        now: Timestamp,
    ) -> Option<Result<(Directory, Option<Timestamp>), String>> {
        if self.state().next.is_some_and(|next| now < next) {
            return None;
        }
        let answer = server.ask().await;
        let pause = if answer.is_ok() { server.refresh } else { server.refresh.min(AGAIN) };
        self.state().next = now.checked_add(pause).ok();
        let people = match answer {
            Ok(people) => people,
            Err(error) => return Some(Err(error.to_string())),
        };
        let fresh = directory(&people);
        if let Err(error) = (Kept { as_of: now, people }).write(&self.kept, &server.fingerprint()) {
            warn!(%error, "the directory can't be kept for a start without its server");
        }
        Some(Ok((fresh, Some(now))))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding it")
    }
}

fn directory(people: &[Cells]) -> Directory {
    let mut directory = Directory::default();
    for cells in people {
        directory.add(cells.iter().map(|(field, value)| (*field, value.as_str())));
    }
    directory
}

fn age(as_of: Timestamp, now: Timestamp) -> Duration {
    now.duration_since(as_of).try_into().unwrap_or_default()
}

fn identity(path: &Path) -> Option<Identity> {
    let about = std::fs::metadata(path).ok()?;
    Some((about.ino(), about.len(), about.mtime(), about.mtime_nsec()))
}

fn changed(identity: Identity) -> Option<Timestamp> {
    Timestamp::from_second(identity.2).ok()
}

/// What is counted of the directory in use; nothing where the site has none.
pub struct Metrics {
    as_of: GaugeVec,
    max_age: GaugeVec,
    people: GaugeVec,
}

impl Metrics {
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let gauge = |name: &str, help: &str| {
            let gauge = GaugeVec::new(Opts::new(name, help), &["source"])?;
            registry.register(Box::new(gauge.clone())).map(|()| gauge)
        };
        Ok(Self {
            as_of: gauge(
                "waxseal_directory_timestamp_seconds",
                "When the staff directory in use was true; 0 while there is none",
            )?,
            max_age: gauge("waxseal_directory_max_age_seconds", "From which age the staff directory is out of date")?,
            people: gauge("waxseal_directory_people", "People in the staff directory in use")?,
        })
    }

    pub fn show(&self, live: &Live) {
        let labels = match live.source.place {
            Place::File(_) => ["file"],
            Place::Server(_) => ["ldap"],
        };
        self.as_of.with_label_values(&labels).set(live.as_of().map_or(0.0, |as_of| as_of.as_second() as f64));
        self.max_age.with_label_values(&labels).set(live.source.max_age.as_secs_f64());
        self.people.with_label_values(&labels).set(live.people.load().len() as f64);
    }
}

#[cfg(test)]
mod tests;
