//! The built gateway as a child process, with a folder of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::{Client, eventually};

/// The gateway, running. Killed when dropped.
pub struct Gateway {
    child: Child,
    folder: Arc<tempfile::TempDir>,
    log: Arc<Mutex<Vec<String>>>,
    /// Nobody reads its log any more.
    deaf: Arc<AtomicBool>,
}

impl Gateway {
    /// Starts it with the usual listener, source and HTTP door, and this further configuration.
    pub fn start(further: &str) -> Gateway {
        let folder = Arc::new(tempfile::tempdir().expect("a folder"));
        Gateway::start_in(folder, further)
    }

    /// The same in a folder that may already hold a store.
    pub fn start_in(folder: Arc<tempfile::TempDir>, further: &str) -> Gateway {
        configure(&folder, further);
        Gateway::start_as_it_stands(folder)
    }

    /// The same, run by another command that ends by becoming it, such as `prlimit`.
    pub fn start_under(wrapper: &[&str], further: &str) -> Gateway {
        let folder = Arc::new(tempfile::tempdir().expect("a folder"));
        configure(&folder, further);
        let mut command = Command::new(wrapper[0]);
        command.args(&wrapper[1..]).arg(env!("CARGO_BIN_EXE_waxseal"));
        Gateway::run_with(command, folder)
    }

    /// Starts on the configuration that already lies in the folder.
    pub fn start_as_it_stands(folder: Arc<tempfile::TempDir>) -> Gateway {
        Gateway::run_with(Command::new(env!("CARGO_BIN_EXE_waxseal")), folder)
    }

    fn run_with(mut command: Command, folder: Arc<tempfile::TempDir>) -> Gateway {
        let mut child = command
            .arg("serve")
            .arg("--config")
            .arg(folder.path().join("waxseal.yaml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the gateway starts");
        let log = Arc::new(Mutex::new(Vec::new()));
        let stderr = BufReader::new(child.stderr.take().expect("its log"));
        let deaf = Arc::new(AtomicBool::new(false));
        let (lines, ends) = (Arc::clone(&log), Arc::clone(&deaf));
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                lines.lock().expect("the log").push(line);
                while ends.load(Ordering::Relaxed) {
                    std::thread::sleep(std::time::Duration::from_millis(10));
                }
            }
        });
        let mut gateway = Gateway { child, folder, log, deaf };
        eventually("the gateway is ready", || {
            if let Ok(Some(status)) = gateway.child.try_wait() {
                panic!("the gateway ended with {status}:\n{}", gateway.log());
            }
            gateway.address_of("http")
        });
        gateway
    }

    /// Nobody reads its log from now on; the pipe stays open.
    pub fn turn_deaf(&self) {
        self.deaf.store(true, Ordering::Relaxed);
    }

    fn address_of(&self, listener: &str) -> Option<SocketAddr> {
        let log = self.log.lock().expect("the log");
        log.iter().find_map(|line| {
            let event: serde_json::Value = serde_json::from_str(line).ok()?;
            let field = |name: &str| event.get(name).or_else(|| event.get("fields")?.get(name))?.as_str();
            (field("message") == Some("listening") && field("listener") == Some(listener))
                .then(|| field("address")?.parse().ok())?
        })
    }

    /// Where the listener of that name takes connections.
    pub fn listener(&self, name: &str) -> SocketAddr {
        self.address_of(name).unwrap_or_else(|| panic!("no listener {name}:\n{}", self.log()))
    }

    /// A client that has read the greeting and said EHLO.
    pub fn client(&self) -> Client {
        let mut client = Client::connect(self.listener("relay"));
        client.ehlo();
        client
    }

    /// What it wrote to its log so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("the log").join("\n")
    }

    pub fn folder(&self) -> Arc<tempfile::TempDir> {
        Arc::clone(&self.folder)
    }

    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("var")
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Runs a command of the same binary on the same configuration.
    pub fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_waxseal"))
            .args(arguments)
            .arg("--config")
            .arg(self.folder.path().join("waxseal.yaml"))
            .stdin(Stdio::null())
            .output()
            .expect("the command runs")
    }

    /// Runs a command with `--json` that must succeed; its lines.
    pub fn json(&self, arguments: &[&str]) -> Vec<serde_json::Value> {
        let mut arguments = arguments.to_vec();
        arguments.push("--json");
        let output = self.run(&arguments);
        assert!(
            output.status.success(),
            "{arguments:?} ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// GET from the HTTP door: status and body.
    pub fn get(&self, path: &str) -> (u16, String) {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(self.listener("http")).expect("the HTTP door");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        (status, body.to_owned())
    }

    /// The value of the first sample on `/metrics` that starts with this text.
    pub fn metric(&self, sample: &str) -> Option<f64> {
        let (_, body) = self.get("/metrics");
        let line = body.lines().find(|line| line.starts_with(sample))?;
        line.rsplit(' ').next()?.parse().ok()
    }

    /// SIGKILL: no time to tidy up.
    pub fn kill(mut self) -> Arc<tempfile::TempDir> {
        self.child.kill().expect("a kill");
        self.child.wait().expect("its end");
        Arc::clone(&self.folder)
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status();
        assert!(status.expect("kill runs").success());
    }

    /// SIGTERM; waits for the end and gives the exit status.
    pub fn stop(mut self) -> std::process::ExitStatus {
        self.signal("TERM");
        self.child.wait().expect("its end")
    }
}

/// Writes the usual listener, source and HTTP door, and this further configuration.
fn configure(folder: &tempfile::TempDir, further: &str) {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut yaml = format!(
        "hostname: gw.clinic.example\ndata_dir: var\nrules: [{}]\nhttp: {{ bind: 127.0.0.1:0 }}\n",
        rules.display()
    );
    if !further.contains("listeners:") {
        yaml.push_str("listeners:\n  - { name: relay, bind: '127.0.0.1:0', tls: starttls }\n");
    }
    if !further.contains("sources:") {
        yaml.push_str("sources:\n  - { name: office, type: mta, networks: [127.0.0.0/8] }\n");
    }
    yaml.push_str(further);
    std::fs::write(folder.path().join("waxseal.yaml"), yaml).expect("the configuration is written");
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
