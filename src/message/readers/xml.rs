//! XML to text: documents as prose, data as records. No DTD is followed, nothing is fetched.

use std::collections::BTreeSet;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, escape};

use super::super::extraction::{Extraction, File};
use super::super::{GapReason, Shape, charset};
use super::records::{Records, spaced};
use super::structured;

/// The XML as text: its declared encoding, or what its first bytes say.
fn decode(bytes: &[u8]) -> String {
    // Parts of mail arrive here as UTF-8 whatever their declaration still says.
    if let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0')) {
        return text.to_owned();
    }
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(120)]).into_owned();
    let label = head
        .strip_prefix("<?xml")
        .and_then(|rest| rest.split("?>").next())
        .and_then(|declaration| declaration.split("encoding=").nth(1))
        .map(|value| value.trim_matches(|c| matches!(c, '"' | '\'' | ' ')).to_owned())
        .map(|value| value.split(['"', '\'']).next().unwrap_or_default().to_owned());
    charset::decode(bytes, label.as_deref()).into_owned()
}

fn reader(text: &str) -> Reader<&[u8]> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    reader
}

/// The character for `&name;`; none for an entity that only a DTD defines.
fn reference(name: &str) -> Option<String> {
    let escaped = format!("&{name};");
    escape::unescape(&escaped).ok().map(|text| text.into_owned())
}

/// All character data, paragraphs and rows ending lines, cells apart by tabs.
pub(super) fn prose(bytes: &[u8]) -> Result<String, GapReason> {
    let source = decode(bytes);
    let mut reader = reader(&source);
    let mut out = String::with_capacity(source.len() / 4);
    let mut authors = BTreeSet::new();
    let mut unseen = Unseen::default();
    // Paragraphs inside a table cell do not end the row.
    let mut cells = 0usize;
    loop {
        match reader.read_event() {
            Ok(Event::Text(text)) => push_text(&mut out, &text.xml10_content()),
            Ok(Event::CData(text)) => out.push_str(&text.xml10_content()),
            Ok(Event::GeneralRef(name)) => match reference(&name.xml10_content()) {
                Some(text) => out.push_str(&text),
                None => return Err(GapReason::Corrupt),
            },
            Ok(Event::Start(start)) => {
                let name = start.local_name();
                if matches!(name.as_ref(), "tc" | "table-cell") {
                    cells += 1;
                    begin_cell(&mut out);
                }
                unseen.begin(name.as_ref(), &out);
                attributes(&mut out, &mut authors, &start);
            }
            Ok(Event::Empty(empty)) => {
                match empty.local_name().as_ref() {
                    "tab" => out.push('\t'),
                    "br" | "cr" | "line-break" => out.push('\n'),
                    "s" => out.push(' '),
                    "noBreakHyphen" => out.push('-'),
                    "table-cell" => begin_cell(&mut out),
                    "vanish" => unseen.hide(empty.attributes_raw()),
                    _ => {}
                }
                attributes(&mut out, &mut authors, &empty);
            }
            Ok(Event::End(end)) => match unseen.end(end.local_name().as_ref(), &mut out) {
                "tc" | "table-cell" => {
                    cells = cells.saturating_sub(1);
                    trim_line(&mut out);
                }
                "p" | "h" if cells > 0 => out.push(' '),
                // Runs of one word are apart only by markup.
                "t" | "r" | "span" | "rPr" | "pPr" | "hyperlink" | "a" | "ins" | "del" | "smartTag" | "sdtContent"
                | "sdt" | "instrText" | "fldSimple" | "delText" | "txBody" | "sp" | "bookmarkStart" => {}
                "tr" | "table-row" => end_line(&mut out),
                // Whoever remarks on a text is none of whom it speaks.
                "author" => {
                    end_line(&mut out);
                    out.push('\n');
                }
                // What a cell looks like (`tcPr`) and what else stands in it leave the row whole.
                _ if cells > 0 => {}
                _ => end_line(&mut out),
            },
            Ok(Event::Eof) => {
                unseen.finish(&mut out);
                tell_apart(&mut out, &authors);
                return Ok(out);
            }
            Ok(_) => {}
            Err(_) => return Err(GapReason::Corrupt),
        }
    }
}

/// Runs that are deleted or hidden: the text is read as it is shown, and paragraphs with such runs once more with them,
/// below, for whatever they hide is sent along.
#[derive(Default)]
struct Unseen {
    /// Where the paragraph, the run and the deleted text that are open begin.
    paragraph: usize,
    run: Option<usize>,
    deleted: usize,
    is_hidden: bool,
    /// What was taken out of this paragraph, and where it stood.
    taken: Vec<(usize, String)>,
    paragraphs: String,
}

