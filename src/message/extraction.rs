//! The work of reading one message: files wait on an explicit stack (never the call stack, whose depth a sender
//! could choose), each is opened by the readers that its kind asks for, and text and gaps collect.

use std::borrow::Cow;

use super::documents::{Document, Documents, Extent, Extract, Picture};
use super::{Budget, Gap, GapReason, Origin, Part, Segment, Shape, Zone, ZoneSpan, zones};

/// Bytes that wait to be read: an attachment, an entry of an archive, a nested message.
#[derive(Clone, Default)]
pub(super) struct File<'a> {
    pub origin: String,
    pub name: Option<String>,
    /// The declared media type, in lower case; empty if none.
    pub declared: String,
    pub bytes: Cow<'a, [u8]>,
    /// How many containers it lies in.
    pub depth: usize,
    pub signed: bool,
}

impl<'a> File<'a> {
    pub fn from_document(document: &Document<'a>) -> Self {
        Self {
            name: document.name.map(str::to_owned),
            declared: document.declared.to_owned(),
            bytes: Cow::Borrowed(document.bytes),
            depth: document.depth,
            ..Self::default()
        }
    }

    /// Something found inside this file.
    pub fn inner(&self, name: &str, bytes: Vec<u8>) -> File<'static> {
        File {
            origin: within(&self.origin, name),
            name: Some(name.to_owned()),
            bytes: Cow::Owned(bytes),
            depth: self.depth + 1,
            signed: self.signed,
            ..File::default()
        }
    }

    /// The extension in lower case, without its dot.
    pub fn extension(&self) -> String {
        let name = self.name.as_deref().unwrap_or_default();
        name.rsplit_once('.').map(|(_, extension)| extension.trim().to_ascii_lowercase()).unwrap_or_default()
    }
}

pub(super) fn within(origin: &str, name: &str) -> String {
    if origin.is_empty() { name.to_owned() } else { format!("{origin}/{name}") }
}

/// The kinds of files there are, and how each is read. Some hold mail, and mail holds files of every kind: so
/// whoever finds a file asks here, and knows no reader by name.
pub(super) trait Kinds {
    /// Whether the bytes alone say what they are.
    fn is_told_by_bytes(&self, bytes: &[u8]) -> bool;

    /// The account of the file, its kind by its bytes where they tell it.
    fn part(&self, file: &File<'_>) -> Part;

    /// Whether the file is opened in a confined worker.
    fn is_apart(&self, file: &File<'_>) -> bool;

    /// Reads the file in every way that its bytes allow; what allows none is a gap, or is known to hold no text.
    fn read(&self, file: &File<'_>, extraction: &mut Extraction<'_>);
}

pub(super) struct Extraction<'a> {
    pub budget: &'a Budget,
    pub kinds: &'static dyn Kinds,
    /// Who opens documents; `None` inside a worker, which opens them itself.
    documents: Option<&'a dyn Documents>,
    pub segments: Vec<Segment>,
    pub gaps: Vec<Gap>,
    pub parts: Vec<Part>,
    /// Inside a worker: what is to be looked at outside.
    pictures: Vec<Picture>,
    /// How many pictures were met that may show text, and their bytes.
    looked_at: (usize, usize),
    waiting: Vec<File<'a>>,
}

/// A fax of so many pages is read whole; of more, the rest is a gap.
const MAX_PICTURES: usize = 60;
const MAX_PICTURE_BYTES: usize = 64 << 20;

/// Fewer letters and digits than a page, a form or a screen would show.
const MIN_READ: usize = 12;

impl<'a> Extraction<'a> {
    pub fn new(budget: &'a Budget, kinds: &'static dyn Kinds, documents: Option<&'a dyn Documents>) -> Self {
        Self {
            budget,
            kinds,
            documents,
            segments: Vec::new(),
            gaps: Vec::new(),
            parts: Vec::new(),
            pictures: Vec::new(),
            looked_at: (0, 0),
            waiting: Vec::new(),
        }
    }

    pub fn push(&mut self, file: File<'a>) {
        self.waiting.push(file);
    }

