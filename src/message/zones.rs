//! Which role each line of a mail's text plays: new text, quoted history, signature, disclaimer, blank form.

use std::ops::Range;

use super::{Zone, ZoneSpan};

/// The zones of a mail's text. `quoted` are stretches that the markup says are quotations.
pub(super) fn of_mail(text: &str, quoted: &[Range<usize>]) -> Vec<ZoneSpan> {
    let mut zones = Vec::new();
    let mut at = 0;
    for range in quoted {
        if range.start > at {
            zones.push(ZoneSpan { end: range.start, zone: Zone::New });
        }
        if range.end > at {
            zones.push(ZoneSpan { end: range.end, zone: Zone::Quoted });
        }
        at = range.end.max(at);
    }
    if at < text.len() {
        zones.push(ZoneSpan { end: text.len(), zone: Zone::New });
    }
    zones
}
