//! How expressions are read, and what they may cost.

use regex_automata::util::syntax;

/// Larger compiled expressions are refused: `{1000}{1000}` and alternations of megabytes.
pub const SIZE_LIMIT: usize = 1 << 20;
/// The default falls back to an engine a hundred times slower (measured with 200 rules).
pub const CACHE_LIMIT: usize = 8 << 20;
/// Byte by byte, since texts are cut anywhere; ASCII unless the expression says `(?u)`.
pub fn syntax() -> syntax::Config {
    syntax::Config::new().unicode(false).utf8(false).nest_limit(100)
}
