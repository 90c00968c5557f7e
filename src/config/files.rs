//! Files that the configuration names: secrets, certificates, keys, roots.
//!
//! Errors say which file and why; they never repeat what stands in it.

use std::path::{Path, PathBuf};

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::SecretString;

use super::units::SecretRef;

/// What is said of a credential outside the service that systemd shows it to.
pub const NO_CREDENTIALS: &str = "there are no systemd credentials here";

/// Where relative paths count from, and where systemd put its credentials.
#[derive(Clone, Debug)]
pub struct Base {
    pub folder: PathBuf,
    pub credentials: Option<PathBuf>,
}

impl Base {
    /// The path as meant: relative to the configuration's folder, without detours.
    pub fn path(&self, written: &str) -> PathBuf {
        let mut path = PathBuf::new();
        for part in self.folder.join(written).components() {
            match part {
                std::path::Component::CurDir => {}
                std::path::Component::ParentDir if path.file_name().is_some_and(|name| name != "..") => _ = path.pop(),
                part => path.push(part),
            }
        }
        path
    }

    /// The file that a secret stands in.
    pub fn secret_path(&self, secret: &SecretRef) -> Result<PathBuf, String> {
        match secret {
            SecretRef::File(path) => Ok(self.path(path)),
            SecretRef::Credential(name) => match &self.credentials {
                Some(folder) => Ok(folder.join(name)),
                None => Err(format!("{NO_CREDENTIALS}, so no {name:?}")),
            },
            SecretRef::Command(_) => Err("only keys.master may be a command".to_owned()),
        }
    }

    /// What to say of a secret that everybody on the machine can read.
    pub fn exposed(&self, secret: &SecretRef) -> Option<String> {
        self.secret_path(secret).ok().and_then(|path| exposed(&path))
    }

    /// Reads a secret; one line end at its end doesn't count.
    pub fn secret(&self, secret: &SecretRef) -> Result<SecretString, String> {
        let path = self.secret_path(secret)?;
        let text = std::fs::read_to_string(&path).map_err(|error| said(&path, &error))?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        match text {
            "" => Err(format!("{} is empty", path.display())),
            text => Ok(text.into()),
        }
    }
}

/// The certificates of a PEM file, leaf first.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let pem = std::fs::read(path).map_err(|error| said(path, &error))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(format!("{} has no certificate in PEM", path.display())),
        Err(_) => Err(format!("{} is damaged PEM", path.display())),
    }
}

/// A private key in PEM.
pub fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let pem = std::fs::read(path).map_err(|error| said(path, &error))?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|_| format!("{} has no private key in PEM", path.display()))
}

/// A certificate with its chain, and the key that belongs to it.
pub fn pair(
    certificate: &Path,
    key: &Path,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Vec<String>> {
    let (chain, key_der) = match (certificates(certificate), private_key(key)) {
        (Ok(chain), Ok(key)) => (chain, key),
        (chain, key) => return Err([chain.err(), key.err()].into_iter().flatten().collect()),
    };
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    match rustls::sign::CertifiedKey::from_der(chain.clone(), key_der.clone_key(), &provider) {
        Ok(_) => Ok((chain, key_der)),
        Err(rustls::Error::InconsistentKeys(_)) => {
            Err(vec![format!("{} is not the key of {}", key.display(), certificate.display())])
        }
        Err(error) => Err(vec![format!("{}: {error}", certificate.display())]),
    }
}

/// What to say of a file that only its owner should read, and everybody on the machine can.
pub fn exposed(path: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o007 != 0).then(|| format!("{} can be read by everybody (mode {mode:o})", path.display()))
}

fn said(path: &Path, error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => format!("there is no {}", path.display()),
        std::io::ErrorKind::PermissionDenied => format!("{} can't be read: permission denied", path.display()),
        _ => format!("{} can't be read: {error}", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn paths_count_from_the_files_folder() {
        let base = Base { folder: "/etc/waxseal".into(), credentials: None };
        for (written, meant) in
            [("../var", "/etc/var"), ("rules", "/etc/waxseal/rules"), ("/a/./b", "/a/b"), ("a/../../b", "/etc/b")]
        {
            assert_eq!(base.path(written), Path::new(meant), "{written}");
        }
        let here = Base { folder: "config".into(), credentials: None };
        assert_eq!(here.path("../var"), Path::new("var"));
        assert_eq!(here.path("../../var"), Path::new("../var"));
    }

    #[test]
    fn a_secret_is_read_from_its_file_and_told_if_everybody_can() {
        let folder = tempfile::tempdir().unwrap();
        let base = Base { folder: folder.path().into(), credentials: Some(folder.path().into()) };
        let path = folder.path().join("s");
        std::fs::write(&path, "hunter2\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        for secret in [SecretRef::File("s".into()), SecretRef::Credential("s".into())] {
            assert_eq!(base.secret(&secret).unwrap().expose_secret(), "hunter2");
        }
        assert_eq!(exposed(&path), None);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(exposed(&path).unwrap().ends_with("can be read by everybody (mode 644)"));
        assert!(base.secret(&SecretRef::Command("cat s".into())).is_err());
    }

    #[test]
    fn a_key_must_belong_to_its_certificate() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let one = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
        let other = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
        let certificate = write("a.crt", &one.cert.pem());
        let key = write("a.key", &one.signing_key.serialize_pem());
        let wrong = write("b.key", &other.signing_key.serialize_pem());
        assert!(pair(&certificate, &key).is_ok());
        assert!(pair(&certificate, &wrong).unwrap_err()[0].contains("is not the key of"));
        assert!(pair(&key, &certificate).unwrap_err()[0].contains("has no certificate"));
        assert_eq!(pair(&folder.path().join("x"), &folder.path().join("y")).unwrap_err().len(), 2);
    }
}
