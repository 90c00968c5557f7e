//! An index in use by a running gateway: exchanged when a new one is built, watched for its age.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use prometheus::{GaugeVec, Opts, Registry};
use tracing::{error, info, warn};

use super::site::SiteKey;
use super::{Error, Folder, Table, at};
use crate::detect::known::{Index, Key, Unreadable};

/// An index that the configuration makes active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub name: String,
    /// Past this age it is out of date: whoever is missing in it may be a patient all the same.
    pub max_age: Duration,
}

/// Asked by scans while [`Live::refresh`] looks for a newer file.
pub struct Live {
    wanted: Wanted,
    path: PathBuf,
    site: SiteKey,
    table: ArcSwap<Table>,
    /// Which file was opened last, whether or not it could be read.
    seen: std::sync::Mutex<Identity>,
    current: AtomicBool,
    /// A new file could not be opened, or the old one not be read.
    broken: AtomicBool,
}

/// Tells one file from another in the same place: device, number, length, time of change.
type Identity = (u64, u64, u64, i64, i64);

impl Live {
    pub fn open(folder: &Folder, wanted: Wanted, now: Timestamp) -> Result<Self, Error> {
        let path = folder.file(&wanted.name)?;
        let seen = identity(&path).unwrap_or_default();
        let table = folder.table(&wanted.name)?;
        let live = Self {
            wanted,
            path,
            site: folder.site.clone(),
            table: ArcSwap::from_pointee(table),
            seen: seen.into(),
            current: AtomicBool::new(false),
            broken: AtomicBool::new(false),
        };
        live.current.store(live.age(now) <= live.wanted.max_age, Ordering::Relaxed);
        Ok(live)
    }

    pub fn name(&self) -> &str {
        &self.wanted.name
    }

    pub fn built(&self) -> Timestamp {
        self.table.load().header.built
    }

    fn age(&self, now: Timestamp) -> Duration {
        now.duration_since(self.built()).try_into().unwrap_or_default()
    }

    /// What an operator should know of it.
    pub fn trouble(&self, now: Timestamp) -> Option<String> {
        let days = self.age(now).as_secs() / 86_400;
        if self.broken.load(Ordering::Relaxed) {
            return Some(format!("the patient index {} can't be read", self.name()));
        }
        (self.age(now) > self.wanted.max_age).then(|| format!("the patient index {} is {days} days old", self.name()))
    }

    /// Whether scans miss what the index would say.
    pub fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// Takes up a newer file, if there is one, and looks at the age. A file that can't be read leaves the
    /// one before in use.
    pub fn refresh(&self, now: Timestamp) {
        let found = identity(&self.path).unwrap_or_default();
        let mut seen = self.seen.lock().expect("nobody panics while holding it");
        if *seen != found {
            *seen = found;
            match Table::open(&self.path, &self.site) {
                Ok(table) => {
                    info!(index = self.name(), rows = table.header.rows, "a new patient index is in use");
                    self.table.store(Arc::new(table));
                    self.broken.store(false, Ordering::Relaxed);
                }
                Err(error) => {
                    error!(index = self.name(), %error, "a new patient index can't be used; the one before still is");
                    self.broken.store(true, Ordering::Relaxed);
                }
            }
        }
        let current = self.age(now) <= self.wanted.max_age;
        if self.current.swap(current, Ordering::Relaxed) && !current {
            warn!(index = self.name(), "the patient index is out of date; build it again");
        }
    }
}

fn identity(path: &std::path::Path) -> Result<Identity, Error> {
    let about = std::fs::metadata(path).map_err(at(path))?;
    Ok((about.dev(), about.ino(), about.len(), about.mtime(), about.mtime_nsec()))
}

impl Index for Live {
    fn may_hold(&self, key: &Key<'_>) -> bool {
        self.table.load().may_hold(key)
    }

    fn holds(&self, key: &Key<'_>) -> Result<bool, Unreadable> {
        self.table.load().holds(key).inspect_err(|Unreadable| {
            if !self.broken.swap(true, Ordering::Relaxed) {
                error!(index = self.name(), "the patient index can't be read; mail counts as not wholly read");
            }
        })
    }

    fn is_current(&self) -> bool {
        self.current.load(Ordering::Relaxed)
    }
}

/// What is counted of the indexes in use.
pub struct Metrics {
    /// When each was built.
    built: GaugeVec,
    /// From which age each is out of date.
    max_age: GaugeVec,
}

impl Metrics {
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let help = "When the patient index in use was built, by name";
        let built = GaugeVec::new(Opts::new("waxseal_edm_built_timestamp_seconds", help), &["name"])?;
        registry.register(Box::new(built.clone()))?;
        let help = "From which age the patient index is out of date, by name";
        let max_age = GaugeVec::new(Opts::new("waxseal_edm_max_age_seconds", help), &["name"])?;
        registry.register(Box::new(max_age.clone()))?;
        Ok(Self { built, max_age })
    }

    pub fn show(&self, tables: &[Arc<Live>]) {
        for table in tables {
            self.built.with_label_values(&[table.name()]).set(table.built().as_second() as f64);
            self.max_age.with_label_values(&[table.name()]).set(table.wanted.max_age.as_secs_f64());
        }
    }
}
