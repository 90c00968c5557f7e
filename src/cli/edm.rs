//! `edm`: builds, lists and drops exact-data-match indexes. A running gateway takes up a new one by itself.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::json;

use super::control::Control;
use super::exit::{Error, Exit, Result};
use super::output::Table;
use super::{Common, settings};
use crate::config::Configuration;
use crate::detect::known::Column;
use crate::edm::{self, Built, Export, Folder, Header};
use crate::web::Change;
use crate::world::{Clock, SystemClock};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Build an index from an export: CSV (or columns apart by semicolons, tabs or bars) with a header row, or an SQL dump
    Build {
        /// The name by which `edm:` in the configuration makes it active
        name: String,
        /// The export; - for standard input
        #[arg(value_name = "FILE.csv|FILE.sql")]
        export: PathBuf,
        /// Which table of an SQL dump, where it has several of people
        #[arg(long, value_name = "NAME")]
        table: Option<String>,
        /// What a column holds whose header does not say it: number, email, given, family, name,
        /// birth-date, phone, address, or ignore; may be repeated
        #[arg(long = "map", value_name = "HEADER=COLUMN", value_parser = mapped)]
        map: Vec<(String, Option<Column>)>,
    },
    /// Every index, with its age
    List,
    /// Take an index away
    Drop {
        /// As given to `edm build`
        name: String,
    },
}

pub fn run(common: &Common, command: Command) -> Result {
    let configuration = settings::load(common)?;
    let folder = Folder::open(&configuration.data_dir, &configuration.store.master).map_err(trouble)?;
    let done = match command {
        Command::Build { name, export, table, map } => {
            let read = open(&export)?;
            build(common, &configuration, &folder, &name, Export { read, map: &map, table: table.as_deref() })
        }
        Command::List => list(common, &configuration, &folder),
        Command::Drop { name } => drop_index(common, &configuration, &folder, &name),
    };
    let place = configuration.data_dir.join("edm");
    let made = std::fs::read_dir(&place).into_iter().flatten().flatten().map(|entry| entry.path());
    // The first command of all makes the master key too.
    let key = Some(configuration.data_dir.join("master.key")).filter(|key| key.exists());
    for made in made.chain([place.clone()]).chain(key) {
        settings::give_to_owner_of(&configuration.data_dir, &made)?;
    }
    done
}

/// `HEADER=COLUMN` of the command line.
fn mapped(written: &str) -> std::result::Result<(String, Option<Column>), String> {
    let known = || {
        let words: Vec<&str> = Column::ALL.into_iter().map(Column::as_str).collect();
        format!("a column holds {} or ignore", words.join(", "))
    };
    let (header, word) = written.rsplit_once('=').ok_or_else(|| format!("HEADER=COLUMN is wanted; {}", known()))?;
    let column = Column::ALL.into_iter().find(|column| column.as_str() == word);
    if column.is_none() && word != "ignore" {
        return Err(known());
    }
    Ok((header.to_owned(), column))
}

fn open(export: &Path) -> Result<Box<dyn Read>> {
    Ok(match export.as_os_str() == "-" {
        true => Box::new(io::stdin().lock()),
        false => Box::new(File::open(export).map_err(|error| Error::io(export.display(), error))?),
    })
}

fn build(common: &Common, configuration: &Configuration, folder: &Folder, name: &str, export: Export<'_>) -> Result {
    let built = edm::build(folder, name, export, SystemClock.now()).map_err(trouble)?;
    tell(configuration, json!({ "change": "built", "index": name, "rows": built.header.rows }))?;
    let active = configuration.edm.iter().any(|wanted| wanted.name == name);
    common.output().one(&built, |built| text(built, active))?;
    Ok(Exit::Done)
}

