//! How the parts of a message stand to each other: a subject above a body, a header above a document's text.

use crate::message::Origin;

/// What a part is to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing<'a> {
    Subject,
    Body,
    /// The header or footer (`word/header1.xml`) of a document, which is named by its folder.
    Edge(&'a str),
    /// Another part of such a document.
    Inside(&'a str),
    Elsewhere,
}

impl<'a> Standing<'a> {
    pub fn of(origin: &'a Origin) -> Self {
        if origin.is_subject() {
            return Self::Subject;
        }
        if origin.as_str().starts_with("body/") {
            return Self::Body;
        }
        match origin.as_str().rsplit_once('/') {
            Some((folder, name)) if folder.ends_with("/word") => {
                let is_edge = name.starts_with("header") || name.starts_with("footer");
                if is_edge { Self::Edge(folder) } else { Self::Inside(folder) }
            }
            _ => Self::Elsewhere,
        }
    }

    /// Whether this part is read as if it stood just above the other.
    pub fn is_above(self, other: Self) -> bool {
        match (self, other) {
            (Self::Subject, Self::Body) => true,
            (Self::Edge(one), Self::Edge(other) | Self::Inside(other)) => one == other,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_documents_header_stands_above_its_text_and_no_other() {
        let above = |part: &str, text: &str| {
            let (part, text) = (Origin::new(part), Origin::new(text));
            Standing::of(&part).is_above(Standing::of(&text))
        };
        assert!(above("attachment/1/word/header1.xml", "attachment/1/word/document.xml"));
        assert!(!above("attachment/1/word/document.xml", "attachment/1/word/header1.xml"));
        assert!(!above("attachment/1/word/header1.xml", "attachment/2/word/document.xml"));
        assert!(!above("attachment/1/header.txt", "attachment/1/other.txt"));
        assert!(above("header/subject", "body/text[1]") && !above("header/subject", "attachment/1"));
    }
}
