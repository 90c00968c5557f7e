//! Where the master key is kept, and how it is read from there.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use zeroize::Zeroizing;

use super::{Error, MasterKeys};

/// `keys.master` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file of ours, 0600. The only kind that is made if absent and that we rotate.
    File(PathBuf),
    /// A systemd credential: the file below `$CREDENTIALS_DIRECTORY`, or its bare name where there is none.
    Credential(PathBuf),
    /// A command whose output is the key, run by the shell.
    Command(String),
}

/// What to do if the file isn't there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// Nothing has been sealed yet: make one.
    Make,
    /// Something was sealed: a new key would lose it for good.
    Refuse,
}

/// How long a command may take to print the key: a service across the network is asked.
const COMMAND: Duration = Duration::from_secs(30);

/// No key is longer, with several older ones.
const MOST: u64 = 64 * 1024;

impl Source {
    pub fn load(&self, absent: Absent) -> Result<MasterKeys, Error> {
        match self {
            Source::File(path) => match File::open(path) {
                Ok(file) => read(path, file),
                Err(error) if error.kind() == ErrorKind::NotFound => match absent {
                    Absent::Make => make(path),
                    Absent::Refuse => Err(Error::Missing { path: path.clone() }),
                },
                Err(source) => Err(Error::Unreadable { path: path.clone(), source }),
            },
            // systemd told of no folder for it.
            Source::Credential(name) if name.is_relative() => Err(Error::NoCredential(name.display().to_string())),
            Source::Credential(path) => {
                let file = File::open(path).map_err(unreadable(path))?;
                parse(path, file)
            }
            Source::Command(command) => run(command, COMMAND),
        }
    }

    /// Puts these keys in the place of those that stand there, in one step.
    pub fn store(&self, keys: &MasterKeys) -> Result<(), Error> {
        let Source::File(path) = self else { return Err(Error::NotRotatable) };
        let new = path.with_extension("new");
        // Left by a rotation that was killed here: never in use.
        let _ = std::fs::remove_file(&new);
        write(&new, keys)?;
        std::fs::rename(&new, path).map_err(unreadable(path))?;
        sync_folder(path)
    }
}

fn make(path: &Path) -> Result<MasterKeys, Error> {
    let keys = MasterKeys::generate()?;
    write(path, &keys)?;
    sync_folder(path)?;
    Ok(keys)
}

fn write(path: &Path, keys: &MasterKeys) -> Result<(), Error> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(keys.to_text().as_bytes())?;
        file.sync_all()
    };
    write().map_err(unreadable(path))
}

fn sync_folder(path: &Path) -> Result<(), Error> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(unreadable(path))
}

/// Reads a file that only we may be able to read. The open file is judged, not its name, so that
/// it can't be exchanged in between.
fn read(path: &Path, file: File) -> Result<MasterKeys, Error> {
    let about = file.metadata().map_err(unreadable(path))?;
    let user = rustix::process::geteuid().as_raw();
    // An administrator's command looks after the folder of the user that runs the gateway.
    let for_its_owner = user == 0 && path.parent().and_then(owner_of) == Some(about.uid());
    if about.uid() != user && !for_its_owner {
        return Err(Error::Owner { path: path.to_owned(), owner: about.uid(), user });
    }
    if about.mode() & 0o077 != 0 {
        return Err(Error::Readable { path: path.to_owned(), mode: about.mode() & 0o7777 });
    }
    parse(path, file)
}

fn owner_of(folder: &Path) -> Option<u32> {
    std::fs::metadata(folder).ok().map(|about| about.uid())
}

fn parse(path: &Path, file: File) -> Result<MasterKeys, Error> {
    let mut text = Zeroizing::new(String::new());
    file.take(MOST).read_to_string(&mut text).map_err(unreadable(path))?;
    MasterKeys::parse(&text)
}

/// Runs the command in a process group of its own, so that all it started ends with it.
fn run(command: &str, deadline: Duration) -> Result<MasterKeys, Error> {
    let failed = |error: std::io::Error| Error::Command(error.to_string());
    let mut child = Command::new("/bin/sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .process_group(0)
        .spawn()
        .map_err(failed)?;
    let group = Pid::from_child(&child);
    let (sender, ended) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = Zeroizing::new(String::new());
        let stdout = child.stdout.take().expect("stdout is piped");
        let read = stdout.take(MOST).read_to_string(&mut text);
        // Nobody listens any more if it came too late.
        let _ = sender.send(child.wait().and_then(|status| read.map(|_| (status, text))));
    });
    let Ok(ended) = ended.recv_timeout(deadline) else {
        let _ = kill_process_group(group, Signal::KILL);
        return Err(Error::Command(format!("it gave no key within {} s and was ended", deadline.as_secs())));
    };
    match ended.map_err(failed)? {
        (status, text) if status.success() => MasterKeys::parse(&text),
        (status, _) => Err(Error::Command(status.to_string())),
    }
}

fn unreadable(path: &Path) -> impl Fn(std::io::Error) -> Error {
    move |source| Error::Unreadable { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn an_absent_file_is_made_private_only_where_nothing_was_sealed() {
        let folder = tempfile::tempdir().unwrap();
        let source = Source::File(folder.path().join("master.key"));
        assert!(matches!(source.load(Absent::Refuse), Err(Error::Missing { .. })));
        let made = source.load(Absent::Make).unwrap();
        let mode = std::fs::metadata(folder.path().join("master.key")).unwrap().mode() & 0o7777;
        assert_eq!(mode, 0o600);
        assert_eq!(source.load(Absent::Refuse).unwrap().current(), made.current());
    }

    /// T244.
    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let source = Source::File(path.clone());
        source.load(Absent::Make).unwrap();
        for mode in [0o644, 0o640, 0o602] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            let error = source.load(Absent::Make).unwrap_err().to_string();
            assert!(error.contains(&format!("{mode:04o}")), "{error}");
        }
    }

    #[test]
    fn a_command_prints_the_key_or_fails_clearly() {
        let text = MasterKeys::generate().unwrap().to_text();
        let source = Source::Command(format!("echo {}", text.trim()));
        assert_eq!(*source.load(Absent::Refuse).unwrap().to_text(), *text);
        assert!(matches!(Source::Command("exit 3".to_owned()).load(Absent::Make), Err(Error::Command(_))));
        assert!(matches!(Source::Command("echo hello".to_owned()).load(Absent::Make), Err(Error::Malformed)));
    }

    /// T244: a key service that hangs must not hang the start.
    #[test]
    fn a_command_that_hangs_is_ended_with_all_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("it went on");
        for command in ["sleep 2; touch '{}'", "exec >&-; sleep 2; touch '{}'", "(sleep 2; touch '{}') & wait"] {
            let command = command.replace("{}", &mark.display().to_string());
            let error = run(&command, Duration::from_millis(100)).unwrap_err().to_string();
            assert!(error.contains("no key within"), "{error}");
        }
        std::thread::sleep(Duration::from_millis(2200));
        assert!(!mark.exists());
    }

    #[test]
    fn a_rotation_replaces_the_file_in_one_step() {
        let folder = tempfile::tempdir().unwrap();
        let source = Source::File(folder.path().join("master.key"));
        let before = source.load(Absent::Make).unwrap();
        source.store(&before.with_new().unwrap()).unwrap();
        let after = source.load(Absent::Refuse).unwrap();
        assert!(after.knows(before.current()) && after.current() != before.current());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(matches!(Source::Command(String::new()).store(&after), Err(Error::NotRotatable)));
    }
}
