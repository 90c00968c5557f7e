//! HTML to text: what a reader shows, and apart from it what the page hides.
//!
//! Works on html5ever's tokens with a flat stack of open elements, so no depth of nesting costs
//! call stack. No style sheet is computed: an element is hidden if its own attributes say so.

use std::cell::RefCell;
use std::ops::Range;

use html5ever::TokenizerResult;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

use super::Shape;
use super::extraction::{Extraction, File, within};

mod attributes;
mod css;

pub(super) use attributes::LinkedFile;
use attributes::Told;

/// Deeper elements are read as if they were siblings.
const MAX_OPEN: usize = 10_000;

/// Pages in attributes of pages are pages so many times.
const MAX_INNER: usize = 4;

/// A page as text.
#[derive(Default)]
pub(super) struct Page {
    /// What is shown, with `alt` and form values in place; blocks end lines, table cells are apart by tabs.
    pub shown: String,
    /// Comments, hidden elements, titles, links, scripts, one a line.
    pub hidden: String,
    /// Stretches of `shown` inside a quotation of earlier mail.
    pub quoted: Vec<Range<usize>>,
    /// Files that stand in links.
    pub files: Vec<LinkedFile>,
}

impl Page {
    /// What is hidden in the page, and its files, which wait to be read.
    pub fn push_rest(self, origin: &str, depth: usize, extraction: &mut Extraction<'_>) {
        extraction.text(&within(origin, "hidden"), self.hidden, Shape::Prose);
        for (at, file) in self.files.into_iter().enumerate() {
            extraction.push(File {
                origin: within(origin, &format!("link[{}]", at + 1)),
                declared: file.kind,
                bytes: file.bytes.into(),
                depth: depth + 1,
                ..File::default()
            });
        }
    }
}

pub(super) fn read(html: &str) -> Page {
    read_inner(html, 0)
}

/// Closes a tag that the page leaves open, whatever its last attribute began with: readers that mend the
/// page show what stands in it.
const CLOSER: &str = "\"'>";

fn read_inner(html: &str, depth: usize) -> Page {
    let walk = Walk(RefCell::new(Writer { depth, ..Writer::default() }));
    let tokenizer = Tokenizer::new(walk, TokenizerOpts::default());
    let input = BufferQueue::default();
    let feed = |text: &str| {
        input.push_back(StrTendril::from(text));
        while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
    };
    // The tokenizer copies character by character; small buffers keep that in the cache.
    chunks(html, 16 * 1024).for_each(feed);
    tokenizer.sink.0.borrow_mut().closing = Some(String::new());
    feed(CLOSER);
    tokenizer.end();
    tokenizer.sink.0.into_inner().finish()
}

/// Reads a page that lies in a file of that origin and depth.
pub(super) fn read_file(html: &str, origin: &str, depth: usize, extraction: &mut Extraction<'_>) {
    let mut page = read(html);
    extraction.text(origin, std::mem::take(&mut page.shown), Shape::Prose);
    page.push_rest(origin, depth, extraction);
}

/// Some readers show as a page what looks like one, whatever its type says.
pub(super) fn read_as_page_too(text: &str, origin: &str, depth: usize, extraction: &mut Extraction<'_>) {
    if text.contains("</") || text.contains("&#") {
        read_file(text, &within(origin, "html"), depth, extraction);
    }
}

fn chunks(text: &str, size: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut end = size.min(rest.len());
        while !rest.is_char_boundary(end) {
            end += 1;
        }
        let (chunk, after) = rest.split_at(end);
        rest = after;
        (!chunk.is_empty()).then_some(chunk)
    })
}

#[derive(Default)]
struct Walk(RefCell<Writer>);

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
        for open in std::mem::take(&mut self.open).into_iter().rev() {
            self.leave(&open);
        }
        self.page
    }
}

