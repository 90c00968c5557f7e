//! An export as UTF-8: without a byte order mark, which is none of its first word, and out of UTF-16, in which SQL
//! Server's tools and Excel save text.

use std::io::{BufRead, BufReader, Chain, Cursor, Read, Result};

use encoding_rs::{Decoder, Encoding, UTF_8};

/// So much is decoded at a time.
const PIECE: usize = 16 * 1024;
/// What comes first is given in one piece, however small the pieces are in which it comes: whoever reads tells by it
/// what the export is.
const HEAD: u64 = 64 * 1024;

/// The same text in UTF-8, as it streams by.
pub fn of<'a>(mut read: Box<dyn Read + 'a>) -> Result<Box<dyn Read + 'a>> {
    let mut head = Vec::new();
    read.by_ref().take(HEAD).read_to_end(&mut head)?;
    let mark = Encoding::for_bom(&head);
    let rest = Cursor::new(head.split_off(mark.map_or(0, |(_, len)| len))).chain(read);
    Ok(match mark {
        Some((encoding, _)) if encoding != UTF_8 => Box::new(Decoding::new(encoding, rest)),
        _ => Box::new(rest),
    })
}

struct Decoding<R> {
    read: BufReader<R>,
    decoder: Decoder,
    /// What was decoded and not yet taken, from this place on.
    piece: Vec<u8>,
    taken: usize,
    ended: bool,
}

impl<'a> Decoding<Chain<Cursor<Vec<u8>>, Box<dyn Read + 'a>>> {
    fn new(encoding: &'static Encoding, read: Chain<Cursor<Vec<u8>>, Box<dyn Read + 'a>>) -> Self {
        let decoder = encoding.new_decoder_without_bom_handling();
        Self { read: BufReader::with_capacity(PIECE, read), decoder, piece: Vec::new(), taken: 0, ended: false }
    }
}

impl<R: Read> Decoding<R> {
    fn refill(&mut self) -> Result<()> {
        self.piece.resize(2 * PIECE, 0);
        let bytes = self.read.fill_buf()?;
        self.ended = bytes.is_empty();
        let (_, read, written, _) = self.decoder.decode_to_utf8(bytes, &mut self.piece, self.ended);
        self.read.consume(read);
        self.piece.truncate(written);
        self.taken = 0;
        Ok(())
    }
}

impl<R: Read> Read for Decoding<R> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        while self.taken == self.piece.len() {
            if self.ended {
                return Ok(0);
            }
            self.refill()?;
        }
        let count = (&self.piece[self.taken..]).read(into)?;
        self.taken += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> String {
        let mut text = String::new();
        of(Box::new(bytes)).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_mark_is_taken_off_and_utf_16_is_decoded() {
        let long = "Jörg;Ω;🦀\r\n".repeat(20_000);
        for text in ["", "a", "ab", "Jörg", long.as_str()] {
            let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert!(read(&[&[0xff, 0xfe][..], &little].concat()) == text);
            assert!(read(&[&[0xfe, 0xff][..], &big].concat()) == text);
            assert!(read(&[&[0xef, 0xbb, 0xbf][..], text.as_bytes()].concat()) == text);
            assert!(read(text.as_bytes()) == text);
        }
    }
}
