//! One host's tick as one blob: what a fresh row holds until its span is sealed.
//!
//! A row per tick and not per sample, because the price of a row (a statement across a thread, a B-tree entry) is that of
//! dozens of samples: a row each would cap a store at some tens of thousands of samples a second.
//! Samples are grouped by deployment, each group with its length, so that a page that wants five containers of two
//! thousand passes over the rest.

use roadstead_model::{ContainerId, DeploymentId, Sample};

use super::bytes::{Damage, Put, Take};
use crate::series::{Fields, REAL_FIELDS, WHOLE_FIELDS, reals, set_real, set_whole, wholes};

const FORMAT: u8 = 1;

/// A real number is kept as a whole number of ten-thousandths or ones when it is one to the bit (two low bits say which).
const ONES: u64 = 0;
const TEN_THOUSANDTHS: u64 = 1;
const BITS: u64 = 2;
/// Wholes above this would not leave room for the two low bits.
const MOST_WHOLE: u64 = 1 << 53;

/// The blob of these samples, ordered by deployment and container.
pub(crate) fn put_tick(samples: &[Sample]) -> Vec<u8> {
    let mut ordered: Vec<&Sample> = samples.iter().collect();
    ordered.sort_unstable_by_key(|sample| (sample.deployment, sample.container));
    let mut blob = Vec::with_capacity(16 + samples.len() * 48);
    blob.push(FORMAT);
    let groups: Vec<&[&Sample]> = ordered.chunk_by(|a, b| a.deployment == b.deployment).collect();
    blob.put_uint(groups.len() as u64);
    let mut deployment = 0;
    let mut part = Vec::new();
    for group in groups {
        let this = group[0].deployment.0;
        blob.put_int(this.wrapping_sub(deployment));
        deployment = this;
        part.clear();
        part.put_uint(group.len() as u64);
        let mut container = 0;
        for sample in group {
            part.put_int(sample.container.0.wrapping_sub(container));
            container = sample.container.0;
            put_sample(&mut part, sample);
        }
        blob.put_part(&part);
    }
    blob
}

fn put_sample(part: &mut Vec<u8>, sample: &Sample) {
    let wholes = wholes(sample);
    let reals = reals(sample);
    let there = wholes
        .iter()
        .map(Option::is_some)
        .chain(reals.iter().map(Option::is_some));
    let mask = there
        .enumerate()
        .fold(0_u64, |mask, (at, is)| mask | u64::from(is) << at);
    part.put_uint(mask);
    for value in wholes.into_iter().flatten() {
        part.put_uint(value);
    }
    for value in reals.into_iter().flatten() {
        let as_whole = |scale: f64| {
            // The cast sends negative numbers, -0.0 and NaN to 0, whose bits are not theirs.
            let whole = (value * scale).round() as u64;
            let exact = whole < MOST_WHOLE && (whole as f64 / scale).to_bits() == value.to_bits();
            exact.then_some(whole)
        };
        if let Some(whole) = as_whole(1.0) {
            part.put_uint(whole << 2 | ONES);
        } else if let Some(whole) = as_whole(10_000.0) {
            part.put_uint(whole << 2 | TEN_THOUSANDTHS);
        } else {
            part.put_uint(BITS);
            part.put_real(value);
        }
    }
}

/// The samples of [`put_tick`].
pub(crate) fn take_tick(blob: &[u8]) -> Result<Vec<Sample>, Damage> {
    let mut samples = Vec::new();
    each_sample(blob, |_| true, Fields::ALL, |sample| samples.push(sample))?;
    Ok(samples)
}

/// Hands over the samples of [`put_tick`] whose deployment is wanted, in their order. Fields that were not asked for are absent.
pub(crate) fn each_sample(
    blob: &[u8],
    wanted: impl Fn(DeploymentId) -> bool,
    fields: Fields,
    mut take_in: impl FnMut(Sample),
) -> Result<(), Damage> {
    let mut take = Take::new(blob);
    take.format(FORMAT)?;
    let groups = take.count(blob.len())?;
    let mut id = 0_i64;
    for _ in 0..groups {
        id = id.wrapping_add(take.int()?);
        let mut part = take.part()?;
        let deployment = DeploymentId(id);
        if !wanted(deployment) {
            continue;
        }
        let count = part.count(blob.len())?;
        let mut container = 0_i64;
        for _ in 0..count {
            container = container.wrapping_add(part.int()?);
            take_in(take_sample(
                &mut part,
                ContainerId(container),
                deployment,
                fields,
            )?);
        }
    }
    Ok(())
}