fn text(built: &Built, active: bool) -> String {
    let header = &built.header;
    let columns: Vec<String> = header.columns.iter().map(|(name, column)| format!("{name} ({column})")).collect();
    let mut text = format!("{}: {} rows, {} keys\n", header.name, header.rows, header.entries);
    text.push_str(&format!("  columns used: {}\n", columns.join(", ")));
    if !built.ignored.is_empty() {
        text.push_str(&format!("  columns left out: {} (--map says what they hold)\n", built.ignored.join(", ")));
    }
    if !built.left_out.is_empty() {
        text.push_str(&format!("  tables left out: {}\n", built.left_out.join(", ")));
    }
    if built.empty_rows > 0 {
        text.push_str(&format!("  {} rows have no value that tells who\n", built.empty_rows));
    }
    if header.common_names > 0 {
        let common = header.common_names;
        text.push_str(&format!("  {common} names belong to five rows or more each: they hardly tell whom\n"));
    }
    if !active {
        text.push_str(&format!("make it active in the configuration: edm: [{}]\n", header.name));
    }
    text
}

/// An index in the list; one that can't be opened says why.
#[derive(Serialize)]
struct Listed {
    /// Told by its header where that can be read.
    #[serde(rename = "name", skip_serializing_if = "Option::is_none")]
    unread: Option<String>,
    active: bool,
    #[serde(flatten)]
    header: Option<Header>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
}

fn list(common: &Common, configuration: &Configuration, folder: &Folder) -> Result {
    let mut listed = Vec::new();
    for name in folder.names().map_err(trouble)? {
        let active = configuration.edm.iter().any(|wanted| wanted.name == name);
        listed.push(match folder.table(&name) {
            Ok(table) => Listed { unread: None, active, header: Some(table.header), fault: None },
            Err(error) => Listed { unread: Some(name), active, header: None, fault: Some(error.to_string()) },
        });
    }
    let bad = listed.iter().any(|index| index.fault.is_some());
    common.output().list(&listed, |listed| {
        if listed.is_empty() {
            return "no indexes; `waxseal edm build NAME FILE.csv` makes one\n".into();
        }
        let mut table = Table::new(&["NAME", "ACTIVE", "ROWS", "BUILT", "COLUMNS"]);
        for index in listed {
            let active = if index.active { "yes" } else { "no" }.to_owned();
            table.row(match &index.header {
                Some(header) => {
                    let columns: Vec<&str> = header.columns.iter().map(|(name, _)| name.as_str()).collect();
                    let built = header.built.strftime("%F %R").to_string();
                    [header.name.clone(), active, header.rows.to_string(), built, columns.join(" ")]
                }
                None => [
                    index.unread.clone().unwrap_or_default(),
                    active,
                    "-".into(),
                    "-".into(),
                    index.fault.clone().unwrap_or_default(),
                ],
            });
        }
        table.render()
    })?;
    Ok(if bad { Exit::No } else { Exit::Done })
}

fn drop_index(common: &Common, configuration: &Configuration, folder: &Folder, name: &str) -> Result {
    if configuration.edm.iter().any(|wanted| wanted.name == name) {
        return Err(Error::No(format!("{name} is active; take it out of `edm:` and reload first")));
    }
    folder.drop_table(name).map_err(trouble)?;
    tell(configuration, json!({ "change": "dropped", "index": name }))?;
    common.output().one(&json!({ "name": name, "dropped": true }), |_| format!("{name} is gone\n"))?;
    Ok(Exit::Done)
}

fn tell(configuration: &Configuration, detail: serde_json::Value) -> Result<()> {
    Control::tell(&configuration.data_dir, Change::Rule, detail)
}

fn trouble(error: edm::Error) -> Error {
    match error {
        edm::Error::Io { path, source } => Error::io(path.display(), source),
        edm::Error::Missing(_) => Error::No(error.to_string()),
        edm::Error::Name(_) => Error::Usage(error.to_string()),
        edm::Error::Row { .. } | edm::Error::Table(_) => Error::Input(error.to_string()),
        edm::Error::Damaged { .. } | edm::Error::OtherKey { .. } | edm::Error::Key(_) => {
            Error::Configuration(error.to_string())
        }
    }
}
