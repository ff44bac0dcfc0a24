//! Reports of one window as one blob: what a fresh row holds until it is merged into its shift, and a deployment's newest.

use roadstead_model::{ContainerId, ContainerReport, DeploymentId, Report, Window};

use super::bytes::{Damage, Put, Take};

const FORMAT: u8 = 1;
/// Bit of the mask: the one container is as the whole, only its id is kept.
const ONE_AS_THE_WHOLE: u64 = 1 << 8;

/// The blob of these reports, whose window is known from elsewhere.
pub(crate) fn put_reports<'a>(reports: impl ExactSizeIterator<Item = &'a Report>) -> Vec<u8> {
    let mut blob = Vec::with_capacity(8 + reports.len() * 48);
    blob.push(FORMAT);
    blob.put_uint(reports.len() as u64);
    for report in reports {
        put_report(&mut blob, report);
    }
    blob
}

/// The reports of [`put_reports`].
pub(crate) fn take_reports(blob: &[u8], window: Window) -> Result<Vec<Report>, Damage> {
    let mut take = Take::new(blob);
    take.format(FORMAT)?;
    let count = take.count(blob.len())?;
    (0..count).map(|_| take_report(&mut take, window)).collect()
}

/// Whether the only container's part says nothing beyond the whole.
pub(crate) fn is_one_as_the_whole(report: &Report) -> Option<ContainerId> {
    let [part] = report.containers.as_slice() else {
        return None;
    };
    (same_bits(&as_the_whole(report, part.container), part)).then_some(part.container)
}

/// The part of an only container.
pub(crate) fn as_the_whole(report: &Report, container: ContainerId) -> ContainerReport {
    ContainerReport {
        container,
        memory_current_bytes: report.memory_current_bytes,
        memory_avg_bytes: report.memory_avg_bytes,
        memory_peak_bytes: report.memory_peak_bytes,
        cpu_avg_cores: report.cpu_avg_cores,
        sample_count: report.sample_count,
    }
}

/// Equality by bits, so that -0.0 and NaN come back as given.
fn same_bits(a: &ContainerReport, b: &ContainerReport) -> bool {
    a.memory_current_bytes == b.memory_current_bytes
        && a.memory_avg_bytes == b.memory_avg_bytes
        && a.memory_peak_bytes == b.memory_peak_bytes
        && a.cpu_avg_cores.map(f64::to_bits) == b.cpu_avg_cores.map(f64::to_bits)
        && a.sample_count == b.sample_count
}

fn put_report(blob: &mut Vec<u8>, report: &Report) {
    let one = is_one_as_the_whole(report);
    let wholes = [
        report.memory_current_bytes,
        report.memory_avg_bytes,
        report.memory_peak_bytes,
        report.estimate_bytes,
        report.limit_bytes,
        report.log_errors.map(u64::from),
        report.log_warnings.map(u64::from),
    ];
    let mut mask = wholes
        .iter()
        .enumerate()
        .fold(0_u64, |mask, (at, value)| mask | u64::from(value.is_some()) << at);
    mask |= u64::from(report.cpu_avg_cores.is_some()) << 7;
    if one.is_some() {
        mask |= ONE_AS_THE_WHOLE;
    }
    blob.put_int(report.deployment.0);
    blob.put_uint(mask);
    blob.put_uint(u64::from(report.sample_count));
    for value in wholes.into_iter().flatten() {
        blob.put_uint(value);
    }
    if let Some(cores) = report.cpu_avg_cores {
        blob.put_real(cores);
    }
    blob.put_uint(u64::from(report.oom_kills));
    blob.put_uint(u64::from(report.restarts));
    if let Some(container) = one {
        blob.put_int(container.0);
        return;
    }
    blob.put_uint(report.containers.len() as u64);
    for part in &report.containers {
        put_part(blob, part);
    }
}

fn put_part(blob: &mut Vec<u8>, part: &ContainerReport) {
    let wholes = [
        part.memory_current_bytes,
        part.memory_avg_bytes,
        part.memory_peak_bytes,
    ];
    let mut mask = wholes
        .iter()
        .enumerate()
        .fold(0_u64, |mask, (at, value)| mask | u64::from(value.is_some()) << at);
    mask |= u64::from(part.cpu_avg_cores.is_some()) << 3;
    blob.put_int(part.container.0);
    blob.put_uint(mask);
    for value in wholes.into_iter().flatten() {
        blob.put_uint(value);
    }
    if let Some(cores) = part.cpu_avg_cores {
        blob.put_real(cores);
    }
    blob.put_uint(u64::from(part.sample_count));
}

/// A count that was 32 bits wide when it was written.
pub(crate) fn small(value: u64) -> Result<u32, Damage> {
    u32::try_from(value).map_err(|_| Damage("a small count is too large"))
}