impl Unseen {
    fn begin(&mut self, name: &str, out: &str) {
        match name {
            "p" => (self.paragraph, self.taken) = (out.len(), Vec::new()),
            "r" => (self.run, self.is_hidden) = (Some(out.len()), false),
            "delText" => self.deleted = out.len(),
            _ => {}
        }
    }

    /// The run's properties say that it is hidden (ECMA-376 part 1, 17.3.2.41).
    fn hide(&mut self, attributes: &str) {
        let is_off =
            ["0", "false", "off"].iter().any(|off| attributes.trim().trim_end_matches(['"', '\'']).ends_with(off));
        self.is_hidden |= self.run.is_some() && !is_off;
    }

    fn end<'n>(&mut self, name: &'n str, out: &mut String) -> &'n str {
        match name {
            "delText" => self.take(self.deleted, out),
            "r" => {
                if let Some(begin) = self.run.take().filter(|_| self.is_hidden) {
                    self.take(begin, out);
                }
            }
            "p" => self.tell(out),
            _ => {}
        }
        name
    }

    fn take(&mut self, begin: usize, out: &mut String) {
        if begin < out.len() && out.is_char_boundary(begin) {
            self.taken.push((begin, out.split_off(begin)));
        }
    }

    /// The paragraph with all of it.
    fn tell(&mut self, out: &str) {
        if self.taken.is_empty() {
            return;
        }
        let mut at = self.paragraph.min(out.len());
        for (place, text) in self.taken.drain(..) {
            let place = place.clamp(at, out.len());
            self.paragraphs.push_str(&out[at..place]);
            self.paragraphs.push_str(&text);
            at = place;
        }
        self.paragraphs.push_str(&out[at..]);
        end_line(&mut self.paragraphs);
    }

    fn finish(mut self, out: &mut String) {
        self.tell(out);
        if !self.paragraphs.is_empty() {
            end_line(out);
            out.push('\n');
            out.push_str(&self.paragraphs);
        }
    }
}

/// Whoever changed a text stands below it: a change may lie amid a word.
fn tell_apart(out: &mut String, authors: &BTreeSet<String>) {
    for author in authors {
        end_line(out);
        out.push('\n');
        out.push_str(author);
        out.push('\n');
    }
}

/// Line breaks between elements are layout of the file, not text.
fn push_text(out: &mut String, text: &str) {
    if text.contains('\n') && text.trim().is_empty() {
        return;
    }
    out.push_str(text);
}

fn begin_cell(out: &mut String) {
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\t');
    }
}

fn trim_line(out: &mut String) {
    while out.ends_with(' ') {
        out.pop();
    }
}

fn end_line(out: &mut String) {
    if !out.is_empty() && !out.ends_with('\n') {
        trim_line(out);
        out.push('\n');
    }
}

/// Alternative texts of pictures, form values, link targets outside the document; apart from them, who changed what.
fn attributes(out: &mut String, authors: &mut BTreeSet<String>, start: &BytesStart<'_>) {
    for attribute in start.attributes().flatten() {
        let name = attribute.key.local_name();
        let value = || escape::unescape(&attribute.value).unwrap_or_default();
        if name.as_ref() == "author" {
            if authors.len() < MOST_AUTHORS && !attribute.value.trim().is_empty() {
                authors.insert(value().into_owned());
            }
            continue;
        }
        let told = match name.as_ref() {
            "descr" | "alt" | "string-value" | "textpath" | "title" => true,
            "Target" => start.attributes_raw().contains("TargetMode=\"External\""),
            "val" if matches!(start.local_name().as_ref(), "default" | "alias" | "statusText" | "helpText") => true,
            // A string that a pivot table remembers.
            "v" => start.local_name().as_ref() == "s",
            other => !is_layout(other) && attribute.value.contains(' '),
        };
        if told && !attribute.value.trim().is_empty() {
            end_line(out);
            out.push_str(&value());
            out.push('\n');
        }
    }
}

/// More are no authors.
const MOST_AUTHORS: usize = 1000;

/// Attributes that say how something is drawn, in several words.
fn is_layout(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "adj",
        "ascii",
        "coordsize",
        "cs",
        "d",
        "data",
        "eastAsia",
        "family",
        "filter",
        "hAnsi",
        "path",
        "points",
        "sqref",
        "style",
        "transform",
        "typeface",
        "viewBox",
        "xmlns",
    ];
    NAMES.contains(&name) || name.starts_with("font") || name.contains("dash") || name.contains("style")
}