    /// Opens everything that waits, and what comes out of it.
    pub fn run(&mut self) {
        self.waiting.reverse();
        while let Some(file) = self.waiting.pop() {
            if let Err(reason) = self.budget.spend_part() {
                // One gap tells it; a hundred thousand would be an attack of their own.
                self.gap(&file.origin, reason);
                self.waiting.clear();
                return;
            }
            if file.depth > self.budget.depth {
                self.gap(&file.origin, GapReason::Limit);
                continue;
            }
            let before = self.waiting.len();
            self.open(&file);
            // What lies inside is read in the order in which it stands.
            self.waiting[before..].reverse();
        }
    }

    fn open(&mut self, file: &File<'a>) {
        self.parts.push(self.kinds.part(file));
        match self.documents {
            Some(documents) if self.kinds.is_apart(file) => {
                self.parts.pop();
                let document = Document {
                    name: file.name.as_deref(),
                    declared: &file.declared,
                    bytes: &file.bytes,
                    depth: file.depth,
                };
                let extract = documents.open(&document, self.budget);
                self.merge(file, extract);
            }
            _ => self.kinds.read(file, self),
        }
    }

    fn merge(&mut self, file: &File<'_>, extract: Extract) {
        let place = |origin: &Origin| match origin.as_str() {
            "" => Origin::new(file.origin.as_str()),
            inner => Origin::new(within(&file.origin, inner)),
        };
        self.gaps.extend(extract.gaps.into_iter().map(|gap| Gap { origin: place(&gap.origin), ..gap }));
        for mut part in extract.parts {
            part.origin = place(&part.origin);
            part.signed |= file.signed;
            self.parts.push(part);
        }
        for mut segment in extract.segments {
            segment.origin = place(&segment.origin);
            self.segments.push(segment);
        }
        for picture in extract.pictures {
            self.picture(place(&picture.origin).as_str(), picture.bytes, picture.extent);
        }
    }

    /// A picture that may show text: read where it can be, else a gap. One of a page's size that shows
    /// next to none may be handwriting, and stays a gap; a smaller one need not show any.
    pub fn picture(&mut self, origin: &str, bytes: Vec<u8>, extent: Extent) {
        let (count, size) = &mut self.looked_at;
        (*count, *size) = (*count + 1, *size + bytes.len());
        if *count > MAX_PICTURES || *size > MAX_PICTURE_BYTES {
            if extent == Extent::Page {
                self.gap(origin, GapReason::Picture);
            }
            return;
        }
        let Some(documents) = self.documents else {
            return self.pictures.push(Picture { origin: Origin::new(origin), extent, bytes });
        };
        match documents.read_picture(&bytes, self.budget) {
            Err(GapReason::Picture) if extent == Extent::Small => {}
            Err(reason) => self.gap(origin, reason),
            Ok(text) => {
                let shown = text.chars().filter(|c| c.is_alphanumeric()).count();
                if shown < MIN_READ && extent == Extent::Page {
                    self.gap(origin, GapReason::Picture);
                }
                self.text(&within(origin, "ocr"), text, Shape::Prose);
            }
        }
    }

    /// Text of new content: an attachment, a name, a header field.
    pub fn text(&mut self, origin: &str, text: String, shape: Shape) {
        let zones = match shape {
            Shape::Prose => zones::of_document(&text),
            _ => vec![ZoneSpan { end: text.len(), zone: Zone::New }],
        };
        self.segment(origin, text, zones, shape);
    }

    pub fn segment(&mut self, origin: &str, text: String, zones: Vec<ZoneSpan>, shape: Shape) {
        if text.trim_ascii().is_empty() {
            return;
        }
        if let Err(reason) = self.budget.spend_bytes(text.len() as u64) {
            self.gap(origin, reason);
            return;
        }
        self.segments.push(Segment { origin: Origin::new(origin), text, zones, shape, canonical: None });
    }

    pub fn gap(&mut self, origin: &str, reason: GapReason) {
        let gap = Gap { origin: Origin::new(origin), reason };
        if !self.gaps.contains(&gap) {
            self.gaps.push(gap);
        }
    }

    /// The part that was opened last is encrypted for its recipient.
    pub fn mark_encrypted(&mut self, origin: &str) {
        if let Some(part) = self.parts.iter_mut().rev().find(|part| part.origin.as_str() == origin) {
            part.encrypted = true;
        }
    }

    pub fn into_extract(self) -> Extract {
        Extract { segments: self.segments, gaps: self.gaps, parts: self.parts, pictures: self.pictures }
    }
}
