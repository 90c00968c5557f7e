//! RTF to text with a flat stack of groups; and the compressed form that Outlook keeps ([MS-OXRTFCP]).

use super::super::Shape;
use super::super::charset;
use super::super::extraction::{Extraction, File, within};
use super::strings::printable;

/// Deeper groups keep the state of the deepest one.
const MAX_GROUPS: usize = 10_000;

pub(super) fn is_rtf(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(b"{\\rt")
}

pub(super) fn read(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let (whole, shown) = (text(&file.bytes), written(&file.bytes, Runs::Shown));
    if shown != whole {
        // What is hidden may stand amid the words that are shown.
        extraction.text(&within(&file.origin, "hidden"), whole, Shape::Prose);
    }
    extraction.text(&file.origin, shown, Shape::Prose);
    for (at, object) in objects(&file.bytes).into_iter().enumerate() {
        let name = format!("object[{}]", at + 1);
        // The OLE 1 header before it names the class; the file begins where its bytes tell.
        match (0..object.len().min(512)).find(|start| super::is_told_by_bytes(&object[*start..])) {
            Some(start) => extraction.push(file.inner(&name, object[start..].to_vec())),
            None => extraction.text(&within(&file.origin, &name), printable(&object), Shape::Prose),
        }
    }
}

/// What a group inherits from the one around it.
#[derive(Clone, Copy)]
struct Group {
    /// Holds no text: fonts, colours, pictures, styles.
    silent: bool,
    /// Hidden, or deleted by who revised it.
    hidden: bool,
    /// How many characters stand in for a `\u` one.
    skip: usize,
}

/// Which runs are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Runs {
    All,
    Shown,
}

/// The text, hidden text too.
pub(super) fn text(bytes: &[u8]) -> String {
    written(bytes, Runs::All)
}

fn written(bytes: &[u8], runs: Runs) -> String {
    let mut out = String::new();
    let mut pending: Vec<u8> = Vec::new();
    let mut groups = vec![Group { silent: false, hidden: false, skip: 1 }];
    let mut to_skip = 0;
    let mut label = "windows-1252".to_owned();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        let top = groups.len() - 1;
        let mut group = groups[top];
        group.silent |= group.hidden && runs == Runs::Shown;
        match byte {
            b'{' if groups.len() < MAX_GROUPS => groups.push(groups[top]),
            b'}' if groups.len() > 1 => _ = groups.pop(),
            b'{' | b'}' | b'\r' | b'\n' => {}
            b'\\' => {
                let control = Control::at(bytes, &mut at);
                match control {
                    Control::Byte(byte) if to_skip > 0 => _ = (byte, to_skip -= 1),
                    Control::Byte(byte) if !group.silent => pending.push(byte),
                    Control::Word("ansicpg", Some(page)) => label = format!("windows-{page}"),
                    Control::Word("uc", Some(skip)) => groups[top].skip = skip.clamp(0, 8) as usize,
                    Control::Word("u", Some(code)) if !group.silent => {
                        flush(&mut out, &mut pending, &label);
                        out.push(char::from_u32((code & 0xffff) as u32).unwrap_or(' '));
                        to_skip = group.skip;
                    }
                    // One that is longer than the file hides nothing.
                    Control::Word("bin", Some(len)) if (len.max(0) as usize) < bytes.len() - at => {
                        at += len.max(0) as usize;
                    }
                    Control::Word("v" | "deleted", on) => groups[top].hidden = on != Some(0),
                    Control::Word("plain", _) => groups[top].hidden = false,
                    Control::Word(word, _) if is_silent(word) => groups[top].silent = true,
                    // A picture says what it shows.
                    Control::Word("picprop", _) => groups[top].silent = false,
                    Control::Word(word, _) if !group.silent => {
                        if let Some(sign) = sign(word) {
                            flush(&mut out, &mut pending, &label);
                            out.push(sign);
                        }
                    }
                    _ => {}
                }
            }
            _ if to_skip > 0 => to_skip -= 1,
            byte if !group.silent => pending.push(byte),
            _ => {}
        }
    }
    flush(&mut out, &mut pending, &label);
    out
}

fn flush(out: &mut String, pending: &mut Vec<u8>, label: &str) {
    if !pending.is_empty() {
        out.push_str(&charset::decode(pending, Some(label)));
        pending.clear();
    }
}

enum Control<'b> {
    Word(&'b str, Option<i32>),
    Byte(u8),
    None,
}

