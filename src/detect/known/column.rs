//! The columns of a table, by the words of their headers.

use super::super::headers;

/// What a column of a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Column {
    /// A number that one person alone has: record, Social Security, member, beneficiary.
    Number,
    Email,
    Given,
    Family,
    /// Both names in one cell: `Roe, Jane` or `Jane Roe`.
    #[serde(rename = "name")]
    FullName,
    BirthDate,
    Phone,
    Address,
}

/// Columns by the words of their headers, as `headers::normal` writes them.
const HEADERS: &[(Column, &[&str])] = &[
    (
        Column::Number,
        &[
            "mrn",
            "medical record number",
            "medical record",
            "patient id",
            "pat id",
            "patient number",
            "chart",
            "chart no",
            "chart number",
            "enterprise id",
            "empi",
            "ssn",
            "social security number",
            "social security",
            "mbi",
            "medicare id",
            "medicare number",
            "medicare beneficiary identifier",
            "hicn",
            "medicaid id",
            "medicaid number",
            "member id",
            "member",
            "member number",
            "subscriber id",
            "policy number",
            "insurance id",
            "account",
            "account number",
            "acct",
            "acct no",
            "patient account",
            "number",
        ],
    ),
    (Column::Email, &["email", "e mail", "email address", "e mail address", "mail", "patient email", "home email"]),
    (Column::Given, &["first", "first name", "fname", "given", "given name", "pat first name", "patient first name"]),
    (
        Column::Family,
        &["last", "last name", "lname", "family", "family name", "surname", "pat last name", "patient last name"],
    ),
    (Column::FullName, &["name", "full name", "patient", "patient name", "pat name", "member name", "display name"]),
    (Column::BirthDate, &["dob", "date of birth", "birth date", "birthdate", "birth dt", "born", "patient dob"]),
    (
        Column::Phone,
        &[
            "phone",
            "phone number",
            "telephone",
            "home phone",
            "cell",
            "cell phone",
            "mobile",
            "mobile phone",
            "work phone",
            "primary phone",
            "tel",
            "patient phone",
        ],
    ),
    (
        Column::Address,
        &["address", "street", "street address", "addr", "address 1", "address line 1", "addr 1", "home address"],
    ),
];

impl Column {
    pub const ALL: [Column; 8] = [
        Column::Number,
        Column::Email,
        Column::Given,
        Column::Family,
        Column::FullName,
        Column::BirthDate,
        Column::Phone,
        Column::Address,
    ];

    /// The word for it on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Column::Number => "number",
            Column::Email => "email",
            Column::Given => "given",
            Column::Family => "family",
            Column::FullName => "name",
            Column::BirthDate => "birth-date",
            Column::Phone => "phone",
            Column::Address => "address",
        }
    }

    /// What a column with this header holds, if the header is a usual one.
    pub fn of_header(header: &str) -> Option<Self> {
        let header = headers::normal(header);
        HEADERS.iter().find(|(_, words)| words.contains(&header.as_str())).map(|(column, _)| *column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_headers_are_recognised() {
        for (header, column) in [
            ("MRN", Some(Column::Number)),
            ("Member_ID", Some(Column::Number)),
            ("LastName", Some(Column::Family)),
            ("Date of Birth", Some(Column::BirthDate)),
            ("Cell Phone", Some(Column::Phone)),
            ("favourite colour", None),
        ] {
            assert_eq!(Column::of_header(header), column, "{header}");
        }
    }
}
