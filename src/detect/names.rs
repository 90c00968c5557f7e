//! Personal names by their form. Whose name it is, lists nearby say (`raise` and `lower`).

mod word;

use super::lexicon::{Span, WordSet};
use super::raw::NameForm;
use word::{
    end_with, family_name, hyphenated, is_capital, is_initial, is_upper, letters, next, part_of_longer, starts, word_at,
};

/// Where the lists of one text stand.
pub struct Lists<'a> {
    pub given: &'a [Span],
    pub family: &'a [Span],
    pub titles: &'a [Span],
    /// Words with a capital that no list of the rules knows.
    pub unlisted: &'a [Span],
    /// Names that are everyday words as well.
    pub words: &'a WordSet,
}

/// How sure a form is by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surety {
    /// Both names are listed, and not words.
    Full,
    /// One is a word, or unknown.
    Half,
    /// Neither is in a list, nor a word.
    Unknown,
    /// Both could be words.
    Little,
}

/// Calls back with every name of that form.
pub fn find(form: NameForm, text: &str, lists: &Lists<'_>, mut found: impl FnMut(Span, Surety)) {
    match form {
        NameForm::Full => {
            lists.given.iter().for_each(|given| full(text, *given, lists, &mut found));
            lists.family.iter().for_each(|family| unlisted_given(text, *family, lists, &mut found));
            let families = lists.family.iter().filter(|family| !starts(lists.given, family.start as usize));
            families.for_each(|family| unlisted_both(text, *family, lists, &mut found));
            lists.unlisted.iter().for_each(|word| {
                unlisted_both(text, *word, lists, &mut found);
                unlisted_after_initial(text, *word, lists, &mut found);
            });
        }
        NameForm::LastFirst => {
            lists.family.iter().for_each(|family| last_first(text, *family, lists, &mut found));
            lists.given.iter().for_each(|given| unlisted_family(text, *given, lists, &mut found));
        }
        NameForm::Titled => lists.titles.iter().for_each(|title| titled(text, *title, lists, &mut found)),
        NameForm::Single => single(text, lists, &mut found),
        NameForm::LowerCase => lists.given.iter().for_each(|given| lower_case(text, *given, lists, &mut found)),
    }
}

fn full(text: &str, given: Span, lists: &Lists<'_>, found: &mut impl FnMut(Span, Surety)) {
    let first = &text[given.start as usize..given.end as usize];
    if !is_capital(first) || part_of_longer(text, given.start as usize) {
        return;
    }
    let mut at = given_end(text, given.end as usize, lists);
    let mut family = next(text, at);
    // A middle initial, or a second given name before the family name.
    let apostrophe = |at: usize| text[at..].starts_with(['\'', '’']);
    if let Some(word) = family.filter(|word| is_initial(&text[word.0..word.1]) && !apostrophe(word.1)) {
        at = word.1 + usize::from(text[word.1..].starts_with('.'));
        family = next(text, at);
    } else if let Some(word) = family.filter(|word| starts(lists.given, word.0))
        && let Some(third) = next(text, word.1).filter(|third| {
            let name = &text[third.0..third.1];
            is_capital(name) && starts(lists.family, third.0) && !lists.words.holds(name)
        })
    {
        family = Some(third);
    }
    let Some((start, end)) = family.and_then(|word| family_name(text, word)) else {
        // `Jukka R.`: a given name and an initial.
        if at > given_end(text, given.end as usize, lists) && text[..at].ends_with('.') && !lists.words.holds(first) {
            found(Span { start: given.start, end: at as u32 }, Surety::Half);
        }
        return;
    };
    let last = &text[start..end];
    let listed = starts(lists.family, start);
    let word = lists.words.holds(last);
    let initial_only = text[..at].ends_with('.') && !lists.words.holds(first);
    // `Oksana EDW 86.6`: an abbreviation after a given name.
    let abbreviated = !listed && last.len() < 5 && is_upper(last) && !is_upper(first);
    if end - start < 2 || abbreviated || (!listed && (word || !letters(last))) {
        if initial_only {
            found(Span { start: given.start, end: at as u32 }, Surety::Half);
        }
        return;
    }
    let surety = match (lists.words.holds(first), listed && !word) {
        (false, true) => Surety::Full,
        (true, false) if !amid_a_sentence(text, given.start as usize, end) => Surety::Little,
        _ => Surety::Half,
    };
    found(Span { start: given.start, end: end as u32 }, surety);
}

