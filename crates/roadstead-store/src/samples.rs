//! Samples as columns: container by container, or summed tick by tick and downsampled to what a chart draws.

use std::collections::{BTreeMap, HashMap, HashSet};

use roadstead_model::{ContainerId, DeploymentId, Sample, TimeRange};

use crate::codec::bytes::Damage;
use crate::codec::chunk::take_columns;
use crate::codec::tick::each_sample;
use crate::directory::Directory;
use crate::seal_samples::LONGEST_SPAN_MS;
use crate::series::{Fields, WHOLE_FIELDS, reals, wholes};
use crate::store::{id_list, off_thread};
use crate::ticks::{FreshTick, each_fresh_tick};
use crate::window::Sums;
use crate::{ColumnValues, ContainerSeries, SampleField, Store, StoreError, WindowColumns};

/// Sealed columns of one container as stored.
pub(crate) struct Chunk {
    pub(crate) host_id: i64,
    pub(crate) deployment_id: i64,
    pub(crate) container_id: i64,
    pub(crate) body: Vec<u8>,
}

/// What is sealed of some deployments in a span.
pub(crate) struct Stored {
    /// By deployment and container, ascending.
    pub(crate) chunks: Vec<Chunk>,
    /// Per host, the fresh ticks, ascending: what is sealed of these moments was replaced.
    replaced: HashMap<i64, Vec<i64>>,
}

impl Stored {
    /// Rows of a chunk with these times that are in the span and that no fresh tick replaces.
    pub(crate) fn live_rows(
        &self,
        chunk: &Chunk,
        times_ms: &[i64],
        range: TimeRange,
    ) -> impl Iterator<Item = usize> {
        let replaced = self.replaced.get(&chunk.host_id).map_or(&[][..], Vec::as_slice);
        // Mostly all that is sealed is older than all that is fresh.
        let first_ms = replaced.first().copied().unwrap_or(i64::MAX);
        let from = times_ms.partition_point(|tick_ms| *tick_ms < range.from_ms);
        let to = times_ms.partition_point(|tick_ms| *tick_ms < range.to_ms);
        (from..to).filter(move |row| {
            let tick_ms = times_ms[*row];
            tick_ms < first_ms || replaced.binary_search(&tick_ms).is_err()
        })
    }
}

impl Store {
    /// Reads what is stored of some deployments in a span. The fresh ticks of their hosts are shown one by one,
    /// ascending, while the next ones are read: reading takes about as long as what is done with them.
    pub(crate) async fn stored(
        &self,
        deployments: &[DeploymentId],
        range: TimeRange,
        directory: &Directory,
        mut show: impl FnMut(&FreshTick) -> Result<(), Damage>,
    ) -> Result<Stored, StoreError> {
        let ids = id_list(deployments.iter().map(|deployment| deployment.0));
        let hosts = directory.hosts_of(deployments);
        let earliest_ms = range.from_ms.saturating_sub(LONGEST_SPAN_MS);
        let mut tx = self.read().await?;
        let moments = self.fresh_moments(range);
        let chunks = sqlx::query_as!(
            Chunk,
            r#"SELECT host_id, deployment_id, container_id, body FROM sample_chunk
               WHERE deployment_id IN (SELECT value FROM json_each(?))
                 AND start_ms > ? AND start_ms < ? AND start_ms + span_ms > ?
               ORDER BY deployment_id, container_id, start_ms"#,
            ids,
            earliest_ms,
            range.to_ms,
            range.from_ms
        )
        .fetch_all(&mut *tx)
        .await?;
        let mut replaced: HashMap<i64, Vec<i64>> = HashMap::new();
        each_fresh_tick(&mut tx, hosts, &moments, |tick| {
            replaced.entry(tick.host_id).or_default().push(tick.tick_ms);
            show(&tick)
        })
        .await?;
        Ok(Stored { chunks, replaced })
    }

    /// Columns of every container of these deployments in a span, by deployment and container.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] and any failure of the database.
    pub async fn samples(
        &self,
        deployments: &[DeploymentId],
        range: TimeRange,
        fields: &[SampleField],
    ) -> Result<Vec<ContainerSeries>, StoreError> {
        let wanted: HashSet<DeploymentId> = deployments.iter().copied().collect();
        let fields = fields.to_vec();
        let chosen = Fields::of(&fields);
        let mut places = Places::new();
        let stored = self
            .stored(deployments, range, &self.directory(), |tick| {
                let wanted = |deployment| wanted.contains(&deployment);
                each_sample(&tick.samples, wanted, chosen, |sample| {
                    let rows = places
                        .entry((sample.deployment, sample.container))
                        .or_insert_with(|| Rows::of(&fields));
                    push_sample(rows, tick.tick_ms, &fields, &sample);
                })
            })
            .await?;
        off_thread(move || series(&stored, places, range, &fields)).await
    }

