//! The containers' parts of a shift's reports.
//!
//! Most deployments have one container, whose part is the whole: only its id is kept. Of several, all but the first are
//! kept as they are; the first one's memory and cores are kept as their distance from what is left of the whole, which is
//! nothing or a rounding step. Containers change seldom, so that their ids are kept once per run of reports.

use roadstead_model::{ContainerId, ContainerReport, Report};

use super::bytes::{Damage, Put, Take};
use super::column::{Column, put_real, put_signed, put_whole, take_real, take_signed, take_whole};
use super::numbers::Effort;
use super::report::{as_the_whole, is_one_as_the_whole, small};
use super::shift::{above_average, column, from_average, onto_average};

/// Containers of a report: none; one whose part is as the whole; any number with parts of their own.
const NO_CONTAINER: u64 = 0;
const ONE_AS_THE_WHOLE: u64 = 1;
const OWN_PARTS: u64 = 2;

/// Forms of the first containers' cores: as they are, or as steps from what is left of the whole.
const AS_GIVEN: u8 = 0;
const FROM_WHOLE: u8 = 1;
/// Steps of a core: see `roadstead_model::rate`.
const CORE_STEPS: f64 = 10_000.0;

/// A first container's part, and what the others leave of the whole.
struct First<'a> {
    report: &'a Report,
    part: &'a ContainerReport,
    others: &'a [ContainerReport],
}

/// Whole of memory less that of the other containers; absent counts as nothing.
fn left(whole: Option<u64>, others: impl Iterator<Item = Option<u64>>) -> u64 {
    others
        .flatten()
        .fold(whole.unwrap_or_default(), |left, other| left.wrapping_sub(other))
}

/// Whole of cores less those of the other containers, in steps; `None` when one is no whole number of steps.
fn left_steps(whole: Option<f64>, others: impl Iterator<Item = Option<f64>>) -> Option<i64> {
    let whole = steps(whole.unwrap_or_default())?;
    others
        .flatten()
        .try_fold(whole, |left, other| Some(left - steps(other)?))
}

/// Cores as whole steps, when they are that to the bit.
fn steps(cores: f64) -> Option<i64> {
    let steps = (cores * CORE_STEPS).round();
    let exact = steps.abs() < 1e12 && (steps as i64 as f64 / CORE_STEPS).to_bits() == cores.to_bits();
    exact.then_some(steps as i64)
}

impl First<'_> {
    fn memory(&self, field: impl Fn(&ContainerReport) -> Option<u64>, whole: Option<u64>) -> Option<i64> {
        let left = left(whole, self.others.iter().map(&field));
        field(self.part).map(|value| value.wrapping_sub(left) as i64)
    }

    /// Distance in steps; `Err` when there is none.
    fn cores(&self) -> Result<Option<i64>, ()> {
        let Some(cores) = self.part.cpu_avg_cores else {
            return Ok(None);
        };
        let others = self.others.iter().map(|part| part.cpu_avg_cores);
        let left = left_steps(self.report.cpu_avg_cores, others).ok_or(())?;
        Ok(Some(steps(cores).ok_or(())? - left))
    }
}

/// Appends the containers of a shift's reports.
pub(super) fn put_containers(blob: &mut Vec<u8>, reports: &[Report]) {
    let shapes: Vec<(u64, Vec<ContainerId>)> = reports.iter().map(shape).collect();
    let mut firsts: Vec<First<'_>> = Vec::new();
    let mut others: Vec<&ContainerReport> = Vec::new();
    let mut runs = Vec::new();
    let (mut start, mut count) = (0, 0_u64);
    for run in shapes.chunk_by(|a, b| a == b) {
        let (form, containers) = &run[0];
        runs.put_uint(run.len() as u64);
        runs.put_uint(*form);
        if *form != NO_CONTAINER {
            runs.put_uint(containers.len() as u64);
            let mut before = 0;
            for container in containers {
                runs.put_int(container.0.wrapping_sub(before));
                before = container.0;
            }
        }
        let of_run = &reports[start..start + run.len()];
        if *form == OWN_PARTS {
            firsts.extend(of_run.iter().filter_map(|report| {
                let (part, others) = report.containers.split_first()?;
                Some(First { report, part, others })
            }));
            // One container after the other, each through the run: neighbours in a column are neighbours in time.
            for at in 1..containers.len() {
                others.extend(of_run.iter().map(|report| &report.containers[at]));
            }
        }
        start += run.len();
        count += 1;
    }
    blob.put_uint(count);
    blob.put_part(&runs);
    put_others(blob, &others);
    put_firsts(blob, &firsts);
}