/// An XML file by itself: HTML-like narrative as prose, everything else as records (C-CDA, FHIR XML, exports).
pub(super) fn data(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let source = decode(&file.bytes);
    if is_document(&source) {
        return match prose(&file.bytes) {
            Ok(text) => extraction.text(&file.origin, text, Shape::Prose),
            Err(reason) => extraction.gap(&file.origin, reason),
        };
    }
    match records(&source) {
        Ok(records) => records.finish(file, extraction),
        Err(reason) => {
            // The raw text still says most of it.
            super::text::plain(file, extraction);
            extraction.gap(&file.origin, reason);
        }
    }
}

/// A text document in one XML file: flat OpenDocument, flat Open Packaging, WordprocessingML of 2003.
fn is_document(source: &str) -> bool {
    let head = &source.as_bytes()[..source.len().min(2048)];
    ["<office:document", "<pkg:package", "<w:wordDocument"]
        .iter()
        .any(|root| memchr::memmem::find(head, root.as_bytes()).is_some())
}

/// What FHIR's elements are called in XML, where names alone (`display`) say little.
const FHIR: &str = "http://hl7.org/fhir";

/// `name: value` a line, of FHIR `resource field part: value` as in JSON; an element without a parent that
/// repeats begins a new record.
fn records(source: &str) -> Result<Records, GapReason> {
    let mut reader = reader(source);
    let mut records = Records::default();
    // What the elements that are open are called.
    let mut open: Vec<String> = Vec::new();
    let mut value = String::new();
    let mut is_fhir = false;
    loop {
        match reader.read_event() {
            Ok(Event::Text(text)) => push_text(&mut value, &text.xml10_content()),
            Ok(Event::CData(text)) => value.push_str(&text.xml10_content()),
            Ok(Event::Comment(text)) => records.line("comment", &text.xml10_content()),
            Ok(Event::PI(text)) => records.line("note", text.content()),
            Ok(Event::DocType(text)) => records.line("type", &text.xml10_content()),
            Ok(Event::GeneralRef(name)) => match reference(&name.xml10_content()) {
                Some(text) => value.push_str(&text),
                None => return Err(GapReason::Corrupt),
            },
            Ok(Event::Start(start)) => {
                // Text before a child stands by itself: `<text>Jo <b>Roe</b></text>`.
                records.line(open.last().map_or("", String::as_str), &std::mem::take(&mut value));
                is_fhir |= is_of_fhir(&start);
                let name = called(&start, open.last().filter(|_| is_fhir), &mut records);
                described(&name, &start, &mut records);
                if open.len() > 100_000 {
                    return Err(GapReason::Limit);
                }
                open.push(name);
            }
            Ok(Event::Empty(empty)) => {
                let name = called(&empty, open.last().filter(|_| is_fhir), &mut records);
                described(&name, &empty, &mut records);
            }
            Ok(Event::End(end)) => {
                records.line(&open.pop().unwrap_or_default(), &std::mem::take(&mut value));
                if is_record(end.local_name().as_ref()) {
                    records.end();
                }
            }
            Ok(Event::Eof) => {
                records.line("", &value);
                return Ok(records);
            }
            Ok(_) => {}
            Err(_) => return Err(GapReason::Corrupt),
        }
    }
}

fn is_of_fhir(start: &BytesStart<'_>) -> bool {
    start.attributes().flatten().any(|attribute| attribute.key.as_ref() == "xmlns" && attribute.value == FHIR)
}

/// An element's name; inside one of FHIR with what that is called, unless it is a resource of its own.
fn called(start: &BytesStart<'_>, within: Option<&String>, records: &mut Records) -> String {
    let name = start.local_name();
    let name = records.name(name.as_ref());
    match within {
        Some(within) if !name.starts_with(|c: char| c.is_ascii_uppercase()) => structured::join(within, name),
        _ => name.to_owned(),
    }
}

fn is_record(name: &str) -> bool {
    matches!(
        name,
        "recordTarget" | "entry" | "section" | "component" | "record" | "row" | "item" | "patient" | "Patient" | "tr"
    )
}

