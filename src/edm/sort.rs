//! Sorting more hashes than memory should hold: sorted runs in files without names, merged at the end.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::site::Hashed;

/// Hashes in memory at a time: 64 MiB.
const CHUNK: usize = 4 << 20;

pub struct Sorter {
    folder: PathBuf,
    chunk: Vec<Hashed>,
    most: usize,
    runs: Vec<File>,
    written: u64,
}

impl Sorter {
    pub fn new(folder: &Path) -> Self {
        Self::with_chunk(folder, CHUNK)
    }

    fn with_chunk(folder: &Path, most: usize) -> Self {
        Self { folder: folder.to_owned(), chunk: Vec::new(), most, runs: Vec::new(), written: 0 }
    }

    pub fn push(&mut self, hashed: Hashed) -> io::Result<()> {
        self.chunk.push(hashed);
        if self.chunk.len() >= self.most { self.spill() } else { Ok(()) }
    }

    /// Writes the chunk as a sorted run. Its file has lost its name already: nothing is left by a crash.
    fn spill(&mut self) -> io::Result<()> {
        self.chunk.sort_unstable();
        let path = self.folder.join(format!(".run-{}-{}", std::process::id(), self.runs.len()));
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        std::fs::remove_file(&path)?;
        let mut out = BufWriter::with_capacity(1 << 18, file);
        for hashed in &self.chunk {
            out.write_all(&hashed.exact.to_le_bytes())?;
            out.write_all(&hashed.quick.to_le_bytes())?;
        }
        let mut file = out.into_inner().map_err(|error| error.into_error())?;
        file.rewind()?;
        self.written += self.chunk.len() as u64;
        self.runs.push(file);
        self.chunk.clear();
        Ok(())
    }

    /// At most so many hashes will come out.
    pub fn len(&self) -> u64 {
        self.written + self.chunk.len() as u64
    }

    /// All of them in order, repeated ones one after another.
    pub fn sorted(mut self) -> io::Result<Merge> {
        if self.runs.is_empty() {
            self.chunk.sort_unstable();
            return Ok(Merge {
                memory: std::mem::take(&mut self.chunk).into_iter(),
                runs: vec![],
                next: BinaryHeap::new(),
            });
        }
        self.spill()?;
        let mut merge = Merge { memory: Vec::new().into_iter(), runs: Vec::new(), next: BinaryHeap::new() };
        for (at, file) in self.runs.into_iter().enumerate() {
            merge.runs.push(BufReader::with_capacity(1 << 18, file));
            merge.refill(at)?;
        }
        Ok(merge)
    }
}

/// The merge of all runs, or the one that fitted into memory.
pub struct Merge {
    memory: std::vec::IntoIter<Hashed>,
    runs: Vec<BufReader<File>>,
    next: BinaryHeap<Reverse<(Hashed, usize)>>,
}

impl Merge {
    fn refill(&mut self, run: usize) -> io::Result<()> {
        let mut bytes = [0; 16];
        match self.runs[run].read_exact(&mut bytes) {
            Ok(()) => {
                let (words, _) = bytes.as_chunks::<8>();
                let [exact, quick] = [0, 1].map(|at| u64::from_le_bytes(words[at]));
                self.next.push(Reverse((Hashed { exact, quick }, run)));
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl Iterator for Merge {
    type Item = io::Result<Hashed>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(hashed) = self.memory.next() {
            return Some(Ok(hashed));
        }
        let Reverse((hashed, run)) = self.next.pop()?;
        Some(self.refill(run).map(|()| hashed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_runs_come_out_as_one_order() {
        let folder = tempfile::tempdir().unwrap();
        for most in [7, 1_000_000] {
            let mut sorter = Sorter::with_chunk(folder.path(), most);
            let mut wanted: Vec<u64> = (0..1_000).map(|n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60).collect();
            wanted.iter().for_each(|exact| sorter.push(Hashed { exact: *exact, quick: !exact }).unwrap());
            wanted.sort_unstable();
            assert_eq!(sorter.len(), 1_000);
            let sorted: Vec<Hashed> = sorter.sorted().unwrap().collect::<io::Result<_>>().unwrap();
            assert_eq!(sorted.iter().map(|hashed| hashed.exact).collect::<Vec<_>>(), wanted);
            assert!(sorted.iter().all(|hashed| hashed.quick == !hashed.exact));
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
    }
}