/// Past a hyphen and the rest of a given name: `Mary-Ann`, `Min-jun`.
fn given_end(text: &str, end: usize, lists: &Lists<'_>) -> usize {
    let small = |word: &str| word.len() > 1 && word.chars().all(char::is_lowercase) && !lists.words.holds(word);
    match text[end..].strip_prefix('-').and_then(|_| word_at(text, end + 1)) {
        Some((start, further)) if small(&text[start..further]) => further,
        _ => hyphenated(text, end),
    }
}

/// Whether two capital words stand between small ones: `met Faith Case for an hour` has no reason for its
/// capitals but a name, where a title or a sentence's start has one.
fn amid_a_sentence(text: &str, start: usize, end: usize) -> bool {
    let Some(before) = text[..start].strip_suffix(' ') else { return false };
    // Places and purposes have such names too: `in Grant Park`, `for Will Power`.
    let named = ["the", "at", "in", "to", "from", "by", "of", "via", "for"];
    let last = before.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    let follows = text[end..].trim_start_matches([',', '.', ';', ')', '\'', '’']).trim_start_matches(' ');
    before.ends_with(char::is_lowercase)
        && !is_capital(last)
        && !named.contains(&last)
        && !follows.starts_with(char::is_uppercase)
}

/// A listed family name after an initial (`J. Roe`) or a given name that no list knows.
fn unlisted_given(text: &str, family: Span, lists: &Lists<'_>, found: &mut impl FnMut(Span, Surety)) {
    let start = family.start as usize;
    let last = &text[start..family.end as usize];
    if last.len() < 2 || !is_capital(last) {
        return;
    }
    let everyday = lists.words.holds(last);
    let Some(before) = text[..start].strip_suffix([' ', '\u{a0}']) else { return };
    let bare = before.strip_suffix('.').unwrap_or(before);
    let first_at = bare
        .rfind(|c: char| !(c.is_alphabetic() || matches!(c, '-' | '\'' | '’')))
        .map_or(0, |at| at + bare[at..].chars().next().map_or(1, char::len_utf8));
    let first = &bare[first_at..];
    let middle = before[..first_at].strip_suffix(' ').is_some_and(|rest| end_with(lists.given, rest));
    // `A MAN IN HIS SIXTIES`
    let article = everyday && is_upper(last) && bare.len() == before.len();
    let initial = is_initial(first) && !middle && !article;
    let loud = is_upper(first) && !is_upper(last);
    let abbreviated = last.len() < 3 && is_upper(last);
    let unknown = bare.len() == before.len()
        && first.len() > 2
        && !loud
        && !abbreviated
        && is_capital(first)
        && !lists.words.holds(first);
    // `C. Smith`: a name that is a word as well needs the initial.
    if !(initial || unknown && !everyday) || starts(lists.given, first_at) || part_of_longer(text, first_at) {
        return;
    }
    found(
        Span { start: first_at as u32, end: hyphenated(text, family.end as usize) as u32 },
        if everyday { Surety::Little } else { Surety::Half },
    );
}

/// `Z. Krishnamurthy`: an initial before a name that no list knows, and that is no word.
fn unlisted_after_initial(text: &str, family: Span, lists: &Lists<'_>, found: &mut impl FnMut(Span, Surety)) {
    let (start, end) = (family.start as usize, family.end as usize);
    let Some(before) = text[..start].strip_suffix(". ") else { return };
    let Some(initial) = before.chars().next_back().filter(|c| c.is_uppercase()) else { return };
    let first_at = before.len() - initial.len_utf8();
    let last = &text[start..end];
    if before[..first_at].ends_with(|c: char| c.is_alphanumeric() || c == '.') || part_of_longer(text, first_at) {
        return;
    }
    if last.len() > 3 && !is_upper(last) && !lists.words.holds(last) {
        found(Span { start: first_at as u32, end: hyphenated(text, end) as u32 }, Surety::Unknown);
    }
}

