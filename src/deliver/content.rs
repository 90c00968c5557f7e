//! The bytes of a message on the wire: what they ask of a hop, and the dots that keep them from ending early.

use bytes::Bytes;

/// What a hop must be able to take, as the bytes themselves say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    pub size: usize,
    pub eight_bit: bool,
    pub eight_bit_header: bool,
    /// No bare CR or LF: what could end the data for one server and not for another.
    pub well_ended: bool,
    pub ends_in_crlf: bool,
}

impl Facts {
    pub fn of(pieces: &[Bytes]) -> Self {
        let eight_bit = !pieces.iter().all(|piece| piece.is_ascii());
        let bytes = || pieces.iter().flat_map(|piece| piece.iter().copied());
        let (mut carriage_returns, mut line_feeds, mut pairs) = (0, 0, 0);
        let mut before = 0;
        let mut last_two = [0; 2];
        for piece in pieces {
            carriage_returns += memchr::memchr_iter(b'\r', piece).count();
            for at in memchr::memchr_iter(b'\n', piece) {
                line_feeds += 1;
                pairs += usize::from(if at == 0 { before == b'\r' } else { piece[at - 1] == b'\r' });
            }
            last_two = ending(last_two, piece);
            before = last_two[1];
        }
        Self {
            size: pieces.iter().map(Bytes::len).sum(),
            eight_bit,
            eight_bit_header: eight_bit && header_is_eight_bit(bytes()),
            well_ended: carriage_returns == pairs && line_feeds == pairs,
            ends_in_crlf: last_two == *b"\r\n" || pieces.iter().all(Bytes::is_empty),
        }
    }
}

fn header_is_eight_bit(bytes: impl Iterator<Item = u8>) -> bool {
    let mut line_is_empty = true;
    for byte in bytes {
        match byte {
            b'\n' if line_is_empty => return false,
            b'\n' => line_is_empty = true,
            b'\r' => {}
            128.. => return true,
            _ => line_is_empty = false,
        }
    }
    false
}

/// The content with a dot put before each line that begins with one (RFC 5321 §4.5.2), as slices:
/// nothing is copied here, and dots are rare.
pub fn stuffed(pieces: &[Bytes]) -> Vec<&[u8]> {
    const DOT: &[u8] = b".";
    let finder = memchr::memmem::Finder::new(b"\r\n.");
    let mut slices = Vec::with_capacity(pieces.len());
    let mut last_two = *b"\r\n";
    for piece in pieces {
        let mut from = 0;
        // A line may begin where a piece does.
        let first = match (last_two, piece.as_ref()) {
            ([b'\r', b'\n'], [b'.', ..]) => Some(0),
            ([_, b'\r'], [b'\n', b'.', ..]) => Some(1),
            _ => None,
        };
        for at in first.into_iter().chain(finder.find_iter(piece).map(|at| at + 2)) {
            slices.push(&piece[from..at]);
            slices.push(DOT);
            from = at;
        }
        slices.push(&piece[from..]);
        last_two = ending(last_two, piece);
    }
    slices
}

/// The last two bytes of what ended with these and goes on with a piece.
fn ending(last_two: [u8; 2], piece: &[u8]) -> [u8; 2] {
    let last = &piece[piece.len().saturating_sub(2)..];
    last.iter().fold(last_two, |[_, before], byte| [before, *byte])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(texts: &[&'static str]) -> Vec<Bytes> {
        texts.iter().map(|text| Bytes::from_static(text.as_bytes())).collect()
    }

    #[test]
    fn dots_are_stuffed_wherever_the_pieces_are_cut() {
        let whole = "a: b\r\n\r\n.\r\n..x\r\ny.\r\n.z\r\n";
        let expected = "a: b\r\n\r\n..\r\n...x\r\ny.\r\n..z\r\n";
        for first in 0..whole.len() {
            for second in first..whole.len() {
                let cut = pieces(&[&whole[..first], &whole[first..second], &whole[second..]]);
                assert_eq!(stuffed(&cut).concat(), expected.as_bytes(), "cut at {first} and {second}");
            }
        }
        assert_eq!(stuffed(&pieces(&[".a"])).concat(), b"..a");
    }

    #[test]
    fn facts_are_told_from_the_bytes() {
        let of = |texts: &[&'static str]| Facts::of(&pieces(texts));
        let plain = of(&["a: b\r\n", "\r\nx\r", "\n"]);
        assert!(plain.well_ended && plain.ends_in_crlf && !plain.eight_bit && plain.size == 11);
        assert!(!of(&["a\nb\r\n"]).well_ended);
        assert!(!of(&["a\rb\r\n"]).well_ended);
        assert!(!of(&["a\r", "b\r\n"]).well_ended);
        assert!(!of(&["a\r\n\n"]).well_ended);
        let body = of(&["a: b\r\n\r\nä\r\n"]);
        assert!(body.eight_bit && !body.eight_bit_header);
        assert!(of(&["a: ä\r\n\r\nb\r\n"]).eight_bit_header);
        assert!(!of(&["a: b"]).ends_in_crlf);
    }
}
