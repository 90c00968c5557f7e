//! What an element's attributes say: text that is shown or can be, links, files inside links, and how it is shown.

use html5ever::Attribute;
use html5ever::tokenizer::Tag;

use super::super::transfer::{self, Padding};
use super::css;

/// What one attribute tells a reader.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Shown where the element stands.
    Shown(String),
    /// Shown elsewhere, later, or to some: among the hidden.
    Hidden(String),
    /// A page of its own.
    Page(String),
    /// A file in a `data:` link (RFC 2397).
    File(LinkedFile),
}

/// A file that stands in a link.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct LinkedFile {
    /// The media type, in lower case; empty if none.
    pub kind: String,
    pub bytes: Vec<u8>,
}

/// Everything that the attributes of an element tell; `visible` if the element itself is shown.
pub(super) fn told(tag: &Tag, visible: bool) -> Vec<Told> {
    let mut told: Vec<Told> = words_as_names(tag).map(Told::Hidden).into_iter().collect();
    for attribute in &tag.attrs {
        let value = attribute.value.trim();
        if value.is_empty() {
            continue;
        }
        if let Some(at) = find_data_link(value) {
            told.extend(linked_file(&value[at..]).map(Told::File));
            continue;
        }
        match &*attribute.name.local {
            "alt" | "value" if visible && &*tag.name != "param" => told.push(Told::Shown(value.to_owned())),
            "srcdoc" => told.push(Told::Page(value.to_owned())),
            "href" | "action" | "formaction" | "cite" if value != "#" => told.push(Told::Hidden(undone(value))),
            "alt" | "value" | "title" | "placeholder" | "label" | "summary" | "content" | "abbr" => {
                told.push(Told::Hidden(value.to_owned()));
            }
            name if name.starts_with("aria-") => told.push(Told::Hidden(value.to_owned())),
            "style" if value.contains("--") || value.contains("content") => {
                told.extend(css::strings_of(value).into_iter().map(Told::Hidden));
            }
            // A link that nobody sees may still carry words away.
            "src" | "background" if undone(value).contains(' ') => told.push(Told::Hidden(undone(value))),
            name if !is_markup(name) && may_be_text(value) => told.push(Told::Hidden(value.to_owned())),
            _ => {}
        }
    }
    told
}

/// `<Jo Roe, seen on Monday>`: text that looks like a tag, which some readers show as it is.
fn words_as_names(tag: &Tag) -> Option<String> {
    let names: Vec<&str> = tag
        .attrs
        .iter()
        .filter(|attribute| attribute.value.is_empty())
        .map(|attribute| &*attribute.name.local)
        .collect();
    (names.len() > 2).then(|| format!("{} {}", &*tag.name, names.join(" ")))
}

/// Words, or a number long enough to be somebody's.
fn may_be_text(value: &str) -> bool {
    value.contains(' ') || value.bytes().filter(u8::is_ascii_digit).count() >= 7
}

/// Attributes that only say how a page is built.
fn is_markup(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "align",
        "background",
        "bgcolor",
        "border",
        "bordercolor",
        "cellpadding",
        "cellspacing",
        "charset",
        "class",
        "color",
        "cols",
        "colspan",
        "coords",
        "crossorigin",
        "cx",
        "cy",
        "d",
        "decoding",
        "dir",
        "encoding",
        "face",
        "fill",
        "for",
        "frameborder",
        "headers",
        "height",
        "hspace",
        "http-equiv",
        "id",
        "integrity",
        "lang",
        "language",
        "link",
        "loading",
        "marginheight",
        "marginwidth",
        "media",
        "method",
        "name",
        "nowrap",
        "points",
        "property",
        "r",
        "rel",
        "role",
        "rows",
        "rowspan",
        "rx",
        "ry",
        "scope",
        "shape",
        "size",
        "sizes",
        "src",
        "srcset",
        "stroke",
        "style",
        "tabindex",
        "target",
        "transform",
        "type",
        "usemap",
        "valign",
        "version",
        "viewbox",
        "vspace",
        "width",
        "x",
        "x1",
        "x2",
        "xmlns",
        "y",
        "y1",
        "y2",
    ];
    NAMES.binary_search(&name).is_ok()
        || name.starts_with("xmlns:")
        || name.starts_with("on")
        || name.starts_with("data-ogs")
}

/// A link with its codes undone. Bare numbers in a web address name a mailing or a click, unless a word before them
/// says otherwise.
fn undone(link: &str) -> String {
    let spaced = match link.split_once('?') {
        Some((place, query)) => format!("{place}?{}", query.replace('+', " ")),
        None => link.to_owned(),
    };
    let plain = String::from_utf8_lossy(&transfer::percent(spaced.as_bytes())).into_owned();
    if !plain.starts_with("http") {
        return plain;
    }
    const LABELS: &[&str] = &["ssn", "mrn", "dob", "member", "patient", "account", "acct", "phone", "policy", "claim"];
    let mut told = String::with_capacity(plain.len());
    let mut before = String::new();
    for piece in plain.split_inclusive(['/', '?', '&', '=', ';', '#']) {
        let word = piece.trim_end_matches(['/', '?', '&', '=', ';', '#']);
        let is_number = word.len() >= 7 && word.bytes().all(|byte| byte.is_ascii_digit());
        let is_labelled = LABELS.iter().any(|label| before.contains(label));
        told.push_str(if is_number && !is_labelled { &piece[word.len()..] } else { piece });
        before = word.to_ascii_lowercase();
    }
    told
}