/// `Haruto Grzybowska`, `Rommel Mabini`: a name that no list knows, and is no word, after another such
/// or after one that lists know as a family name only.
fn unlisted_both(text: &str, given: Span, lists: &Lists<'_>, found: &mut impl FnMut(Span, Surety)) {
    let first = &text[given.start as usize..given.end as usize];
    if first.len() < 3 || is_upper(first) || part_of_longer(text, given.start as usize) || lists.words.holds(first) {
        return;
    }
    let Some(word) = next(text, hyphenated(text, given.end as usize)).filter(|word| text[..word.0].ends_with(' '))
    else {
        return;
    };
    let known = starts(lists.given, word.0) && !starts(lists.family, given.start as usize);
    if !starts(lists.unlisted, word.0) && !known {
        return;
    }
    let Some((start, end)) = family_name(text, word) else { return };
    let last = &text[start..end];
    if last.len() > 2 && !is_upper(last) && letters(last) && !lists.words.holds(last) {
        found(Span { start: given.start, end: end as u32 }, Surety::Unknown);
    }
}

fn last_first(text: &str, family: Span, lists: &Lists<'_>, found: &mut impl FnMut(Span, Surety)) {
    let last = &text[family.start as usize..family.end as usize];
    let rest = &text[hyphenated(text, family.end as usize)..];
    let Some(after) = rest.strip_prefix(',').or_else(|| rest.strip_prefix('^')) else { return };
    let start = text.len() - after.trim_start_matches(' ').len();
    let Some(given) = word_at(text, start) else { return };
    let first = &text[given.0..given.1];
    // `Lowell, MA` is a place.
    if first.len() == 2 && is_upper(first) {
        return;
    }
    // `20 MIN, TPA OR TNK`: of a name that no list knows three letters are none.
    let loud = first.len() > 3
        && last.len() > 2
        && letters(first)
        && is_upper(first)
        && is_upper(last)
        && !lists.words.holds(first);
    if !is_capital(last) || !is_capital(first) || !(starts(lists.given, given.0) || loud) {
        return;
    }
    if enumerated(text, family.start as usize, given.1, lists) {
        return;
    }
    let mut end = given.1;
    if let Some(initial) = next(text, end).filter(|word| is_initial(&text[word.0..word.1])) {
        end = initial.1;
    }
    // `Mary, Carl was my first boss`: whom it is told, and of whom.
    let called = starts(lists.given, family.start as usize) && !is_upper(last);
    let surety = match (lists.words.holds(first), lists.words.holds(last)) {
        (false, false) if called => Surety::Unknown,
        (false, false) => Surety::Full,
        (true, true) => Surety::Little,
        _ => Surety::Half,
    };
    found(Span { start: family.start, end: end as u32 }, surety);
}

/// `TSERETELI, LOUIS`: a family name that no list knows before a listed given name.
fn unlisted_family(text: &str, given: Span, lists: &Lists<'_>, found: &mut impl FnMut(Span, Surety)) {
    let first = &text[given.start as usize..given.end as usize];
    let Some(before) = text[..given.start as usize].trim_end_matches(' ').strip_suffix(',') else { return };
    let start = before
        .rfind(|c: char| !(c.is_alphabetic() || matches!(c, '-' | '\'' | '’')))
        .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let last = &before[start..];
    if enumerated(text, start, given.end as usize, lists) {
        return;
    }
    let unlisted = !starts(lists.family, start) && !end_with(lists.family, before) && !end_with(lists.given, before);
    if last.len() > 2
        && unlisted
        && is_capital(last)
        && is_capital(first)
        && !lists.words.holds(last)
        && !lists.words.holds(first)
    {
        found(Span { start: start as u32, end: given.end }, Surety::Half);
    }
}

