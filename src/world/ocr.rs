//! Text in pictures, read by Tesseract: a program of the site's, found at start, run confined once a picture.

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use recent::Recent;

use super::confine::{self, Limits};
use super::worker::Fault;

mod recent;

/// Where Debian and the distributions like it put the program. The environment's `PATH` is not asked:
/// what runs over strangers' pictures is no matter of who started us.
const PLACES: [&str; 2] = ["/usr/bin/tesseract", "/usr/local/bin/tesseract"];

/// Where distributions put the data of its languages.
const DATA: [&str; 6] = [
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tesseract-ocr/tessdata",
    "/usr/share/tesseract/tessdata",
    "/usr/share/tessdata",
    "/usr/local/share/tessdata",
];

/// Languages that are read where their data are installed.
const LANGUAGES: [&str; 2] = ["eng", "spa"];

/// A page takes a second or two; what takes longer is made to.
const DEADLINE: Duration = Duration::from_secs(30);

/// More text than any page holds.
const MOST_TEXT: u64 = 1 << 20;

/// Between looks at whether the program is done.
const LOOK: Duration = Duration::from_millis(10);

/// What the program may use: a page of 600 dots an inch takes some 200 MiB.
const LIMITS: Limits = Limits { memory: 1 << 30, processor: 60 };

/// Why pictures are not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    #[error("there is no tesseract here")]
    Program,
    #[error("tesseract has no data for English or Spanish")]
    Languages,
    /// It would see every file that this user may read.
    #[error("this kernel has no Landlock, and tesseract is not run without")]
    Landlock,
}

/// Tesseract as it was found. Nothing is run to find it.
#[derive(Clone, Debug)]
pub struct Ocr {
    program: PathBuf,
    /// This program, which confines itself before it becomes the other.
    own: PathBuf,
    data: PathBuf,
    languages: String,
    recent: Arc<Mutex<Recent>>,
}

impl Ocr {
    pub fn find() -> Result<Self, Missing> {
        let program = PLACES.iter().map(PathBuf::from).find(|place| place.is_file()).ok_or(Missing::Program)?;
        Self::of(program, std::env::current_exe().map_err(|_| Missing::Program)?)
    }

    /// That program, confined by the `own` one.
    pub fn of(program: PathBuf, own: PathBuf) -> Result<Self, Missing> {
        if !confine::has_landlock() {
            return Err(Missing::Landlock);
        }
        let (data, known) = DATA
            .into_iter()
            .map(|data| {
                (Path::new(data), LANGUAGES.into_iter().filter(|known| has_data(data, known)).collect::<Vec<_>>())
            })
            .find(|(_, known)| !known.is_empty())
            .ok_or(Missing::Languages)?;
        Ok(Self { program, own, data: data.to_owned(), languages: known.join("+"), recent: Arc::default() })
    }

    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The languages that it reads, as Tesseract writes them: `eng+spa`.
    pub fn languages(&self) -> &str {
        &self.languages
    }

    /// The text of a picture in any format that Tesseract opens. `stop` is asked now and then.
    pub fn read(&self, picture: &[u8], stop: &dyn Fn() -> bool) -> Result<String, Fault> {
        let (key, recent) = (recent::key(picture), || self.recent.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(text) = recent().text(&key) {
            return Ok(text);
        }
        let text = self.run(picture, stop)?;
        recent().keep(key, &text);
        Ok(text)
    }

    fn run(&self, picture: &[u8], stop: &dyn Fn() -> bool) -> Result<String, Fault> {
        let mut child = Command::new(&self.own)
            .args(["ocr", &self.languages])
            .args([&self.data, &self.program])
            .env_clear()
            // One thread: other messages have their own.
            .env("OMP_THREAD_LIMIT", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|_| Fault::Unavailable)?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let outcome = thread::scope(|threads| {
            threads.spawn(move || input.map(|mut input| input.write_all(picture)));
            let text = threads.spawn(move || {
                let mut text = Vec::new();
                output.map(|output| output.take(MOST_TEXT).read_to_end(&mut text));
                text
            });
            // Killed or done, its ends of the pipes are closed, and both threads return.
            let ended = wait(&mut child, stop);
            let text = text.join().unwrap_or_default();
            ended.map(|()| text)
        });
        outcome.map(|text| String::from_utf8_lossy(&text).into_owned())
    }
}

fn has_data(data: &str, language: &str) -> bool {
    Path::new(data).join(format!("{language}.traineddata")).is_file()
}

/// Waits until it is done, or kills it.
fn wait(child: &mut Child, stop: &dyn Fn() -> bool) -> Result<(), Fault> {
    let until = Instant::now() + DEADLINE;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return if status.success() { Ok(()) } else { Err(Fault::Ended) },
            Ok(None) if Instant::now() < until && !stop() => thread::sleep(LOOK),
            outcome => {
                _ = child.kill();
                _ = child.wait();
                return Err(if outcome.is_ok() { Fault::TimedOut } else { Fault::Ended });
            }
        }
    }
}

/// What the process does that [`Ocr::read`] starts: it confines itself, then becomes Tesseract, which
/// reads a picture from standard input. Returns only on failure.
pub fn become_tesseract(program: &Path, data: &Path, languages: &str) -> io::Error {
    if let Err(error) = confine::before_reading_pictures(&LIMITS) {
        return error;
    }
    Command::new(program).args(["stdin", "stdout", "-l", languages, "--tessdata-dir"]).arg(data).exec()
}
