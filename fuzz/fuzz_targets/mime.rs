//! Any bytes as a whole message: no panic, bounded work, zones that cover their text, offsets that lead back into it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal::message::{Budget, InProcess, read};

fuzz_target!(|content: &[u8]| {
    let reading = read(content, &Budget::new(16 << 20, 2_000), &InProcess);
    for segment in &reading.segments {
        assert_eq!(segment.zones.last().map(|span| span.end), Some(segment.text.len()));
        if let Some(canonical) = &segment.canonical {
            for (at, _) in canonical.text.char_indices() {
                assert!(segment.text.is_char_boundary(canonical.original(at)));
            }
        }
    }
});
