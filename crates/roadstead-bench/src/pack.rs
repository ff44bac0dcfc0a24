//! `pack FILE.csv`: what a pair of memory and CPU takes once it is sealed, and whether it comes back as given.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use clap::Args;
use roadstead_model::time::DAY_MS;
use roadstead_model::{Sample, Tick, TimeRange};
use roadstead_store::{ColumnValues, ContainerRef, OpenOptions, SampleField, Store};

use crate::container_shape::container_facts;
use crate::figure::{Figure, Findings, Reach};
use crate::fleet_store::{add_silent_host, folder_bytes, give_space_back, seal_all};
use crate::pack_csv::{Pair, PairFile, cores_of, percent_of, read_pairs, write_believable};
use crate::record::record;

/// Samples in one call of the store.
const SAMPLES_PER_CALL: usize = 50_000;
/// Containers read back in one call.
const CONTAINERS_PER_READ: usize = 64;

/// Bytes a pair takes.
#[derive(Debug, Args)]
pub(crate) struct PackArgs {
    /// Rows `container,unix_s,mem_bytes,cpu_percent`, no header. A believable file is made when absent.
    pub(crate) file: Option<PathBuf>,
    /// Only write a believable file there (40 containers, 24 hours, every 15 seconds).
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    make: Option<PathBuf>,
    /// Only record a file there from 40 real containers of an engine of our own.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["file", "make"])]
    record: Option<PathBuf>,
    /// Minutes to record, a row per container every two seconds.
    #[arg(long, default_value_t = 10)]
    minutes: u32,
    /// The docker CLI that starts the recorded containers.
    #[arg(long, default_value = "docker")]
    docker: PathBuf,
}

/// How the CPU column holds the percentages of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CpuColumn {
    /// As cores, like the product: the decimal point moved by two places.
    Cores,
    /// As given, because some percentage of the file has no exact number of cores.
    Percent,
}

impl CpuColumn {
    fn for_pairs(pairs: &[Pair]) -> Self {
        let survives = |pair: &Pair| {
            let back = cores_of(pair.cpu_percent).and_then(percent_of);
            back.is_some_and(|back| back.to_bits() == pair.cpu_percent.to_bits())
        };
        if pairs.iter().all(survives) {
            Self::Cores
        } else {
            Self::Percent
        }
    }

    fn stored(self, percent: f64) -> Option<f64> {
        match self {
            Self::Cores => cores_of(percent),
            Self::Percent => Some(percent),
        }
    }
}

pub(crate) async fn run(args: &PackArgs, data: &Path) -> anyhow::Result<Findings> {
    let wrote = |rows: u64, path: &Path| Findings {
        title: format!("pack: wrote {rows} rows to {}", path.display()),
        ..Findings::default()
    };
    let create =
        |path: &Path| std::fs::File::create(path).with_context(|| format!("cannot write {}", path.display()));
    if let Some(path) = &args.make {
        return Ok(wrote(write_believable(create(path)?, 40, 24)?, path));
    }
    if let Some(path) = &args.record {
        let rows = record(create(path)?, args.minutes, &args.docker, &data.join("run")).await?;
        return Ok(wrote(rows, path));
    }
    let made = data.join("pack-made.csv");
    let path = match &args.file {
        Some(path) => path,
        None => {
            write_believable(std::fs::File::create(&made)?, 40, 24)?;
            &made
        }
    };
    let input = std::fs::File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let file = read_pairs(input).with_context(|| format!("cannot read {}", path.display()))?;
    let mut findings = measure(&file, &data.join("pack-store")).await?;
    if args.file.is_none() {
        findings
            .notes
            .push("a made file; give one of your own, or write this one with --make".to_owned());
    }
    compare(&mut findings, path, &file)?;
    Ok(findings)
}

