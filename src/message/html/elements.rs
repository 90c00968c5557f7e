//! What HTML says of its elements by name.

/// Begins and ends a line.
pub(super) fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "tr"
            | "table"
            | "li"
            | "ul"
            | "ol"
            | "dl"
            | "dt"
            | "dd"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "blockquote"
            | "section"
            | "article"
            | "header"
            | "footer"
            | "form"
            | "fieldset"
            | "center"
            | "address"
            | "aside"
            | "nav"
            | "main"
            | "title"
            | "body"
            | "html"
            | "head"
            | "caption"
            | "thead"
            | "tbody"
            | "option"
            | "select"
            | "textarea"
            | "figure"
            | "figcaption"
    )
}

/// Has nothing inside and no end tag.
pub(super) fn is_void(name: &str) -> bool {
    matches!(
        name,
        "br" | "hr"
            | "img"
            | "input"
            | "meta"
            | "link"
            | "area"
            | "base"
            | "col"
            | "embed"
            | "source"
            | "track"
            | "wbr"
    )
}
