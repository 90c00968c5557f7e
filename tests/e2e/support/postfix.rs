//! A real Postfix with folders and a port of its own.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::eventually;

/// Postfix, running. Stopped when dropped.
pub struct Postfix {
    folder: tempfile::TempDir,
    pub address: SocketAddr,
}

/// What a relay needs of Postfix's services, none of them in a chroot.
const SERVICES: &str = "\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
";

impl Postfix {
    /// A relay for this machine that hands everything on to `next`; `further` goes into `main.cf`,
    /// where `$FOLDER` stands for its folder. Wants root, as Postfix does.
    pub fn start(hostname: &str, next: SocketAddr, files: &[(&str, &str)], further: &str) -> Postfix {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("a mode");
        for name in ["etc", "queue", "data"] {
            std::fs::create_dir(at(name)).expect("a folder");
        }
        for (name, text) in files {
            std::fs::write(at(name), text).expect("a file");
        }
        let address = free_port();
        let place = folder.path().display();
        let main = format!(
            "compatibility_level = 3.6\nqueue_directory = {place}/queue\ndata_directory = {place}/data\n\
             maillog_file = {place}/maillog\nmaillog_file_prefixes = {place}\ninet_interfaces = 127.0.0.1\n\
             inet_protocols = ipv4\nmyhostname = {hostname}\nmydestination =\nalias_maps =\n\
             local_recipient_maps =\nrelayhost = [{}]:{}\nsmtp_dns_support_level = disabled\n\
             mynetworks = 127.0.0.0/8\nsmtpd_relay_restrictions = permit_mynetworks, reject\n{}\n",
            next.ip(),
            next.port(),
            further.replace("$FOLDER", &place.to_string()),
        );
        std::fs::write(at("etc/main.cf"), main).expect("main.cf");
        let master = format!("{}:{} inet n - n - - smtpd\n{SERVICES}", address.ip(), address.port());
        std::fs::write(at("etc/master.cf"), master).expect("master.cf");
        let owned = Command::new("chown").arg("postfix").arg(at("data")).status().expect("chown runs");
        assert!(owned.success(), "Postfix is installed (scripts/test does it), and this is root");
        let postfix = Postfix { folder, address };
        assert!(postfix.command("start").success(), "Postfix starts: {}", postfix.log());
        eventually("Postfix listens", || TcpStream::connect(address).ok());
        postfix
    }

    fn command(&self, verb: &str) -> std::process::ExitStatus {
        let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
        Command::new("/usr/sbin/postfix")
            .arg("-c")
            .arg(self.folder.path().join("etc"))
            .arg(verb)
            .env("PATH", path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("postfix runs")
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("maillog")).unwrap_or_default()
    }

    /// Messages that still wait in its queue.
    pub fn waiting(&self) -> usize {
        let folders = ["incoming", "active", "deferred"].map(|name| self.folder.path().join("queue").join(name));
        folders.into_iter().map(count).sum()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        self.command("stop");
    }
}

fn count(folder: PathBuf) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { count(entry.path()) } else { 1 }).sum()
}

/// A port that was free a moment ago.
fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port")
}
