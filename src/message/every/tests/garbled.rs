//! Mail changed at random: no panic, bounded text, zones and offsets that fit it.

use super::*;

/// Chance that is the same in every run.
pub(super) struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }
}

/// Cuts, doubles and garbles a mail at a few places.
fn mutated(content: &[u8], chance: &mut Chance) -> Vec<u8> {
    const TOKENS: &[&[u8]] = &[
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b" ",
        b";",
        b"=",
        b"\"",
        b"--b",
        b"--b--",
        b"\r\n\r\n",
        b"boundary=b",
        b"=?utf-8?B?",
        b"?=",
        b"\xff\xfe",
        b"Content-Type: message/rfc822\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b"\xe2\x80\xae",
        b"<style>",
        b"<!--",
        b"data:,",
        b"begin 644 a\r\n",
        b"=ybegin name=a\r\n",
        b"%PDF-1.7\n",
        b"PK\x03\x04",
        b"{\\rtf1",
        b"\x1b$B",
        b"+AEE-",
        b"%41%41%41%41%41%41",
    ];
    let mut out = content.to_vec();
    for _ in 0..=chance.below(4) {
        let at = chance.below(out.len());
        let end = (at + chance.below(40)).min(out.len());
        match chance.below(4) {
            0 => _ = out.splice(at..at, TOKENS[chance.below(TOKENS.len())].iter().copied()),
            1 => _ = out.drain(at..end),
            2 => {
                let piece = out[at..end].to_vec();
                let to = chance.below(out.len());
                out.splice(to..to, piece);
            }
            _ => {
                if let Some(byte) = out.get_mut(at) {
                    *byte = chance.below(256) as u8;
                }
            }
        }
    }
    out
}

#[test]
fn garbled_mail_ends_without_a_panic_and_in_bounds() {
    let body = b64(TEXT);
    let seeds = [
        mail("Content-Type: text/plain\r\nContent-Transfer-Encoding: base64", &body),
        mail(
            "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable",
            qp("<p title='x'>SSN 219-09-6781</p>"),
        ),
        with_part(
            &format!(
                "Content-Type: text/csv; name*0*=utf-8''a; name*1=b.csv\r\nContent-Description: =?utf-8?B?{body}?="
            ),
            "MRN,Name\r\n12,Roe",
        ),
        with_part(
            "Content-Type: message/rfc822",
            format!("Subject: y\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}"),
        ),
        with_part(
            "Content-Type: application/gzip; name=a.gz\r\nContent-Transfer-Encoding: base64",
            b64(gzip(TEXT.as_bytes())),
        ),
        with_part(
            "Content-Type: application/x-7z-compressed; name=a.7z\r\nContent-Transfer-Encoding: base64",
            b64(include_bytes!("../../readers/fixtures/plain.7z")),
        ),
        mail("Content-Type: text/plain; charset=utf-7", "SSN 219+AC0-09+AC0-6781 \u{202e}oJ\u{202c}"),
    ];
    let mut chance = Chance(0x5eed_0123_4567_89ab);
    for round in 0..600 {
        let content = mutated(&seeds[round % seeds.len()], &mut chance);
        let budget = Budget::new(4 << 20, 2_000);
        let reading = read(&content, &budget, &InProcess);
        let size: usize = reading.segments.iter().map(|segment| segment.text.len()).sum();
        assert!(size <= 4 << 20, "round {round}: {size} bytes of text");
        for segment in &reading.segments {
            assert_eq!(segment.zones.last().map(|span| span.end), Some(segment.text.len()), "round {round}");
            if let Some(canonical) = &segment.canonical {
                for at in (0..=canonical.text.len()).step_by(3) {
                    assert!(canonical.original(at) <= segment.text.len(), "round {round}");
                }
            }
        }
    }
}