impl<'b> Control<'b> {
    /// The control after a backslash; moves past it and its closing blank.
    fn at(bytes: &'b [u8], at: &mut usize) -> Self {
        let rest = &bytes[*at..];
        let len = rest.iter().take(40).take_while(|byte| byte.is_ascii_alphabetic()).count();
        if len == 0 {
            *at += 1;
            return match rest.first() {
                Some(b'\'') => {
                    *at += 2;
                    rest.get(1..3).and_then(hex).map_or(Control::None, Control::Byte)
                }
                Some(b'~') => Control::Byte(b' '),
                Some(b'_') => Control::Byte(b'-'),
                Some(b'*') => Control::Word("*", None),
                Some(byte @ (b'\\' | b'{' | b'}')) => Control::Byte(*byte),
                Some(b'\r' | b'\n') => Control::Word("par", None),
                _ => Control::None,
            };
        }
        let digits = rest[len..].iter().take(11).take_while(|byte| byte.is_ascii_digit() || **byte == b'-').count();
        let number = std::str::from_utf8(&rest[len..len + digits]).ok().and_then(|digits| digits.parse().ok());
        let blank = usize::from(rest.get(len + digits) == Some(&b' '));
        *at += len + digits + blank;
        Control::Word(std::str::from_utf8(&rest[..len]).unwrap_or_default(), number)
    }
}

fn hex(pair: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()
}

/// Groups that readers show nothing of. `\*` ones are shown by those who know them: their text is kept, but for these.
fn is_silent(word: &str) -> bool {
    matches!(
        word,
        "fonttbl"
            | "colortbl"
            | "stylesheet"
            | "pict"
            | "objdata"
            | "themedata"
            | "colorschememapping"
            | "datastore"
            | "listtable"
            | "listoverridetable"
            | "rsidtbl"
            | "latentstyles"
            | "generator"
            | "xmlnstbl"
            | "filetbl"
            | "revtbl"
            | "mmathPr"
            // Names of a shape's properties; their values are told by `sv`.
            | "sn"
    )
}

fn sign(word: &str) -> Option<char> {
    Some(match word {
        "par" | "line" | "row" | "sect" | "page" => '\n',
        "cell" | "tab" | "nestcell" => '\t',
        "emdash" | "endash" => '-',
        "bullet" => '*',
        "lquote" | "rquote" => '\'',
        "ldblquote" | "rdblquote" => '"',
        "enspace" | "emspace" => ' ',
        _ => return None,
    })
}

/// Files embedded as hexadecimal digits.
fn objects(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for at in memchr::memmem::find_iter(bytes, b"\\objdata").take(100) {
        let data = &bytes[at + 8..];
        let end = data.iter().position(|byte| matches!(byte, b'}' | b'\\' | b'{')).unwrap_or(data.len());
        let digits: Vec<u8> = data[..end].iter().copied().filter(u8::is_ascii_hexdigit).collect();
        found.push(digits.chunks_exact(2).filter_map(hex).collect());
    }
    found
}

