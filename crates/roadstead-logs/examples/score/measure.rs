//! The figures: what was asked of each line and each set of lines, and how the answers compare.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

use serde::Deserialize;

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    Error,
    Warn,
    Other,
}

/// One line as a person labelled it.
#[derive(Deserialize)]
pub(crate) struct Labelled {
    pub(crate) line: String,
    pub(crate) line_b64: Option<String>,
    pub(crate) ts_ms: Option<i64>,
    pub(crate) severity: Severity,
    pub(crate) starts_event: bool,
    pub(crate) group: String,
    #[serde(default)]
    pub(crate) trap: bool,
}

impl Labelled {
    fn is_trap(&self) -> bool {
        self.severity == Severity::Other && (self.trap || self.group.starts_with("trap-"))
    }
}

/// One line as the classifier answered it.
#[derive(Deserialize)]
pub(crate) struct Answer {
    pub(crate) severity: Severity,
    pub(crate) fingerprint: String,
    pub(crate) starts_event: bool,
}

/// Hits, false alarms and misses of one yes/no question.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Tally {
    hit: usize,
    false_alarm: usize,
    miss: usize,
}

impl Tally {
    fn count(&mut self, wanted: bool, got: bool) {
        match (wanted, got) {
            (true, true) => self.hit += 1,
            (false, true) => self.false_alarm += 1,
            (true, false) => self.miss += 1,
            (false, false) => {}
        }
    }

    /// Sets that occur in both lists are hits.
    fn of_sets(wanted: &[BTreeSet<usize>], got: &[BTreeSet<usize>]) -> Self {
        let hit = got.iter().filter(|set| wanted.contains(set)).count();
        Self {
            hit,
            false_alarm: got.len() - hit,
            miss: wanted.len() - hit,
        }
    }

    /// The harmonic mean of precision and recall; nothing where nothing was wanted and nothing was said.
    pub(crate) fn f1(self) -> Option<f64> {
        let weight = 2 * self.hit + self.false_alarm + self.miss;
        (weight > 0).then(|| 2.0 * self.hit as f64 / weight as f64)
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.hit += other.hit;
        self.false_alarm += other.false_alarm;
        self.miss += other.miss;
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Score {
    pub(crate) lines: usize,
    pub(crate) errors: Tally,
    pub(crate) warnings: Tally,
    pub(crate) starts: Tally,
    pub(crate) traps: usize,
    pub(crate) traps_flagged: usize,
    pub(crate) grouped: usize,
    pub(crate) groups: Tally,
    pub(crate) issues: Tally,
    pub(crate) raised: usize,
}

impl AddAssign for Score {
    fn add_assign(&mut self, other: Self) {
        self.lines += other.lines;
        self.errors += other.errors;
        self.warnings += other.warnings;
        self.starts += other.starts;
        self.traps += other.traps;
        self.traps_flagged += other.traps_flagged;
        self.grouped += other.grouped;
        self.groups += other.groups;
        self.issues += other.issues;
        self.raised += other.raised;
    }
}

/// The numbers of the lines of each name, for the lines whose name is given.
fn sets<'a>(names: impl Iterator<Item = Option<&'a str>>) -> BTreeMap<&'a str, BTreeSet<usize>> {
    let mut sets: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (number, name) in names.enumerate() {
        if let Some(name) = name {
            sets.entry(name).or_default().insert(number);
        }
    }
    sets
}

fn values(sets: BTreeMap<&str, BTreeSet<usize>>) -> Vec<BTreeSet<usize>> {
    sets.into_values().collect()
}

/// Whether each line's predicted group holds exactly the lines of its labelled one.
fn grouped_right(labels: &[Labelled], answers: &[Answer]) -> Vec<bool> {
    let wanted = sets(labels.iter().map(|label| Some(label.group.as_str())));
    let got = sets(answers.iter().map(|answer| Some(answer.fingerprint.as_str())));
    let pairs = labels.iter().zip(answers);
    pairs
        .map(|(label, answer)| wanted.get(label.group.as_str()) == got.get(answer.fingerprint.as_str()))
        .collect()
}

/// Scores one file; both slices are of the same length.
pub(crate) fn score(labels: &[Labelled], answers: &[Answer]) -> Score {
    let mut score = Score {
        lines: labels.len(),
        ..Score::default()
    };
    for (label, answer) in labels.iter().zip(answers) {
        let flagged = answer.severity != Severity::Other;
        score.errors.count(
            label.severity == Severity::Error,
            answer.severity == Severity::Error,
        );
        score.warnings.count(
            label.severity == Severity::Warn,
            answer.severity == Severity::Warn,
        );
        score.starts.count(label.starts_event, answer.starts_event);
        score.traps += usize::from(label.is_trap());
        score.traps_flagged += usize::from(label.is_trap() && flagged);
        score.raised += usize::from(!label.starts_event && answer.starts_event && flagged);
    }
    score.grouped = grouped_right(labels, answers)
        .into_iter()
        .filter(|right| *right)
        .count();
    score.groups = Tally::of_sets(
        &values(sets(labels.iter().map(|label| Some(label.group.as_str())))),
        &values(sets(
            answers.iter().map(|answer| Some(answer.fingerprint.as_str())),
        )),
    );
    score.issues = Tally::of_sets(
        &values(sets(labels.iter().map(|label| {
            (label.starts_event && label.severity != Severity::Other).then_some(label.group.as_str())
        }))),
        &values(sets(answers.iter().map(|answer| {
            (answer.starts_event && answer.severity != Severity::Other).then_some(answer.fingerprint.as_str())
        }))),
    );
    score
}