/// Stores, seals, closes, opens, reads back and compares.
async fn measure(file: &PairFile, dir: &Path) -> anyhow::Result<Findings> {
    if dir.exists() {
        std::fs::remove_dir_all(dir).context("cannot remove the store of an earlier run")?;
    }
    let rows = file.pairs.len() as f64;
    let times = || file.pairs.iter().map(|pair| pair.time_ms);
    let (first_ms, last_ms) = times().min().zip(times().max()).context("the file has no rows")?;
    let cpu = CpuColumn::for_pairs(&file.pairs);

    let options = OpenOptions {
        dir: dir.to_owned(),
        now_ms: last_ms,
    };
    let store = Store::open(options.clone()).await?.store;
    let host = add_silent_host(&store, "packed".to_owned(), first_ms).await?;
    let facts: Vec<_> = (0..)
        .zip(&file.containers)
        .map(|(number, name)| container_facts(name, name, number, first_ms, None))
        .collect();
    let refs = store.observe_containers(host, first_ms, &facts).await?;
    ensure!(refs.len() == file.containers.len(), "the store lost a container");

    let mut batch = Vec::new();
    let mut batched = 0;
    for tick in ticks(file, host, &refs, cpu)? {
        batched += tick.samples.len();
        batch.push(tick);
        if batched >= SAMPLES_PER_CALL {
            store.append_ticks(&batch).await?;
            batch.clear();
            batched = 0;
        }
    }
    store.append_ticks(&batch).await?;
    // A week later every span of the file is complete.
    seal_all(&store, last_ms + 7 * DAY_MS).await?;
    give_space_back(&store, last_ms).await?;
    store.close().await?;

    let file_bytes = folder_bytes(dir)? as f64;
    let store = Store::open(options).await?.store;
    let sizes = store.sizes().await?;
    let samples = sizes
        .kinds
        .iter()
        .find(|kind| kind.kind == "samples")
        .context("the store tells no size of samples")?;
    ensure!(
        samples.entries == file.pairs.len() as u64,
        "{} of {rows} rows are in the store",
        samples.entries
    );
    let range = TimeRange {
        from_ms: first_ms,
        to_ms: last_ms + 1,
    };
    verify(&store, file, &refs, range, cpu).await?;
    store.close().await?;
    std::fs::remove_dir_all(dir).context("cannot remove the store of this run")?;

    let figure = |name: &str, value: f64, unit| Figure::new("pack", name, value, unit);
    let mut notes = vec![format!(
        "every one of {rows} rows came back from the closed and opened file as given"
    )];
    if cpu == CpuColumn::Percent {
        notes.push(
            "percentages kept as given: some have more digits than a number of cores can hold exactly"
                .to_owned(),
        );
    }
    Ok(Findings {
        title: format!(
            "pack: {} containers, {rows} pairs of memory and CPU",
            file.containers.len()
        ),
        notes,
        figures: vec![
            figure("bytes_per_pair", samples.bytes as f64 / rows, "bytes").reach(Reach::AtMost(2.0)),
            figure("file_bytes_per_pair", file_bytes / rows, "bytes"),
            figure("file_bytes", file_bytes, "bytes"),
        ],
    })
}

/// The rows by moment: each distinct moment is a tick.
fn ticks(
    file: &PairFile,
    host: roadstead_model::HostId,
    refs: &[ContainerRef],
    cpu: CpuColumn,
) -> anyhow::Result<Vec<Tick>> {
    let mut moments: BTreeMap<i64, Vec<Sample>> = BTreeMap::new();
    for pair in &file.pairs {
        let of = &refs[pair.container as usize];
        let cpu_cores = cpu.stored(pair.cpu_percent);
        ensure!(
            cpu_cores.is_some(),
            "{} % has no number of cores",
            pair.cpu_percent
        );
        moments.entry(pair.time_ms).or_default().push(Sample {
            memory_used_bytes: Some(pair.memory_bytes),
            cpu_cores,
            ..Sample::empty(of.container, of.deployment)
        });
    }
    let interval_ms = usual_gap_ms(&file.pairs);
    let tick = |(tick_ms, samples)| Tick {
        host,
        tick_ms,
        interval_ms,
        samples,
    };
    Ok(moments.into_iter().map(tick).collect())
}

/// The median gap between two rows of one container: what its interval was.
fn usual_gap_ms(pairs: &[Pair]) -> i64 {
    let mut gaps: Vec<i64> = pairs
        .windows(2)
        .filter(|two| two[0].container == two[1].container)
        .map(|two| two[1].time_ms - two[0].time_ms)
        .collect();
    roadstead_model::quantile::percentile(&mut gaps, 50).unwrap_or(15_000)
}

