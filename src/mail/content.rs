//! The bytes after `DATA`: unstuffed, ended, not yet understood.

use bytes::Bytes;

/// The content of a message as the client sent it. Never printed: it is what we protect.
#[derive(Clone)]
pub enum Content {
    /// Small content, in memory.
    Memory(Bytes),
    /// Larger content, sealed by the store while it came in; only the store can read it back.
    Sealed { name: String, size: u64 },
}

impl Content {
    pub fn size(&self) -> u64 {
        match self {
            Content::Memory(bytes) => bytes.len() as u64,
            Content::Sealed { size, .. } => *size,
        }
    }
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[content of {} bytes]", self.size())
    }
}