    /// These deployments' sums tick by tick in a span, merged into at most `max_points` buckets.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] without a point, [`StoreError::Damaged`] and any failure of the database.
    pub async fn deployment_window(
        &self,
        deployments: &[DeploymentId],
        range: TimeRange,
        max_points: u32,
    ) -> Result<WindowColumns, StoreError> {
        if max_points == 0 {
            return Err(StoreError::Invalid(
                "a window needs at least one point".to_owned(),
            ));
        }
        let wanted: HashSet<DeploymentId> = deployments.iter().copied().collect();
        let mut sums = Sums::default();
        let stored = self
            .stored(deployments, range, &self.directory(), |tick| {
                let wanted = |deployment| wanted.contains(&deployment);
                each_sample(&tick.samples, wanted, Fields::of(&SUMMED), |sample| {
                    sums.add(
                        tick.tick_ms,
                        tick.interval_ms,
                        sample.deployment.0,
                        sample.memory_used_bytes,
                        sample.cpu_cores,
                        sample.memory_limit_bytes,
                    );
                })
            })
            .await?;
        off_thread(move || {
            add_sealed(&mut sums, &stored, range)?;
            Ok(sums.into_columns(range, max_points))
        })
        .await
    }
}

/// What sums are taken of.
const SUMMED: [SampleField; 3] = [
    SampleField::MemoryUsed,
    SampleField::MemoryLimit,
    SampleField::CpuCores,
];

fn add_sealed(sums: &mut Sums, stored: &Stored, range: TimeRange) -> Result<(), StoreError> {
    for chunk in &stored.chunks {
        let columns = take_columns(&chunk.body, |field| SUMMED.contains(&field))?;
        for row in stored.live_rows(chunk, &columns.times_ms, range) {
            sums.add(
                columns.times_ms[row],
                columns.intervals_ms[row] as i64,
                chunk.deployment_id,
                columns.whole(SampleField::MemoryUsed, row),
                columns.real(SampleField::CpuCores, row),
                columns.whole(SampleField::MemoryLimit, row),
            );
        }
    }
    Ok(())
}

/// Rows by deployment and container.
type Places = BTreeMap<(DeploymentId, ContainerId), Rows>;

/// Rows of one container: times, and a value per field asked for.
#[derive(Default)]
struct Rows {
    times_ms: Vec<i64>,
    columns: Vec<ColumnValues>,
}

impl Rows {
    fn of(fields: &[SampleField]) -> Self {
        let column = |field: &SampleField| {
            if field.position() < WHOLE_FIELDS {
                ColumnValues::Whole(Vec::new())
            } else {
                ColumnValues::Real(Vec::new())
            }
        };
        Self {
            times_ms: Vec::new(),
            columns: fields.iter().map(column).collect(),
        }
    }

    fn push(
        &mut self,
        tick_ms: i64,
        fields: &[SampleField],
        whole: impl Fn(SampleField) -> Option<u64>,
        real: impl Fn(SampleField) -> Option<f64>,
    ) {
        self.times_ms.push(tick_ms);
        for (column, field) in self.columns.iter_mut().zip(fields) {
            match column {
                ColumnValues::Whole(values) => values.push(whole(*field)),
                ColumnValues::Real(values) => values.push(real(*field)),
            }
        }
    }

    /// Fresh ticks come first, and late ones lie between sealed ones: order is made at the end, where it is missing.
    fn ordered(mut self) -> Self {
        if self.times_ms.is_sorted() {
            return self;
        }
        let mut order: Vec<usize> = (0..self.times_ms.len()).collect();
        order.sort_by_key(|row| self.times_ms[*row]);
        for column in &mut self.columns {
            match column {
                ColumnValues::Whole(values) => *values = order.iter().map(|row| values[*row]).collect(),
                ColumnValues::Real(values) => *values = order.iter().map(|row| values[*row]).collect(),
            }
        }
        self.times_ms = order.iter().map(|row| self.times_ms[*row]).collect();
        self
    }
}

fn series(
    stored: &Stored,
    mut places: Places,
    range: TimeRange,
    fields: &[SampleField],
) -> Result<Vec<ContainerSeries>, StoreError> {
    for chunk in &stored.chunks {
        let columns = take_columns(&chunk.body, |field| fields.contains(&field))?;
        let place = (DeploymentId(chunk.deployment_id), ContainerId(chunk.container_id));
        let rows = places.entry(place).or_insert_with(|| Rows::of(fields));
        for row in stored.live_rows(chunk, &columns.times_ms, range) {
            rows.push(
                columns.times_ms[row],
                fields,
                |field| columns.whole(field, row),
                |field| columns.real(field, row),
            );
        }
    }
    let series = places.into_iter().filter(|(_, rows)| !rows.times_ms.is_empty());
    Ok(series
        .map(|((deployment, container), rows)| {
            let rows = rows.ordered();
            ContainerSeries {
                container,
                deployment,
                times_ms: rows.times_ms,
                columns: fields.iter().copied().zip(rows.columns).collect(),
            }
        })
        .collect())
}

fn push_sample(rows: &mut Rows, tick_ms: i64, fields: &[SampleField], sample: &Sample) {
    let (whole, real) = (wholes(sample), reals(sample));
    rows.push(
        tick_ms,
        fields,
        |field| whole.get(field.position()).copied().flatten(),
        |field| real.get(field.position() - WHOLE_FIELDS).copied().flatten(),
    );
}
