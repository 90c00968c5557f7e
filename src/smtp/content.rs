//! The end of data, and only that: `DATA` unstuffed, `BDAT` counted, line ends checked.
//!
//! Content ends at CRLF.CRLF and nowhere else. Whatever another server might take for the end has
//! a bare CR or LF in it, and such content is refused (after its true end, so that the session
//! stays in step) or rewritten; it never leaves as it came (CVE-2023-51764 and its kin).

use memchr::memchr2;

use super::LineEndings;

/// Takes the bytes of one `DATA` as they come, in pieces of any size.
pub struct DataDecoder {
    lines: Lines,
    at_line_start: bool,
}

/// How far a piece took us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes done with. The few that remain must be given again, with more behind them.
    pub consumed: usize,
    pub ended: bool,
}

/// Copies lines, watching their ends.
#[derive(Clone, Copy)]
struct Lines {
    endings: LineEndings,
    bare: bool,
}

impl DataDecoder {
    pub fn new(endings: LineEndings) -> Self {
        Self { lines: Lines { endings, bare: false }, at_line_start: true }
    }

    /// Whether a bare CR or LF was seen.
    pub fn saw_bare(&self) -> bool {
        self.lines.bare
    }

    /// Appends the content in `input` to `content`, without the stuffed dots (RFC 5321 §4.5.2).
    pub fn feed(&mut self, input: &[u8], content: &mut Vec<u8>) -> Progress {
        let mut at = 0;
        loop {
            if self.at_line_start {
                match &input[at..] {
                    [b'.', b'\r', b'\n', ..] => return Progress { consumed: at + 3, ended: true },
                    // Not enough to tell a stuffed dot from the end.
                    [] | [b'.'] | [b'.', b'\r'] => return Progress { consumed: at, ended: false },
                    [b'.', ..] => at += 1,
                    _ => {}
                }
                self.at_line_start = false;
            }
            let rest = &input[at..];
            // One copy for all lines up to the next that begins with a dot.
            let run = self.lines.run_until_dot(rest);
            match run {
                Run::LineStart { length } => {
                    content.extend_from_slice(&rest[..length]);
                    at += length;
                    self.at_line_start = true;
                }
                Run::Bare { length } => {
                    content.extend_from_slice(&rest[..length]);
                    self.lines.mend(content);
                    at += length + 1;
                }
                // A CR at the very end stays with the caller until its LF comes, or does not.
                Run::Undecided { length } => {
                    content.extend_from_slice(&rest[..length]);
                    return Progress { consumed: at + length, ended: false };
                }
            }
        }
    }
}

/// A stretch of content that can be copied as it stands, and what comes after.
enum Run {
    /// It ends with CRLF, and either a dot or nothing follows.
    LineStart { length: usize },
    /// A CR or LF on its own follows.
    Bare { length: usize },
    /// All there is, but for a CR at its end.
    Undecided { length: usize },
}

impl Lines {
    fn run_until_dot(&self, input: &[u8]) -> Run {
        let mut at = 0;
        while let Some(found) = memchr2(b'\r', b'\n', &input[at..]) {
            let end = at + found;
            match (input[end], input.get(end + 1)) {
                (b'\r', Some(b'\n')) => {
                    at = end + 2;
                    if matches!(input.get(at), None | Some(b'.')) {
                        return Run::LineStart { length: at };
                    }
                }
                (b'\r', None) => return Run::Undecided { length: end },
                _ => return Run::Bare { length: end },
            }
        }
        Run::Undecided { length: input.len() }
    }

    /// Writes what a bare CR or LF becomes. Refused content is thrown away at its end anyway.
    fn mend(&mut self, content: &mut Vec<u8>) {
        self.bare = true;
        if self.endings == LineEndings::Repair {
            content.extend_from_slice(b"\r\n");
        }
    }
}