/// Where a `data:` link begins, also inside a style or a list of sources.
fn find_data_link(value: &str) -> Option<usize> {
    let colon = |at: usize| value.as_bytes().get(at..at + 5).is_some_and(|found| found.eq_ignore_ascii_case(b"data:"));
    memchr::memchr_iter(b':', value.as_bytes().get(..256.min(value.len()))?)
        .filter_map(|at| at.checked_sub(4))
        .find(|at| colon(*at))
}

fn linked_file(link: &str) -> Option<LinkedFile> {
    let (head, payload) = link[5..].split_once(',')?;
    let head = head.to_ascii_lowercase();
    let kind = head.split(';').next().unwrap_or_default().trim().to_owned();
    let undone = transfer::percent(payload.as_bytes());
    let bytes = if head.contains("base64") { transfer::base64(up_to_end(&undone), Padding::Skip) } else { undone };
    (!bytes.is_empty()).then_some(LinkedFile { kind, bytes })
}

/// In a style or a list of sources more follows.
fn up_to_end(payload: &[u8]) -> &[u8] {
    let payload = payload.trim_ascii_start();
    &payload[..memchr::memchr3(b')', b'"', b'\'', payload).unwrap_or(payload.len())]
}

/// Whether readers leave this element out.
pub(super) fn hides(name: &str, tag: &Tag) -> bool {
    if matches!(name, "script" | "style" | "template" | "noscript" | "object" | "iframe" | "noembed" | "noframes") {
        return true;
    }
    tag.attrs.iter().any(|attribute| match &*attribute.name.local {
        "hidden" => true,
        "style" => {
            let style = plain_style(attribute);
            style.contains("display:none")
                || style.contains("visibility:hidden")
                || style.contains("mso-hide:all")
                || style.contains("font-size:0px")
                || style.contains("font:0/0")
                || ["font-size:0", "opacity:0"].iter().any(|zero| is_said(&style, zero))
        }
        _ => false,
    })
}

/// Whether a style says this and no more: `opacity:0` is not `opacity:0.9`.
fn is_said(style: &str, declaration: &str) -> bool {
    style.split(';').any(|said| said.trim_end_matches("!important") == declaration)
}

/// Whether this element shows its letters from right to left: their order is overridden, and it is that one.
pub(super) fn reverses(name: &str, tag: &Tag) -> bool {
    let (mut overrides, mut leftward) = (name == "bdo", false);
    for attribute in &tag.attrs {
        match &*attribute.name.local {
            "dir" => leftward |= attribute.value.eq_ignore_ascii_case("rtl"),
            "style" => {
                let style = plain_style(attribute);
                leftward |= style.contains("direction:rtl");
                overrides |= style.contains("bidi-override");
            }
            _ => {}
        }
    }
    overrides && leftward
}

/// In small letters, without blanks and comments.
fn plain_style(attribute: &Attribute) -> String {
    let mut style = String::with_capacity(attribute.value.len());
    let mut rest = &*attribute.value;
    loop {
        let (said, behind) = rest.split_once("/*").unwrap_or((rest, ""));
        style.extend(said.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()));
        match behind.split_once("*/") {
            Some((_, after)) => rest = after,
            None => return style,
        }
    }
}

/// Whether this element holds a quotation of earlier mail.
pub(super) fn quotes(name: &str, tag: &Tag) -> bool {
    if name == "blockquote" {
        return true;
    }
    tag.attrs.iter().any(|attribute| {
        let value = &*attribute.value;
        match &*attribute.name.local {
            "class" => ["gmail_quote", "yahoo_quoted", "moz-cite-prefix", "protonmail_quote", "OutlookMessageHeader"]
                .iter()
                .any(|class| value.contains(class)),
            "id" => ["divRplyFwdMsg", "appendonsend", "OLK_SRC_BODY_SECTION", "reply-intro", "isForwardContent"]
                .iter()
                .any(|id| value.contains(id)),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_clicks_are_left_out_of_links() {
        for (link, told) in [
            ("https://x.example/c/123456789?u=987654321#a%20b", "https://x.example/c/?u=#a b"),
            (
                "https://x.example/?ssn=219096781&patient_id=1234567",
                "https://x.example/?ssn=219096781&patient_id=1234567",
            ),
            ("https://x.example/219-09-6781", "https://x.example/219-09-6781"),
            ("mailto:x?body=219096781", "mailto:x?body=219096781"),
        ] {
            assert_eq!(undone(link), told);
        }
    }

    #[test]
    fn files_in_links_are_found_however_they_are_written() {
        for (link, kind, bytes) in [
            ("data:,Jo%20Roe", "", "Jo Roe"),
            ("data:text/plain;base64,Sm8gUm9l", "text/plain", "Jo Roe"),
            ("DATA:Text/HTML;charset=utf-8;BASE64,Sm8gUm9l", "text/html", "Jo Roe"),
            ("data: text/plain ; base64 , Sm8g Um9l", "text/plain", "Jo Roe"),
            ("background:url(data:text/plain;base64,Sm8gUm9l)", "text/plain", "Jo Roe"),
            ("data:text/plain;base64,Sm8gUm9l%3D", "text/plain", "Jo Roe"),
        ] {
            let at = find_data_link(link).expect("a link");
            let file = linked_file(&link[at..]).expect("a file");
            assert_eq!((file.kind.as_str(), String::from_utf8_lossy(&file.bytes).as_ref()), (kind, bytes), "{link}");
        }
        assert_eq!(find_data_link("https://x.example/metadata"), None);
    }
}
