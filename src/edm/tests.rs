use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::detect::known::{Column, Index, Key, KeyKind, Unreadable, of_row};

const TABLE: &str = "mrn,first,last,dob,ssn,phone,email,address,colour\n\
    MR412671,Lisa,Youngblood,1970-02-08,460-58-2308,6025550186,lisa@home.example,\"1988 Larkspur Dr, Salina KS\",red\n\
    08935312,Aaron,Hoehn,1969-02-28,582-29-4134,206 555-0107,aaron@home.example,\"9356 Bristlecone Ter\",blue\n";

fn now() -> Timestamp {
    Timestamp::from_second(2_000_000_000).expect("a time")
}

fn export<'a>(text: &'a str, map: &'a Mapping, table: Option<&'a str>) -> Export<'a> {
    Export { read: Box::new(text.as_bytes()), map, table }
}

struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn data_dir(&self) -> std::path::PathBuf {
        self.folder.path().join("var")
    }

    fn open(&self) -> Folder {
        Folder::open(&self.data_dir(), &keys::Source::File(self.folder.path().join("master.key"))).expect("it opens")
    }

    fn file(&self) -> std::path::PathBuf {
        self.data_dir().join("edm/patients.edm")
    }

    fn build(&self, table: &str) -> Built {
        build(&self.open(), "patients", export(table, &Mapping::new(), None), now()).expect("it is built")
    }
}

fn holds(table: &Table, kind: KeyKind, text: &str) -> bool {
    let key = Key { kind, text };
    table.may_hold(&key) && table.holds(&key).expect("it can be read")
}

#[test]
fn a_table_answers_for_its_rows_and_for_nobody_else() {
    let site = Site::new();
    let built = site.build(TABLE);
    assert_eq!((built.header.rows, built.empty_rows, built.ignored), (2, 0, vec!["colour".to_owned()]));
    let table = site.open().table("patients").expect("it opens");
    for (kind, text) in [
        (KeyKind::Number, "MR412671"),
        (KeyKind::Number, "8935312"),
        (KeyKind::Number, "460582308"),
        (KeyKind::Email, "aaron@home.example"),
        (KeyKind::Name, "g:lisa\0f:youngblood"),
        (KeyKind::Pair, "f:hoehn\0b:19690228"),
        (KeyKind::Part, "p:2065550107"),
    ] {
        assert!(holds(&table, kind, text), "{text:?}");
    }
    for (kind, text) in [
        (KeyKind::Number, "412671"),
        (KeyKind::Name, "g:lisa\0f:hoehn"),
        (KeyKind::Pair, "f:hoehn\0b:19700208"),
        (KeyKind::Email, "MR412671"),
    ] {
        assert!(!holds(&table, kind, text), "{text:?}");
    }
}

/// No clear text on disk: neither in the index nor left behind while building.
#[test]
fn nothing_of_the_table_can_be_read_from_the_folder() {
    let site = Site::new();
    site.build(TABLE);
    let mut files = 0;
    for entry in std::fs::read_dir(site.data_dir().join("edm")).expect("a folder") {
        let path = entry.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("readable").to_ascii_lowercase();
        // Long enough not to stand in noise by chance.
        for clear in ["youngblood", "412671", "460582308", "larkspur", "2065550107"] {
            assert!(!bytes.windows(clear.len()).any(|part| part == clear.as_bytes()), "{clear} in {}", path.display());
        }
        files += 1;
    }
    assert_eq!(files, 2, "the index and the site key");
}

/// Sealed by octet: a changed one is found out at the latest when its block is read.
#[test]
fn a_damaged_index_is_refused_or_says_that_it_cannot_be_read() {
    let site = Site::new();
    site.build(TABLE);
    let whole = std::fs::read(site.file()).expect("readable");
    for at in [0, 20, 4000, 4090, 4100, 8190, 8200, whole.len() - 1] {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        std::fs::write(site.file(), &damaged).expect("writable");
        let said = site
            .open()
            .table("patients")
            .map_err(|_| Unreadable)
            .and_then(|table| table.holds(&Key { kind: KeyKind::Number, text: "MR412671" }));
        assert_eq!(said, Err(Unreadable), "octet {at}");
    }
    std::fs::write(site.file(), &whole[..whole.len() - 1]).expect("writable");
    assert!(matches!(site.open().table("patients"), Err(Error::Damaged { .. })));
    std::fs::write(site.file(), b"").expect("writable");
    assert!(matches!(site.open().table("patients"), Err(Error::Damaged { .. })));
}

#[test]
fn an_index_of_another_site_is_refused() {
    let (ours, theirs) = (Site::new(), Site::new());
    ours.build(TABLE);
    theirs.build(TABLE);
    std::fs::copy(theirs.file(), ours.file()).expect("copied");
    assert!(matches!(ours.open().table("patients"), Err(Error::OtherKey { .. })));
}

