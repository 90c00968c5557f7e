//! Letters and digits that stand apart, one by one (`J o h n`, `2-1-9-0-9-6-7-8-1`), joined as they are read.

use super::super::Canonical;

/// What may stand between two characters of a word.
const SEPARATORS: [u8; 5] = *b" -._*";

/// Fewer characters between blanks are initials; fewer between other signs are numbers of versions and chapters.
const MIN_BETWEEN_BLANKS: usize = 4;
const MIN_BETWEEN_SIGNS: usize = 7;

/// Where one word stands apart, shorter ones do too: `S S N`.
const MIN_BESIDE: usize = 3;

/// The text with such words joined, if there are any.
pub(super) fn joined(text: &str) -> Option<Canonical> {
    let bytes = text.as_bytes();
    if !stands_any_apart(bytes) {
        return None;
    }
    let mut out = Canonical { text: String::with_capacity(text.len()), offsets: Vec::new() };
    let mut copied = 0;
    for run in runs(bytes) {
        out.offsets.push((out.text.len() as u32, copied as u32));
        out.text.push_str(&text[copied..run.start]);
        run.join(bytes, &mut out);
        copied = run.end;
    }
    out.offsets.push((out.text.len() as u32, copied as u32));
    out.text.push_str(&text[copied..]);
    Some(out)
}

/// Whether any run is long. Passes quickly over ordinary text: such a run has a character between two equal separators,
/// and a third stands as far before or behind.
fn stands_any_apart(bytes: &[u8]) -> bool {
    let again = |c: usize, sign: usize, separator: u8| {
        bytes.get(c).is_some_and(u8::is_ascii_graphic) && bytes.get(sign) == Some(&separator)
    };
    let may_stand_apart = |at: usize| {
        let separator = bytes[at];
        SEPARATORS.contains(&separator)
            && bytes[at + 1].is_ascii_alphanumeric()
            && bytes[at + 2] == separator
            && (again(at + 3, at + 4, separator) || again(at.wrapping_sub(1), at.wrapping_sub(2), separator))
    };
    let is_in_long_run = |at: usize| {
        let starts = (at.saturating_sub(MOST_BEFORE)..=at + 1).filter(|start| may_begin(bytes, *start));
        starts.filter_map(|start| Run::at(bytes, start)).any(|run| run.is_long())
    };
    let end = bytes.len().saturating_sub(2);
    (0..end).step_by(BLOCK).any(|from| {
        let is_possible = bytes[from..].first_chunk().is_none_or(holds_equals_apart);
        is_possible && (from..end.min(from + BLOCK)).any(|at| may_stand_apart(at) && is_in_long_run(at))
    })
}

/// A run's first separator stands at most so far behind its beginning.
const MOST_BEFORE: usize = 8;

const BLOCK: usize = 64;

/// Whether a separator stands twice with one byte between, the first time in the first 64 bytes.
fn holds_equals_apart(bytes: &[u8; BLOCK + 2]) -> bool {
    // Flags without branches, which the compiler turns into a few wide instructions.
    let mut flags = [0; BLOCK];
    for (flag, (first, second)) in flags.iter_mut().zip(bytes[..BLOCK].iter().zip(&bytes[2..])) {
        let byte = *first;
        let is_separator = (byte == b' ') | (byte == b'-') | (byte == b'.') | (byte == b'_') | (byte == b'*');
        *flag = u8::from((byte == *second) & is_separator);
    }
    flags.iter().fold(0, |any, flag| any | flag) != 0
}

/// A stretch of single characters with the same separator between them.
struct Run {
    start: usize,
    end: usize,
    separator: u8,
    /// Letters and digits in it.
    count: usize,
}

impl Run {
    /// The one that begins here, if any.
    fn at(bytes: &[u8], start: usize) -> Option<Self> {
        let separator = *bytes.get(start + 1)?;
        if !SEPARATORS.contains(&separator) || !bytes[start].is_ascii_alphanumeric() {
            return None;
        }
        let mut run = Run { start, end: start + 1, separator, count: 1 };
        while let Some(next) = run.next(bytes) {
            run.count += usize::from(bytes[next].is_ascii_alphanumeric());
            run.end = next + 1;
        }
        (run.count >= MIN_BESIDE).then_some(run)
    }