fn take_report(take: &mut Take<'_>, window: Window) -> Result<Report, Damage> {
    let deployment = DeploymentId(take.int()?);
    let mask = take.uint()?;
    let sample_count = small(take.uint()?)?;
    let mut wholes = [None; 7];
    for (at, value) in wholes.iter_mut().enumerate() {
        if mask >> at & 1 == 1 {
            *value = Some(take.uint()?);
        }
    }
    let cpu_avg_cores = if mask >> 7 & 1 == 1 {
        Some(take.real()?)
    } else {
        None
    };
    let mut report = Report {
        deployment,
        window,
        sample_count,
        memory_current_bytes: wholes[0],
        memory_avg_bytes: wholes[1],
        memory_peak_bytes: wholes[2],
        cpu_avg_cores,
        estimate_bytes: wholes[3],
        limit_bytes: wholes[4],
        log_errors: wholes[5].map(small).transpose()?,
        log_warnings: wholes[6].map(small).transpose()?,
        oom_kills: small(take.uint()?)?,
        restarts: small(take.uint()?)?,
        containers: Vec::new(),
    };
    if mask & ONE_AS_THE_WHOLE != 0 {
        let container = ContainerId(take.int()?);
        report.containers = vec![as_the_whole(&report, container)];
    } else {
        let count = take.count(1 << 16)?;
        for _ in 0..count {
            report.containers.push(take_part(take)?);
        }
    }
    Ok(report)
}

fn take_part(take: &mut Take<'_>) -> Result<ContainerReport, Damage> {
    let container = ContainerId(take.int()?);
    let mask = take.uint()?;
    let mut wholes = [None; 3];
    for (at, value) in wholes.iter_mut().enumerate() {
        if mask >> at & 1 == 1 {
            *value = Some(take.uint()?);
        }
    }
    let cpu_avg_cores = if mask >> 3 & 1 == 1 {
        Some(take.real()?)
    } else {
        None
    };
    Ok(ContainerReport {
        container,
        memory_current_bytes: wholes[0],
        memory_avg_bytes: wholes[1],
        memory_peak_bytes: wholes[2],
        cpu_avg_cores,
        sample_count: small(take.uint()?)?,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_part(container: i64) -> impl Strategy<Value = ContainerReport> {
        (
            prop::array::uniform3(any::<Option<u64>>()),
            any::<Option<u64>>(),
            any::<u32>(),
        )
            .prop_map(move |(memory, cores, sample_count)| ContainerReport {
                container: ContainerId(container),
                memory_current_bytes: memory[0],
                memory_avg_bytes: memory[1],
                memory_peak_bytes: memory[2],
                cpu_avg_cores: cores.map(f64::from_bits),
                sample_count,
            })
    }

    /// Any report: any field absent, any bits, any containers.
    pub(crate) fn any_report(deployment: i64, window: Window) -> impl Strategy<Value = Report> {
        (
            prop::array::uniform5(any::<Option<u64>>()),
            any::<Option<u64>>(),
            prop::array::uniform3(any::<u32>()),
            prop::array::uniform2(any::<Option<u32>>()),
            0_usize..4,
        )
            .prop_flat_map(move |(sizes, cores, counts, logs, shape)| {
                let report = Report {
                    deployment: DeploymentId(deployment),
                    window,
                    sample_count: counts[0],
                    memory_current_bytes: sizes[0],
                    memory_avg_bytes: sizes[1],
                    memory_peak_bytes: sizes[2],
                    cpu_avg_cores: cores.map(f64::from_bits),
                    estimate_bytes: sizes[3],
                    limit_bytes: sizes[4],
                    log_errors: logs[0],
                    log_warnings: logs[1],
                    oom_kills: counts[1],
                    restarts: counts[2],
                    containers: Vec::new(),
                };
                let count = shape as i64;
                let parts: Vec<_> = (0..count).map(|at| any_part(deployment * 10 + at)).collect();
                (Just(report), parts, any::<bool>())
            })
            .prop_map(move |(mut report, parts, as_whole)| {
                report.containers = if as_whole {
                    vec![as_the_whole(&report, ContainerId(deployment * 10))]
                } else {
                    parts
                };
                report
            })
    }

    /// A text that tells NaN and -0.0 apart, for comparing.
    pub(crate) fn bits(report: &Report) -> String {
        let cores = |value: Option<f64>| value.map(f64::to_bits);
        let parts: Vec<_> = report
            .containers
            .iter()
            .map(|part| {
                (
                    cores(part.cpu_avg_cores),
                    ContainerReport {
                        cpu_avg_cores: None,
                        ..part.clone()
                    },
                )
            })
            .collect();
        let whole = Report {
            cpu_avg_cores: None,
            containers: Vec::new(),
            ..report.clone()
        };
        format!("{whole:?} {:?} {parts:?}", cores(report.cpu_avg_cores))
    }

    proptest! {
        #[test]
        fn any_reports_come_back(reports in (0_i64..6).prop_flat_map(|n| (0..n).map(|at| any_report(at, Window { start_ms: 900_000 })).collect::<Vec<_>>())) {
            let blob = put_reports(reports.iter());
            let back = take_reports(&blob, Window { start_ms: 900_000 }).unwrap();
            prop_assert_eq!(back.iter().map(bits).collect::<Vec<_>>(), reports.iter().map(bits).collect::<Vec<_>>());
        }

        #[test]
        fn garbage_is_refused_and_never_panics(bytes: Vec<u8>) {
            let _ = take_reports(&bytes, Window { start_ms: 0 });
        }
    }
}