fn put_others(blob: &mut Vec<u8>, parts: &[&ContainerReport]) {
    put_whole(
        blob,
        &column(parts, |part| part.memory_avg_bytes),
        Effort::Thorough,
    );
    put_signed(
        blob,
        &column(parts, |part| {
            from_average(part.memory_avg_bytes, part.memory_peak_bytes)
        }),
        Effort::Thorough,
    );
    put_signed(
        blob,
        &column(parts, |part| {
            from_average(part.memory_avg_bytes, part.memory_current_bytes)
        }),
        Effort::Thorough,
    );
    put_real(blob, &column(parts, |part| part.cpu_avg_cores), Effort::Thorough);
    put_whole(
        blob,
        &column(parts, |part| Some(u64::from(part.sample_count))),
        Effort::Thorough,
    );
}

fn put_firsts(blob: &mut Vec<u8>, firsts: &[First<'_>]) {
    put_signed(
        blob,
        &column(firsts, |first| {
            first.memory(|part| part.memory_avg_bytes, first.report.memory_avg_bytes)
        }),
        Effort::Thorough,
    );
    put_signed(
        blob,
        &column(firsts, |first| {
            from_average(first.part.memory_avg_bytes, first.part.memory_peak_bytes)
        }),
        Effort::Thorough,
    );
    put_signed(
        blob,
        &column(firsts, |first| {
            first.memory(
                |part| part.memory_current_bytes,
                first.report.memory_current_bytes,
            )
        }),
        Effort::Thorough,
    );
    match firsts.iter().map(First::cores).collect::<Result<Vec<_>, ()>>() {
        Ok(distances) => {
            blob.push(FROM_WHOLE);
            put_signed(blob, &distances, Effort::Thorough);
        }
        Err(()) => {
            blob.push(AS_GIVEN);
            put_real(
                blob,
                &column(firsts, |first| first.part.cpu_avg_cores),
                Effort::Thorough,
            );
        }
    }
    put_whole(
        blob,
        &column(firsts, |first| Some(u64::from(first.part.sample_count))),
        Effort::Thorough,
    );
}

fn shape(report: &Report) -> (u64, Vec<ContainerId>) {
    if let Some(container) = is_one_as_the_whole(report) {
        (ONE_AS_THE_WHOLE, vec![container])
    } else if report.containers.is_empty() {
        (NO_CONTAINER, Vec::new())
    } else {
        let containers = report.containers.iter().map(|part| part.container).collect();
        (OWN_PARTS, containers)
    }
}

/// A run of reports with parts of their own, and where those lie in the columns.
struct Run {
    reports: std::ops::Range<usize>,
    first: usize,
    others: usize,
    containers: Vec<ContainerId>,
}

/// Gives the reports their containers.
pub(super) fn take_containers(take: &mut Take<'_>, reports: &mut [Report]) -> Result<(), Damage> {
    let (runs, firsts, others) = take_runs(take, reports)?;
    let others = take_others(take, others)?;
    for run in &runs {
        let length = run.reports.len();
        for (nth, report) in reports[run.reports.clone()].iter_mut().enumerate() {
            report.containers = Vec::with_capacity(run.containers.len());
            for (which, container) in run.containers.iter().enumerate().skip(1) {
                let at = run.others + (which - 1) * length + nth;
                report.containers.push(others.part(*container, at)?);
            }
        }
    }
    take_firsts(take, reports, &runs, firsts)
}

fn take_runs(take: &mut Take<'_>, reports: &mut [Report]) -> Result<(Vec<Run>, usize, usize), Damage> {
    let count = take.count(reports.len())?;
    let mut stored = take.part()?;
    let mut runs = Vec::new();
    let (mut start, mut firsts, mut others) = (0, 0, 0);
    for _ in 0..count {
        let length = stored.count(reports.len() - start)?;
        let form = stored.uint()?;
        if form != NO_CONTAINER {
            let mut containers = Vec::new();
            let mut id = 0_i64;
            for _ in 0..stored.count(1 << 16)? {
                id = id.wrapping_add(stored.int()?);
                containers.push(ContainerId(id));
            }
            match (form, containers.as_slice()) {
                (ONE_AS_THE_WHOLE, [container]) => {
                    for report in &mut reports[start..start + length] {
                        report.containers = vec![as_the_whole(report, *container)];
                    }
                }
                (OWN_PARTS, [_, rest @ ..]) => {
                    let of_run = length * rest.len();
                    runs.push(Run {
                        reports: start..start + length,
                        first: firsts,
                        others,
                        containers,
                    });
                    firsts += length;
                    others += of_run;
                }
                _ => return Err(Damage("a report's containers have an unknown form")),
            }
        }
        start += length;
    }
    if start != reports.len() {
        return Err(Damage("reports and their containers do not add up"));
    }
    Ok((runs, firsts, others))
}

/// Columns of parts.
#[derive(Default)]
struct Parts {
    avg: Column<u64>,
    peak: Column<u64>,
    current: Column<u64>,
    cpu: Column<f64>,
    samples: Column<u64>,
}

impl Parts {
    fn part(&self, container: ContainerId, at: usize) -> Result<ContainerReport, Damage> {
        Ok(ContainerReport {
            container,
            memory_current_bytes: self.current.get(at),
            memory_avg_bytes: self.avg.get(at),
            memory_peak_bytes: self.peak.get(at),
            cpu_avg_cores: self.cpu.get(at),
            sample_count: small(self.samples.get(at).unwrap_or_default())?,
        })
    }
}

fn take_others(take: &mut Take<'_>, count: usize) -> Result<Parts, Damage> {
    let mut parts = Parts::default();
    take_whole(take, count, &mut parts.avg)?;
    take_signed(take, count, &mut parts.peak)?;
    onto_average(&parts.avg, &mut parts.peak, count);
    take_signed(take, count, &mut parts.current)?;
    onto_average(&parts.avg, &mut parts.current, count);
    take_real(take, count, &mut parts.cpu, &mut Vec::new())?;
    take_whole(take, count, &mut parts.samples)?;
    Ok(parts)
}

/// Reads the first containers' parts and puts them before the others, which the reports have already.
fn take_firsts(
    take: &mut Take<'_>,
    reports: &mut [Report],
    runs: &[Run],
    count: usize,
) -> Result<(), Damage> {
    let mut columns = Parts::default();
    let mut cores = Column::default();
    take_signed(take, count, &mut columns.avg)?;
    take_signed(take, count, &mut columns.peak)?;
    take_signed(take, count, &mut columns.current)?;
    let from_whole = match take.byte()? {
        FROM_WHOLE => {
            take_signed(take, count, &mut cores)?;
            true
        }
        AS_GIVEN => {
            take_real(take, count, &mut columns.cpu, &mut Vec::new())?;
            false
        }
        _ => return Err(Damage("a column's form is unknown")),
    };
    take_whole(take, count, &mut columns.samples)?;
    for run in runs {
        for (nth, report) in reports[run.reports.clone()].iter_mut().enumerate() {
            let at = run.first + nth;
            let mut part = columns.part(run.containers[0], at)?;
            let others = &report.containers;
            let avg_left = left(
                report.memory_avg_bytes,
                others.iter().map(|part| part.memory_avg_bytes),
            );
            part.memory_avg_bytes = part
                .memory_avg_bytes
                .map(|distance| avg_left.wrapping_add(distance));
            let now_left = left(
                report.memory_current_bytes,
                others.iter().map(|part| part.memory_current_bytes),
            );
            part.memory_current_bytes = part
                .memory_current_bytes
                .map(|distance| now_left.wrapping_add(distance));
            part.memory_peak_bytes = part.memory_peak_bytes.map(|distance| {
                // Known only now: the average the peak is kept from.
                above_average(part.memory_avg_bytes, distance)
            });
            if let (true, Some(distance)) = (from_whole, cores.get(at)) {
                let left = left_steps(report.cpu_avg_cores, others.iter().map(|part| part.cpu_avg_cores));
                let left = left.ok_or(Damage("cores and their distance do not fit"))?;
                part.cpu_avg_cores = Some(left.wrapping_add(distance as i64) as f64 / CORE_STEPS);
            }
            report.containers.insert(0, part);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::report::tests::bits;
    use roadstead_model::{DeploymentId, Window};

    /// Reports of one deployment of three containers whose parts add up as measured ones do.
    fn reports() -> Vec<Report> {
        let parts = |nth: u64| {
            (1..=3_u64).map(move |container| ContainerReport {
                container: ContainerId(container as i64),
                memory_current_bytes: Some(
                    container * 50_000_000 + nth.wrapping_mul(2_654_435_761) % 9_999 * 4_096,
                ),
                memory_avg_bytes: Some(
                    container * 50_000_000 + nth.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 40_000_000,
                ),
                memory_peak_bytes: Some(container * 50_000_000 + 70_000_000 + nth * 4_096),
                cpu_avg_cores: Some((nth * 7_919 % 3_000) as f64 / 10_000.0),
                sample_count: 60,
            })
        };
        (0..24)
            .map(|nth| Report {
                deployment: DeploymentId(1),
                window: Window {
                    start_ms: nth as i64 * 900_000,
                },
                sample_count: 60,
                memory_current_bytes: parts(nth).map(|part| part.memory_current_bytes).sum(),
                // A mean of sums and a sum of means round apart.
                memory_avg_bytes: parts(nth)
                    .map(|part| part.memory_avg_bytes)
                    .sum::<Option<u64>>()
                    .map(|avg| avg + nth % 3),
                memory_peak_bytes: Some(500_000_000),
                cpu_avg_cores: parts(nth)
                    .map(|part| part.cpu_avg_cores)
                    .sum::<Option<f64>>()
                    .map(|cores| (cores * CORE_STEPS).round() / CORE_STEPS),
                estimate_bytes: None,
                limit_bytes: None,
                log_errors: None,
                log_warnings: None,
                oom_kills: 0,
                restarts: 0,
                containers: parts(nth).collect(),
            })
            .collect()
    }

    fn round_trip(given: &[Report]) -> Vec<u8> {
        let mut blob = Vec::new();
        put_containers(&mut blob, given);
        let mut back: Vec<Report> = given
            .iter()
            .map(|report| Report {
                containers: Vec::new(),
                ..report.clone()
            })
            .collect();
        take_containers(&mut Take::new(&blob), &mut back).unwrap();
        let text = |reports: &[Report]| reports.iter().map(bits).collect::<Vec<_>>();
        assert_eq!(text(&back), text(given));
        blob
    }

    #[test]
    fn the_first_container_follows_from_the_whole_and_the_others() {
        let given = reports();
        let three = round_trip(&given).len();
        // The same with the whole in another place: nothing follows any more.
        let astray: Vec<Report> = given
            .iter()
            .enumerate()
            .map(|(nth, report)| Report {
                memory_avg_bytes: report
                    .memory_avg_bytes
                    .map(|avg| avg.wrapping_mul(nth as u64 + 3)),
                memory_current_bytes: report
                    .memory_current_bytes
                    .map(|now| now.wrapping_mul(nth as u64 + 5)),
                ..report.clone()
            })
            .collect();
        let without = round_trip(&astray).len();
        assert!(
            three + 100 < without,
            "{three} bytes, {without} when nothing follows"
        );
    }

    #[test]
    fn cores_that_are_no_steps_come_back_as_given() {
        for cores in [Some(1.0 / 3.0), Some(f64::NAN), Some(-0.0), None] {
            let mut given = reports();
            given[5].containers[2].cpu_avg_cores = cores;
            given[6].containers[0].cpu_avg_cores = cores;
            given[7].cpu_avg_cores = cores;
            round_trip(&given);
        }
    }
}
