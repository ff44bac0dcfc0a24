//! What a measurement found, and how it is shown: a table to read, or one JSON object per figure and line.

use std::fmt::Write as _;

use serde::{Serialize, Serializer};

/// What a figure has to reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Reach {
    /// The value itself, at most this.
    AtMost(f64),
    /// The value itself, at least this.
    AtLeast(f64),
    /// The value over what it is compared with, at most this.
    RatioAtMost(f64),
}

/// One measured number beside what it is compared with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Figure {
    bench: &'static str,
    figure: String,
    #[serde(serialize_with = "short_number")]
    value: f64,
    unit: &'static str,
    against: Option<String>,
    #[serde(serialize_with = "short_number_or_null")]
    against_value: Option<f64>,
    #[serde(serialize_with = "short_number_or_null")]
    ratio: Option<f64>,
    #[serde(skip)]
    reach: Option<Reach>,
}

impl Figure {
    pub(crate) fn new(
        bench: &'static str,
        figure: impl Into<String>,
        value: f64,
        unit: &'static str,
    ) -> Self {
        Self {
            bench,
            figure: figure.into(),
            value,
            unit,
            against: None,
            against_value: None,
            ratio: None,
            reach: None,
        }
    }

    /// Compares with a number of the same unit from the same run. A comparison with zero has no ratio.
    pub(crate) fn against(mut self, name: impl Into<String>, value: f64) -> Self {
        self.against = Some(name.into());
        self.against_value = Some(value);
        self.ratio = (value != 0.0).then(|| self.value / value);
        self
    }

    /// Shows a number of another scale beside this one: no ratio, because it would mislead.
    pub(crate) fn beside(mut self, name: impl Into<String>, value: f64) -> Self {
        self.against = Some(name.into());
        self.against_value = Some(value);
        self
    }

    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.figure == name
    }

    pub(crate) fn reach(mut self, reach: Reach) -> Self {
        self.reach = Some(reach);
        self
    }

    /// Whether the reach is met; a ratio that could not be taken is not.
    pub(crate) fn is_reached(&self) -> bool {
        match self.reach {
            None => true,
            Some(Reach::AtMost(most)) => self.value <= most,
            Some(Reach::AtLeast(least)) => self.value >= least,
            Some(Reach::RatioAtMost(most)) => self.ratio.is_some_and(|ratio| ratio <= most),
        }
    }

    fn reach_text(&self) -> String {
        let mark = if self.is_reached() { "ok" } else { "MISSED" };
        match self.reach {
            None => String::new(),
            Some(Reach::AtMost(most)) => format!("<= {} {mark}", number(most)),
            Some(Reach::AtLeast(least)) => format!(">= {} {mark}", number(least)),
            Some(Reach::RatioAtMost(most)) => format!("ratio <= {} {mark}", number(most)),
        }
    }

    fn cells(&self) -> [String; 7] {
        let text = |value: Option<f64>| value.map_or_else(String::new, number);
        [
            self.figure.clone(),
            number(self.value),
            self.unit.to_owned(),
            self.against.clone().unwrap_or_default(),
            text(self.against_value),
            text(self.ratio),
            self.reach_text(),
        ]
    }
}

/// Everything one bench found.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Findings {
    /// What was measured, at which size.
    pub(crate) title: String,
    /// What a reader must know to read the figures rightly.
    pub(crate) notes: Vec<String>,
    /// The figures.
    pub(crate) figures: Vec<Figure>,
}

impl Findings {
    pub(crate) fn is_reached(&self) -> bool {
        self.figures.iter().all(Figure::is_reached)
    }

    /// One JSON object per figure and line.
    pub(crate) fn json_lines(&self) -> Result<String, serde_json::Error> {
        let mut text = String::new();
        for figure in &self.figures {
            text.push_str(&serde_json::to_string(figure)?);
            text.push('\n');
        }
        Ok(text)
    }

