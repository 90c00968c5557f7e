//! Hops whose TLS is of another age: protocols, ciphers and certificates that no longer protect.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::*;

const MX1: &str = "192.0.2.1:25";

/// A ServerHello that picks these, as latin-1 text for the sink.
fn server_hello(version: [u8; 2], cipher: [u8; 2], random_ends: &[u8; 8]) -> String {
    let random = [&[b'r'; 24][..], random_ends].concat();
    let body = [&version[..], &random, &[0], &cipher, &[0]].concat();
    let handshake = [&[2, 0, 0, body.len() as u8][..], &body].concat();
    let record = [&[22, 3, 3, 0, handshake.len() as u8][..], &handshake].concat();
    record.into_iter().map(char::from).collect()
}

/// T102: RFC 8996 and RFC 9325; and RFC 8446 §4.1.3, the mark of a server that was talked down.
#[tokio::test(start_paused = true)]
async fn old_protocols_and_ciphers_end_the_handshake() {
    let authority = Authority::new();
    const ORDINARY: &[u8; 8] = b"ordinary";
    for (name, hello) in [
        ("TLS 1.0", server_hello([3, 1], [0xc0, 0x13], ORDINARY)),
        ("TLS 1.1", server_hello([3, 2], [0xc0, 0x13], ORDINARY)),
        ("SSL 3.0", server_hello([3, 0], [0x00, 0x2f], ORDINARY)),
        ("RC4", server_hello([3, 3], [0x00, 0x05], ORDINARY)),
        ("3DES", server_hello([3, 3], [0x00, 0x0a], ORDINARY)),
        ("NULL", server_hello([3, 3], [0x00, 0x02], ORDINARY)),
        ("export", server_hello([3, 3], [0x00, 0x03], ORDINARY)),
        ("CBC", server_hello([3, 3], [0xc0, 0x13], ORDINARY)),
        ("no forward secrecy", server_hello([3, 3], [0x00, 0x9c], ORDINARY)),
        ("talked down from TLS 1.3", server_hello([3, 3], [0xc0, 0x2f], b"DOWNGRD\x01")),
        ("talked down from TLS 1.2", server_hello([3, 3], [0xc0, 0x2f], b"DOWNGRD\x00")),
    ] {
        for level in [Level::Tls, Level::TlsVerified] {
            let old = sink().tls(authority.server(&["mx1.example.org"])).on("HANDSHAKE", &hello).build();
            let lab = Lab::new().trusts(&authority).hop(MX1, &old).start();
            let attempt = lab.one(level).await;
            let trouble = attempt.result.trouble();
            assert!(matches!(attempt.result, AttemptResult::Weak(_)), "{name}: {trouble}");
            assert!(!trouble.to_string().contains("time"), "refused, not waited out: {name}: {trouble}");
            assert!(!old.saw("MAIL"), "{name}");
        }
    }
}

/// T101: chains that verify in all but one thing.
#[tokio::test]
async fn chains_of_weak_keys_hashes_and_old_versions_are_not_verified() {
    let folder = tempfile::tempdir().unwrap();
    for (name, middle_key, middle_is_v3, leaf_hash, verifies) in [
        ("sound", "rsa:2048", true, "-sha256", true),
        ("RSA-1024", "rsa:1024", true, "-sha256", false),
        ("SHA-1", "rsa:2048", true, "-sha1", false),
        ("X.509 v1 intermediate", "rsa:2048", false, "-sha256", false),
    ] {
        let (config, root) = chain(folder.path(), middle_key, middle_is_v3, leaf_hash);
        let sink = sink().tls(config).build();
        let mut lab = Lab::new().hop(MX1, &sink);
        lab.config.tls_roots.push(root);
        // `openssl` makes them valid from now.
        lab.now = jiff::Timestamp::now();
        let lab = lab.start();
        let attempt = lab.one(Level::TlsVerified).await;
        assert_eq!(matches!(attempt.result, AttemptResult::Sent(_)), verifies, "{name}: {:?}", attempt.result);
        assert_eq!(sink.saw("MAIL"), verifies, "{name}");
    }
}

/// Root, intermediate, and a leaf for `mx1.example.org`, made by OpenSSL: what is wrong here no
/// library of ours would make. Gives the hop that shows it, and the root.
fn chain(
    folder: &Path,
    middle_key: &str,
    middle_is_v3: bool,
    leaf_hash: &str,
) -> (Arc<ServerConfig>, CertificateDer<'static>) {
    let openssl = |line: &str| {
        let words = line.split_whitespace();
        let status = Command::new("openssl").args(words).current_dir(folder).stderr(Stdio::null()).status();
        assert!(status.expect("openssl is installed").success(), "openssl {line}");
    };
    std::fs::write(folder.join("ca.ext"), "basicConstraints=critical,CA:TRUE\n").unwrap();
    std::fs::write(folder.join("leaf.ext"), "subjectAltName=DNS:mx1.example.org\n").unwrap();
    let ca = if middle_is_v3 { "-extfile ca.ext" } else { "" };
    openssl(
        "req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -days 30 -subj /CN=Root \
         -addext basicConstraints=critical,CA:TRUE",
    );
    openssl(&format!("req -new -newkey {middle_key} -nodes -keyout middle.key -out middle.csr -subj /CN=Middle"));
    openssl(&format!(
        "x509 -req -in middle.csr -CA root.pem -CAkey root.key -set_serial 2 -days 30 -sha256 {ca} -out middle.pem"
    ));
    openssl(
        "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout leaf.key -out leaf.csr -subj /CN=Leaf",
    );
    openssl(&format!(
        "x509 -req -in leaf.csr -CA middle.pem -CAkey middle.key -set_serial 3 -days 30 {leaf_hash} \
         -extfile leaf.ext -out leaf.pem"
    ));
    let certificate = |name: &str| CertificateDer::from_pem_file(folder.join(name)).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("leaf.key")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let shown = vec![certificate("leaf.pem"), certificate("middle.pem")];
    (Arc::new(builder.with_no_client_auth().with_single_cert(shown, key).unwrap()), certificate("root.pem"))
}
