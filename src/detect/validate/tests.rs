use super::named;

/// Numbers that are real by their check digits or number plan, and such that are not. All are synthetic.
const CASES: &[(&str, &[&str], &[&str])] = &[
    (
        "ssn",
        &["219-09-6781", "219096781", "884 89 0190"],
        &[
            "000-12-3456",
            "666-12-3456",
            "900-12-3456",
            "219-00-6781",
            "219-09-0000",
            "078-05-1120",
            "219-09-9999",
            "123-45-6789",
            "219-09-678",
        ],
    ),
    ("itin", &["912-70-1234", "900-88-0001"], &["912-40-1234", "219-70-1234"]),
    (
        "card",
        &["4111111111111111", "5500 0000 0000 0004", "3400-0000-0000-009", "6011000000000004"],
        &["4111111111111112", "411111111111111", "1234567812345670", "0000000000000000"],
    ),
    ("npi", &["1234567893", "2533314789"], &["1234567890", "3912532594", "0000000000", "123456789"]),
    ("dea", &["AN0655211", "BV2061846"], &["AN0655212", "ZZ0655211", "A90655212"]),
    (
        "mbi",
        &["1EG4-TE5-MK73", "1EG4TE5MK73", "7FC3-RU8-EE67"],
        &["0EG4-TE5-MK73", "1SG4-TE5-MK73", "1EG4-TE5-MKA3", "1EG4TE5MK7"],
    ),
    (
        "vin",
        &["1M8GDM9AXKP042788", "11111111111111111"],
        &["1M8GDM9AYKP042788", "IM8GDM9AXKP042788", "1M8GDM9AXKP04278"],
    ),
    (
        "date",
        &[
            "1971-10-24",
            "10/24/1971",
            "24-Oct-1971",
            "Oct 24, 1971",
            "October 24 1971",
            "2/29/2024",
            "19711024",
            "3.4.80",
        ],
        &["2023-02-29", "13/13/2020", "24-Foo-1971", "99999999", "1/2", "2024-00-10"],
    ),
    ("birth-date", &["1971-10-24", "1/2/1935", "03-Mar-2019"], &["1850-01-01", "2199-01-01", "13/13/1980"]),
    (
        "phone",
        &["417.555.0154", "(312) 555-0199", "+1 773 555 0117", "1-505-555-0163"],
        &["117.555.0154", "417.055.0154", "417555015", "2 417 555 0154", "911-555-0100"],
    ),
    ("aba", &["021000021", "011401533"], &["021000022", "123456789", "000000000"]),
    ("not-repeated", &["219-09-6781"], &["111-11-1111", "0000"]),
    ("not-sequential", &["219-09-6781"], &["123-45-6789", "987654321"]),
    ("has-digit", &["A1"], &["ABC"]),
];

#[test]
fn each_validator_knows_its_numbers() {
    for (name, good, bad) in CASES {
        let valid = named(name).expect("a validator in the table");
        for text in *good {
            assert!(valid(text), "{name} refuses {text}");
        }
        for text in *bad {
            assert!(!valid(text), "{name} takes {text}");
        }
    }
}

#[test]
fn every_validator_has_cases() {
    for (name, _) in super::VALIDATORS {
        assert!(*name == "luhn" || CASES.iter().any(|(case, _, _)| case == name), "{name}");
    }
}

proptest::proptest! {
    #[test]
    fn no_validator_panics(text in "\\PC{0,40}") {
        for (_, valid) in super::VALIDATORS {
            valid(&text);
        }
    }
}