fn take_sample(
    part: &mut Take<'_>,
    container: ContainerId,
    deployment: DeploymentId,
    fields: Fields,
) -> Result<Sample, Damage> {
    let mut sample = Sample::empty(container, deployment);
    let mask = part.uint()?;
    let mut unread = 0;
    for at in 0..WHOLE_FIELDS {
        if mask >> at & 1 == 0 {
            continue;
        }
        if fields.has(at) {
            part.skip_uints(unread)?;
            unread = 0;
            set_whole(&mut sample, at, Some(part.uint()?))?;
        } else {
            unread += 1;
        }
    }
    part.skip_uints(unread)?;
    for at in 0..REAL_FIELDS {
        if mask >> (WHOLE_FIELDS + at) & 1 == 0 {
            continue;
        }
        let tagged = part.uint()?;
        let value = match tagged & 3 {
            ONES => (tagged >> 2) as f64,
            TEN_THOUSANDTHS => (tagged >> 2) as f64 / 10_000.0,
            BITS => part.real()?,
            _ => return Err(Damage("a real number's form is unknown")),
        };
        if fields.has(WHOLE_FIELDS + at) {
            set_real(&mut sample, at, Some(value));
        }
    }
    Ok(sample)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::SampleField;
    use proptest::prelude::*;

    /// Any sample: any field absent, any bits.
    pub(crate) fn any_sample(container: i64, deployment: i64) -> impl Strategy<Value = Sample> {
        (
            prop::array::uniform7(any::<Option<u64>>()),
            prop::array::uniform5(prop::option::of(prop_oneof![
                any::<u64>().prop_map(f64::from_bits),
                (0_u32..100_000).prop_map(|whole| f64::from(whole) / 10_000.0),
            ])),
            prop::array::uniform3(any::<Option<u32>>()),
        )
            .prop_map(move |(memory, real, small)| Sample {
                memory_used_bytes: memory[0],
                memory_usage_bytes: memory[1],
                memory_inactive_file_bytes: memory[2],
                memory_anon_bytes: memory[3],
                memory_shmem_bytes: memory[4],
                memory_limit_bytes: memory[5],
                memory_failcnt: memory[6],
                cpu_cores: real[0],
                network_rx_bytes_per_s: real[1],
                network_tx_bytes_per_s: real[2],
                block_read_bytes_per_s: real[3],
                block_write_bytes_per_s: real[4],
                pids: small[0],
                restart_count: small[1],
                oom_kills: small[2],
                ..Sample::empty(ContainerId(container), DeploymentId(deployment))
            })
    }

    /// Bits instead of values: NaN equals itself.
    pub(crate) fn bits(
        sample: &Sample,
    ) -> (i64, i64, [Option<u64>; WHOLE_FIELDS], [Option<u64>; REAL_FIELDS]) {
        (
            sample.container.0,
            sample.deployment.0,
            wholes(sample),
            reals(sample).map(|value| value.map(f64::to_bits)),
        )
    }

    fn samples_in_order(samples: &[Sample]) -> Vec<Sample> {
        let mut ordered = samples.to_vec();
        ordered.sort_by_key(|sample| (sample.deployment, sample.container));
        ordered
    }

    proptest! {
        #[test]
        fn any_tick_comes_back(samples in (0_i64..40).prop_flat_map(|n| (0..n).map(|at| any_sample(at * 7, at % 3)).collect::<Vec<_>>())) {
            let blob = put_tick(&samples);
            let mut wanted: Vec<_> = samples.iter().map(bits).collect();
            wanted.sort_by_key(|sample| (sample.1, sample.0));
            let back: Vec<_> = take_tick(&blob).unwrap().iter().map(bits).collect();
            prop_assert_eq!(back, wanted.clone());
            let mut of_one = Vec::new();
            each_sample(&blob, |deployment| deployment.0 == 1, Fields::ALL, |sample| of_one.push(bits(&sample))).unwrap();
            wanted.retain(|sample| sample.1 == 1);
            prop_assert_eq!(of_one, wanted);

            let mut chosen = Vec::new();
            each_sample(&blob, |_| true, Fields::of(&[SampleField::MemoryLimit, SampleField::NetworkTx]), |sample| {
                chosen.push(bits(&sample));
            })
            .unwrap();
            let expected = samples_in_order(&samples).into_iter().map(|sample| bits(&Sample {
                memory_limit_bytes: sample.memory_limit_bytes,
                network_tx_bytes_per_s: sample.network_tx_bytes_per_s,
                ..Sample::empty(sample.container, sample.deployment)
            }));
            prop_assert_eq!(chosen, expected.collect::<Vec<_>>());
        }

        #[test]
        fn garbage_is_refused_and_never_panics(bytes: Vec<u8>) {
            let _ = take_tick(&bytes);
        }
    }
}