fn is_block(name: &str) -> bool {
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

fn is_void(name: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_become_lines_as_shown() {
        for (html, shown) in [
            ("<p>Hello  <b>wor</b>ld</p><p>x</p>", "Hello world\nx\n"),
            ("219-<span></span>09-67<i>81</i>", "219-09-6781"),
            ("a<br>b", "a\nb"),
            ("a&nbsp;b &amp; &#x63;", "a\u{a0}b & c"),
            ("<table><tr><td>MRN<td>12</tr><tr><td>x</td><td>y</td></tr></table>", "MRN\t12\nx\ty\n"),
            ("<pre>a\n  b</pre>", "a\n  b\n"),
            ("<img alt='Jo Roe'> here", "Jo Roe here"),
            ("Name: <input value='Jo Roe'>", "Name: Jo Roe"),
            ("x<script>var a = '<b>';</script>y", "xy"),
            ("<textarea>Jo <b></textarea>", "Jo <b>\n"),
            ("<svg><text>Jo Roe</text></svg>", "Jo Roe"),
            ("a<!-- no -->b", "ab"),
            ("<p style='display: none'>no</p>yes", "yes"),
            ("1 < 2", "1 < 2"),
            ("Jo &am", "Jo &am"),
            ("Jo &#82", "Jo R"),
            ("<bdo dir=rtl>eoR oJ</bdo> x", "Jo Roe x"),
        ] {
            assert_eq!(read(html).shown, shown, "{html}");
        }
    }

    #[test]
    fn what_is_hidden_is_kept_apart() {
        for (html, hidden) in [
            ("a<!-- Jo Roe -->b", "Jo Roe"),
            ("<!--[if mso]><p>Jo Roe</p><![endif]-->", "Jo Roe"),
            ("<div style=\"DISPLAY : none\">Jo <b>Roe</b></div>x", "Jo Roe"),
            ("<template>Jo Roe</template>", "Jo Roe"),
            ("<style>p::after { content: \"Jo Roe\" }</style>", "Jo Roe"),
            ("<a href='mailto:x?body=Jo%20Roe'>y</a>", "mailto:x?body=Jo Roe"),
            ("<a title='Jo Roe'>y</a>", "Jo Roe"),
            ("<iframe srcdoc='<b>Jo</b> Roe'></iframe>", "Jo Roe"),
            ("<p>x<a title=\"Jo Roe", "Jo Roe"),
            ("<p>x<a title='Jo Roe", "Jo Roe"),
            ("<style>p {} Jo Roe", "Jo Roe"),
            ("<meta name=description content='Jo Roe'>", "Jo Roe"),
        ] {
            let page = read(html);
            assert!(page.hidden.contains(hidden), "{html}: {:?}", page.hidden);
            assert!(!page.shown.contains("Jo Roe"), "{html}");
        }
    }

    #[test]
    fn files_in_links_are_kept() {
        let page = read("<a href='data:text/plain;base64,Sm8gUm9l'>x</a>");
        assert_eq!(page.files, [LinkedFile { kind: "text/plain".to_owned(), bytes: b"Jo Roe".to_vec() }]);
    }

    #[test]
    fn quotations_are_known_by_their_element() {
        let page = read("<p>new</p><div class=\"gmail_quote\">On Monday<blockquote>old</blockquote></div>after");
        let quoted: Vec<&str> = page.quoted.iter().map(|range| &page.shown[range.clone()]).collect();
        assert_eq!(quoted, ["On Monday\nold\n"]);
    }

    #[test]
    fn deep_and_broken_pages_cost_linear_time() {
        for html in [
            "<div style=display:none>".repeat(100_000),
            "<blockquote>".repeat(100_000) + &"</blockquote>".repeat(100_000),
            "</p>".repeat(100_000),
            "<".repeat(100_000),
            "<!--".repeat(100_000),
            "&amp".repeat(100_000),
            "<bdo dir=rtl>x".repeat(10_000),
            "<iframe srcdoc='".repeat(10_000),
            "<style>".repeat(10_000),
        ] {
            read(&html);
        }
    }
}
