//! A source to test with. Tests change what matters to them.

use super::{Source, SourceKind};

/// A mail server proved by its network alone.
///
/// # Panics
/// If one of `networks` is none.
pub fn source(name: &str, networks: &[&str]) -> Source {
    Source {
        name: name.to_owned(),
        kind: SourceKind::Mta,
        networks: networks.iter().map(|network| network.parse().expect("a test names real networks")).collect(),
        auth_required: false,
        client_certificate: None,
        from_domains: Vec::new(),
        tenants: Vec::new(),
        header: None,
        line_endings: None,
    }
}
