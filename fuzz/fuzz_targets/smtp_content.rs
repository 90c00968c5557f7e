//! Any bytes as content: the decoder finds one end, the same however the bytes are cut, and
//! repaired content has no bare CR or LF.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal::smtp::LineEndings;
use waxseal::smtp::wire::{ChunkDecoder, DataDecoder};

fuzz_target!(|data: &[u8]| {
    let Some((step, wire)) = data.split_first() else { return };
    let step = usize::from(step % 16) + 1;
    for endings in [LineEndings::Refuse, LineEndings::Repair] {
        let whole = data_content(wire, endings, wire.len().max(1));
        assert_eq!(data_content(wire, endings, step), whole);
        if let Some((content, consumed, bare)) = &whole {
            assert!(wire[..*consumed].ends_with(b".\r\n"));
            // The end is the first CRLF.CRLF, or a dot line at the very start.
            let first = wire.windows(5).position(|five| five == b"\r\n.\r\n").map(|at| at + 5);
            assert_eq!(Some(*consumed), if wire.starts_with(b".\r\n") { Some(3) } else { first });
            assert!(endings == LineEndings::Refuse && *bare || is_clean(content));
        }
        let chunked = chunk_content(wire, endings, step);
        assert_eq!(chunked, chunk_content(wire, endings, wire.len().max(1)));
        assert!(endings == LineEndings::Refuse && chunked.1 || is_clean(&chunked.0));
    }
});

fn data_content(wire: &[u8], endings: LineEndings, step: usize) -> Option<(Vec<u8>, usize, bool)> {
    let mut decoder = DataDecoder::new(endings);
    let (mut buffer, mut content, mut consumed) = (Vec::new(), Vec::new(), 0);
    for piece in wire.chunks(step) {
        buffer.extend_from_slice(piece);
        let progress = decoder.feed(&buffer, &mut content);
        buffer.drain(..progress.consumed);
        consumed += progress.consumed;
        if progress.ended {
            return Some((content, consumed, decoder.saw_bare()));
        }
    }
    None
}

fn chunk_content(wire: &[u8], endings: LineEndings, step: usize) -> (Vec<u8>, bool) {
    let (mut decoder, mut content) = (ChunkDecoder::new(endings), Vec::new());
    for piece in wire.chunks(step) {
        decoder.feed(piece, &mut content);
    }
    let ends = content.is_empty() || content.ends_with(b"\r\n");
    decoder.finish(&mut content, ends);
    (content, decoder.saw_bare())
}

fn is_clean(content: &[u8]) -> bool {
    let pairs = content.windows(2).filter(|pair| pair == b"\r\n").count();
    content.iter().filter(|b| matches!(b, b'\r' | b'\n')).count() == 2 * pairs
}