/// `Ann Roe, Carl Smith`: persons one after the other, none of them a family name before its given name.
fn enumerated(text: &str, start: usize, end: usize, lists: &Lists<'_>) -> bool {
    let before = text[..start].strip_suffix(' ').is_some_and(|before| end_with(lists.given, before));
    let after = next(text, end).is_some_and(|word| {
        let name = &text[word.0..word.1];
        name.len() > 1 && is_capital(name) && starts(lists.family, word.0) && !starts(lists.given, word.0)
    });
    // `ours were Dawn, Carl, Ann and me`
    let rest = text[end..].strip_prefix(", ").or_else(|| text[end..].strip_prefix(" and "));
    let third = rest.is_some_and(|rest| starts(lists.given, text.len() - rest.len()));
    let first = text[..start].strip_suffix(", ").is_some_and(|before| end_with(lists.given, before));
    let given = starts(lists.given, start) && (first || third);
    before && text[..start].trim_end().ends_with(char::is_lowercase) || (after || given) && !is_upper(&text[start..end])
}

fn titled(text: &str, title: Span, lists: &Lists<'_>, found: &mut impl FnMut(Span, Surety)) {
    let mut after = title.end as usize + usize::from(text[title.end as usize..].starts_with(['.', ':']));
    // Typists put two blanks behind a stop.
    after += usize::from(text[after..].starts_with("  "));
    let Some(word) = next(text, after) else { return };
    let Some((start, mut end)) = family_name(text, word) else {
        return lower_case_titled(text, word, lists, found);
    };
    let first = &text[start..end];
    if first.len() < 3 && is_prefix(first) || first.len() < 2 || !letters(first) {
        return;
    }
    if lists.words.holds(first) && !starts(lists.family, start) {
        return;
    }
    let listed = |at: usize| starts(lists.family, at) || starts(lists.given, at);
    let everyday = lists.words.holds(first);
    let surety = if listed(start) && !everyday { Surety::Full } else { Surety::Half };
    // `Re: Price list` is a reply.
    let reply = everyday && text[title.start as usize..title.end as usize].eq_ignore_ascii_case("re");
    if let Some((start, further)) = next(text, end).and_then(|word| family_name(text, word))
        && (listed(start) || !lists.words.holds(&text[start..further]) && letters(&text[start..further]))
    {
        end = further;
    } else if reply {
        return;
    }
    found(Span { start: start as u32, end: end as u32 }, surety);
}

/// What mail programs put before a subject.
fn is_prefix(word: &str) -> bool {
    ["re", "fw"].iter().any(|prefix| word.eq_ignore_ascii_case(prefix))
}

/// `mrs. musson`: names that are listed, and no words.
fn lower_case_titled(text: &str, word: (usize, usize), lists: &Lists<'_>, found: &mut impl FnMut(Span, Surety)) {
    let name = &text[word.0..word.1];
    let listed = |at: usize| starts(lists.family, at) || starts(lists.given, at);
    // `mrs. tharmalingam`: the stop makes sure of the title, and so of the name.
    if name.len() < 3 || !(listed(word.0) || text[..word.0].ends_with(". ")) || lists.words.holds(name) {
        return;
    }
    let further = next(text, word.1).filter(|more| listed(more.0) && !lists.words.holds(&text[more.0..more.1]));
    found(Span { start: word.0 as u32, end: further.map_or(word.1, |more| more.1) as u32 }, Surety::Full);
}

fn single(text: &str, lists: &Lists<'_>, found: &mut impl FnMut(Span, Surety)) {
    let mut last = u32::MAX;
    for span in lists.given.iter().chain(lists.family.iter().filter(|span| !starts(lists.given, span.start as usize))) {
        let name = &text[span.start as usize..span.end as usize];
        // `ALT 312` is a test.
        let short = name.len() < 3 || name.len() == 3 && is_upper(name);
        if span.start != last && !short && !lists.words.holds(name) {
            found(*span, if is_capital(name) { Surety::Full } else { Surety::Half });
        }
        last = span.start;
    }
    for span in lists.unlisted {
        let name = &text[span.start as usize..span.end as usize];
        if name.len() > 3 && !is_upper(name) && !lists.words.holds(name) {
            found(*span, Surety::Unknown);
        }
    }
}

