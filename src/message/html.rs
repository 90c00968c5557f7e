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
use super::extraction::{Extraction, within};

/// Deeper elements are read as if they were siblings.
const MAX_OPEN: usize = 10_000;

/// A page as text.
#[derive(Default)]
pub(super) struct Page {
    /// What is shown, with `alt` and form values in place; blocks end lines, table cells are apart by tabs.
    pub shown: String,
    /// Comments, hidden elements, titles, links, scripts, one a line.
    pub hidden: String,
    /// Stretches of `shown` inside a quotation of earlier mail.
    pub quoted: Vec<Range<usize>>,
}

pub(super) fn read(html: &str) -> Page {
    let walk = Walk::default();
    let tokenizer = Tokenizer::new(walk, TokenizerOpts::default());
    let input = BufferQueue::default();
    // The tokenizer copies character by character; small buffers keep that in the cache.
    for chunk in chunks(html, 16 * 1024) {
        input.push_back(StrTendril::from(chunk));
        while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
    }
    tokenizer.end();
    tokenizer.sink.0.into_inner().finish()
}

/// Some readers show as a page what looks like one, whatever its type says.
pub(super) fn read_as_page_too(text: &str, origin: &str, extraction: &mut Extraction<'_>) {
    if text.contains("</") {
        let page = read(text);
        extraction.text(&within(origin, "html"), page.shown, Shape::Prose);
        extraction.text(&within(origin, "hidden"), page.hidden, Shape::Prose);
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
    /// A blank is due before the next word.
    blank: bool,
    in_style: bool,
}

impl Writer {
    fn text(&mut self, text: &str) {
        if self.in_style {
            return self.generated_content(text);
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

    /// CSS `content: "…"` shows text that no element has.
    fn generated_content(&mut self, style: &str) {
        for (at, _) in style.match_indices("content") {
            let rest = style[at + "content".len()..].trim_start();
            let Some(value) = rest.strip_prefix(':').map(str::trim_start) else { continue };
            let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else { continue };
            if let Some(shown) = value[1..].split(quote).next().filter(|shown| shown.len() > 1) {
                self.note(shown);
            }
        }
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
        self.attributes(name, tag);
        if !tag.self_closing && !is_void(name) {
            self.enter(name, tag);
        }
        match name {
            "style" => {
                self.in_style = true;
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
        let hidden = hides(name, tag);
        let quotes = quotes(name, tag);
        if (!hidden && !quotes && self.hiding == 0 && self.quoting == 0) || self.open.len() >= MAX_OPEN {
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
        self.open.push(Open { name: name.to_owned(), hidden, quotes });
    }

    fn end(&mut self, name: &str) {
        match name {
            "pre" | "xmp" | "listing" => {
                self.keeping = self.keeping.saturating_sub(1);
                self.end_line();
            }
            "style" => self.in_style = false,
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
    fn attributes(&mut self, element: &str, tag: &Tag) {
        for attribute in &tag.attrs {
            let value = attribute.value.trim();
            if value.is_empty() {
                continue;
            }
            match &*attribute.name.local {
                "alt" | "value" if self.hiding == 0 && element != "param" => {
                    self.blank = true;
                    self.text(value);
                    self.blank = true;
                }
                "alt" | "value" | "title" | "placeholder" | "aria-label" | "label" | "summary" | "content" => {
                    self.note(value);
                }
                "href" | "action" if !value.starts_with('#') => self.link(value),
                "src" | "background" if value.starts_with("data:") => self.link(value),
                name if name.starts_with("data-") && value.contains(' ') => self.note(value),
                _ => {}
            }
        }
    }

    /// A link with its codes undone; the text of a `data:` one, which some readers open.
    fn link(&mut self, value: &str) {
        let decoded = super::transfer::percent(value.as_bytes());
        if let Some(data) = value.strip_prefix("data:") {
            let Some((kind, payload)) = data.split_once(',') else { return };
            if kind.starts_with("image/") && !kind.starts_with("image/svg") {
                return;
            }
            let bytes = match kind.ends_with("base64") {
                true => super::transfer::base64(payload.as_bytes(), super::transfer::Padding::Skip),
                false => super::transfer::percent(payload.as_bytes()),
            };
            return self.note(&String::from_utf8_lossy(&bytes));
        }
        self.note(&String::from_utf8_lossy(&decoded));
    }

    fn finish(mut self) -> Page {
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

/// Whether readers leave this element out.
fn hides(name: &str, tag: &Tag) -> bool {
    if matches!(name, "script" | "style" | "template" | "noscript" | "object" | "iframe" | "noembed" | "noframes") {
        return true;
    }
    tag.attrs.iter().any(|attribute| match &*attribute.name.local {
        "hidden" => true,
        "style" => {
            let style: String =
                attribute.value.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
            style.contains("display:none")
                || style.contains("visibility:hidden")
                || style.contains("mso-hide:all")
                || style.contains("font-size:0;")
                || style.contains("font-size:0px")
                || style.ends_with("font-size:0")
        }
        _ => false,
    })
}

/// Whether this element holds a quotation of earlier mail.
fn quotes(name: &str, tag: &Tag) -> bool {
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
            ("<iframe src='data:text/plain;base64,Sm8gUm9l'></iframe>", "Jo Roe"),
            ("<meta name=description content='Jo Roe'>", "Jo Roe"),
        ] {
            let page = read(html);
            assert!(page.hidden.contains(hidden), "{html}: {:?}", page.hidden);
            assert!(!page.shown.contains("Jo Roe"), "{html}");
        }
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
        ] {
            read(&html);
        }
    }
}
