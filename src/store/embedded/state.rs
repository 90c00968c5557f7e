//! A message's state as the tables have it: a number.

use super::trouble::{Trouble, damaged};
use crate::store::MessageState;

/// A state's number in the tables: its position in `MessageState::ALL`.
pub fn number(state: MessageState) -> i64 {
    MessageState::ALL.iter().position(|known| *known == state).expect("every state is listed") as i64
}

pub fn of(number: i64) -> Result<MessageState, Trouble> {
    let known = usize::try_from(number).ok().and_then(|at| MessageState::ALL.get(at));
    known.copied().ok_or_else(|| damaged("a message's state"))
}
