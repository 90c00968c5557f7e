//! Any bytes as a request to a worker: always an answer.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|request: &[u8]| {
    assert!(!waxseal::message::answer(request).is_empty());
});
