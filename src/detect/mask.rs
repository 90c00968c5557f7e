//! What may be shown of what was found.

/// The text with all but its last letters and digits starred: four of an SSN, one of a short word.
pub fn masked(text: &str) -> String {
    let text = text.get(..text.floor_char_boundary(64)).unwrap_or_default();
    let signs = text.chars().filter(|c| c.is_alphanumeric()).count();
    let number = text.bytes().any(|byte| byte.is_ascii_digit());
    let shown = if number { signs * 4 / 9 } else { signs / 4 }.min(4);
    let mut seen = 0;
    text.chars()
        .map(|c| match c {
            c if c.is_alphanumeric() => {
                seen += 1;
                if seen + shown > signs { c } else { '*' }
            }
            c if c.is_control() => ' ',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn at_most_four_signs_are_left() {
        assert_eq!(masked("219-09-6781"), "***-**-6781");
        assert_eq!(masked("lice"), "***e");
        assert_eq!(masked("John Roe"), "**** **e");
        assert_eq!(masked("a\nb"), "* *");
    }
}
