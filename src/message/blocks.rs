//! Bytes of a text looked at 64 at a time: faster than one search after another where finds are near each other.

use std::ops::Range;

/// One bit a byte, the first the lowest: whether the byte is so.
#[inline(always)]
pub fn mask(bytes: &[u8; 64], is_so: impl Fn(u8) -> bool) -> u64 {
    // Written as two plain loops, which the compiler turns into a few wide instructions.
    let mut flags = [0; 64];
    for (flag, byte) in flags.iter_mut().zip(bytes) {
        *flag = u8::from(is_so(*byte));
    }
    let mut mask = 0;
    for (at, eight) in flags.as_chunks::<8>().0.iter().enumerate() {
        // The multiplication shifts each flag to its place in the topmost byte.
        mask |= (u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * at);
    }
    mask
}

/// So many bytes from a place on; behind the end stand zeros.
#[inline(always)]
pub fn at<'t, const N: usize>(text: &'t [u8], place: usize, padded: &'t mut [u8; N]) -> &'t [u8; N] {
    match text[place..].first_chunk() {
        Some(block) => block,
        None => {
            *padded = [0; N];
            padded[..text.len() - place].copy_from_slice(&text[place..]);
            padded
        }
    }
}

/// The next stretch from a place on of at least so many bytes that are all so.
pub fn next_run(text: &[u8], from: usize, least: usize, is_so: impl Fn(u8) -> bool) -> Option<Range<usize>> {
    let mut padded = [0; 64];
    // How many bytes before a block are so, one behind the other.
    let (mut place, mut open) = (from, 0);
    while place < text.len() {
        let there = u64::MAX >> (64 - (text.len() - place).min(64));
        let bits = mask(at(text, place, &mut padded), &is_so) & there;
        let start = match beginnings(bits, least) {
            _ if open + bits.trailing_ones() as usize >= least => Some(place - open),
            0 => None,
            begin => Some(place + begin.trailing_zeros() as usize),
        };
        if let Some(start) = start {
            let more = text[start + least..].iter().take_while(|byte| is_so(**byte)).count();
            return Some(start..start + least + more);
        }
        open = if bits == u64::MAX { open + 64 } else { bits.leading_ones() as usize };
        place += 64;
    }
    None
}

/// Where so many ones begin, one behind the other.
fn beginnings(bits: u64, least: usize) -> u64 {
    let (mut begin, mut ones) = (if least > 64 { 0 } else { bits }, 1);
    while ones < least && begin != 0 {
        let more = ones.min(least - ones);
        begin &= begin >> more;
        ones += more;
    }
    begin
}

/// The next 64 bytes, of those that follow one another from a place on, in which at least so many are so; the last may
/// be fewer.
pub fn next_with(text: &[u8], from: usize, least: usize, is_so: impl Fn(u8) -> bool) -> Option<Range<usize>> {
    let count = |block: &[u8]| block.iter().map(|byte| u8::from(is_so(*byte))).sum::<u8>();
    let (blocks, rest) = text.get(from..)?.as_chunks::<64>();
    let found = blocks.iter().position(|block| usize::from(count(block)) >= least);
    let start = match found {
        Some(nth) => nth * 64,
        None if usize::from(count(rest)) >= least => blocks.len() * 64,
        None => return None,
    };
    Some(from + start..(from + start + 64).min(text.len()))
}

/// The places of all bytes that are so, in order.
pub fn places(text: &[u8], is_so: impl Fn(u8) -> bool) -> impl Iterator<Item = usize> {
    let mut padded = [0; 64];
    let (mut next, mut base, mut bits) = (0, 0, 0_u64);
    std::iter::from_fn(move || {
        while bits == 0 {
            if next >= text.len() {
                return None;
            }
            base = next;
            bits = mask(at(text, base, &mut padded), &is_so);
            next += 64;
        }
        let place = base + bits.trailing_zeros() as usize;
        bits &= bits - 1;
        Some(place)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_is_told_once() {
        let text = "a\n\nb".repeat(50);
        let expected: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
        assert_eq!(places(text.as_bytes(), |byte| byte == b'\n').collect::<Vec<_>>(), expected);
    }

    #[test]
    fn each_byte_has_its_bit() {
        let text: Vec<u8> = (0..=255).collect();
        for place in 0..text.len() {
            let mut padded = [0; 64];
            let block = at(&text, place, &mut padded);
            let digits = mask(block, |byte| byte.is_ascii_digit());
            for bit in 0..64 {
                let expected = text.get(place + bit).is_some_and(u8::is_ascii_digit);
                assert_eq!(digits >> bit & 1 == 1, expected, "{place} + {bit}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn the_next_block_with_enough_is_the_first(
            text in "(a|b{1,9}){0,200}", from in 0..500_usize, least in 1..40_usize,
        ) {
            let bytes = text.as_bytes();
            let begins = (from..bytes.len()).step_by(64);
            let mut blocks = begins.map(|start| start..(start + 64).min(bytes.len()));
            let first = blocks.find(|block| bytes[block.clone()].iter().filter(|byte| **byte == b'a').count() >= least);
            proptest::prop_assert_eq!(next_with(bytes, from, least, |byte| byte == b'a'), first);
        }

        #[test]
        fn the_next_run_is_the_first_that_is_long_enough(
            text in "(a{0,90}[ab]{0,9}){0,6}", from in 0..400_usize, least in 1..90_usize,
        ) {
            let from = from.min(text.len());
            let run = |start: usize| text[start..].bytes().take_while(|byte| *byte == b'a').count();
            let first = (from..text.len()).map(|start| start..start + run(start)).find(|found| found.len() >= least);
            proptest::prop_assert_eq!(next_run(text.as_bytes(), from, least, |byte| byte == b'a'), first);
        }
    }
}
