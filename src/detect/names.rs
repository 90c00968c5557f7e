//! Personal names by their form. Whose name it is, lists nearby say (`raise` and `lower`).

mod full;
mod last_first;
mod single;
mod titled;
mod word;

use super::lexicon::{Span, WordSet};
use super::raw::NameForm;
use full::{full, unlisted_after_initial, unlisted_both, unlisted_given};
use last_first::{last_first, unlisted_family};
use single::{lower_case, single};
use titled::titled;
use word::starts;

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
        let words = builder.build(|_| true).read(text);
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
        assert!(names(NameForm::LastFirst, "doubles with Mary, Carl alone; to ICU, Carl to tele").is_empty());
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
        assert_eq!(
            names(NameForm::Single, "Jane R. has; Jane B has; Jane A few; Jane IV"),
            ["Jane R.", "Jane B", "Jane", "Jane"]
        );
        assert_eq!(names(NameForm::Single, "Will S. has; Will S has; jane@x.example, Roe<roe@x>"), ["Will S.", "Roe"]);
        assert_eq!(
            names(NameForm::Titled, "Mr. Hoekstra INR 5.2, Mr. HOEKSTRA ROE, Mr. Smith R"),
            ["Hoekstra", "HOEKSTRA ROE", "Smith R"]
        );
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
        assert_eq!(names(NameForm::Full, "Rutger van Houten, Meeting van Houten"), ["Rutger van Houten"]);
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
