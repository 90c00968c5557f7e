//! Where messages and their recipients stand.

use serde::{Deserialize, Serialize};

use super::RecipientRecord;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageState {
    Scanning,
    /// While any recipient is unsettled.
    Queued,
    Held,
    Delivered,
    Returned,
    Expired,
    Deleted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecipientState {
    Pending,
    Deferred,
    Sent,
    /// Waiting in the portal.
    Pickup,
    Read,
    Failed,
    Held,
    Paused,
}

impl MessageState {
    /// What the recipients together make of the message.
    pub fn of(recipients: &[RecipientRecord]) -> MessageState {
        use RecipientState as R;
        let any = |wanted: &[R]| recipients.iter().any(|recipient| wanted.contains(&recipient.state));
        if recipients.iter().any(|recipient| recipient.state.waits()) {
            MessageState::Queued
        } else if any(&[R::Held]) {
            MessageState::Held
        } else if recipients.iter().any(|recipient| recipient.state == R::Failed && recipient.expired) {
            MessageState::Expired
        } else if any(&[R::Failed]) {
            MessageState::Returned
        } else {
            MessageState::Delivered
        }
    }

    pub const ALL: [MessageState; 7] = [
        MessageState::Scanning,
        MessageState::Queued,
        MessageState::Held,
        MessageState::Delivered,
        MessageState::Returned,
        MessageState::Expired,
        MessageState::Deleted,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            MessageState::Scanning => "scanning",
            MessageState::Queued => "queued",
            MessageState::Held => "held",
            MessageState::Delivered => "delivered",
            MessageState::Returned => "returned",
            MessageState::Expired => "expired",
            MessageState::Deleted => "deleted",
        }
    }
}

impl std::fmt::Display for MessageState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl RecipientState {
    /// Whether the queue still has to do something for it.
    pub fn is_open(self) -> bool {
        matches!(self, RecipientState::Pending | RecipientState::Deferred)
    }

    /// Neither settled nor held: it is tried again, or will be once it is no longer paused.
    pub fn waits(self) -> bool {
        self.is_open() || self == RecipientState::Paused
    }

    pub const ALL: [RecipientState; 8] = [
        RecipientState::Pending,
        RecipientState::Deferred,
        RecipientState::Sent,
        RecipientState::Pickup,
        RecipientState::Read,
        RecipientState::Failed,
        RecipientState::Held,
        RecipientState::Paused,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            RecipientState::Pending => "pending",
            RecipientState::Deferred => "deferred",
            RecipientState::Sent => "sent",
            RecipientState::Pickup => "pickup",
            RecipientState::Read => "read",
            RecipientState::Failed => "failed",
            RecipientState::Held => "held",
            RecipientState::Paused => "paused",
        }
    }
}

impl std::fmt::Display for RecipientState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
