//! HTML to text: what a reader shows, and apart from it what the page hides.
//!
//! Works on html5ever's tokens with a flat stack of open elements, so no depth of nesting costs
//! call stack. No style sheet is computed: an element is hidden if its own attributes say so.

use std::ops::Range;

use html5ever::TokenizerResult;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tokenizer, TokenizerOpts};

use super::Shape;
use super::extraction::{Extraction, File, within};

mod attributes;
mod css;
mod elements;
mod writer;

pub(super) use attributes::LinkedFile;
use writer::Walk;

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
    let tokenizer = Tokenizer::new(Walk::new(depth), TokenizerOpts::default());
    let input = BufferQueue::default();
    let feed = |text: &str| {
        input.push_back(StrTendril::from(text));
        while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
    };
    // The tokenizer copies character by character; small buffers keep that in the cache.
    chunks(html, 16 * 1024).for_each(feed);
    tokenizer.sink.close();
    feed(CLOSER);
    tokenizer.end();
    tokenizer.sink.finish()
}

/// Reads a page that lies in a file of that origin and depth.
pub(super) fn read_file(html: &str, origin: &str, depth: usize, extraction: &mut Extraction<'_>) {
    let mut page = read(html);
    extraction.text(origin, std::mem::take(&mut page.shown), Shape::Prose);
    page.push_rest(origin, depth, extraction);
}

/// Some readers show as a page what looks like one, whatever its type says.
pub(super) fn read_as_page_too(text: &str, origin: &str, depth: usize, extraction: &mut Extraction<'_>) {
    let holds = |sign: &[u8]| memchr::memmem::find(text.as_bytes(), sign).is_some();
    if holds(b"</") || holds(b"&#") {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_become_lines_as_shown() {
        for (html, shown) in [
            ("<p>Hello  <b>wor</b>ld</p><p>x</p>", "Hello world\nx\n"),
            ("219-<span></span>09-67<i>81</i>", "219-09-6781"),
            ("a<br>b", "a\nb"),
            ("<ul><li>a<li><p>b <i>c</i></ul>d<li></li>e", "- a\n- b c\nd\ne"),
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
            ("<span dir=rtl style='unicode-bidi: bidi-override'>eoR oJ</span> x", "Jo Roe x"),
            ("<span dir=rtl>Jo Roe</span> x", "Jo Roe x"),
            (
                "J<i style='opacity:0'>zq</i>o R<i style='display:/**/none'>zq</i>o<i style='font:0/0 a'>zq</i>e",
                "Jo Roe",
            ),
            ("J<i style='opacity: 0.9'>o</i> Roe", "Jo Roe"),
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
            ("<script type='application/ld+json'>{\"n\":\"\\u004ao \\u0052oe\"}</script>", "Jo Roe"),
            ("<script>x = '\\x4ao Roe'</script>", "Jo Roe"),
            ("<p style=\"--n: 'Jo Roe'\">", "Jo Roe"),
            ("<img src='http://x.example/p.gif?n=Jo%20Roe'>", "Jo Roe"),
            ("<a href='http://x.example/?n=Jo+Roe'>", "Jo Roe"),
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
