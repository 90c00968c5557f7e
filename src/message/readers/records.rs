//! Data that is no prose, written as `name: value` lines with an empty line between records.

/// Collects lines.
#[derive(Default)]
pub(super) struct Records {
    out: String,
}

impl Records {
    /// One field; an empty value is no field, a line break in it would make two.
    pub fn line(&mut self, name: &str, value: &str) {
        let mut words = value.split_ascii_whitespace();
        let Some(first) = words.next() else { return };
        if !name.is_empty() {
            self.out.push_str(&spaced(name));
            self.out.push_str(": ");
        }
        self.out.push_str(first);
        for word in words {
            self.out.push(' ');
            self.out.push_str(word);
        }
        self.out.push('\n');
    }

    /// What follows is another record.
    pub fn end(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    pub fn finish(mut self) -> String {
        while self.out.ends_with("\n\n") {
            self.out.pop();
        }
        self.out
    }
}

/// `birthDate` and `birth_date` as words, so that rules see `birth Date`.
pub(super) fn spaced(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut before = ' ';
    for c in name.chars() {
        let c = if matches!(c, '_' | '\n') { ' ' } else { c };
        if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            out.push(' ');
        }
        out.push(c);
        before = c;
    }
    out
}
