//! How much readers disagree about a message, a part or a text.

/// How far readers may disagree. Ordered: a later variant is worse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Oddity {
    /// They agree.
    #[default]
    Ordinary,
    /// They differ in ways that reading in every way covers: a missing end, a stray delimiter.
    Loose,
    /// No honest program writes this: two content types, a boundary in pieces, junk in base64.
    Contradictory,
}
