//! Outlook's message files ([MS-OXMSG]).

use super::super::super::extraction::{Extraction, File, within};
use super::super::super::{GapReason, Shape, charset, html, text};
use super::super::rtf;
use super::{Container, stream};

/// Every text property, the body in each of its forms, the attachments.
pub(super) fn read(container: &mut Container<'_>, paths: &[String], file: &File<'_>, extraction: &mut Extraction<'_>) {
    for path in paths {
        let Some((storage, property)) = path.rsplit_once("/__substg1.0_") else { continue };
        let bytes = stream(container, path, extraction);
        let origin = within(&file.origin, &format!("{}{property}", storage_name(storage)));
        match (property.get(..4).unwrap_or_default(), property.get(4..8).unwrap_or_default()) {
            ("3701", "0102") => {
                let mut name = attachment_name(container, storage, extraction);
                if name.is_empty() {
                    name = format!("{}data", storage_name(storage));
                }
                extraction.push(file.inner(&name, bytes));
            }
            ("1013", "0102") => html::read_file(&charset::decode(&bytes, None), &origin, file.depth, extraction),
            ("1009", "0102") => match rtf::uncompressed(&bytes) {
                Some(rtf) => extraction.text(&origin, rtf::text(&rtf), Shape::Prose),
                None => extraction.gap(&origin, GapReason::Corrupt),
            },
            (_, "001F") => {
                let decoded = encoding_rs::UTF_16LE.decode_without_bom_handling(&bytes).0;
                extraction.text(&origin, text::with_plain_line_ends(decoded), Shape::Prose);
            }
            (_, "001E") => {
                extraction.text(&origin, text::with_plain_line_ends(charset::decode(&bytes, None)), Shape::Prose)
            }
            _ => {}
        }
    }
}

/// `attach 0 ` for a storage `/__attach_version1.0_#00000000`.
fn storage_name(storage: &str) -> String {
    let last = storage.rsplit('/').next().unwrap_or_default();
    let number = |prefix: &str| last.strip_prefix(prefix).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    if let Some(number) = number("__attach_version1.0_#") {
        format!("attach[{}]/", number + 1)
    } else if let Some(number) = number("__recip_version1.0_#") {
        format!("recipient[{}]/", number + 1)
    } else {
        String::new()
    }
}

fn attachment_name(container: &mut Container<'_>, storage: &str, extraction: &Extraction<'_>) -> String {
    for property in ["3707001F", "3704001F"] {
        let bytes = stream(container, &format!("{storage}/__substg1.0_{property}"), extraction);
        if !bytes.is_empty() {
            return encoding_rs::UTF_16LE.decode_without_bom_handling(&bytes).0.into_owned();
        }
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{opened, text_of};
    use super::super::tests::{container, wide};

    #[test]
    fn outlook_messages_are_read_with_their_attachments() {
        let bytes = container(&[
            ("/__substg1.0_0037001F", &wide("Results for Jo Roe")),
            ("/__attach_version1.0_#00000000/__substg1.0_37010102", b"MRN,Name\n12,Roe\n"),
            ("/__attach_version1.0_#00000000/__substg1.0_3707001F", &wide("list.csv")),
        ]);
        let extract = opened("a.msg", &bytes);
        assert_eq!(text_of(&extract, "0037001F"), "Results for Jo Roe");
        assert_eq!(text_of(&extract, "list.csv"), "MRN\tName\n12\tRoe\n");
    }
}
