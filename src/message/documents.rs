//! The hand-over of attachments to whoever opens them: what is given, and what comes back.

use serde::{Deserialize, Serialize};

use super::{Budget, Gap, GapReason, Origin, Part, Segment};

/// An attachment whose format is opened apart: a document, an archive, a picture.
#[derive(Clone, Copy)]
pub struct Document<'a> {
    pub name: Option<&'a str>,
    /// The declared media type, in lower case; empty if none.
    pub declared: &'a str,
    pub bytes: &'a [u8],
    /// How many containers it lies in.
    pub depth: usize,
}

/// What was read of a document. Origins are relative to it; the document itself is `""`.
#[derive(Default, Serialize, Deserialize)]
pub struct Extract {
    pub segments: Vec<Segment>,
    pub gaps: Vec<Gap>,
    pub parts: Vec<Part>,
    /// Pictures in it that may show text: a worker can't start the program that reads them.
    pub pictures: Vec<Picture>,
}

/// A picture that may show text.
#[derive(Serialize, Deserialize)]
pub struct Picture {
    pub origin: Origin,
    pub extent: Extent,
    #[serde(with = "in_base64")]
    pub bytes: Vec<u8>,
}

/// What a picture may be by its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Extent {
    /// A page, a photo of one, a screen: unread it is a gap.
    Page,
    /// Part of a screen, or a banner: read where pictures are read.
    Small,
}

/// Bytes in JSON: as numbers they would take four times their room.
mod in_base64 {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// Opens documents, in whatever confinement. It never fails: what can't be read is a gap.
pub trait Documents: Send + Sync {
    fn open(&self, document: &Document<'_>, budget: &Budget) -> Extract;

    /// The text that a picture shows; the reason why it can't be told.
    fn read_picture(&self, _picture: &[u8], _budget: &Budget) -> Result<String, GapReason> {
        Err(GapReason::Picture)
    }
}
