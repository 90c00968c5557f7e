//! Waivers as CSV: what `export` writes and `import` reads.

use std::io::Read;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::super::exit::{Error, Result};
use crate::mail::Address;
use crate::policy::{Party, WaiverState};
use crate::web::WaiverView;

/// The columns. `import` asks for `address` and `reference`, and leaves what the gateway itself records.
pub const HEADER: [&str; 13] = [
    "id",
    "state",
    "address",
    "author",
    "given",
    "expires",
    "obtained_by",
    "reference",
    "recorded",
    "recorded_by",
    "revoked",
    "revoked_by",
    "reason",
];

/// How many faults are told at once.
const TOLD: usize = 20;

/// What a table says.
pub struct Import {
    /// As `POST /v1/waivers` takes them.
    pub consents: Vec<Value>,
    /// Lines of consents that had ended when they were exported.
    pub ended: usize,
}

/// All consents of a table, or all that is wrong with it.
pub fn read(table: impl Read) -> Result<Import> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(table);
    let unreadable = |error: csv::Error| Error::Input(error.to_string());
    let headers = reader.headers().map_err(unreadable)?;
    let headers: Vec<String> = headers.iter().map(|name| name.trim_start_matches('\u{feff}').to_lowercase()).collect();
    if let Some(unknown) = headers.iter().find(|name| !HEADER.contains(&name.as_str())) {
        return Err(Error::Input(format!("line 1: no column is called {unknown:?}; known are {}", HEADER.join(", "))));
    }
    if let Some(missing) = ["address", "reference"].iter().find(|name| !headers.iter().any(|found| found == *name)) {
        return Err(Error::Input(format!("line 1: the column {missing:?} is missing")));
    }
    let mut import = Import { consents: Vec::new(), ended: 0 };
    let mut faults = Vec::new();
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |name: &str| {
            let column = headers.iter().position(|found| found == name)?;
            record.get(column).map(bare).filter(|text| !text.is_empty())
        };
        let ends = [WaiverState::Expired, WaiverState::Revoked].map(WaiverState::as_str);
        if cell("state").is_some_and(|state| ends.contains(&state)) {
            import.ended += 1;
            continue;
        }
        match consent(cell) {
            Ok(consent) => import.consents.push(consent),
            Err(why) => faults.push(format!("line {line}: {why}")),
        }
    }
    match faults.len() {
        0 => Ok(import),
        TOLD.. => Err(Error::Input(format!(
            "{}\n… {} faults in all; nothing was entered",
            faults[..TOLD].join("\n"),
            faults.len()
        ))),
        _ => Err(Error::Input(format!("{}\nnothing was entered", faults.join("\n")))),
    }
}

fn consent<'a>(cell: impl Fn(&str) -> Option<&'a str>) -> std::result::Result<Value, String> {
    let address = cell("address").ok_or("no address")?;
    let address: Address = address.parse().map_err(|error| format!("address {address:?}: {error}"))?;
    let author = cell("author").map(|text| text.parse::<Party>().map_err(|error| format!("author {text:?}: {error}")));
    let time = |name: &str, read: fn(&str) -> std::result::Result<Timestamp, String>| {
        cell(name).map(|text| read(text).map_err(|why| format!("{name} {text:?}: {why}"))).transpose()
    };
    Ok(json!({
        "address": address,
        "author": author.transpose()?,
        "given": time("given", beginning)?,
        "expires": time("expires", end)?,
        "obtained_by": cell("obtained_by"),
        "reference": cell("reference").ok_or("no reference")?,
    }))
}

/// One record as a line of the table.
pub fn line(one: &WaiverView) -> String {
    let WaiverView { state, waiver } = one;
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let revoked = waiver.revoked.as_ref();
    let cells = [
        waiver.id.clone(),
        state.as_str().to_owned(),
        waiver.address.to_string(),
        waiver.author.as_ref().map(party).unwrap_or_default(),
        time(Some(waiver.given)),
        time(waiver.expires),
        waiver.obtained_by.clone(),
        waiver.reference.clone(),
        time(Some(waiver.recorded)),
        waiver.recorded_by.clone(),
        time(revoked.map(|revoked| revoked.at)),
        revoked.map(|revoked| revoked.by.clone()).unwrap_or_default(),
        revoked.map(|revoked| revoked.reason.clone()).unwrap_or_default(),
    ];
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells.iter().map(|cell| guarded(cell))).expect("a line in memory");
    String::from_utf8(writer.into_inner().expect("a line in memory")).expect("written from text")
}

/// An author as it is typed.
pub fn party(party: &Party) -> String {
    match party {
        Party::Address(address) => address.to_string(),
        Party::Domain(domain) => format!("@{domain}"),
    }
}

/// What a spreadsheet would take for a formula, or for this very guard.
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\''])
}

