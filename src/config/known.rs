//! `edm:` and `directory:`: what the site knows of its people, opened and read.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::Configuration;
use super::fault::{Complaints, Fault, fault};
use super::files::Base;
use super::raw::{DirectorySetting, IndexSetting, Settings};
use super::tree::Place;
use crate::detect::known::{Directory, Field, Known};
use crate::edm::{Folder, Live, Wanted};
use crate::message::{Budget, Document, Documents, InProcess};

/// Octets of text that a form may have.
const MOST_FORM: u64 = 64 << 20;
const DAY: Duration = Duration::from_secs(86_400);
const INDEX_AGE: Duration = Duration::from_secs(7 * 86_400);
const DIRECTORY_AGE: Duration = Duration::from_secs(30 * 86_400);

/// Where the directory is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub file: PathBuf,
    pub max_age: Duration,
}

/// Everybody who is known.
pub struct Acquaintance {
    pub known: Known,
    /// The indexes in it, to be looked after while the gateway runs.
    pub tables: Vec<Arc<Live>>,
    /// What is out of date.
    pub warnings: Vec<Fault>,
}

pub(super) fn indexes(settings: &Settings) -> Vec<Wanted> {
    let wanted = |setting: &IndexSetting| match setting {
        IndexSetting::Name(name) => Wanted { name: name.clone(), max_age: INDEX_AGE },
        IndexSetting::Aged(index) => {
            Wanted { name: index.name.clone(), max_age: index.max_age.map_or(INDEX_AGE, |span| span.0) }
        }
    };
    settings.edm.iter().map(wanted).collect()
}

pub(super) fn directory(settings: &Settings, base: &Base) -> Option<Source> {
    settings.directory.as_ref().map(|setting| match setting {
        DirectorySetting::File(file) => Source { file: base.path(file), max_age: DIRECTORY_AGE },
        DirectorySetting::Aged(directory) => {
            Source { file: base.path(&directory.file), max_age: directory.max_age.map_or(DIRECTORY_AGE, |span| span.0) }
        }
    })
}

/// What can be told without opening anything. Whether an index is there is asked when mail is judged:
/// `waxseal edm build`, which makes it, reads the same configuration.
pub(super) fn check(settings: &Settings, base: &Base, complaints: &mut Complaints<'_>) {
    for (at, path) in settings.forms.iter().map(|written| base.path(written)).enumerate() {
        if !path.exists() {
            complaints.fault(&format!("forms[{at}]"), format!("there is no {}", path.display()), "");
        }
    }
    if let Some(source) = directory(settings, base).filter(|source| !source.file.exists()) {
        complaints.fault("directory", format!("there is no {}", source.file.display()), "");
    }
}

/// Opens the indexes and reads the directory.
pub fn acquaintance(configuration: &Configuration, now: Timestamp) -> Result<Acquaintance, Fault> {
    let told = |key: &str, message: String, mend: Option<String>| {
        fault(&configuration.file, Place::default(), key, message, mend)
    };
    let mut known = Known::default();
    let (mut tables, mut warnings) = (Vec::new(), Vec::new());
    if !configuration.edm.is_empty() {
        let folder = Folder::open(&configuration.data_dir, &configuration.store.master)
            .map_err(|error| told("edm", error.to_string(), None))?;
        for wanted in &configuration.edm {
            let live =
                Live::open(&folder, wanted.clone(), now).map_err(|error| told("edm", error.to_string(), None))?;
            warnings.extend(live.trouble(now).map(|trouble| told("edm", trouble, None)));
            let live = Arc::new(live);
            known = known.with(live.clone());
            tables.push(live);
        }
    }
    if let Some(source) = &configuration.directory {
        let failed = |message: String| fault(&source.file, Place::default(), "", message, None);
        known.directory = read(source).map_err(failed)?;
        let changed = std::fs::metadata(&source.file).and_then(|about| about.modified());
        let changed = changed.ok().and_then(|changed| Timestamp::try_from(changed).ok());
        let age = changed.and_then(|changed| Duration::try_from(now.duration_since(changed)).ok()).unwrap_or_default();
        if age > source.max_age {
            let message = format!("the directory is {} days old", age.as_secs() / DAY.as_secs());
            warnings.push(told("directory", message, Some("export it again".to_owned())));
        }
    }
    for path in configuration.forms.iter().flat_map(|path| files_of(path)) {
        let read = form(&path).map_err(|message| fault(&path, Place::default(), "", message, None))?;
        if !known.forms.add(&read) {
            let message = "this form has too little text to be told from other texts; it is left out".to_owned();
            warnings.push(fault(&path, Place::default(), "", message, None));
        }
    }
    Ok(Acquaintance { known, tables, warnings })
}

/// The file itself, or every file at or below a folder, in order of name.
fn files_of(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(path) else { return vec![path.to_owned()] };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| !path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")));
    paths.sort();
    paths.iter().flat_map(|path| files_of(path)).collect()
}

/// A form's text. It is the site's own file, so it is opened in this process.
fn form(path: &Path) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let document = Document { name: name.as_deref(), declared: "", bytes: &bytes, depth: 0 };
    let extract = InProcess.open(&document, &Budget::new(MOST_FORM, 1_000));
    match extract.gaps.first() {
        Some(gap) => Err(format!("the form can't be read: {}", gap.reason)),
        None => {
            let texts = extract.segments.iter().map(|segment| segment.text.as_str());
            Ok(texts.collect::<Vec<_>>().join("\n"))
        }
    }
}

/// The directory of a CSV file.
fn read(source: &Source) -> Result<Directory, String> {
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(&source.file).map_err(|error| error.to_string())?;
    let line = |error: &csv::Error| error.position().map_or(0, csv::Position::line);
    let headers = reader.headers().map_err(|_| "its header row is no UTF-8".to_owned())?.clone();
    let fields: Vec<Option<Field>> = headers.iter().map(Field::of_header).collect();
    if fields.iter().all(Option::is_none) {
        return Err(
            "no column tells who somebody is: name, first name, last name, email, phone or npi is wanted".into()
        );
    }
    let mut directory = Directory::default();
    for record in reader.records() {
        let record = record.map_err(|error| format!("line {}: the row can't be read", line(&error)))?;
        let cells = fields.iter().zip(&record).filter_map(|(field, value)| Some(((*field)?, value)));
        directory.add(cells.filter(|(_, value)| !value.is_empty()));
    }
    if directory.is_empty() {
        return Err("it has a header, but no rows".to_owned());
    }
    Ok(directory)
}
