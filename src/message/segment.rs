//! Plain text with its origin, and what could not be turned into it.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The text of one part (or one header field, or one file name), as a reader would see it.
///
/// Offsets in findings are UTF-8 bytes of `text`, which is what `scan --explain` prints.
#[derive(Clone, Serialize, Deserialize)]
pub struct Segment {
    pub origin: Origin,
    pub text: String,
    /// Consecutive spans that cover `text`, in order.
    pub zones: Vec<ZoneSpan>,
    pub shape: Shape,
    /// The text with evasions undone (NFKC, invisible characters, homoglyphs); absent where it
    /// would be the same. Matching runs on it, offsets point back into `text`.
    #[serde(skip)]
    pub canonical: Option<Canonical>,
}

/// Text made plain, with the way back.
#[derive(Clone)]
pub struct Canonical {
    pub text: String,
    /// Pairs (offset in `Canonical::text`, offset in `Segment::text`), ascending; between two
    /// pairs offsets advance together.
    pub offsets: Vec<(u32, u32)>,
}

impl Canonical {
    /// The offset in the segment's text for one in the canonical text.
    pub fn original(&self, offset: usize) -> usize {
        let at = self.offsets.partition_point(|(canonical, _)| *canonical as usize <= offset);
        match at.checked_sub(1).map(|at| self.offsets[at]) {
            Some((canonical, original)) => original as usize + (offset - canonical as usize),
            None => offset,
        }
    }
}

/// Where text stands: `header/subject`, `body/text[1]`, `attachment/2`, `attachment/2/name`, `attachment/2/word/document.xml`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Origin(pub Arc<str>);

impl Origin {
    pub fn new(path: impl Into<Arc<str>>) -> Self {
        Self(path.into())
    }

    /// The origin of something inside this one.
    pub fn within(&self, name: &str) -> Self {
        Self(format!("{}/{name}", self.0).into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_subject(&self) -> bool {
        &*self.0 == "header/subject"
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What role a stretch of text plays in the message. Subject, file names and attachments are `New`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Zone {
    New,
    Quoted,
    /// What introduces earlier mail: `On … wrote:`, `From: … Sent: … To: …`.
    Attribution,
    Signature,
    Disclaimer,
    /// A form whose fields are empty.
    Blank,
}

impl Zone {
    /// The name in rules and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Zone::New => "new",
            Zone::Quoted => "quoted",
            Zone::Attribution => "attribution",
            Zone::Signature => "signature",
            Zone::Disclaimer => "disclaimer",
            Zone::Blank => "blank",
        }
    }
}

/// A zone up to (not including) `end`, from where the one before it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneSpan {
    pub end: usize,
    pub zone: Zone,
}

/// How the text hangs together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shape {
    Prose,
    /// One row a line, cells apart by a tab; the first line may be the header.
    Table,
    /// One `name: value` a line, records apart by an empty line (HL7, X12, FHIR, DICOM tags).
    Records,
    /// A header field or a file name.
    Line,
}

/// Something that could not be read, and why. Never "clean": policy says what it asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    pub origin: Origin,
    pub reason: GapReason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GapReason {
    /// Locked, and not known to be locked well.
    Encrypted,
    Corrupt,
    UnknownType,
    /// Depth, ratio, entries or bytes.
    Limit,
    Timeout,
    /// Mail readers would disagree about it, and not every reading could be scanned.
    Ambiguous,
    /// No Internet message at all.
    NotMail,
    /// Locked with AES-256, and the password is not in the same message.
    Sealed,
    /// A picture large enough to show text.
    Picture,
    Media,
}

impl GapReason {
    pub const ALL: [GapReason; 10] = [
        GapReason::Encrypted,
        GapReason::Corrupt,
        GapReason::UnknownType,
        GapReason::Limit,
        GapReason::Timeout,
        GapReason::Ambiguous,
        GapReason::NotMail,
        GapReason::Sealed,
        GapReason::Picture,
        GapReason::Media,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            GapReason::Encrypted => "encrypted",
            GapReason::Corrupt => "corrupt",
            GapReason::UnknownType => "unknown-type",
            GapReason::Limit => "limit",
            GapReason::Timeout => "timeout",
            GapReason::Ambiguous => "ambiguous",
            GapReason::NotMail => "not-mail",
            GapReason::Sealed => "sealed",
            GapReason::Picture => "picture",
            GapReason::Media => "media",
        }
    }
}

impl fmt::Display for GapReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Text is content: it is never printed by accident.
impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes of text from {}]", self.text.len(), self.origin)
    }
}

impl Segment {
    /// The zone at an offset of `text`.
    pub fn zone_at(&self, offset: usize) -> Zone {
        let at = self.zones.partition_point(|span| span.end <= offset);
        self.zones.get(at).or(self.zones.last()).map_or(Zone::New, |span| span.zone)
    }
}
