//! `logs`: the classifier over a large file of ordinary service lines, beside `rg` looking for words of trouble in it.
//!
//! Both read the same file from the system's cache on one core, in turn, so that a busy machine slows both. Ours does
//! what the collector does with each line once its frame is off: finds its end, checks that it is UTF-8, joins, judges
//! and groups it. `rg` only counts lines that have one of nine words in them.

use std::fs::File;
use std::io::{BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Args;
use roadstead_logs::framing::Stream;
use roadstead_logs::{Assembler, Severity};
use serde::{Deserialize, Serialize};

use crate::figure::{Figure, Findings, Reach};
use crate::log_text::LogText;
use crate::timing::{Whose, cpu_time, resident_memory};

/// What an operator would type to look for trouble.
const WORDS: &str = "error|fatal|panic|crit|oom|killed|exception|traceback|warn";
/// Bytes read at once.
const PIECE_BYTES: usize = 256 * 1024;
/// Memory may grow by this much between the first tenth of the file and its end and still be called flat.
const FLAT_BYTES: f64 = 1_048_576.0;
const MEGA: f64 = 1e6;

/// The classifier beside rg.
#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    /// Size of the file, millions of bytes.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    mb: u32,
    /// Runs of each side; the best of each is compared.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// The rg program (Debian and Ubuntu: package ripgrep).
    #[arg(long, default_value = "rg")]
    rg: PathBuf,
}

/// The file, and what was written into it.
#[derive(Debug, Serialize, Deserialize)]
struct LogFile {
    #[serde(skip)]
    path: PathBuf,
    bytes: u64,
    lines: u64,
    errors: u64,
    warnings: u64,
    trouble_lines: u64,
}

impl LogFile {
    /// The file of this size in `data`, written when it is not there.
    fn build(data: &Path, mb: u32) -> anyhow::Result<Self> {
        let path = data.join(format!("logs-{mb}.txt"));
        // Beside it once it is whole: a file that was broken off is written anew.
        let told = data.join(format!("logs-{mb}.json"));
        if let Ok(text) = std::fs::read_to_string(&told)
            && let Ok(file) = serde_json::from_str::<Self>(&text)
            && std::fs::metadata(&path).is_ok_and(|metadata| metadata.len() == file.bytes)
        {
            return Ok(Self { path, ..file });
        }
        eprintln!("writing {mb} MB of log lines …");
        let mut output =
            BufWriter::new(File::create(&path).with_context(|| format!("cannot make {}", path.display()))?);
        let (mut lines, mut text, mut bytes) = (LogText::new(), String::new(), 0);
        while bytes < u64::from(mb) * 1_000_000 {
            text.clear();
            lines.push_event(&mut text);
            output.write_all(text.as_bytes())?;
            bytes += text.len() as u64;
        }
        output.flush()?;
        let written = lines.written();
        let file = Self {
            path,
            bytes,
            lines: written.lines,
            errors: written.errors,
            warnings: written.warnings,
            trouble_lines: written.trouble_lines,
        };
        std::fs::write(&told, serde_json::to_vec(&file)?)?;
        Ok(file)
    }
}

/// One run.
#[derive(Debug, Clone, Copy)]
struct Run {
    wall: Duration,
    cpu: Duration,
}

/// What the classifier found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Found {
    lines: u64,
    errors: u64,
    warnings: u64,
    /// Resident memory after the first tenth, and the most of all later looks.
    first_tenth_bytes: u64,
    later_bytes: u64,
}

pub(crate) fn run(args: &LogsArgs, data: &Path) -> anyhow::Result<Findings> {
    let version = rg_version(&args.rg)?;
    let file = LogFile::build(data, args.mb)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut found = Found::default();
    let mut matched = 0;
    for round in 0..=args.runs {
        let (our_run, our_found) = classify(&file)?;
        let (their_run, count) = count_with_rg(&args.rg, &file.path)?;
        matched = count;
        // The first round brings the file into the system's cache, and memory to where it stays, if it does.
        if round == 0 {
            found = our_found;
        } else {
            ours.push(our_run);
            theirs.push(their_run);
        }
    }
    ensure!(
        found.lines == file.lines,
        "{} of {} lines were read",
        found.lines,
        file.lines
    );
    let megabytes = file.bytes as f64 / MEGA;
    let (our_s, our_cpu_s) = best(&ours).context("no run was made")?;
    let (their_s, their_cpu_s) = best(&theirs).context("no run was made")?;
    let figure = |name: &str, value: f64, unit| Figure::new("logs", name, value, unit);
    let grown = found.later_bytes.saturating_sub(found.first_tenth_bytes);
    Ok(Findings {
        title: format!(
            "logs: the classifier over {megabytes:.0} MB, {} lines of 12 formats, {:.2} % of them trouble; best of {} runs on one core",
            file.lines,
            100.0 * file.trouble_lines as f64 / file.lines as f64,
            args.runs
        ),
        notes: vec![
            format!("rg: {version}, rg -j1 -c -i '{WORDS}': {matched} lines matched"),
            format!(
                "found {} errors and {} warnings; written were {} and {}",
                found.errors, found.warnings, file.errors, file.warnings
            ),
        ],
        figures: vec![
            figure("seconds", our_s, "s")
                .against("rg", their_s)
                .reach(Reach::RatioAtMost(1.0)),
            figure("cpu_seconds", our_cpu_s, "s").against("rg", their_cpu_s),
            figure("mb_per_s", megabytes / our_s, "MB/s").against("rg", megabytes / their_s),
            figure("lines_per_s", file.lines as f64 / our_s, "1/s"),
            figure("events", (found.errors + found.warnings) as f64, "events")
                .against("written", (file.errors + file.warnings) as f64),
            figure("memory_grown_bytes", grown as f64, "bytes").reach(Reach::AtMost(FLAT_BYTES)),
            figure("rss_bytes", found.later_bytes as f64, "bytes"),
        ],
    })
}