    /// A table to read.
    pub(crate) fn table(&self) -> String {
        if self.figures.is_empty() {
            return format!("{}\n", self.title);
        }
        let head = [
            "figure",
            "value",
            "unit",
            "against",
            "its value",
            "ratio",
            "reach",
        ]
        .map(str::to_owned);
        let rows: Vec<[String; 7]> = std::iter::once(head)
            .chain(self.figures.iter().map(Figure::cells))
            .collect();
        let widths: [usize; 7] = std::array::from_fn(|column| {
            rows.iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        });
        let mut text = format!("{}\n", self.title);
        for row in &rows {
            let mut line = String::from(" ");
            for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
                // Numbers are read by their last digit, words by their first letter.
                let padding = " ".repeat(width - cell.chars().count());
                let is_number = matches!(column, 1 | 4 | 5);
                let _ = match is_number {
                    true => write!(line, " {padding}{cell} "),
                    false => write!(line, " {cell}{padding} "),
                };
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        for note in &self.notes {
            let _ = writeln!(text, "  * {note}");
        }
        text
    }
}

/// A number as a person reads it: whole above a thousand, four digits that matter below.
fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    if value.abs() >= 1_000.0 {
        return grouped(value.round() as i64);
    }
    let digits_before = value.abs().log10().floor() as i32 + 1;
    let decimals = (4 - digits_before).clamp(0, 9) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

fn grouped(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    if value < 0 { format!("-{text}") } else { text }
}

/// Largest whole number a reader of JSON keeps exact.
const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;

fn short_number<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.fract() == 0.0 && value.abs() <= LARGEST_EXACT {
        return serializer.serialize_i64(*value as i64);
    }
    // Six digits that matter: a stop watch knows no more.
    let short = format!("{value:.5e}").parse().unwrap_or(*value);
    serializer.serialize_f64(short)
}

fn short_number_or_null<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => short_number(value, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_one_json_object_with_every_key() {
        let figure = Figure::new("fleet", "p99_ms_30d", 12.3, "ms").against("seed_sql", 30_180.0);
        let findings = Findings {
            figures: vec![figure],
            ..Findings::default()
        };
        assert_eq!(
            findings.json_lines().unwrap(),
            "{\"bench\":\"fleet\",\"figure\":\"p99_ms_30d\",\"value\":12.3,\"unit\":\"ms\",\"against\":\"seed_sql\",\
             \"against_value\":30180,\"ratio\":0.000407555}\n"
        );
        let alone = Findings {
            figures: vec![Figure::new("steady", "missed_ticks", 0.0, "ticks")],
            ..Findings::default()
        };
        assert!(alone.json_lines().unwrap().contains(
            "\"value\":0,\"unit\":\"ticks\",\"against\":null,\"against_value\":null,\"ratio\":null"
        ));
    }

    #[test]
    fn a_missed_reach_is_marked_and_counted() {
        let reached = Figure::new("fleet", "p99_ms_24h", 20.0, "ms").reach(Reach::AtMost(20.0));
        let missed =
            Figure::new("append", "samples_per_s", 199_999.0, "1/s").reach(Reach::AtLeast(200_000.0));
        assert!(reached.is_reached());
        assert!(!missed.is_reached());
        let findings = Findings {
            figures: vec![reached, missed],
            ..Findings::default()
        };
        assert!(!findings.is_reached());
        let table = findings.table();
        assert!(
            table.contains("<= 20 ok") && table.contains(">= 200 000 MISSED"),
            "{table}"
        );
    }

    #[test]
    fn a_ratio_against_nothing_is_absent_and_reaches_nothing() {
        let figure = Figure::new("sweep", "wall_ms", 10.0, "ms").against("docker_stats", 0.0);
        assert_eq!(figure.ratio, None);
        assert!(!figure.reach(Reach::RatioAtMost(0.6)).is_reached());
        let scaled = Figure::new("fleet", "file_bytes", 10.0, "bytes").beside("seed_sql_at_10pct", 20.0);
        assert_eq!(scaled.ratio, None, "numbers of different scales have no ratio");
    }

    #[test]
    fn numbers_keep_four_digits_that_matter() {
        for (value, text) in [
            (0.0, "0"),
            (0.000_407_6, "0.0004076"),
            (12.345_6, "12.35"),
            (999.96, "1000"),
            (3.0, "3"),
            (17_280_000.0, "17 280 000"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
