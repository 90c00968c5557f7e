//! The replies of intake: one place turns trouble into words for the client.

use crate::mail::{EnhancedStatus, QueueId, Reply};
use crate::policy::Refusal;
use crate::store::StoreError;

/// A reply that is always the same.
pub struct Fixed {
    code: u16,
    status: EnhancedStatus,
    text: &'static str,
}

/// RFC 5321 §6.3.
pub const LOOP: Fixed = Fixed { code: 554, status: EnhancedStatus(5, 4, 6), text: "mail loop: too many hops" };

/// No memory to read the content back within `limits.scan_wait`.
pub const OVERLOAD: Fixed = Fixed { code: 451, status: EnhancedStatus(4, 3, 0), text: "too busy, try again later" };

impl Fixed {
    pub fn reply(&self) -> Reply {
        Reply::new(self.code, self.status, self.text)
    }
}

/// `250 2.0.0 Ok <id>`: it is on stable storage.
pub fn accepted(id: QueueId, held: bool) -> Reply {
    let text = if held { format!("Ok {id} held for privacy review") } else { format!("Ok {id}") };
    Reply::new(250, EnhancedStatus(2, 0, 0), text)
}

/// Policy said `reject`. With the id its sender's administrator finds the decision: nothing else is kept.
pub fn by_policy(id: QueueId, refusal: &Refusal) -> Reply {
    Reply::new(550, EnhancedStatus(5, 7, 1), format!("[{}] {} {id}", refusal.code, refusal.text))
}

/// The client learns the class of trouble; the log keeps the detail. Never a `5xx`: our trouble
/// is no reason for the client to give the message up (`TESTS` T010).
pub fn store(error: &StoreError) -> Reply {
    match error {
        StoreError::Full => Reply::new(452, EnhancedStatus(4, 3, 1), "storage is low, try again later"),
        StoreError::Failed(_)
        | StoreError::Damaged(_)
        | StoreError::NotFound
        | StoreError::Leased
        | StoreError::State(_)
        | StoreError::TooNew(_)
        | StoreError::Locked(_)
        | StoreError::Unsafe(_)
        | StoreError::Key(_) => Reply::new(451, EnhancedStatus(4, 3, 0), "temporary failure, try again later"),
    }
}
