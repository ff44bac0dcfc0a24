//! Fresh samples, added up by group as their ticks are read.

use std::collections::{HashMap, HashSet};

use roadstead_model::{ContainerId, DeploymentId};

use super::moments::{Cell, Count, Shown};
use super::parts::{FIELDS, RATE_FIELDS};
use super::{MetricsLines, MetricsSpec};
use crate::codec::bytes::Damage;
use crate::codec::tick::each_sample;
use crate::series::Fields;
use crate::ticks::FreshTick;

/// What is fresh of some deployments.
#[derive(Debug)]
pub(super) struct FreshSums {
    wanted: HashSet<DeploymentId>,
    lines: MetricsLines,
    fields: Fields,
    rates: bool,
    pub(super) hosts: Vec<FreshHost>,
    numbers: HashMap<i64, usize>,
}

/// What is fresh on one host: the ticks in which a container of these deployments ran.
#[derive(Debug, Default)]
pub(super) struct FreshHost {
    pub(super) host_id: i64,
    /// Ascending.
    pub(super) times_ms: Vec<i64>,
    pub(super) intervals_ms: Vec<i64>,
    /// By tick.
    pub(super) counts: Vec<Count>,
    /// Of each group the sums, ascending by the moment of their tick.
    pub(super) groups: Vec<(u32, Vec<(i64, Cell)>)>,
    /// Where each container's samples go: the group's number in `groups`, or nowhere.
    places: HashMap<ContainerId, Option<usize>>,
    /// The containers of the last tick and their places: the next tick mostly has the same ones in the same order.
    order: Vec<(ContainerId, Option<usize>)>,
}

impl FreshSums {
    pub(super) fn new(wanted: HashSet<DeploymentId>, spec: &MetricsSpec) -> Self {
        let fields = Fields::of(&FIELDS);
        Self {
            wanted,
            lines: spec.lines.clone(),
            fields: if spec.rates {
                fields.or(Fields::of(&RATE_FIELDS))
            } else {
                fields
            },
            rates: spec.rates,
            hosts: Vec::new(),
            numbers: HashMap::new(),
        }
    }

    /// Adds a tick; those of a host come ascending.
    pub(super) fn take_in(&mut self, tick: &FreshTick) -> Result<(), Damage> {
        let (wanted, lines, rates) = (&self.wanted, &self.lines, self.rates);
        let number = *self.numbers.entry(tick.host_id).or_insert_with(|| {
            self.hosts.push(FreshHost {
                host_id: tick.host_id,
                ..FreshHost::default()
            });
            self.hosts.len() - 1
        });
        let host = &mut self.hosts[number];
        let mut count = Count::default();
        let mut next = 0;
        let wanted = |deployment| wanted.contains(&deployment);
        each_sample(&tick.samples, wanted, self.fields, |sample| {
            let place = host.place(next, sample.container, lines);
            next += 1;
            let shown = Shown::of(&sample, rates);
            count.add(shown.memory_bytes.is_some());
            if let Some(place) = place {
                let sums = &mut host.groups[place].1;
                match sums.last_mut() {
                    Some((tick_ms, cell)) if *tick_ms == tick.tick_ms => cell.add(&shown),
                    _ => {
                        let mut cell = Cell::default();
                        cell.add(&shown);
                        sums.push((tick.tick_ms, cell));
                    }
                }
            }
        })?;
        if next > 0 {
            host.times_ms.push(tick.tick_ms);
            host.intervals_ms.push(tick.interval_ms);
            host.counts.push(count);
        }
        Ok(())
    }
}

impl FreshHost {
    /// Where the samples of a container go; `at` is its number among the wanted samples of the tick.
    fn place(&mut self, at: usize, container: ContainerId, lines: &MetricsLines) -> Option<usize> {
        if let Some((known, place)) = self.order.get(at)
            && *known == container
        {
            return *place;
        }
        let Self { places, groups, .. } = self;
        let place = *places.entry(container).or_insert_with(|| {
            let group = lines.group_of(container)?;
            let known = groups.iter().position(|(known, _)| *known == group);
            Some(known.unwrap_or_else(|| {
                groups.push((group, Vec::new()));
                groups.len() - 1
            }))
        });
        self.order.truncate(at);
        self.order.push((container, place));
        place
    }
}
