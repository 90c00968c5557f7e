//! What was read lately: the banner below everybody's signature comes with every mail, and is read once.

use std::collections::{HashMap, VecDeque};

use aws_lc_rs::digest::{SHA256, digest};

/// Pictures that are remembered.
const MOST: usize = 512;

/// A banner shows no more; longer text is somebody's page, and is not kept.
const LONGEST: usize = 500;

#[derive(Debug, Default)]
pub struct Recent {
    texts: HashMap<[u8; 32], String>,
    /// The oldest in front.
    order: VecDeque<[u8; 32]>,
}

/// By what a picture is known again.
pub fn key(picture: &[u8]) -> [u8; 32] {
    digest(&SHA256, picture).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

impl Recent {
    pub fn text(&self, key: &[u8; 32]) -> Option<String> {
        self.texts.get(key).cloned()
    }

    pub fn keep(&mut self, key: [u8; 32], text: &str) {
        if text.len() > LONGEST || self.texts.contains_key(&key) {
            return;
        }
        if self.order.len() == MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.texts.remove(&oldest);
        }
        self.order.push_back(key);
        self.texts.insert(key, text.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_are_remembered_the_latest_ones() {
        let mut recent = Recent::default();
        for number in 0..=MOST {
            recent.keep(key(&number.to_le_bytes()), &format!("banner {number}"));
        }
        assert_eq!(recent.text(&key(&MOST.to_le_bytes())).as_deref(), Some("banner 512"));
        assert_eq!(recent.text(&key(&0_usize.to_le_bytes())), None);
        assert_eq!(recent.texts.len(), MOST);
        recent.keep(key(b"a page"), &"x".repeat(LONGEST + 1));
        assert_eq!(recent.text(&key(b"a page")), None);
    }
}