/// A cell that no spreadsheet computes (T195).
fn guarded(text: &str) -> String {
    if is_formula(text) { format!("'{text}") } else { text.to_owned() }
}

/// The cell without its guard.
fn bare(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(text)
}

/// A moment, or the beginning of a day in UTC.
pub fn beginning(text: &str) -> std::result::Result<Timestamp, String> {
    moment(text, |day| day)
}

/// A moment, or the end of a day in UTC: that is the last day on which something holds.
pub fn end(text: &str) -> std::result::Result<Timestamp, String> {
    moment(text, |day| day.tomorrow().unwrap_or(day))
}

fn moment(text: &str, of_day: fn(Date) -> Date) -> std::result::Result<Timestamp, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let day: Date =
        text.parse().map_err(|_| "a day (2026-11-21) or a time (2026-11-21T08:00Z) is wanted".to_owned())?;
    Ok(of_day(day).to_zoned(TimeZone::UTC).map_err(|error| error.to_string())?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Revocation, Waiver};

    fn told(table: &str) -> String {
        match read(table.as_bytes()) {
            Ok(_) => panic!("{table:?} was taken"),
            Err(error) => error.to_string(),
        }
    }

    fn view() -> WaiverView {
        let at = |text: &str| text.parse().unwrap();
        WaiverView {
            state: WaiverState::Active,
            waiver: Waiver {
                id: "w1".into(),
                address: "jane@home.example".parse().unwrap(),
                author: Some("@clinic.example".parse().unwrap()),
                given: at("2026-11-21T08:00:00Z"),
                expires: Some(at("2027-01-01T00:00:00Z")),
                obtained_by: "front desk".into(),
                reference: "form 7, \"blue\" folder".into(),
                recorded_by: "local:ann".into(),
                recorded: at("2026-11-21T09:00:00Z"),
                revoked: None,
            },
        }
    }

    #[test]
    fn a_table_needs_no_more_than_address_and_reference_in_any_order() {
        let import = read("Reference,Address\nform 7, jane@home.example\n".as_bytes()).unwrap();
        assert_eq!(import.consents.len(), 1);
        assert_eq!(import.consents[0]["address"], "jane@home.example");
        assert_eq!(import.consents[0]["given"], Value::Null);
    }

    #[test]
    fn a_day_is_meant_whole() {
        let import = read("address,reference,given,expires\nj@h.example,f,2026-11-21,2026-12-31\n".as_bytes()).unwrap();
        assert_eq!(import.consents[0]["given"], "2026-11-21T00:00:00Z");
        assert_eq!(import.consents[0]["expires"], "2027-01-01T00:00:00Z");
    }

    #[test]
    fn every_fault_of_a_table_is_told_with_its_line() {
        let told = told("address,reference,given\nnobody,f,\nj@h.example,,\nj@h.example,f,yesterday\nj@h.example,f,\n");
        for said in
            ["line 2: address \"nobody\"", "line 3: no reference", "line 4: given \"yesterday\"", "nothing was entered"]
        {
            assert!(told.contains(said), "{said}: {told}");
        }
    }

    #[test]
    fn a_table_of_other_columns_is_refused() {
        assert!(told("email,reference\nj@h.example,f\n").contains("no column is called \"email\""));
        assert!(told("address,state\nj@h.example,active\n").contains("\"reference\" is missing"));
    }

    #[test]
    fn what_is_exported_can_be_imported_and_what_has_ended_stays_behind() {
        let ended = WaiverView {
            state: WaiverState::Revoked,
            waiver: Waiver {
                revoked: Some(Revocation { at: view().waiver.recorded, by: "ann".into(), reason: "asked".into() }),
                ..view().waiver
            },
        };
        let table = format!("{}\n{}{}", HEADER.join(","), line(&view()), line(&ended));
        let import = read(table.as_bytes()).unwrap();
        assert_eq!((import.consents.len(), import.ended), (1, 1));
        let consent = &import.consents[0];
        assert_eq!(consent["author"], "clinic.example");
        assert_eq!(consent["expires"], "2027-01-01T00:00:00Z");
        assert_eq!(consent["reference"], "form 7, \"blue\" folder");
    }

    #[test]
    fn no_spreadsheet_computes_a_cell_and_the_guard_comes_off_again() {
        for reference in ["=cmd()", "+1", "-1", "@sum", "'=cmd()", "'quoted'", "plain"] {
            let mut one = view();
            one.waiver.reference = reference.into();
            let written = line(&one);
            assert!(!written.contains(&format!(",{reference},")) || reference == "plain", "{written}");
            let import = read(format!("{}\n{written}", HEADER.join(",")).as_bytes()).unwrap();
            assert_eq!(import.consents[0]["reference"], reference);
        }
    }
}
