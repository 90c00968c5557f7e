//! How an index lies in its file.
//!
//! ```text
//! header    4096 octets: magic, length, JSON, zeros, seal of all before it
//! blocks    4096 octets each: 511 hashes in order, cut seal of the block
//! fences    the first hash of each block
//! filter    the Bloom filter
//! ```
//! All numbers are little-endian. Seals are HMACs under the site key with the place in the file, so that a
//! file that was damaged, mixed up or made elsewhere is found out: the header, fences and filter when it
//! is opened, a block whenever it is read.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::site::SiteKey;

pub const MAGIC: &[u8; 8] = b"WXEDM\x00\x00\x01";
pub const PAGE: usize = 4096;
/// Hashes in a block.
pub const IN_BLOCK: usize = PAGE / 8 - 1;
const SEAL: usize = 32;

/// What an index says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub name: String,
    pub built: Timestamp,
    pub rows: u64,
    /// Headers of the columns that are used, with what each holds.
    pub columns: Vec<(String, String)>,
    /// Distinct hashes.
    pub entries: u64,
    /// Full names that five rows or more share (`COMMON`): they hardly tell one person from another.
    pub common_names: u64,
    pub blocks: u64,
    pub filter_bytes: u64,
    pub fences_seal: String,
    pub filter_seal: String,
}

/// A name that so many rows share is common.
pub const COMMON: u64 = 5;

impl Header {
    /// The header's page.
    pub fn write(&self, site: &SiteKey) -> Option<[u8; PAGE]> {
        let json = serde_json::to_vec(self).ok()?;
        let mut page = [0; PAGE];
        page[..8].copy_from_slice(MAGIC);
        page[8..12].copy_from_slice(&u32::try_from(json.len()).ok()?.to_le_bytes());
        page[..PAGE - SEAL].get_mut(12..12 + json.len())?.copy_from_slice(&json);
        let seal = site.seal(0, &page[..PAGE - SEAL]);
        page[PAGE - SEAL..].copy_from_slice(&seal);
        Some(page)
    }

    /// The header of a page; `Err` says why it is none.
    pub fn read(page: &[u8; PAGE], site: &SiteKey) -> Result<Self, Flaw> {
        if !page.starts_with(MAGIC) {
            return Err(Flaw::Damaged("it does not begin as an index does"));
        }
        if page[PAGE - SEAL..] != site.seal(0, &page[..PAGE - SEAL]) {
            return Err(Flaw::OtherKey);
        }
        let length = u32::from_le_bytes(page[8..12].try_into().expect("four octets")) as usize;
        let json = page.get(12..12 + length).ok_or(Flaw::Damaged("its header is too long"))?;
        serde_json::from_slice(json).map_err(|_| Flaw::Damaged("its header can't be read"))
    }

    /// Where the fences begin.
    pub fn fences_at(&self) -> u64 {
        (1 + self.blocks) * PAGE as u64
    }

    pub fn filter_at(&self) -> u64 {
        self.fences_at() + self.blocks * 8
    }

    pub fn file_len(&self) -> u64 {
        self.filter_at() + self.filter_bytes
    }
}

/// Why a page is no header of ours.
#[derive(Debug, PartialEq, Eq)]
pub enum Flaw {
    Damaged(&'static str),
    OtherKey,
}

/// Hashes as a block; what is left of it is filled with the highest number.
pub fn block(site: &SiteKey, at: u64, hashes: &[u64]) -> [u8; PAGE] {
    let mut page = [0xff; PAGE];
    for (slot, hash) in page.as_chunks_mut::<8>().0.iter_mut().zip(hashes) {
        *slot = hash.to_le_bytes();
    }
    let seal = site.seal(at, &page[..PAGE - 8]);
    page[PAGE - 8..].copy_from_slice(&seal[..8]);
    page
}

/// Whether a block at that place is as it was written.
pub fn is_whole(site: &SiteKey, at: u64, page: &[u8; PAGE]) -> bool {
    page[PAGE - 8..] == site.seal(at, &page[..PAGE - 8])[..8]
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
