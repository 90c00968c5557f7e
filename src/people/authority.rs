//! Authority as a value: whoever holds one was checked, and nobody else can make one.

use super::{Login, Role};

/// Proof that a login may judge held mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviewer {
    actor: String,
}

/// Proof that a login may change the gateway itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Administrator {
    actor: String,
}

impl Reviewer {
    /// From a login whose role allows it.
    pub fn of(login: &Login) -> Option<Self> {
        (login.role() >= Role::Reviewer).then(|| Self { actor: login.name().to_owned() })
    }

    /// Whoever the audit names.
    pub fn actor(&self) -> &str {
        &self.actor
    }
}

impl Administrator {
    /// From a login whose role allows it.
    pub fn of(login: &Login) -> Option<Self> {
        (login.role() >= Role::Administrator).then(|| Self { actor: login.name().to_owned() })
    }

    /// From the process at the other end of the control socket: `uid` as the kernel tells it
    /// (`SO_PEERCRED`), `user` its name for the audit. The socket is 0600 already; root and the
    /// gateway's own user are the machine's owner anyway, since they can read its keys.
    pub fn at_control_socket(uid: u32, user: &str, own_uid: u32) -> Option<Self> {
        (uid == 0 || uid == own_uid).then(|| Self { actor: format!("local:{user}") })
    }

    /// Whoever the audit names.
    pub fn actor(&self) -> &str {
        &self.actor
    }
}

/// Who may change everything may also judge held mail.
impl From<Administrator> for Reviewer {
    fn from(administrator: Administrator) -> Self {
        Self { actor: administrator.actor }
    }
}