#[test]
fn what_is_no_table_is_refused_with_its_line_and_without_its_content() {
    let site = Site::new();
    let folder = site.open();
    for (table, said) in [
        ("", "empty"),
        ("mrn,last\n", "no rows"),
        ("colour,size\nred,5\n", "no column tells who"),
        ("dob\n1970-01-01\n", "no column tells who"),
        ("mrn,last\n4471234,Roe\n4471235,Smith,secret\n", "line 3"),
        ("mrn,last\n12,\n13,\n4471235,Roe\n", "2 of 3 rows"),
    ] {
        let error = build(&folder, "patients", export(table, &Mapping::new(), None), now());
        let error = error.expect_err(table).to_string();
        assert!(error.contains(said) && !error.contains("secret"), "{error}");
    }
    assert!(matches!(folder.table("patients"), Err(Error::Missing(_))), "nothing half-made is left");
    assert!(matches!(folder.table("../x"), Err(Error::Name(_))));
}

#[test]
fn columns_are_mapped_by_hand_where_their_headers_say_nothing() {
    let site = Site::new();
    let map = vec![("XK".to_owned(), Some(Column::Number)), ("last".to_owned(), None)];
    let built = build(&site.open(), "patients", export("XK;last\n4471234;Roe\n", &map, None), now());
    let built = built.expect("it is built");
    assert_eq!(built.header.columns, [("XK".to_owned(), "number".to_owned())]);
    let wrong = vec![("YK".to_owned(), None)];
    assert!(build(&site.open(), "patients", export("XK;last\n1;Roe\n", &wrong, None), now()).is_err());
}

#[test]
fn an_sql_dump_gives_the_same_index_as_the_table() {
    let site = Site::new();
    let columns = "mrn,first,last,dob,ssn,phone,email,address,colour";
    let dump = format!(
        "CREATE TABLE colours (name text);\nINSERT INTO colours VALUES ('red');\n\
         INSERT INTO patients ({columns}) VALUES\n\
         ('MR412671','Lisa','Youngblood','1970-02-08','460-58-2308','6025550186','lisa@home.example','1988 Larkspur Dr, Salina KS','red'),\n\
         ('08935312','Aaron','Hoehn','1969-02-28','582-29-4134','206 555-0107','aaron@home.example','9356 Bristlecone Ter','blue');\n"
    );
    let of_table = site.build(TABLE);
    let of_dump = site.build(&dump);
    assert_eq!((of_dump.header.rows, of_dump.header.entries), (of_table.header.rows, of_table.header.entries));
    assert_eq!(of_dump.left_out, ["colours"]);
    let table = site.open().table("patients").expect("it opens");
    assert!(holds(&table, KeyKind::Pair, "f:hoehn\0b:19690228"));
}

#[test]
fn of_several_tables_of_people_one_must_be_named() {
    let site = Site::new();
    let dump = "INSERT INTO staff (email,last) VALUES ('ann@clinic.example','Ives');\n\
                INSERT INTO patients (mrn,last) VALUES ('7654329','Roe');\nINSERT INTO patients (last,mrn) VALUES ('Doe','7654330');\n";
    let none = Mapping::new();
    let error = build(&site.open(), "patients", export(dump, &none, None), now()).unwrap_err().to_string();
    assert!(error.contains("staff") && error.contains("patients") && error.contains("--table"), "{error}");
    let built = build(&site.open(), "patients", export(dump, &none, Some("public.PATIENTS")), now()).unwrap();
    assert_eq!((built.header.rows, built.left_out), (2, vec!["staff".to_owned()]));
    let table = site.open().table("patients").expect("it opens");
    assert!(holds(&table, KeyKind::Number, "7654330"), "also where the columns stand in another order");
    assert!(build(&site.open(), "patients", export(dump, &none, Some("visits")), now()).is_err());
    assert!(
        build(&site.open(), "patients", export(TABLE, &none, Some("visits")), now()).is_err(),
        "a CSV file is one table"
    );
}

#[test]
fn names_that_many_rows_share_are_counted() {
    let site = Site::new();
    let row = |at: usize| format!("{},John,{}\n", 4_471_234 + at, if at < 5 { "Smith" } else { "Roe" });
    let built = site.build(&format!("mrn,first,last\n{}", (0..9).map(row).collect::<String>()));
    assert_eq!(built.header.common_names, 1, "five Smiths; four Roes are fewer");
}

#[test]
fn a_running_gateway_takes_up_a_new_index_and_keeps_the_old_one_when_that_is_broken() {
    let site = Site::new();
    site.build(TABLE);
    let wanted = Wanted { name: "patients".to_owned(), max_age: Duration::from_secs(86_400) };
    let later = Timestamp::from_second(now().as_second() + 2 * 86_400 + 1).expect("a time");
    let live = Live::open(&site.open(), wanted, now()).expect("it opens");
    assert!(live.is_current() && live.trouble(now()).is_none());
    let asks = |text| live.holds(&Key { kind: KeyKind::Number, text });

    site.build("mrn,last\n7654329,Roe\n");
    live.refresh(now());
    assert_eq!((asks("7654329"), asks("MR412671")), (Ok(true), Ok(false)));

    // As building does it: another file in the same place.
    std::fs::write(site.file().with_extension("new"), b"broken").expect("writable");
    std::fs::rename(site.file().with_extension("new"), site.file()).expect("moved");
    live.refresh(now());
    assert_eq!(asks("7654329"), Ok(true));
    assert!(live.is_broken());

    site.build(TABLE);
    live.refresh(now());
    assert!(!live.is_broken() && asks("MR412671") == Ok(true));

    live.refresh(later);
    assert!(!live.is_current(), "whoever is missing in an old table may be a new patient");
    assert!(live.trouble(later).expect("a word").contains("2 days old"));
}

