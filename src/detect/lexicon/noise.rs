//! Long runs of mixed letters and digits that no one reads: base64, hashes, keys, the tails of links.
//!
//! They hold no words and nobody's numbers, only such as stand there by chance, and are passed over; an expression with a
//! literal of its own (`ghp_`) may begin where they do. What they say when they are decoded is a text of its own.

use std::ops::Range;

/// Shorter runs may be what a system calls somebody or something.
const LEAST: usize = 40;

/// Of a hundred neighbours in noise so many are of different kinds (capital, small, digit; a word's capital and its
/// second letter apart): base64 and hexadecimal digits have nearly fifty, words that are written together twenty.
const CHANGES: usize = 30;

/// Shorter pieces between two signs say nothing.
const SHORTEST: usize = 6;

/// Signs stand seldom in noise: between two of them it has so many letters and digits. Numbers that are written together
/// (`1HGCM82633A004352/1FTFW1ET5DFC10312`) have fewer.
const LONGEST: usize = 20;

/// Where runs of ones begin that are long enough.
pub fn long_runs(ones: u64) -> u64 {
    let two = ones & ones >> 1;
    let four = two & two >> 2;
    let eight = four & four >> 4;
    let sixteen = eight & eight >> 8;
    sixteen & sixteen >> 16 & eight >> 32
}

/// The first noise in a run of visible ASCII, or where that run ends.
pub fn first(bytes: &[u8], start: usize) -> Result<Range<usize>, usize> {
    let mut at = start;
    loop {
        let Run { end, longest, is_plain } = Run::at(bytes, at);
        if end - at >= LEAST && longest >= LONGEST && !is_plain {
            return Ok(at..end);
        }
        // One sign, or the end of the run.
        match bytes.get(end) {
            Some(byte) if byte.is_ascii_graphic() => at = end + 1,
            _ => return Err(end),
        }
    }
}

/// A run of the signs of base64.
struct Run {
    end: usize,
    /// The most letters and digits between two signs.
    longest: usize,
    /// Between two signs stands what may be a word or a number (`patient/00418826`).
    is_plain: bool,
}

impl Run {
    fn at(bytes: &[u8], start: usize) -> Self {
        let mut run = Self { end: bytes.len(), longest: 0, is_plain: false };
        // Of the letters and digits since the last sign.
        let (mut since, mut before, mut changes) = (start, SIGN, 0);
        for (at, byte) in bytes.iter().enumerate().skip(start) {
            let kind = KINDS[usize::from(*byte)];
            if kind <= SIGN {
                run.piece(at - since, changes);
                (since, changes) = (at + 1, 0);
            }
            if kind == NONE {
                run.end = at;
                return run;
            }
            changes += usize::from(CHANGE[usize::from(before)] >> kind & 1);
            before = kind;
        }
        run.piece(bytes.len() - since, changes);
        run
    }

    fn piece(&mut self, length: usize, changes: usize) {
        self.longest = self.longest.max(length);
        self.is_plain |= length >= SHORTEST && changes * 100 < length * CHANGES;
    }
}

const NONE: u8 = 0;
const SIGN: u8 = 1;
const CAPITAL: u8 = 2;
const SMALL: u8 = 3;
const DIGIT: u8 = 4;

const KINDS: [u8; 256] = {
    let mut kinds = [NONE; 256];
    let mut byte = 0;
    while byte < 128 {
        kinds[byte] = match byte as u8 {
            b'A'..=b'Z' => CAPITAL,
            b'a'..=b'z' => SMALL,
            b'0'..=b'9' => DIGIT,
            b'+' | b'/' | b'=' | b'-' | b'_' => SIGN,
            _ => NONE,
        };
        byte += 1;
    }
    kinds
};

/// By kind, the kinds behind it that are a change, one bit each.
const CHANGE: [u8; 5] = [0, 0, 1 << DIGIT, 1 << CAPITAL | 1 << DIGIT, 1 << CAPITAL | 1 << SMALL];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_reads_is_noise_and_what_somebody_might_is_not() {
        for (text, noise) in [
            ("Kyjeb1j5/tKpO+qYfCiOcvVq2HMScFJDPYPyLvOECYXP9aHC2MhIcJms3XH7FMyZht8VaHUUrgP4", true),
            ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", true),
            ("https://x.example/c?u=u001.AbC-2Bq8ZyT1pL0sWm4Kd93Vx7RfQ2nB6hJ5cG1eXa0yU8oI3t", true),
            ("getPatientRecordByMedicalRecordNumberAndDateOfBirth", false),
            ("550e8400-e29b-41d4-a716-446655440000", false),
            ("219-09-6781/219-09-6782/219-09-6783/219-09-6784/219-09-6785", false),
            ("Jane+Q+Doe+was+born+on+05/12/1961+and+has+SSN+219-09-6781", false),
            ("1HGCM82633A004352/1FTFW1ET5DFC10312/1C4RJFAG0FC625797", false),
            ("/AbC12dEfGh34IjKl56MnOp/patient/00418826/xY7zQ2wE9rT4yU6iO8pA", false),
            ("----------------------------------------------------------", false),
            ("PID-5=DOE^JANE^Q;PID-7=19610512;PID-19=219096781;DG1-3=E11.9", false),
        ] {
            assert_eq!(first(text.as_bytes(), 0).is_ok(), noise, "{text}");
        }
    }

    #[test]
    fn long_runs_are_seen_wherever_they_begin() {
        for length in 1..=64_u32 {
            for start in 0..=64 - length {
                let ones = u64::MAX >> (64 - length) << start;
                let seen = long_runs(ones);
                assert_eq!(seen != 0, length as usize >= LEAST, "{length} from {start}");
                assert!(seen == 0 || seen.trailing_zeros() == start);
            }
        }
    }
}
