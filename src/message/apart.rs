//! Who opens documents: confined workers, or this very process.

use serde::{Deserialize, Serialize};

use super::documents::{Document, Documents, Extract};
use super::extraction::{Extraction, File};
use super::{Budget, Gap, GapReason, Origin, Part, readers};
use crate::world::ocr::Ocr;
use crate::world::worker::{Fault, Pool};

/// Opens documents in this very process: what a confined worker does, and what tests use.
pub struct InProcess;

impl Documents for InProcess {
    fn open(&self, document: &Document<'_>, budget: &Budget) -> Extract {
        let mut extraction = Extraction::new(budget, &readers::Table, None);
        extraction.push(File::from_document(document));
        extraction.run();
        extraction.into_extract()
    }
}

/// Opens documents in confined workers, and reads pictures where a program for it was found.
pub struct Apart {
    pub workers: Pool,
    pub ocr: Option<Ocr>,
}

impl Documents for Apart {
    fn open(&self, document: &Document<'_>, budget: &Budget) -> Extract {
        let (bytes, parts) = budget.left();
        let head = Head {
            name: document.name.map(str::to_owned),
            declared: document.declared.to_owned(),
            container_depth: document.depth,
            bytes,
            parts,
            depth: budget.depth,
            ratio: budget.ratio,
        };
        let head = serde_json::to_vec(&head).expect("strings and numbers are JSON");
        let answer = self.workers.call(&[&(head.len() as u64).to_le_bytes(), &head, document.bytes]);
        let extract = answer.and_then(|answer| serde_json::from_slice::<Extract>(&answer).map_err(|_| Fault::Ended));
        match extract {
            Ok(extract) => {
                // The worker spent from a copy of the budget.
                let spent = extract.segments.iter().map(|segment| segment.text.len() as u64).sum();
                match budget.spend_bytes(spent) {
                    Ok(()) => extract,
                    Err(reason) => unread(document, reason),
                }
            }
            Err(Fault::Ended) => unread(document, GapReason::Corrupt),
            Err(Fault::TimedOut | Fault::Unavailable) => unread(document, GapReason::Timeout),
        }
    }

    fn read_picture(&self, picture: &[u8], budget: &Budget) -> Result<String, GapReason> {
        let ocr = self.ocr.as_ref().ok_or(GapReason::Picture)?;
        ocr.read(picture, &|| budget.check().is_err()).map_err(|fault| match fault {
            Fault::TimedOut => GapReason::Timeout,
            Fault::Ended | Fault::Unavailable => GapReason::Picture,
        })
    }
}

/// Nothing came out of the document but its name.
fn unread(document: &Document<'_>, reason: GapReason) -> Extract {
    let origin = Origin::new("");
    let part = Part {
        origin: origin.clone(),
        kind: document.declared.to_owned(),
        name: document.name.map(str::to_owned),
        size: document.bytes.len() as u64,
        encrypted: false,
        signed: false,
    };
    Extract { gaps: vec![Gap { origin, reason }], parts: vec![part], ..Extract::default() }
}

/// What a request to a worker says before the bytes of the document.
#[derive(Serialize, Deserialize)]
struct Head {
    name: Option<String>,
    declared: String,
    container_depth: usize,
    bytes: u64,
    parts: u64,
    depth: usize,
    ratio: u64,
}

/// Answers one request, inside a worker. What is no request gets a gap.
pub fn answer(request: &[u8]) -> Vec<u8> {
    let extract = parse(request).map(|(head, bytes)| {
        let mut budget = Budget::new(head.bytes, head.parts);
        (budget.depth, budget.ratio) = (head.depth, head.ratio);
        let document =
            Document { name: head.name.as_deref(), declared: &head.declared, bytes, depth: head.container_depth };
        InProcess.open(&document, &budget)
    });
    let corrupt =
        || Extract { gaps: vec![Gap { origin: Origin::new(""), reason: GapReason::Corrupt }], ..Extract::default() };
    serde_json::to_vec(&extract.unwrap_or_else(corrupt)).expect("text is JSON")
}

fn parse(request: &[u8]) -> Option<(Head, &[u8])> {
    let len = u64::from_le_bytes(*request.first_chunk()?) as usize;
    let (head, bytes) = request[8..].split_at_checked(len)?;
    Some((serde_json::from_slice(head).ok()?, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_answered_and_nonsense_is_a_gap() {
        let head = Head {
            name: Some("a.txt".to_owned()),
            declared: String::new(),
            container_depth: 1,
            bytes: 1000,
            parts: 10,
            depth: 16,
            ratio: 200,
        };
        let head = serde_json::to_vec(&head).expect("JSON");
        let request = [&(head.len() as u64).to_le_bytes()[..], &head, b"Jo Roe"].concat();
        let extract: Extract = serde_json::from_slice(&answer(&request)).expect("an extract");
        assert!(extract.segments.iter().any(|segment| segment.text == "Jo Roe"));
        let extract: Extract = serde_json::from_slice(&answer(b"nonsense")).expect("an extract");
        assert_eq!(extract.gaps[0].reason, GapReason::Corrupt);
    }
}