fn lower_case(text: &str, given: Span, lists: &Lists<'_>, found: &mut impl FnMut(Span, Surety)) {
    let first = &text[given.start as usize..given.end as usize];
    if first.len() < 3 || is_capital(first) || lists.words.holds(first) {
        return;
    }
    let Some((start, end)) = next(text, given.end as usize) else { return };
    let last = &text[start..end];
    // `susan m.`: the family name's initial.
    if last.len() == 1 && text[end..].starts_with('.') && !matches!(last, "a" | "i") {
        return found(Span { start: given.start, end: end as u32 + 1 }, Surety::Half);
    }
    if last.len() < 3 || is_capital(last) || !letters(last) {
        return;
    }
    let surety = match (starts(lists.family, start), lists.words.holds(last)) {
        (true, false) => Surety::Full,
        (false, true) => return,
        (false, false) => Surety::Unknown,
        // `darlene miller 15f`
        (true, true) if has_age(&text[end..]) => Surety::Half,
        (true, true) => Surety::Little,
    };
    found(Span { start: given.start, end: end as u32 }, surety);
}

/// Whether an age and a sex follow.
fn has_age(after: &str) -> bool {
    let age = after.trim_start_matches([' ', ',']);
    let years = age.bytes().take_while(u8::is_ascii_digit).count();
    (1..=3).contains(&years) && age[years..].trim_start_matches(' ').starts_with(['f', 'm', 'F', 'M'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::lexicon::LexiconBuilder;

    fn names(form: NameForm, text: &str) -> Vec<String> {
        sure_names(form, text).into_iter().map(|(name, _)| name).collect()
    }

    fn sure_names(form: NameForm, text: &str) -> Vec<(String, Surety)> {
        let mut builder = LexiconBuilder::default();
        let lists = [
            (&["John", "Jane", "Mary", "Will", "Ann", "Carl"][..], builder.list()),
            (&["Roe", "Smith", "Grant", "Ortiz", "Cruz", "Brien", "Ann"][..], builder.list()),
            (&["Mr", "Mrs", "Ms", "Re"][..], builder.list()),
        ];
        for (terms, list) in &lists {
            builder.walk(*list);
            for term in *terms {
                builder.add(*list, term, false);
            }
        }
        let words = builder.build().read(text);
        let everyday = WordSet::new(["will", "grant", "has", "meeting", "the"]);
        let lists = Lists {
            given: words.of(0),
            family: words.of(1),
            titles: words.of(2),
            unlisted: &words.unlisted,
            words: &everyday,
        };
        let mut found = Vec::new();
        find(form, text, &lists, |span, surety| {
            found.push((text[span.start as usize..span.end as usize].to_owned(), surety));
        });
        found
    }

    #[test]
    fn each_form_is_found() {
        let full = "John Q. Roe, Mary Ann Smith, Jane O'Brien, Carl de la Cruz, Ann Villaruz-Ortiz";
        assert_eq!(
            names(NameForm::Full, full),
            ["John Q. Roe", "Mary Ann Smith", "Ann Smith", "Jane O'Brien", "Carl de la Cruz", "Ann Villaruz-Ortiz"]
        );
        assert_eq!(
            names(NameForm::LastFirst, "ROE, JOHN Q and Smith,Mary; HAFFORD^CARL; GRANT^CARL"),
            ["ROE, JOHN Q", "Smith,Mary", "GRANT^CARL"]
        );
        assert!(names(NameForm::LastFirst, "Ann Roe, Carl Smith and Smith, Jane Roe").is_empty());
        assert!(names(NameForm::LastFirst, "for Jane, Carl and Ann; Hi John, Carl, Ann!").is_empty());
        assert!(names(NameForm::LastFirst, "doubles with Mary, Carl alone").is_empty());
        let joined = "Jane Van den Roe, Carl al-Smith, Ann Mac Ortiz, John Ó Brien, Mary Dela Cruz, Ann El Paso";
        assert_eq!(
            names(NameForm::Full, joined)[..5],
            ["Jane Van den Roe", "Carl al-Smith", "Ann Mac Ortiz", "John Ó Brien", "Mary Dela Cruz"]
        );
        assert_eq!(names(NameForm::Titled, "Mr al-Tamimi"), ["al-Tamimi"]);
        assert_eq!(names(NameForm::Titled, "Mr.  Hoekstra, Mrs Jane Roe, Ms. 5"), ["Hoekstra", "Jane Roe"]);
        assert_eq!(names(NameForm::LowerCase, "is john smith here; will grant"), ["john smith"]);
        assert_eq!(
            names(NameForm::Titled, "Re: Grant renewal; RE: Re: Grant Ortiz; Re: Smith"),
            ["Grant Ortiz", "Smith"]
        );
        assert_eq!(names(NameForm::Single, "Smith kid; Will; ortiz; ROE 312; Roe 312"), ["Smith", "ortiz", "Roe"]);
    }

    #[test]
    fn names_that_no_list_knows_are_found() {
        assert_eq!(
            names(NameForm::Full, "Ortiz Mabini, Grzybowska Mary, Ortiz Mary"),
            ["Ortiz Mabini", "Grzybowska Mary"]
        );
        assert_eq!(names(NameForm::Full, "Quoc Roe in TX"), ["Quoc Roe"]);
        assert_eq!(
            names(NameForm::Full, "see Z. Krishnamurthy and K. Roe, not e.g. Grzybowska"),
            ["K. Roe", "Z. Krishnamurthy"]
        );
        assert_eq!(names(NameForm::Full, "Haruto Grzybowska and Meeting Grzybowska"), ["Haruto Grzybowska"]);
        assert_eq!(names(NameForm::Full, "> on Jane\n>> Roe, Mary >\nOrtiz"), ["Jane\n>> Roe"]);
        assert_eq!(names(NameForm::LowerCase, "is mary grzybowska here; mary has"), ["mary grzybowska"]);
        assert_eq!(names(NameForm::Titled, "mrs. tharmalingam, mrs tharmalingam"), ["tharmalingam"]);
    }

    #[test]
    fn whom_a_sentence_calls_is_hardly_a_family_name() {
        let told = "Ann, Carl was my first boss; ROE, CARL";
        let found = sure_names(NameForm::LastFirst, told);
        assert_eq!(found, [("Ann, Carl".to_owned(), Surety::Unknown), ("ROE, CARL".to_owned(), Surety::Full)]);
    }

    #[test]
    fn the_second_syllable_of_a_given_name_may_be_small() {
        assert_eq!(names(NameForm::Full, "Ann-hye Smith, John-has Roe"), ["Ann-hye Smith"]);
    }

    #[test]
    fn an_article_is_no_initial() {
        assert!(names(NameForm::Full, "A GRANT").is_empty());
        assert_eq!(names(NameForm::Full, "A. GRANT"), ["A. GRANT"]);
    }

    #[test]
    fn everyday_words_with_capitals_amid_a_sentence_are_rather_a_name() {
        let surety = |text| sure_names(NameForm::Full, text).first().map(|found| found.1);
        assert_eq!(surety("met Will Grant for an hour"), Some(Surety::Half));
        assert_eq!(surety("Will Grant has money"), Some(Surety::Little));
        assert_eq!(surety("walks in Will Grant every day"), Some(Surety::Little));
        assert_eq!(surety("asks about Will Grant Meeting"), Some(Surety::Little));
    }

    #[test]
    fn words_and_addresses_are_no_names() {
        assert!(names(NameForm::Full, "CEO Roe; Jane EDW 86.6").is_empty());
        assert!(names(NameForm::Full, "Will Has Meeting; x@John Roe; John said").is_empty());
    }
}