/// Takes the chunks of `BDAT` (RFC 3030), where no dot is stuffed and length alone ends a chunk.
pub struct ChunkDecoder {
    lines: Lines,
    /// The last chunk or piece ended with CR, which waits for its LF.
    held: bool,
}

impl ChunkDecoder {
    pub fn new(endings: LineEndings) -> Self {
        Self { lines: Lines { endings, bare: false }, held: false }
    }

    pub fn saw_bare(&self) -> bool {
        self.lines.bare
    }

    /// Appends the whole of `input`.
    pub fn feed(&mut self, mut input: &[u8], content: &mut Vec<u8>) {
        if self.held && !input.is_empty() {
            self.held = false;
            match input.strip_prefix(b"\n") {
                Some(rest) => {
                    content.extend_from_slice(b"\r\n");
                    input = rest;
                }
                None => self.lines.mend(content),
            }
        }
        loop {
            match self.lines.run_until_dot(input) {
                Run::LineStart { length } => {
                    content.extend_from_slice(&input[..length]);
                    input = &input[length..];
                }
                Run::Bare { length } => {
                    content.extend_from_slice(&input[..length]);
                    self.lines.mend(content);
                    input = &input[length + 1..];
                }
                Run::Undecided { length } => {
                    content.extend_from_slice(&input[..length]);
                    self.held = length < input.len();
                    return;
                }
            }
            if input.is_empty() {
                return;
            }
        }
    }

