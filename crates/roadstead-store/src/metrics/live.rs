//! Charts from ticks.

use std::collections::HashSet;

use roadstead_model::{DeploymentId, TimeRange};

use super::buckets::{Buckets, bucket_ms};
use super::fresh::FreshSums;
use super::missed::{MISSED_FOR_MS, Runs};
use super::moments::{Cell, Count, Moments, NO_TICK};
use super::parts::{Part, Parts, Sums};
use super::{LineColumns, MetricsColumns, MetricsSpec};
use crate::samples::Stored;
use crate::store::{id_list, off_thread};
use crate::{Store, StoreError};

/// Buckets of one answer.
const MOST_BUCKETS: i64 = 50_000;
/// Groups summed side by side: the sums of each are kept by tick until they are put in buckets.
const GROUPS_AT_ONCE: usize = 8;

impl Store {
    /// A chart of these deployments from their ticks.
    ///
    /// Over several hosts, a moment at which a host did not tick though its containers ran has no sum; after a quarter of an hour
    /// without it the sums go on without it, and are not complete. To append to a chart, ask again from the start of its last
    /// bucket, with its `bucket_ms`.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for fewer than two points, a bucket without a length, or more than 50,000 of them;
    /// [`StoreError::Damaged`] and any failure of the database.
    pub async fn metrics_window(
        &self,
        deployments: &[DeploymentId],
        range: TimeRange,
        spec: &MetricsSpec,
    ) -> Result<MetricsColumns, StoreError> {
        check(range, spec)?;
        let directory = self.directory();
        let alone = directory.hosts_of(deployments).len() < 2;
        // Of several hosts, what was shown before the span decides what is missed in it.
        let read = TimeRange {
            from_ms: range
                .from_ms
                .saturating_sub(if alone { 0 } else { MISSED_FOR_MS }),
            ..range
        };
        let wanted: HashSet<DeploymentId> = deployments.iter().copied().collect();
        let mut fresh = FreshSums::new(wanted, spec);
        let stored = self
            .stored(deployments, read, &directory, |tick| fresh.take_in(tick))
            .await?;
        let runs = if alone {
            Runs::default()
        } else {
            let ids = id_list(deployments.iter().map(|deployment| deployment.0));
            let mut tx = self.read().await?;
            Runs::read(&mut tx, &ids, range.from_ms, &spec.lines).await?
        };
        let spec = spec.clone();
        off_thread(move || {
            let parts = Parts::of(&stored, fresh, read, &spec)?;
            chart(&parts, &stored, range, &spec, &runs)
        })
        .await
    }
}

fn check(range: TimeRange, spec: &MetricsSpec) -> Result<(), StoreError> {
    if spec.max_points < 2 || spec.bucket_ms.is_some_and(|bucket_ms| bucket_ms <= 0) {
        return Err(StoreError::Invalid(
            "a chart needs at least two points, and buckets that have a length".to_owned(),
        ));
    }
    let buckets = match spec.bucket_ms {
        Some(bucket_ms) => range.length_ms() / bucket_ms,
        None => i64::from(spec.max_points),
    };
    if buckets > MOST_BUCKETS {
        return Err(StoreError::Invalid(format!(
            "a chart has at most {MOST_BUCKETS} buckets, not {buckets}"
        )));
    }
    Ok(())
}

fn chart(
    parts: &Parts<'_>,
    stored: &Stored,
    range: TimeRange,
    spec: &MetricsSpec,
    runs: &Runs,
) -> Result<MetricsColumns, StoreError> {
    let hosts = &parts.hosts;
    let moments = Moments::of(hosts, range.from_ms);
    if moments.times_ms.is_empty() {
        return Ok(MetricsColumns {
            bucket_ms: spec.bucket_ms.unwrap_or_default(),
            ..MetricsColumns::default()
        });
    }
    let bucket_ms = spec
        .bucket_ms
        .unwrap_or_else(|| bucket_ms(range, parts.interval_ms, spec.max_points));
    let buckets = Buckets::of(&moments.times_ms, bucket_ms, parts.interval_ms, spec.rates);
    let mut columns = MetricsColumns {
        bucket_ms,
        intervals: moments.intervals(hosts),
        ..MetricsColumns::default()
    };
    let most = spec.lines.most();
    let mut lines: Vec<(Option<u64>, LineColumns)> = Vec::new();
    let mut counts = vec![Count::default(); moments.times_ms.len()];
    moments.add_counts(&parts.fresh_counts, &mut counts);
    for batch in batches(&parts.parts) {
        let sums = in_halves(batch, parts, stored)?;
        moments.add_counts(&sums.counts, &mut counts);
        for (group, by_host) in &sums.cells {
            let mut cells = over_hosts(by_host, &moments);
            runs.mark(hosts, &moments, *group, &mut cells);
            // A line that was there only before the span, or is not known at any moment of it, is none.
            if cells.iter().any(|cell| cell.containers > 0) {
                let (line, memory) = buckets.line(*group, &cells);
                lines.push((memory, line));
            }
        }
        lines.sort_by(|(a, line), (b, other)| b.cmp(a).then(line.group.cmp(&other.group)));
        columns.lines_left_out += lines.len().saturating_sub(most) as u32;
        lines.truncate(most);
    }
    runs.count(hosts, &moments, &mut counts);
    for (count, complete) in buckets.counts(&counts) {
        columns.containers.push(count.measured);
        columns.expected.push(count.expected);
        columns.complete.push(complete);
    }
    columns.times_ms = buckets.times_ms;
    columns.lines = lines.into_iter().map(|(_, line)| line).collect();
    Ok(columns)
}

/// The parts of a few groups at a time; each group is whole.
fn batches<'a, 'b>(mut parts: &'b [Part<'a>]) -> impl Iterator<Item = &'b [Part<'a>]> {
    std::iter::from_fn(move || {
        let groups = parts.chunk_by(|a, b| a.group == b.group);
        let count: usize = groups.take(GROUPS_AT_ONCE).map(<[_]>::len).sum();
        let (batch, rest) = parts.split_at(count);
        parts = rest;
        (count > 0).then_some(batch)
    })
}

/// Sums half of the parts on another thread: reading columns is most of what a chart costs. The halves are the same on every machine,
/// so that sums of real numbers are.
fn in_halves(parts: &[Part<'_>], all: &Parts<'_>, stored: &Stored) -> Result<Sums, StoreError> {
    let (first, second) = parts.split_at(parts.len() / 2);
    let (first, second) = std::thread::scope(|scope| {
        let second = scope.spawn(|| Sums::of(second, all, stored));
        (Sums::of(first, all, stored), second.join())
    });
    let mut sums = first?;
    sums.merge(second.map_err(|_| StoreError::Sql("reading samples ended early".to_owned()))??);
    Ok(sums)
}

/// The sums over hosts at each moment.
fn over_hosts(by_host: &[Vec<Cell>], moments: &Moments) -> Vec<Cell> {
    let mut cells = vec![Cell::default(); moments.times_ms.len()];
    for (of_host, shown) in by_host
        .iter()
        .zip(&moments.shown)
        .filter(|(of_host, _)| !of_host.is_empty())
    {
        for (cell, tick) in cells.iter_mut().zip(shown).filter(|(_, tick)| **tick != NO_TICK) {
            cell.merge(&of_host[*tick as usize]);
        }
    }
    cells
}
