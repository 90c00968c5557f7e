//! What a style sheet tells a person: text it puts on the page, comments, and whatever is no style at all.

/// The texts in a style sheet, one after another.
pub(super) fn texts(sheet: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let plain = without_comments(sheet, &mut texts);
    generated(&plain, &mut texts);
    // After the last rule stands nothing, or text that no sheet has.
    let rest = plain.rsplit('}').next().unwrap_or_default();
    let tail = rest.trim();
    if tail.contains(' ') && !tail.contains('{') && !tail.starts_with('@') {
        texts.push(tail.to_owned());
    }
    texts
}

fn without_comments(sheet: &str, texts: &mut Vec<String>) -> String {
    let mut plain = String::with_capacity(sheet.len());
    let mut rest = sheet;
    while let Some((before, after)) = rest.split_once("/*") {
        plain.push_str(before);
        let (comment, after) = after.split_once("*/").unwrap_or((after, ""));
        if comment.trim().contains(' ') {
            texts.push(comment.trim().to_owned());
        }
        rest = after;
    }
    plain.push_str(rest);
    plain
}

/// The strings of properties that show them: `content: "…"`, `list-style: "…"`, `quotes: "…"`.
fn generated(sheet: &str, texts: &mut Vec<String>) {
    for property in ["content", "list-style", "quotes"] {
        let mut rest = sheet;
        while let Some((_, after)) = rest.split_once(property) {
            rest = after;
            // `list-style-type` is longer than its beginning.
            let Some(colon) = after.bytes().take(16).position(|byte| byte == b':') else { continue };
            let (shown, end) = strings(&after[colon + 1..]);
            if shown.len() > 1 {
                texts.push(shown);
            }
            rest = &after[colon + 1 + end..];
        }
    }
}

/// The strings that a `style` attribute keeps in properties of its own (`--name`), or shows.
pub(super) fn strings_of(style: &str) -> Vec<String> {
    let told = style.split(';').filter_map(|declaration| declaration.split_once(':'));
    let told = told.filter(|(property, _)| property.trim().starts_with("--") || property.trim() == "content");
    told.map(|(_, value)| strings(value).0).filter(|shown| shown.len() > 1).collect()
}

/// The quoted strings of a value, joined as they are shown, their escapes undone; and where the value ends.
fn strings(value: &str) -> (String, usize) {
    let mut shown = String::new();
    let mut quote = None;
    let mut chars = value.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (None, ';' | '}') => return (shown, at),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if c == open => quote = None,
            (Some(_), '\\') => {
                let mut code = String::new();
                while let Some((_, digit)) = chars.next_if(|(_, c)| c.is_ascii_hexdigit() && code.len() < 6) {
                    code.push(digit);
                }
                if code.is_empty() {
                    shown.extend(chars.next().map(|(_, c)| c));
                } else {
                    shown.extend(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32));
                    chars.next_if(|(_, c)| *c == ' ');
                }
            }
            (Some(_), _) => shown.push(c),
            _ => {}
        }
    }
    (shown, value.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_sheet_shows_is_read_and_its_rules_are_not() {
        for (sheet, shown) in [
            ("p::after { content: \"Jo Roe\" }", vec!["Jo Roe"]),
            ("p::after { content: 'Jo' \" Roe\"; color: red }", vec!["Jo Roe"]),
            ("p::after { content: '\\4a o' }", vec!["Jo"]),
            ("li { list-style-type: 'Jo Roe' }", vec!["Jo Roe"]),
            ("/* for Jo Roe */ p { color: red }", vec!["for Jo Roe"]),
            ("Jo Roe was here", vec!["Jo Roe was here"]),
            ("p { color: red } @media print { a { color: blue } }", vec![]),
            ("p { font-family: 'Segoe UI', sans-serif; content: none }", vec![]),
        ] {
            assert_eq!(texts(sheet), shown, "{sheet}");
        }
    }

    #[test]
    fn a_hostile_sheet_costs_linear_time() {
        for sheet in ["content".repeat(100_000), "/*".repeat(500_000), "content:'".repeat(100_000)] {
            texts(&sheet);
        }
    }
}