    /// After the last chunk. Content that ends within a line gets its CRLF: `DATA`, by which it
    /// may have to leave, has no way to say otherwise.
    pub fn finish(&mut self, content: &mut Vec<u8>, ends_with_line: bool) {
        if std::mem::take(&mut self.held) {
            self.lines.mend(content);
        } else if !ends_with_line {
            content.extend_from_slice(b"\r\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Feeds in pieces of `step` bytes, as a socket might; gives content, what is left, and whether it was bare.
    fn decode(input: &[u8], endings: LineEndings, step: usize) -> Option<(Vec<u8>, Vec<u8>, bool)> {
        let mut decoder = DataDecoder::new(endings);
        let (mut buffer, mut content) = (Vec::new(), Vec::new());
        for (at, piece) in input.chunks(step).enumerate() {
            buffer.extend_from_slice(piece);
            let progress = decoder.feed(&buffer, &mut content);
            buffer.drain(..progress.consumed);
            if progress.ended {
                let fed = (at + 1) * step;
                buffer.extend_from_slice(&input[fed.min(input.len())..]);
                return Some((content, buffer, decoder.saw_bare()));
            }
        }
        None
    }

    /// T063: dots, borders and one-byte segments.
    #[test]
    fn content_is_the_same_in_pieces_of_any_size() {
        for (wire, content) in [
            (&b".\r\n"[..], &b""[..]),
            (b"a\r\n.\r\n", b"a\r\n"),
            (b"..\r\n.\r\n", b".\r\n"),
            (b"..a\r\n...\r\n.\r\n", b".a\r\n..\r\n"),
            (b".a\r\n.\r\n", b"a\r\n"),
            (b"a.\r\n.b\r\n.\r\n", b"a.\r\nb\r\n"),
            (b"\r\n\r\n.\r\n", b"\r\n\r\n"),
        ] {
            for step in 1..=wire.len() {
                let decoded = decode(wire, LineEndings::Refuse, step).expect("an end");
                assert_eq!(decoded, (content.to_vec(), Vec::new(), false), "{} by {step}", wire.escape_ascii());
            }
        }
    }

    /// T060: what other servers took for the end of data.
    #[test]
    fn only_crlf_dot_crlf_ends_the_data() {
        for trick in [
            &b"\n.\n"[..],
            b"\n.\r\n",
            b"\r\n.\n",
            b"\r.\r",
            b"\r.\r\n",
            b"\n.\r",
            b"\r\n.\r",
            b"\r\n\0.\r\n",
            b"\r\n.\r\r\n",
            b"\r\r\n.\r\r\n",
            b"\r\n.\0\r\n",
            b"\r\n .\r\n",
        ] {
            let wire = [b"first", trick, b"MAIL FROM:<x@evil.example>\r\nsecond\r\n.\r\nQUIT\r\n"].concat();
            for step in [1, 2, 3, 7, wire.len()] {
                let (content, rest, bare) = decode(&wire, LineEndings::Refuse, step).expect("an end");
                assert_eq!(rest, b"QUIT\r\n", "{}", trick.escape_ascii());
                assert!(content.ends_with(b"second\r\n"));
                assert_eq!(
                    bare,
                    !matches!(trick, b"\r\n\0.\r\n" | b"\r\n.\0\r\n" | b"\r\n .\r\n"),
                    "{}",
                    trick.escape_ascii()
                );
            }
        }
    }

    #[test]
    fn repaired_content_has_only_crlf() {
        let (content, _, bare) = decode(b"a\nb\rc\r\n.\n.\nd\r\n.\r\n", LineEndings::Repair, 1).unwrap();
        assert_eq!(content.escape_ascii().to_string(), r"a\r\nb\r\nc\r\n\r\n.\r\nd\r\n");
        assert!(bare);
    }

    #[test]
    fn chunks_are_kept_as_they_come_and_their_line_ends_checked() {
        for (chunks, endings, content, bare) in [
            (vec!["a\r\n", ".\r\n"], LineEndings::Refuse, "a\r\n.\r\n", false),
            (vec!["a\r", "\nb"], LineEndings::Refuse, "a\r\nb\r\n", false),
            (vec!["a\nb\r", "c\n"], LineEndings::Repair, "a\r\nb\r\nc\r\n", true),
            (vec!["a\nb\r\n"], LineEndings::Refuse, "ab\r\n", true),
            (vec!["a\r"], LineEndings::Repair, "a\r\n", true),
            (vec!["", ""], LineEndings::Refuse, "", false),
        ] {
            let mut decoder = ChunkDecoder::new(endings);
            let mut out = Vec::new();
            for chunk in &chunks {
                decoder.feed(chunk.as_bytes(), &mut out);
            }
            let ends = out.is_empty() || out.ends_with(b"\r\n");
            decoder.finish(&mut out, ends);
            assert_eq!((String::from_utf8(out).unwrap().as_str(), decoder.saw_bare()), (content, bare), "{chunks:?}");
        }
    }

    proptest! {
        /// Stuffing and unstuffing give the content back, whatever it is and however it is cut.
        #[test]
        fn stuffed_content_comes_back(lines in prop::collection::vec("[.a-c]{0,6}", 0..12), step in 1_usize..9) {
            let content: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            let stuffed: String =
                lines.iter().map(|line| if line.starts_with('.') { format!(".{line}\r\n") } else { format!("{line}\r\n") }).collect();
            let wire = format!("{stuffed}.\r\nNOOP\r\n");
            let (decoded, rest, bare) = decode(wire.as_bytes(), LineEndings::Refuse, step).unwrap();
            prop_assert_eq!(decoded, content.into_bytes());
            prop_assert_eq!(rest, b"NOOP\r\n");
            prop_assert!(!bare);
        }

        /// Any bytes at all: no panic, and repaired content never has a bare CR or LF.
        #[test]
        fn any_bytes_are_decoded_alike_in_any_pieces(bytes in prop::collection::vec(prop::sample::select(b"\r\n.a\0".to_vec()), 0..40), step in 1_usize..5) {
            let whole = decode(&bytes, LineEndings::Repair, bytes.len().max(1));
            prop_assert_eq!(&decode(&bytes, LineEndings::Repair, step), &whole);
            if let Some((content, _, _)) = whole {
                let crlf = content.windows(2).filter(|pair| pair == b"\r\n").count();
                let ends = content.iter().filter(|b| matches!(b, b'\r' | b'\n')).count();
                prop_assert_eq!(ends, 2 * crlf);
            }
        }
    }
}