/// Attributes that carry what a person reads: codes with their names, values with units, ids.
fn described(element: &str, start: &BytesStart<'_>, records: &mut Records) {
    for attribute in start.attributes().flatten() {
        let name = attribute.key.local_name();
        let plumbing = matches!(
            name.as_ref(),
            "root"
                | "typeCode"
                | "classCode"
                | "moodCode"
                | "determinerCode"
                | "contextControlCode"
                | "codeSystem"
                | "codeSystemName"
                | "nullFlavor"
                | "schemaLocation"
                | "type"
                | "use"
                | "styleCode"
                | "ID"
                | "xsi"
                | "inversionInd"
                | "negationInd"
        ) || attribute.key.as_ref().starts_with("xmlns");
        // Plumbing is codes; a sentence in it is somebody's.
        if (plumbing && !attribute.value.contains(' ')) || attribute.value.trim().is_empty() {
            continue;
        }
        let value = escape::unescape(&attribute.value).unwrap_or_default();
        match name.as_ref() {
            "value" | "displayName" | "code" | "extension" => records.line(element, &value),
            other => {
                let label = spaced(&format!("{element} {}", records.name(other)));
                records.line(&label, &value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_becomes_records() {
        let source = "<ClinicalDocument xmlns='urn:hl7-org:v3'><recordTarget><id extension='998991' root='2.16'/>\
            <name><given>Jo</given><family>Roe</family></name><birthTime value='19750501'/></recordTarget>\
            <value code='E11.9' displayName='Type 2 diabetes'/></ClinicalDocument>";
        let text = records(source).expect("well-formed").text();
        assert_eq!(
            text,
            "id: 998991\ngiven: Jo\nfamily: Roe\nbirth Time: 19750501\n\nvalue: E11.9\nvalue: Type 2 diabetes\n"
        );
    }

    #[test]
    fn a_change_amid_a_word_leaves_it_whole() {
        let source = "<p><r><t>SSN 219-</t></r><ins author='Ann Lo' date='x'><r><t>09-67</t></r></ins><r><t>81 of Jo</t></r></p>";
        assert_eq!(prose(source.as_bytes()).expect("well-formed"), "SSN 219-09-6781 of Jo\n\nAnn Lo\n");
        let changed = "<p><r><t>Jane R</t></r><del author='Ann Lo'><r><delText>xx</delText></r></del><r><t>oe, </t></r>\
            <r><rPr><vanish/></rPr><t>SSN </t></r><r><rPr><vanish val='0'/></rPr><t>219</t></r></p>";
        assert_eq!(prose(changed.as_bytes()).expect("well-formed"), "Jane Roe, 219\n\nJane Rxxoe, SSN 219\n\nAnn Lo\n");
        let remark = "<comments><authors><author>user</author></authors><text><t>Jo Roe called</t></text></comments>";
        assert_eq!(prose(remark.as_bytes()).expect("well-formed"), "user\n\nJo Roe called\n");
    }

    #[test]
    fn fields_of_fhir_are_called_as_in_json() {
        let source = "<Bundle xmlns='http://hl7.org/fhir'><entry><resource><Coverage><subscriberId value='U67073369'/>\
            <beneficiary><display value='Jo Roe'/></beneficiary></Coverage></resource></entry></Bundle>";
        let text = records(source).expect("well-formed").text();
        assert_eq!(text, "Coverage subscriber Id: U67073369\nCoverage beneficiary display: Jo Roe\n");
    }

    #[test]
    fn a_name_that_is_no_label_is_told_once() {
        let long = "A".repeat(10_000);
        let attributes: Vec<String> = (0..100).map(|at| format!("b{at}='1'")).collect();
        for source in
            [format!("<{long} {}/>", attributes.join(" ")), format!("<{long}>{}</{long}>", "a<b>1</b>".repeat(100))]
        {
            let text = records(&source).expect("well-formed").text();
            assert!(text.contains(&long) && text.len() < 30_000, "{}", text.len());
        }
    }

    #[test]
    fn documents_in_one_file_are_prose() {
        for document in [
            "<office:document xmlns:office='o' xmlns:text='t'><text:p>Jane<text:s/>Roe, <text:span>SS</text:span>N<text:tab/>\
             <text:span>219</text:span>-09</text:p></office:document>",
            "<pkg:package xmlns:pkg='p'><w:p><w:r><w:t>Jane </w:t></w:r><w:r><w:t>Roe, SS</w:t></w:r><w:r><w:t>N</w:t><w:tab/>\
             <w:t>219</w:t></w:r><w:r><w:t>-09</w:t></w:r></w:p></pkg:package>",
        ] {
            let text = prose(document.as_bytes()).expect("well-formed");
            assert!(is_document(document) && text.contains("Jane Roe, SSN\t219-09"), "{text}");
        }
    }

    #[test]
    fn encodings_are_followed() {
        let wide: Vec<u8> = "<a><p>Jo Roe</p></a>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(prose(&wide).expect("text").trim(), "Jo Roe");
        let latin = b"<?xml version='1.0' encoding='iso-8859-1'?><p>caf\xe9</p>";
        assert_eq!(prose(latin).expect("text").trim(), "caf\u{e9}");
    }

    #[test]
    fn unknown_entities_are_a_gap_and_deep_nesting_costs_no_stack() {
        assert_eq!(prose(b"<a>&b;</a>"), Err(GapReason::Corrupt));
        let deep = "<a>".repeat(90_000);
        assert!(prose(deep.as_bytes()).is_ok());
        assert!(records(&deep).is_ok());
    }
}