/// Compares what the store gives back with the file, row by row and bit by bit.
async fn verify(
    store: &Store,
    file: &PairFile,
    refs: &[ContainerRef],
    range: TimeRange,
    cpu: CpuColumn,
) -> anyhow::Result<()> {
    let mut compared = 0;
    for part in refs.chunks(CONTAINERS_PER_READ) {
        let deployments: Vec<_> = part.iter().map(|of| of.deployment).collect();
        let fields = [SampleField::MemoryUsed, SampleField::CpuCores];
        for series in store.samples(&deployments, range, &fields).await? {
            let number = refs.iter().position(|of| of.container == series.container);
            let number = number.context("the store gave a container it was never shown")? as u32;
            let from = file.pairs.partition_point(|pair| pair.container < number);
            let given = file.pairs[from..]
                .iter()
                .take_while(|pair| pair.container == number);
            let [(_, ColumnValues::Whole(memory)), (_, ColumnValues::Real(cores))] =
                series.columns.as_slice()
            else {
                anyhow::bail!("the store gave other columns than it was asked for");
            };
            let rows = series.times_ms.iter().zip(memory.iter().zip(cores));
            let name = &file.containers[number as usize];
            let count = given.clone().count();
            ensure!(
                rows.len() == count,
                "“{name}” has {count} rows and came back with {}",
                rows.len()
            );
            for (pair, (time_ms, (memory, cores))) in given.zip(rows) {
                let percent = match cpu {
                    CpuColumn::Cores => cores.and_then(percent_of),
                    CpuColumn::Percent => *cores,
                };
                let same = *time_ms == pair.time_ms
                    && *memory == Some(pair.memory_bytes)
                    && percent.map(f64::to_bits) == Some(pair.cpu_percent.to_bits());
                ensure!(
                    same,
                    "“{name}”: given {pair:?}, came back as {time_ms} {memory:?} {percent:?}"
                );
                compared += 1;
            }
        }
    }
    ensure!(
        compared == file.pairs.len(),
        "{compared} of {} rows came back",
        file.pairs.len()
    );
    Ok(())
}

/// Puts the same file through general compressors, which can be asked for nothing afterwards.
fn compare(findings: &mut Findings, path: &Path, file: &PairFile) -> anyhow::Result<()> {
    let rows = file.pairs.len() as f64;
    let csv_bytes = std::fs::metadata(path)?.len() as f64;
    findings
        .notes
        .push(format!("the file itself: {:.2} bytes per row", csv_bytes / rows));
    if let Some(bytes) = compressed_bytes("zstd", "-19", path) {
        findings
            .notes
            .push(format!("zstd -19 of the file: {:.2} bytes per row", bytes / rows));
    }
    match compressed_bytes("gzip", "-9", path) {
        Some(bytes) => {
            let named = |name| findings.figures.iter().position(|figure| figure.is_named(name));
            for index in [named("bytes_per_pair"), named("file_bytes_per_pair")]
                .into_iter()
                .flatten()
            {
                let figure = findings
                    .figures
                    .remove(index)
                    .against("gzip_9_of_csv", bytes / rows);
                findings.figures.insert(index, figure);
            }
        }
        None => findings
            .notes
            .push("gzip could not be run: no comparison".to_owned()),
    }
    Ok(())
}

/// Size of what a compressor makes of a file; `None` when it is not installed or fails.
fn compressed_bytes(program: &str, level: &str, path: &Path) -> Option<f64> {
    let output = Command::new(program)
        .args([level, "-q", "-c"])
        .arg(path)
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output.status.success().then_some(output.stdout.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn rows_of_a_file_come_back_from_the_store_as_given() {
        let dir = tempfile::tempdir().unwrap();
        let text =
            "web,30,8192,0.5\n\"a, b\",15.5,4096,7\nweb,15,4096,12.34\nweb,45,18446744073709551615,0\n";
        let findings = measure(&read_pairs(text.as_bytes()).unwrap(), &dir.path().join("store"))
            .await
            .unwrap();
        assert!(findings.notes[0].contains("4 rows came back"), "{findings:?}");
    }

    #[tokio::test]
    async fn percentages_of_full_precision_are_kept_to_the_last_bit() {
        let dir = tempfile::tempdir().unwrap();
        let rows: String = (0..500)
            .map(|n| format!("c,{n},4096,{}\n", (f64::from(n) * 0.7 + 0.1).sqrt()))
            .collect();
        let file = read_pairs(rows.as_bytes()).unwrap();
        let findings = measure(&file, &dir.path().join("store")).await.unwrap();
        assert!(findings.notes[0].contains("500 rows came back"));
    }

    #[test]
    fn a_file_whose_percentages_are_no_cores_is_kept_in_percent() {
        let pair = |cpu_percent| Pair {
            container: 0,
            time_ms: 0,
            memory_bytes: 0,
            cpu_percent,
        };
        assert_eq!(CpuColumn::for_pairs(&[pair(12.34), pair(0.07)]), CpuColumn::Cores);
        let lost = (0..10_000)
            .map(|n| (f64::from(n) * 0.37).sqrt())
            .find(|percent| cores_of(*percent).and_then(percent_of) != Some(*percent));
        let lost = lost.expect("doubles are denser below some powers of two than a hundredth of them");
        assert_eq!(
            CpuColumn::for_pairs(&[pair(12.34), pair(lost)]),
            CpuColumn::Percent
        );
    }
}
