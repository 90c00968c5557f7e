//! The hand-over of attachments to whoever opens them apart from this process.

use serde::{Deserialize, Serialize};

use super::extraction::{Extraction, File};
use super::{Budget, Gap, Part, Segment};

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
}

/// Opens documents, in whatever confinement. It never fails: what can't be read is a gap.
pub trait Documents: Send + Sync {
    fn open(&self, document: &Document<'_>, budget: &Budget) -> Extract;
}

/// Opens documents in this very process: what a confined worker does, and what tests use.
pub struct InProcess;

impl Documents for InProcess {
    fn open(&self, document: &Document<'_>, budget: &Budget) -> Extract {
        let mut extraction = Extraction::new(budget, None);
        extraction.push(File::from_document(document));
        extraction.run();
        extraction.into_extract()
    }
}