/// Whatever the rows are, every key that they give is held.
#[test]
fn every_key_of_many_rows_is_held_across_blocks() {
    let site = Site::new();
    let rows: Vec<String> =
        (0..600).map(|n| format!("{},A{},B{}", 1_000_003 * (n + 1), letters(n), letters(n * 7))).collect();
    site.build(&format!("mrn,first,last\n{}\n", rows.join("\n")));
    let table = site.open().table("patients").expect("it opens");
    assert!(table.header.blocks > 2);
    for row in &rows {
        let cells = [Column::Number, Column::Given, Column::Family].into_iter().zip(row.split(','));
        of_row(cells, |key| assert_eq!(table.holds(&key), Ok(true), "{row}"));
    }
}

/// `0` → `aa`, `27` → `bb`.
fn letters(number: usize) -> String {
    [number / 26 % 26, number % 26].iter().map(|digit| char::from(b'a' + *digit as u8)).collect()
}

#[test]
fn the_folder_and_its_files_are_ours_alone() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::new();
    site.build(TABLE);
    let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&site.data_dir().join("edm")), 0o700);
    assert_eq!((mode(&site.file()), mode(&site.data_dir().join("edm/site.key"))), (0o600, 0o600));
}

/// After a rotation the site key is wrapped by the new master key alone.
#[test]
fn the_site_key_follows_the_master_key() {
    let site = Site::new();
    site.build(TABLE);
    let source = keys::Source::File(site.folder.path().join("master.key"));
    let both = source.load(keys::Absent::Refuse).unwrap().with_new().unwrap();
    source.store(&both).unwrap();
    drop(site.open());
    source.store(&both.current_only()).unwrap();
    assert!(holds(&site.open().table("patients").unwrap(), KeyKind::Number, "MR412671"));
}

/// The store lets the old master key go, whether or not the configuration names an index just then.
#[tokio::test]
async fn a_rotation_by_the_store_takes_the_site_key_along() {
    use crate::store::embedded::{Config, Embedded};
    let site = Site::new();
    site.build(TABLE);
    let master = keys::Source::File(site.folder.path().join("master.key"));
    let open = || {
        let config =
            Config { master: master.clone(), min_free: 1 << 20, reserve: 64 << 10, ..Config::new(site.data_dir()) };
        let metrics = crate::store::Metrics::new(&prometheus::Registry::new()).unwrap();
        Embedded::open(config, std::sync::Arc::new(crate::world::SystemClock), metrics).unwrap()
    };
    let first = master.load(keys::Absent::Refuse).unwrap();
    // While it runs.
    let store = open();
    crate::store::Account::rotate_master(&*store, vec![]).await.unwrap();
    drop(store);
    // Cut short, and finished at the next start.
    let second = master.load(keys::Absent::Refuse).unwrap();
    master.store(&second.with_new().unwrap()).unwrap();
    drop(open());
    let third = master.load(keys::Absent::Refuse).unwrap();
    assert!(!third.knows(first.current()) && !third.knows(second.current()));
    assert!(holds(&site.open().table("patients").unwrap(), KeyKind::Number, "MR412671"));
}

/// Comes an octet at a time, as from a slow pipe.
struct Slow<'a>(&'a [u8]);

impl std::io::Read for Slow<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.len().min(into.len()).min(1);
        into[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

/// SQL Server's tools save scripts in UTF-16; the mark before the first word of a dump once cost its first statement.
#[test]
fn exports_with_a_mark_or_in_utf_16_are_read_whole_however_they_come() {
    let dump = "CREATE TABLE [p] ([Id] int, [Last Name] text, [First Name] text)\nGO\n\
                INSERT [p] VALUES (1, N'Jörgensen', N'Ann')\nINSERT [p] VALUES (2, N'Roe', N'Jo')\nGO\n";
    let table = "id;last name;first name\n1;Jörgensen;Ann\n2;Roe;Jo\n";
    let map = Vec::new();
    for text in [dump, table] {
        let utf16: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [text.as_bytes().to_vec(), format!("\u{feff}{text}").into_bytes(), utf16] {
            let mut rows = rows::Rows::open(Export { read: Box::new(Slow(&bytes)), map: &map, table: None }).unwrap();
            let mut found = Vec::new();
            while let Some(cells) = rows.next_row().unwrap() {
                found.push(cells.into_iter().map(|(_, value)| value).collect::<Vec<_>>().join(" "));
            }
            assert_eq!(found.len(), 2, "{found:?}");
            assert!(found[0].contains("Jörgensen Ann") && found[1].contains("Roe Jo"), "{found:?}");
        }
    }
}