    /// Where the next character stands, if it stands alone.
    fn next(&self, bytes: &[u8]) -> Option<usize> {
        let rest = &bytes[self.end..];
        let gap = rest.iter().take_while(|byte| **byte == self.separator).count();
        let next = self.end + gap;
        // Two words of spaced letters are apart by a wider blank.
        let is_gap = gap == 1 || (self.separator == b' ' && (2..=4).contains(&gap));
        let c = *bytes.get(next)?;
        let is_member = c.is_ascii_alphanumeric() || (self.separator == b' ' && b"-/.,:@".contains(&c));
        let alone = bytes.get(next + 1).is_none_or(|after| !after.is_ascii_alphanumeric() && after.is_ascii());
        (is_gap && is_member && alone).then_some(next)
    }

    fn is_long(&self) -> bool {
        self.count >= if self.separator == b' ' { MIN_BETWEEN_BLANKS } else { MIN_BETWEEN_SIGNS }
    }

    /// Each character that comes out leads back to where it stands.
    fn join(&self, bytes: &[u8], out: &mut Canonical) {
        let mut before = (self.start, b'-');
        for at in (self.start..self.end).filter(|at| bytes[*at] != self.separator) {
            let c = bytes[at];
            out.offsets.push((out.text.len() as u32, at as u32));
            if at - before.0 > 2 || begins_a_word(before.1, c) {
                out.text.push(' ');
                out.offsets.push((out.text.len() as u32, at as u32));
            }
            out.text.push(char::from(c));
            before = (at, c);
        }
    }
}

/// `JohnRoe`, `SSN219`: where no blank is left to say it.
fn begins_a_word(before: u8, c: u8) -> bool {
    (before.is_ascii_lowercase() && c.is_ascii_uppercase())
        || (before.is_ascii_alphabetic() && c.is_ascii_digit())
        || (before.is_ascii_digit() && c.is_ascii_alphabetic())
}

/// No letter stands before it.
fn may_begin(bytes: &[u8], at: usize) -> bool {
    at == 0 || !(bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] >= 0x80)
}

/// All of them, from left to right.
fn runs(bytes: &[u8]) -> impl Iterator<Item = Run> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let run = if may_begin(bytes, at) { Run::at(bytes, at) } else { None };
            at = run.as_ref().map_or(at + 1, |run| run.end);
            if run.is_some() {
                return run;
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_stand_apart_are_joined() {
        for (text, read) in [
            ("J o h n  R o e, MRN 12", "John Roe, MRN 12"),
            ("J o h n R o e", "John Roe"),
            ("S S N 2 1 9 0 9 6 7 8 1 now", "SSN 219096781 now"),
            ("S S N: 2 1 9 - 0 9 - 6 7 8 1", "SSN: 219-09-6781"),
            ("on m-e-t-f-o-r-m-i-n", "on metformin"),
            ("S-S-N 2.1.9.0.9.6.7.8.1", "SSN 219096781"),
            ("D.O.B. 1*0*2*4*1*9*7*1", "DOB. 10241971"),
        ] {
            assert_eq!(joined(text).map(|found| found.text).as_deref(), Some(read), "{text}");
        }
    }

    #[test]
    fn ordinary_text_stays_as_it_is() {
        for text in [
            "plan A, B or C",
            "I am a U.S. person, e.g. 1.2.3.4",
            "see 1.2.3 and J. R. R. Tolkien",
            "----------------",
            "- a - b -",
            "x y",
            "",
        ] {
            assert!(joined(text).is_none(), "{text}");
        }
    }

    #[test]
    fn words_that_stand_apart_are_noticed_wherever_they_begin() {
        for text in ["J o h n", "2 - 1 9 - 0 9", "m-e-t-f-o-r-m"] {
            for before in 0..8 {
                let text = format!("{} {text}, so", "x".repeat(before));
                assert!(stands_any_apart(text.as_bytes()), "{text}");
            }
        }
        assert!(!stands_any_apart(b"in a box I saw a U.S. plan, e.g. as it is"));
    }

    #[test]
    fn offsets_lead_back_to_each_character() {
        let text = "Mr J o h n  R o e, SSN";
        let found = joined(text).expect("a word");
        for (needle, original) in
            [("John", "J o h n"), ("ohn", "o h n"), ("Roe", "R o e"), ("SSN", "SSN"), ("Mr", "Mr")]
        {
            let at = found.text.find(needle).expect("the needle");
            assert_eq!(found.original(at), text.find(original).expect("the original"), "{needle}");
        }
        assert_eq!(found.original(found.text.len()), text.len());
    }
}
