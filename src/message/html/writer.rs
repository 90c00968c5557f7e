//! A page's tokens, written as text one after another.

use std::cell::RefCell;

use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult};

use super::attributes::{self, Told};
use super::elements::{is_block, is_void};
use super::{CLOSER, Page, css, read_inner};

/// Deeper elements are read as if they were siblings.
const MAX_OPEN: usize = 10_000;

/// Pages in attributes of pages are pages so many times.
const MAX_INNER: usize = 4;

/// What the tokenizer tells its tokens.
pub(super) struct Walk(RefCell<Writer>);

impl Walk {
    /// For a page that is inside of so many others.
    pub fn new(depth: usize) -> Self {
        Self(RefCell::new(Writer { depth, ..Writer::default() }))
    }

    /// The page is over; what comes now closes what it left open.
    pub fn close(&self) {
        self.0.borrow_mut().closing = Some(String::new());
    }

    pub fn finish(self) -> Page {
        self.0.into_inner().finish()
    }
}

impl TokenSink for Walk {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut writer = self.0.borrow_mut();
        match token {
            Token::CharacterTokens(text) => writer.text(&text),
            Token::TagToken(tag) => return writer.tag(&tag),
            Token::CommentToken(text) => writer.comment(&text),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// An element that changes how what is inside it is read.
struct Open {
    name: String,
    hidden: bool,
    quotes: bool,
    /// Where its text begins, if its letters run from right to left.
    reversed: Option<usize>,
}

#[derive(Default)]
struct Writer {
    page: Page,
    open: Vec<Open>,
    /// Elements open around this place that hide it, quote it, or keep its blanks.
    hiding: usize,
    quoting: usize,
    keeping: usize,
    quote_start: usize,
    /// Inside of an element that shows its letters from right to left.
    reversing: bool,
    /// A blank is due before the next word.
    blank: bool,
    /// The mark of a list's item is due before the next word.
    mark: bool,
    /// The style sheet so far, inside of one.
    style: Option<String>,
    /// How many pages this one is inside of.
    depth: usize,
    /// What came after the end of the page, while [`CLOSER`] is fed.
    closing: Option<String>,
}

impl Writer {
    fn text(&mut self, text: &str) {
        if let Some(rest) = &mut self.closing {
            return rest.push_str(text);
        }
        if let Some(style) = &mut self.style {
            return style.push_str(text);
        }
        if self.hiding > 0 {
            self.page.hidden.push_str(text);
            return;
        }
        if self.keeping > 0 {
            self.page.shown.push_str(text);
            return;
        }
        for word in text.split_inclusive(|c: char| c.is_ascii_whitespace()) {
            let bare = word.trim_end_matches(|c: char| c.is_ascii_whitespace());
            if !bare.is_empty() {
                self.pay_blank();
                self.pay_mark();
                self.page.shown.push_str(bare);
            }
            self.blank |= bare.len() != word.len();
        }
    }

    fn pay_blank(&mut self) {
        if std::mem::take(&mut self.blank) && !self.at_line_start() && !self.page.shown.ends_with('\t') {
            self.page.shown.push(' ');
        }
    }

    /// Readers show a dot or a number; which topics are apart is told by it.
    fn pay_mark(&mut self) {
        if std::mem::take(&mut self.mark) && self.at_line_start() {
            self.page.shown.push_str("- ");
        }
    }

    fn at_line_start(&self) -> bool {
        self.page.shown.is_empty() || self.page.shown.ends_with('\n')
    }

    fn end_line(&mut self) {
        self.blank = false;
        if self.hiding > 0 {
            self.note("");
        } else if !self.at_line_start() {
            while self.page.shown.ends_with([' ', '\t']) {
                self.page.shown.pop();
            }
            self.page.shown.push('\n');
        }
    }

    /// A line of the hidden text.
    fn note(&mut self, text: &str) {
        let hidden = &mut self.page.hidden;
        if !hidden.is_empty() && !hidden.ends_with('\n') {
            hidden.push('\n');
        }
        hidden.push_str(text.trim());
        if !text.is_empty() {
            hidden.push('\n');
        }
    }

    /// A comment may hold markup: `<!--[if mso]>…<![endif]-->` is shown by Outlook.
    fn comment(&mut self, text: &str) {
        // One that nobody ended has taken the closer in.
        let text = text.trim_end_matches(CLOSER).trim_end_matches("\"'");
        let mut plain = String::with_capacity(text.len());
        let mut inside = false;
        for c in text.chars() {
            match c {
                '<' => inside = true,
                '>' if inside => {
                    inside = false;
                    plain.push(' ');
                }
                _ if !inside => plain.push(c),
                _ => {}
            }
        }
        if inside { self.note(text) } else { self.note(&plain) }
    }

    fn tag(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        match tag.kind {
            TagKind::StartTag => self.start(tag),
            TagKind::EndTag => {
                self.end(&tag.name);
                TokenSinkResult::Continue
            }
        }
    }

    fn start(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        match name {
            "br" | "hr" => self.end_line_or_keep(),
            "td" | "th" => self.begin_cell(),
            "pre" | "xmp" | "plaintext" | "listing" => {
                self.end_line();
                self.keeping += 1;
            }
            _ if is_block(name) => self.end_line(),
            _ => {}
        }
        if self.hiding == 0 && matches!(name, "li" | "ul" | "ol") {
            self.mark = name == "li";
        }
        self.attributes(tag);
        if !tag.self_closing && !is_void(name) {
            self.enter(name, tag);
        }
        match name {
            "style" => {
                self.style = Some(String::new());
                TokenSinkResult::RawData(RawKind::Rawtext)
            }
            "script" => TokenSinkResult::RawData(RawKind::ScriptData),
            "textarea" | "title" => TokenSinkResult::RawData(RawKind::Rcdata),
            _ => TokenSinkResult::Continue,
        }
    }

    fn end_line_or_keep(&mut self) {
        self.blank = false;
        if self.hiding > 0 { self.note("") } else { self.page.shown.push('\n') }
    }

    fn begin_cell(&mut self) {
        self.blank = false;
        if self.hiding == 0 && !self.at_line_start() && !self.page.shown.ends_with('\t') {
            self.page.shown.push('\t');
        }
    }

    fn enter(&mut self, name: &str, tag: &Tag) {
        let hidden = attributes::hides(name, tag);
        let quotes = attributes::quotes(name, tag);
        let reverses = self.hiding == 0 && !self.reversing && attributes::reverses(name, tag);
        if (!hidden && !quotes && !reverses && self.hiding == 0 && self.quoting == 0) || self.open.len() >= MAX_OPEN {
            return;
        }
        if hidden {
            self.hiding += 1;
            self.note("");
        }
        if quotes {
            if self.quoting == 0 {
                self.end_line();
                self.quote_start = self.page.shown.len();
            }
            self.quoting += 1;
        }
        self.reversing |= reverses;
        let reversed = reverses.then_some(self.page.shown.len());
        self.open.push(Open { name: name.to_owned(), hidden, quotes, reversed });
    }

    fn end(&mut self, name: &str) {
        self.mark &= !matches!(name, "li" | "ul" | "ol");
        match name {
            "pre" | "xmp" | "listing" => {
                self.keeping = self.keeping.saturating_sub(1);
                self.end_line();
            }
            "style" => self.end_style(),
            _ if is_block(name) => self.end_line(),
            _ => {}
        }
        // Only as far up as browsers look for a misnested end tag; more would let one page cost squared time.
        let reach = self.open.len().saturating_sub(64);
        let Some(at) = self.open[reach..].iter().rposition(|open| open.name == name) else { return };
        for open in self.open.drain(reach + at..).rev().collect::<Vec<_>>() {
            self.leave(&open);
        }
    }

    fn leave(&mut self, open: &Open) {
        if let Some(start) = open.reversed {
            self.reversing = false;
            let shown: String = self.page.shown[start..].chars().rev().collect();
            self.page.shown.replace_range(start.., &shown);
        }
        if open.hidden {
            self.note("");
            self.hiding -= 1;
        }
        if open.quotes {
            self.quoting -= 1;
            if self.quoting == 0 {
                self.page.quoted.push(self.quote_start..self.page.shown.len());
            }
        }
    }

    /// Attribute text: in place where readers show it, among the hidden otherwise.
    fn attributes(&mut self, tag: &Tag) {
        for told in attributes::told(tag, self.hiding == 0) {
            match told {
                Told::Shown(text) => {
                    self.blank = true;
                    self.text(&text);
                    self.blank = true;
                }
                Told::Hidden(text) => self.note(&text),
                Told::Page(source) => self.inner_page(&source),
                Told::File(file) => self.page.files.push(file),
            }
        }
    }

    /// A page in an attribute of this one.
    fn inner_page(&mut self, source: &str) {
        if self.depth == MAX_INNER {
            return self.note(source);
        }
        let page = read_inner(source, self.depth + 1);
        self.note(&page.shown);
        self.note(&page.hidden);
        self.page.files.extend(page.files);
    }

    fn end_style(&mut self) {
        for text in self.style.take().iter().flat_map(|style| css::texts(style)) {
            self.note(&text);
        }
    }

    fn finish(mut self) -> Page {
        let rest = self.closing.take().unwrap_or_default();
        if let Some(style) = self.style.take() {
            // Nobody ended it: what follows is a sheet to some readers, and the page to others.
            self.note(&style);
        }
        self.text(rest.strip_suffix(CLOSER).unwrap_or(&rest));
        if let Some(plain) = without_escapes(&self.page.hidden) {
            self.note(&plain);
        }
        for open in std::mem::take(&mut self.open).into_iter().rev() {
            self.leave(&open);
        }
        self.page
    }
}

/// Scripts write letters as `\u0041` and `\x41`; `None` where none does.
fn without_escapes(script: &str) -> Option<String> {
    let mut plain = String::new();
    let mut rest = script;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        let digits = match escape.as_bytes().get(1) {
            Some(b'u') => 4,
            Some(b'x') => 2,
            _ => 0,
        };
        let code = escape.get(2..2 + digits).filter(|_| digits > 0).and_then(|code| u32::from_str_radix(code, 16).ok());
        plain.push_str(before);
        match code.and_then(char::from_u32) {
            Some(c) => plain.push(c),
            None => plain.push('\\'),
        }
        rest = &escape[if code.is_some() { 2 + digits } else { 1 }..];
    }
    (plain.len() + rest.len() < script.len()).then(|| plain + rest)
}
