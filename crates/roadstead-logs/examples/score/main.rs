//! Scores the classifier over labelled container logs.
//!
//! `score DIR [--classify PATH] [--misses]` feeds every `*.jsonl` of DIR (one container's stream each, see
//! `corpus/README.md` for the keys) to the `classify` example, one process per file, and prints one row per file and a
//! total. Of the labels nothing reaches the classifier: it gets `line`, `ts_ms` and `line_b64` only. `--misses` lists
//! every line that was answered wrongly. Without `--classify` the program next to this one is run.
//!
//! | column | meaning |
//! |---|---|
//! | `errF1`, `warnF1` | F1 of the severity `error` (`warn`) over lines, continuations included |
//! | `traps` | benign lines made to look like trouble that were called error or warning, of how many |
//! | `startF1` | F1 of `starts_event` over lines |
//! | `GA` | grouping accuracy: share of lines whose predicted group, as a set of the file's lines, is exactly the labelled one |
//! | `FGA` | F1 over groups: a predicted group is right if its set of lines is a labelled group's |
//! | `issueF1` | F1 over issues: an issue is the set of first lines of error and warning events of one group |
//! | `raised` | continuation lines that were called a first line of an error or warning |
//!
//! Totals count lines, groups and issues of all files together; they are not means of the rows. GA and FGA are those of
//! "Tools and Benchmarks for Automated Log Parsing" (Zhu et al.) and "Guidelines for Assessing the Accuracy of Log Message
//! Template Identification Techniques" (Khan et al.).
#![allow(clippy::print_stdout)]

mod measure;

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, thread};

use measure::{Answer, Labelled, Score, misses, score};
use serde_json::{Value, json};

fn share(part: Option<f64>) -> String {
    part.map_or_else(|| "-".to_owned(), |part| format!("{part:.3}"))
}

fn row(name: &str, score: &Score) -> String {
    format!(
        "{name:<22} {:>6} {:>7} {:>7} {:>8} {:>8} {:>6} {:>6} {:>8} {:>7}",
        score.lines,
        share(score.errors.f1()),
        share(score.warnings.f1()),
        format!("{}/{}", score.traps_flagged, score.traps),
        share(score.starts.f1()),
        share((score.lines > 0).then(|| score.grouped as f64 / score.lines as f64)),
        share(score.groups.f1()),
        share(score.issues.f1()),
        score.raised,
    )
}

/// Runs the classifier over one file's lines and reads its answers.
fn classify(program: &Path, labels: &[Labelled]) -> Result<Vec<Answer>, Box<dyn Error>> {
    let mut input = Vec::new();
    for label in labels {
        let mut object = json!({ "line": label.line });
        if let Some(ts_ms) = label.ts_ms {
            object["ts_ms"] = Value::from(ts_ms);
        }
        if let Some(bytes) = &label.line_b64 {
            object["line_b64"] = Value::from(bytes.as_str());
        }
        writeln!(input, "{object}")?;
    }
    let mut child = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|cause| format!("{}: {cause}", program.display()))?;
    let mut stdin = child.stdin.take().ok_or("the classifier has no standard input")?;
    // Written beside the reading: both pipes are shorter than a file may be.
    let writer = thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output()?;
    writer.join().map_err(|_| "the writer stopped")??;
    if !output.status.success() {
        return Err(format!("{}: {}", program.display(), output.status).into());
    }
    let answers = String::from_utf8(output.stdout)?;
    let answers: Vec<Answer> = answers
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    if answers.len() != labels.len() {
        return Err(format!("{} answers to {} lines", answers.len(), labels.len()).into());
    }
    Ok(answers)
}

fn read(path: &Path) -> Result<Vec<Labelled>, Box<dyn Error>> {
    let text = fs::read_to_string(path)?;
    let mut labels = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let label = serde_json::from_str(line)
            .map_err(|cause| format!("{}:{}: {cause}", path.display(), number + 1))?;
        labels.push(label);
    }
    Ok(labels)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut folder = None;
    let mut program = env::current_exe()?.with_file_name("classify");
    let mut list = false;
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--misses" => list = true,
            "--classify" => program = arguments.next().ok_or("--classify needs a path")?.into(),
            _ => folder = Some(PathBuf::from(argument)),
        }
    }
    let folder = folder.ok_or("score DIR [--classify PATH] [--misses]")?;
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    paths.sort();

    println!(
        "{:<22} {:>6} {:>7} {:>7} {:>8} {:>8} {:>6} {:>6} {:>8} {:>7}",
        "file", "lines", "errF1", "warnF1", "traps", "startF1", "GA", "FGA", "issueF1", "raised"
    );
    let mut total = Score::default();
    let mut wrong = Vec::new();
    for path in &paths {
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let labels = read(path)?;
        let answers = classify(&program, &labels).map_err(|cause| format!("{name}: {cause}"))?;
        let scored = score(&labels, &answers);
        println!("{}", row(&name, &scored));
        if list {
            wrong.extend(
                misses(&labels, &answers)
                    .into_iter()
                    .map(|text| format!("{name}:{text}")),
            );
        }
        total += scored;
    }
    println!("{}", row(&format!("all {} files", paths.len()), &total));
    if list {
        println!("\n{} wrong lines", wrong.len());
        wrong.iter().for_each(|text| println!("{text}"));
    }
    Ok(())
}
