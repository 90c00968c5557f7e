//! Staff in a CSV file.

use std::path::Path;

use crate::detect::known::{Directory, Field};

/// Reads the file. Messages tell lines, and never what stands in them.
pub fn read(path: &Path) -> Result<Directory, String> {
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).map_err(|error| error.to_string())?;
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