/// The shortest wall time and the least CPU time, in seconds.
fn best(runs: &[Run]) -> Option<(f64, f64)> {
    let wall = runs.iter().map(|run| run.wall).min()?;
    let cpu = runs.iter().map(|run| run.cpu).min()?;
    Some((wall.as_secs_f64(), cpu.as_secs_f64()))
}

/// The whole file through the classifier, in this thread.
fn classify(file: &LogFile) -> anyhow::Result<(Run, Found)> {
    let (cpu_before, started) = (cpu_time(Whose::Ours)?, Instant::now());
    let mut input = File::open(&file.path).with_context(|| format!("cannot open {}", file.path.display()))?;
    let mut classifier = Classifier::default();
    let mut piece = vec![0; PIECE_BYTES];
    let (mut kept, mut read_bytes, mut tenths) = (0, 0, 0);
    let mut found = Found::default();
    loop {
        let more = input.read(&mut piece[kept..])?;
        if more == 0 {
            break;
        }
        let filled = kept + more;
        let used = memchr::memrchr(b'\n', &piece[..filled]).map_or(0, |end| end + 1);
        ensure!(used > 0, "a line is longer than {PIECE_BYTES} bytes");
        classifier.take(&piece[..used]);
        piece.copy_within(used..filled, 0);
        kept = filled - used;
        read_bytes += more as u64;
        if read_bytes * 10 / file.bytes > tenths {
            tenths = read_bytes * 10 / file.bytes;
            let now_bytes = resident_memory()?.now_bytes;
            if tenths == 1 {
                found.first_tenth_bytes = now_bytes;
            }
            found.later_bytes = found.later_bytes.max(now_bytes);
        }
    }
    classifier.finish();
    let run = Run {
        wall: started.elapsed(),
        cpu: cpu_time(Whose::Ours)?.saturating_sub(cpu_before),
    };
    Ok((
        run,
        Found {
            lines: classifier.assembler.lines(),
            errors: classifier.errors,
            warnings: classifier.warnings,
            ..found
        },
    ))
}

/// What the collector does with lines.
#[derive(Debug, Default)]
struct Classifier {
    assembler: Assembler,
    errors: u64,
    warnings: u64,
    /// So that no fingerprint is computed in vain.
    hashes: u64,
}

impl Classifier {
    /// Takes whole lines.
    fn take(&mut self, lines: &[u8]) {
        let Self {
            assembler,
            errors,
            warnings,
            hashes,
        } = self;
        assembler.push_lines(Stream::Stdout, None, lines, &mut |event| {
            match event.severity {
                Severity::Error => *errors += 1,
                _ => *warnings += 1,
            }
            *hashes ^= event.fingerprint.hash;
        });
    }

    fn finish(&mut self) {
        let (errors, warnings) = (&mut self.errors, &mut self.warnings);
        self.assembler.finish(&mut |event| match event.severity {
            Severity::Error => *errors += 1,
            _ => *warnings += 1,
        });
        std::hint::black_box(self.hashes);
    }
}

fn rg_version(rg: &Path) -> anyhow::Result<String> {
    let output = Command::new(rg).arg("--version").output().with_context(|| {
        format!(
            "cannot run {}: install it (Debian and Ubuntu: apt-get install ripgrep) or name it with --rg",
            rg.display()
        )
    })?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// The same with rg: its run and the lines it counted.
fn count_with_rg(rg: &Path, file: &Path) -> anyhow::Result<(Run, u64)> {
    let (cpu_before, started) = (cpu_time(Whose::EndedChildren)?, Instant::now());
    let output = Command::new(rg)
        .args(["--no-config", "-j1", "-c", "-i", WORDS])
        .arg(file)
        .output()
        .with_context(|| format!("cannot run {}", rg.display()))?;
    let run = Run {
        wall: started.elapsed(),
        cpu: cpu_time(Whose::EndedChildren)?.saturating_sub(cpu_before),
    };
    ensure!(
        output.status.success(),
        "rg: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let count = String::from_utf8_lossy(&output.stdout).trim().parse();
    Ok((run, count.context("rg told no count")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_is_classified_as_it_was_written() {
        let data = tempfile::tempdir().unwrap();
        let file = LogFile::build(data.path(), 9).unwrap();
        let (_, found) = classify(&file).unwrap();
        assert_eq!(
            (found.lines, found.errors, found.warnings),
            (file.lines, file.errors, file.warnings)
        );
        let again = LogFile::build(data.path(), 9).unwrap();
        assert_eq!(again.bytes, file.bytes, "it is written once");
    }
}
