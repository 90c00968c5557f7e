//! Any bytes as a header: fields stand where they say they do.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    let mut end = 0;
    for field in waxseal::message::header_fields(content) {
        assert!(field.range.start >= end && field.range.end <= content.len());
        assert!(!field.value.contains(['\r', '\n']));
        end = field.range.end;
    }
});