/// What is wrong with each line of a file, one text per wrong line.
pub(crate) fn misses(labels: &[Labelled], answers: &[Answer]) -> Vec<String> {
    let mut fingerprints_of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut groups_of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (label, answer) in labels.iter().zip(answers) {
        fingerprints_of
            .entry(&label.group)
            .or_default()
            .insert(&answer.fingerprint);
        groups_of
            .entry(&answer.fingerprint)
            .or_default()
            .insert(&label.group);
    }
    let mut texts = Vec::new();
    let right = grouped_right(labels, answers);
    for (number, (label, answer)) in labels.iter().zip(answers).enumerate() {
        let mut wrong = Vec::new();
        if label.severity != answer.severity {
            let trap = if label.is_trap() { " (trap)" } else { "" };
            wrong.push(format!("{:?} not {:?}{trap}", label.severity, answer.severity).to_lowercase());
        }
        if label.starts_event != answer.starts_event {
            wrong.push(
                if label.starts_event {
                    "starts an event"
                } else {
                    "continues"
                }
                .to_owned(),
            );
        }
        if !right[number] {
            let pieces = fingerprints_of.get(label.group.as_str()).map_or(0, BTreeSet::len);
            if pieces > 1 {
                wrong.push(format!("group split in {pieces}"));
            }
            let others = groups_of.get(answer.fingerprint.as_str()).into_iter().flatten();
            let others: Vec<&str> = others.copied().filter(|group| *group != label.group).collect();
            if !others.is_empty() {
                wrong.push(format!("merged with {}", others.join(", ")));
            }
        }
        if !wrong.is_empty() {
            let line: String = label
                .line
                .chars()
                .take(160)
                .flat_map(char::escape_debug)
                .collect();
            texts.push(format!(
                "{}: [{}] {}\n      {line}",
                number + 1,
                label.group,
                wrong.join("; ")
            ));
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use Severity::{Error as E, Other as O, Warn as W};

    fn label(severity: Severity, starts_event: bool, group: &str) -> Labelled {
        let group = group.to_owned();
        Labelled {
            line: String::new(),
            line_b64: None,
            ts_ms: None,
            severity,
            starts_event,
            group,
            trap: false,
        }
    }

    fn answer(severity: Severity, starts_event: bool, fingerprint: &str) -> Answer {
        Answer {
            severity,
            fingerprint: fingerprint.to_owned(),
            starts_event,
        }
    }

    /// A trace of two lines, its repetition, a warning, two benign lines of one statement, a trap.
    fn labels() -> Vec<Labelled> {
        vec![
            label(E, true, "trace"),
            label(E, false, "trace"),
            label(E, true, "trace"),
            label(W, true, "disk"),
            label(O, true, "request"),
            label(O, true, "request"),
            label(O, true, "trap-name"),
        ]
    }

    #[test]
    fn right_answers_score_one_everywhere() {
        let answers: Vec<Answer> = labels()
            .iter()
            .map(|label| answer(label.severity, label.starts_event, &label.group))
            .collect();
        let score = score(&labels(), &answers);
        for tally in [
            score.errors,
            score.warnings,
            score.starts,
            score.groups,
            score.issues,
        ] {
            assert_eq!(tally.f1(), Some(1.0));
        }
        assert_eq!(
            (score.grouped, score.traps, score.traps_flagged, score.raised),
            (7, 1, 0, 0)
        );
        assert!(misses(&labels(), &answers).is_empty());
    }

    #[test]
    fn wrong_answers_score_what_a_hand_computes() {
        let answers = [
            answer(E, true, "1"),
            answer(E, true, "2"), // raised as an event of its own
            answer(E, true, "1"),
            answer(O, true, "3"), // missed
            answer(O, true, "4"),
            answer(O, true, "5"), // one statement split in two
            answer(W, true, "6"), // the trap
        ];
        let score = score(&labels(), &answers);
        assert_eq!(
            score.errors,
            Tally {
                hit: 3,
                false_alarm: 0,
                miss: 0
            }
        );
        assert_eq!(
            score.warnings,
            Tally {
                hit: 0,
                false_alarm: 1,
                miss: 1
            }
        );
        assert_eq!(
            score.starts,
            Tally {
                hit: 6,
                false_alarm: 1,
                miss: 0
            }
        );
        assert_eq!((score.traps, score.traps_flagged, score.raised), (1, 1, 1));
        // Only the lines of `disk` and `trap-name` are in a group of exactly their lines.
        assert_eq!(score.grouped, 2);
        assert_eq!(
            score.groups,
            Tally {
                hit: 2,
                false_alarm: 4,
                miss: 2
            }
        );
        // Wanted {0, 2} and {3}; said {0, 2}, {1} and {6}.
        assert_eq!(
            score.issues,
            Tally {
                hit: 1,
                false_alarm: 2,
                miss: 1
            }
        );
        assert_eq!(score.issues.f1(), Some(0.4));
        assert_eq!(misses(&labels(), &answers).len(), 7);
    }

    #[test]
    fn nothing_wanted_and_nothing_said_has_no_f1() {
        assert_eq!(Tally::default().f1(), None);
    }
}