/// Outlook's LZFu ([MS-OXRTFCP] §3): a window of 4,096 bytes that begins with common words.
pub(super) fn uncompressed(bytes: &[u8]) -> Option<Vec<u8>> {
    const PRELOAD: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
    let size = u32::from_le_bytes(*bytes.get(4..8)?.first_chunk()?) as usize;
    let data = bytes.get(16..)?;
    match bytes.get(8..12)? {
        b"MELA" => return Some(data[..size.min(data.len())].to_vec()),
        b"LZFu" => {}
        _ => return None,
    }
    let mut window = [b' '; 4096];
    window[..PRELOAD.len()].copy_from_slice(PRELOAD);
    let mut write = PRELOAD.len();
    // A run takes two bytes and gives at most seventeen: the stated size is never trusted beyond that.
    let limit = size.min(data.len() * 9);
    let mut out = Vec::with_capacity(limit);
    let mut input = data.iter();
    while out.len() < limit {
        let Some(control) = input.next() else { break };
        for bit in 0..8 {
            if control >> bit & 1 == 0 {
                let Some(&byte) = input.next() else { return Some(out) };
                out.push(byte);
                window[write] = byte;
                write = (write + 1) % 4096;
                continue;
            }
            let (Some(&high), Some(&low)) = (input.next(), input.next()) else { return Some(out) };
            let offset = usize::from(high) << 4 | usize::from(low >> 4);
            if offset == write {
                return Some(out);
            }
            for step in 0..usize::from(low & 15) + 2 {
                let byte = window[(offset + step) % 4096];
                out.push(byte);
                window[write] = byte;
                write = (write + 1) % 4096;
            }
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rtf_becomes_text() {
        for (rtf, shown) in [
            ("{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}\\f0 Jo {\\b R}oe\\par MRN\\tab 12}", "Jo Roe\nMRN\t12"),
            ("{\\rtf1 caf\\'e9 \\u8364?5 a\\~b \\{x\\}}", "caf\u{e9} \u{20ac}5 a b {x}"),
            ("{\\rtf1\\uc2 \\u8364xx5}", "\u{20ac}5"),
            ("{\\rtf1 a{\\pict 00ff}b{\\*\\annotation note}}", "abnote"),
            ("{\\rtf1 {\\v hidden}}", "hidden"),
            ("{\\rtf1 R{\\v xx}oe}", "Rxxoe"),
            ("{\\rtf1 219-\n09\r\n-6781}", "219-09-6781"),
            ("{\\rtf1 a{\\pict{\\*\\picprop{\\sp{\\sn wzDescription}{\\sv Jo Roe}}}00ff}}", "aJo Roe"),
        ] {
            assert_eq!(text(rtf.as_bytes()), shown, "{rtf}");
        }
    }

    #[test]
    fn hidden_and_deleted_runs_stand_apart() {
        for (rtf, shown) in [
            ("{\\rtf1 R{\\v xx}oe}", "Roe"),
            ("{\\rtf1 R\\v x\\v0 oe}", "Roe"),
            ("{\\rtf1 R{\\deleted{\\b x}}oe\\deleted y\\plain  MRN}", "Roe MRN"),
        ] {
            assert_eq!(written(rtf.as_bytes(), Runs::Shown), shown, "{rtf}");
            let extract = super::super::tests::opened("a.rtf", rtf.as_bytes());
            assert_eq!(super::super::tests::text_of(&extract, ""), shown);
            assert!(super::super::tests::text_of(&extract, "hidden").contains('x'));
        }
    }

    #[test]
    fn objects_are_opened_or_their_text_is_read() {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let zip = super::super::tests::zipped(&[("roe.txt", b"Jo Roe")]);
        for (object, origin, text) in [
            (b"\x01\x05\0\0Package\0a.txt\0Jo Roe".to_vec(), "object[1]", "Package\na.txt\nJo Roe\n"),
            ([b"\x01\x05\0\0Package\0".as_slice(), &zip].concat(), "object[1]/roe.txt", "Jo Roe"),
        ] {
            let rtf = format!("{{\\rtf1{{\\object{{\\*\\objdata {}}}}}}}", hex(&object));
            let extract = super::super::tests::opened("a.rtf", rtf.as_bytes());
            assert_eq!(super::super::tests::text_of(&extract, origin), text);
        }
    }

    #[test]
    fn bytes_that_are_not_there_hide_no_text() {
        assert_eq!(text(b"{\\rtf1\\bin3 {}{Jo Roe}"), "Jo Roe");
        assert_eq!(text(b"{\\rtf1\\bin99999999 Jo Roe}"), "Jo Roe");
    }

    #[test]
    fn deep_and_cut_files_end() {
        for rtf in [
            "{".repeat(100_000),
            "{\\rtf1 \\".to_owned(),
            "{\\rtf1 \\'".to_owned(),
            "{\\rtf1\\bin99999999 x".to_owned(),
        ] {
            text(rtf.as_bytes());
        }
    }

    #[test]
    fn compressed_rtf_is_unpacked() {
        // [MS-OXRTFCP] §3.1: its own two examples, a plain run and one that crosses itself.
        let simple = b"\x2d\0\0\0\x2b\0\0\0LZFu\xf1\xc5\xc7\xa7\x03\0\x0a\0rcpg125B2\x0a\xf3 hel\x09\0 bw\x05\xb0ld}\x0a\x80\x0f\xa0";
        assert_eq!(uncompressed(simple).expect("LZFu"), b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        let crossing = b"\x1a\0\0\0\x1c\0\0\0LZFu\xe2\xd4\x4b\x51\x41\0\x04\x20WXYZ\x0dn}\x01\x0e\xb0";
        assert_eq!(uncompressed(crossing).expect("LZFu"), b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}");
        assert!(uncompressed(b"short").is_none());
    }
}
