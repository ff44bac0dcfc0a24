use std::collections::{HashMap, HashSet};
use std::time::Instant;

use roadstead_model::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use roadstead_model::{ContainerFacts, ContainerState, Health, Reading, TimeRange};
use roadstead_sim::{
    Berth, EngineFlavour, EventAction, Fleet, FleetPlan, MemoryShape, PlanError, ScriptedHost,
};

use crate::support::{NOON_MS, fleet, full_fleet};

fn berths(fleet: &Fleet) -> impl Iterator<Item = (&ScriptedHost, &Berth)> {
    fleet
        .hosts()
        .iter()
        .flat_map(|host| host.berths().iter().map(move |berth| (host.as_ref(), berth)))
}

fn shaped(fleet: &Fleet, shape: MemoryShape) -> &Berth {
    berths(fleet)
        .map(|(_, berth)| berth)
        .find(|berth| berth.shape() == shape)
        .expect("a host with the whole catalogue has every shape")
}

#[test]
fn equal_plans_make_equal_fleets_and_another_seed_makes_another() {
    let of = |seed| {
        let fleet = fleet(FleetPlan {
            seed,
            ..FleetPlan::default()
        });
        let shown: Vec<String> = berths(&fleet)
            .map(|(host, berth)| {
                let moment = berth.moment_at(NOON_MS).unwrap();
                let (facts, reading) = (berth.facts_at(&moment), berth.reading_at(&moment, NOON_MS));
                format!("{} {facts:?} {reading:?}", host.name())
            })
            .collect();
        shown
    };
    assert_eq!(of(7), of(7));
    assert_ne!(of(7), of(8));
}

#[test]
fn a_fleet_has_what_its_plan_asks_for() {
    for (hosts, containers) in [(1, 1), (3, 7), (100, 20), (2, 150)] {
        let fleet = fleet(FleetPlan {
            hosts,
            containers_per_host: containers,
            ..FleetPlan::default()
        });
        assert_eq!(fleet.hosts().len(), hosts);
        let mut names = HashSet::new();
        for host in fleet.hosts() {
            assert_eq!(host.berths().len(), containers);
            assert!(
                host.name().starts_with("sim-"),
                "{} says it is simulated",
                host.name()
            );
            assert!(names.insert(host.name().to_owned()));
            let on_host: HashSet<&str> = host.berths().iter().map(Berth::name).collect();
            assert_eq!(on_host.len(), containers, "container names are unique on a host");
        }
    }
    let large = fleet(FleetPlan {
        hosts: 100,
        containers_per_host: 20,
        ..FleetPlan::default()
    });
    let apps: HashSet<&str> = berths(&large).map(|(_, berth)| berth.app()).collect();
    assert!(
        (20..40).contains(&apps.len()),
        "the same apps on many hosts: {}",
        apps.len()
    );
}

#[test]
fn a_plan_out_of_range_is_refused_with_the_range() {
    let refused = |plan| Fleet::scripted(plan).unwrap_err();
    let plan = FleetPlan::default;
    assert_eq!(refused(FleetPlan { hosts: 0, ..plan() }), PlanError::Hosts(0));
    assert_eq!(
        refused(FleetPlan {
            hosts: 1_001,
            ..plan()
        }),
        PlanError::Hosts(1_001)
    );
    let error = refused(FleetPlan {
        containers_per_host: 0,
        ..plan()
    });
    assert_eq!(error, PlanError::Containers(0));
    assert!(error.to_string().contains("1 to 1000"), "{error}");
    assert_eq!(
        refused(FleetPlan {
            epoch_ms: -1,
            ..plan()
        }),
        PlanError::Epoch(-1)
    );
}

#[test]
fn hosts_are_found_by_name_and_by_number() {
    let fleet = fleet(FleetPlan::default());
    let name = fleet.hosts()[2].name();
    assert_eq!(name, "sim-pier-03");
    for asked in ["sim-pier-03", "host-3", "3"] {
        assert_eq!(fleet.host_named(asked), Some(2));
    }
    for asked in ["host-0", "host-6", "pier", ""] {
        assert_eq!(fleet.host_named(asked), None, "{asked}");
    }
}

/// Counters of a reading, in a fixed order.
fn counters(reading: &Reading) -> Vec<u64> {
    let cpu = reading.cpu.unwrap();
    let network = reading.network.unwrap_or_default();
    let block = reading.block.unwrap_or_default();
    vec![
        cpu.total_ns,
        network.rx_bytes,
        network.tx_bytes,
        block.read_bytes,
        block.write_bytes,
    ]
}

#[test]
fn counters_never_fall_within_one_run_and_start_again_with_the_next() {
    let fleet = full_fleet();
    let range = TimeRange::new(NOON_MS, NOON_MS + 5 * DAY_MS).unwrap();
    let mut before: HashMap<usize, (Option<i64>, Reading)> = HashMap::new();
    let mut resets = 0;
    let mut cpu_seen = 0.0_f64;
    for tick in fleet.ticks(0, range, 5 * MINUTE_MS).unwrap() {
        for container in tick.containers {
            let Some(reading) = container.reading else {
                continue;
            };
            let run = container.facts.started_at_ms;
            if let Some((run_before, earlier)) = before.get(&container.berth) {
                let grown = counters(&reading)
                    .iter()
                    .zip(counters(earlier))
                    .all(|(now, then)| *now >= then);
                if *run_before == run {
                    assert!(grown, "{} at {}", container.facts.name, tick.tick_ms);
                    let system = |r: &Reading| r.cpu.unwrap().system_ns.unwrap();
                    let used = reading.cpu.unwrap().total_ns - earlier.cpu.unwrap().total_ns;
                    let machine = system(&reading) - system(earlier);
                    cpu_seen = cpu_seen.max(used as f64 / machine as f64);
                } else {
                    resets += u32::from(reading.cpu.unwrap().total_ns < earlier.cpu.unwrap().total_ns);
                }
            }
            before.insert(container.berth, (run, reading));
        }
    }
    assert!(resets > 5, "restarts and deploys reset counters: {resets}");
    assert!(
        (0.01..1.0).contains(&cpu_seen),
        "no container uses more than its machine: {cpu_seen}"
    );
}

#[test]
fn memory_adds_up_and_stays_within_its_limit() {
    let fleet = full_fleet();
    for (host, berth) in berths(&fleet) {
        for step in 0..400 {
            let at_ms = NOON_MS + step * 37 * MINUTE_MS;
            let moment = berth.moment_at(at_ms).unwrap();
            let Some(reading) = berth.reading_at(&moment, at_ms) else {
                assert!(
                    !moment.state.is_running(),
                    "{} runs, and shows nothing",
                    berth.name()
                );
                continue;
            };
            let memory = reading.memory.unwrap();
            let limit = memory.limit_bytes.unwrap();
            assert!(memory.usage_bytes <= limit, "{} at {at_ms}", berth.name());
            assert_eq!(
                limit,
                berth
                    .limit_bytes(moment.generation)
                    .unwrap_or(host.memory_bytes())
            );
            assert_eq!(
                memory.used_bytes + memory.inactive_file_bytes.unwrap(),
                memory.usage_bytes
            );
            assert!(memory.anon_bytes.unwrap() + memory.shmem_bytes.unwrap() <= memory.used_bytes);
            assert!(memory.used_bytes > 0);
            assert_eq!(berth.memory_bytes_at(at_ms), Some(memory.used_bytes));
        }
    }
}

#[test]
fn a_leak_grows_until_the_restart_and_begins_small_again() {
    let fleet = full_fleet();
    let berth = shaped(&fleet, MemoryShape::Leaking);
    let mut at_ms = NOON_MS;
    let run = loop {
        let moment = berth.moment_at(at_ms).unwrap();
        let (start, next) = (moment.started_at_ms, moment.until_ms);
        if moment.state == ContainerState::Running && start.is_some_and(|start| at_ms - start < 60_000) {
            break moment;
        }
        at_ms = next;
    };
    let start_ms = run.started_at_ms.unwrap();
    let at = |hours: i64| berth.memory_bytes_at(start_ms + hours * HOUR_MS).unwrap() as f64;
    let (young, later, old) = (at(1), at(20), at(60));
    assert!(young < later && later < old, "{young} {later} {old}");
    assert!(old > 1.5 * young, "{old} after 60 hours, {young} after one");
    let mut moment = run;
    while moment.started_at_ms == Some(start_ms) {
        moment = berth.moment_at(moment.until_ms).unwrap();
    }
    let again_ms = moment.started_at_ms.unwrap() + HOUR_MS;
    assert!((berth.memory_bytes_at(again_ms).unwrap() as f64) < 1.2 * young);
    assert_eq!(
        berth.moment_at(again_ms).unwrap().restart_count,
        0,
        "an operator's restart is none by policy"
    );
}

#[test]
fn what_climbs_reaches_its_limit_is_killed_and_restarted_by_policy() {
    let fleet = full_fleet();
    let (host, berth) = berths(&fleet)
        .find(|(_, berth)| berth.shape() == MemoryShape::Climbing)
        .unwrap();
    // Every other generation is calm.
    let mut at_ms = NOON_MS;
    let killed = loop {
        let moment = berth.moment_at(at_ms).unwrap();
        if moment.state == ContainerState::Restarting {
            break moment;
        }
        at_ms = moment.until_ms;
        assert!(at_ms < NOON_MS + 60 * DAY_MS, "killed within two deploys");
    };
    assert_eq!(killed.exit_code, Some(137));
    assert!(killed.oom_killed);
    let end_ms = killed.finished_at_ms.unwrap();
    let limit = berth.limit_bytes(killed.generation).unwrap();
    let last = berth.memory_bytes_at(end_ms - 1).unwrap();
    assert!(last as f64 > 0.999 * limit as f64, "{last} of {limit}");
    let next = berth.moment_at(killed.until_ms).unwrap();
    assert_eq!(next.state, ContainerState::Running);
    assert_eq!(next.restart_count, killed.restart_count);
    assert!(next.restart_count >= 1);
    assert_eq!(
        next.generation, killed.generation,
        "the same container runs again"
    );
    assert!(next.oom_killed, "and still says how its last run ended");

    let events: Vec<EventAction> = host
        .events(end_ms - 1, killed.until_ms)
        .into_iter()
        .filter(|event| event.engine_id == berth.container_id(killed.generation))
        .map(|event| event.action)
        .collect();
    use EventAction::{Die, Oom, Start};
    assert_eq!(events, [Oom, Die { exit_code: 137 }, Start]);
}

#[test]
fn the_other_shapes_do_what_their_names_say() {
    let fleet = full_fleet();
    let spread = |berth: &Berth, from_ms: i64, to_ms: i64| {
        let values: Vec<f64> = (0..200)
            .filter_map(|step| berth.memory_bytes_at(from_ms + (to_ms - from_ms) * step / 200))
            .map(|bytes| bytes as f64)
            .collect();
        let max = values.iter().copied().fold(f64::MIN, f64::max);
        let min = values.iter().copied().fold(f64::MAX, f64::min);
        max / min
    };
    // A berth whose container has been running for a day around noon.
    let steady = |shape| {
        berths(&fleet)
            .map(|(_, berth)| berth)
            .find(|berth| {
                let moment = berth.moment_at(NOON_MS).unwrap();
                let later = berth.moment_at(NOON_MS + DAY_MS).unwrap();
                berth.shape() == shape
                    && moment.started_at_ms == later.started_at_ms
                    && moment
                        .started_at_ms
                        .is_some_and(|start| start < NOON_MS - HOUR_MS)
            })
            .unwrap()
    };
    let flat = spread(steady(MemoryShape::Flat), NOON_MS, NOON_MS + DAY_MS);
    assert!(flat < 1.1, "flat: {flat}");
    let tooth = spread(steady(MemoryShape::SawTooth), NOON_MS, NOON_MS + 2 * HOUR_MS);
    assert!(tooth > 1.8, "saw-tooth within two hours: {tooth}");
    let diurnal = steady(MemoryShape::Diurnal);
    let day = spread(diurnal, NOON_MS, NOON_MS + DAY_MS);
    assert!(day > 1.3, "diurnal within a day: {day}");
    let hour = spread(diurnal, NOON_MS, NOON_MS + HOUR_MS);
    assert!(hour < 1.2, "diurnal within an hour: {hour}");
}

#[test]
fn a_deploy_makes_a_new_container_from_a_new_image() {
    let fleet = full_fleet();
    let (host, berth) = berths(&fleet)
        .find(|(_, berth)| berth.name() == "immich-machine-learning-1")
        .unwrap();
    let first = berth.moment_at(NOON_MS).unwrap();
    let mut after = first;
    while after.generation == first.generation {
        after = berth.moment_at(after.until_ms).unwrap();
    }
    assert_eq!(after.state, ContainerState::Created);
    assert_eq!(after.generation, first.generation + 1);
    let (old, new) = (berth.facts_at(&first), berth.facts_at(&after));
    assert_eq!(
        (&old.name, &old.app, &old.service),
        (&new.name, &new.app, &new.service)
    );
    assert_ne!(old.engine_id, new.engine_id);
    assert_ne!(old.image, new.image);
    assert_ne!(old.image_id, new.image_id);
    assert_ne!(
        old.memory_limit_bytes, new.memory_limit_bytes,
        "this app's limit goes up and down"
    );
    assert_eq!((new.restart_count, new.started_at_ms), (0, None));

    let deploy_ms = after.created_at_ms;
    let actions: Vec<EventAction> = host
        .events(deploy_ms - 1, deploy_ms + 2_000)
        .into_iter()
        .filter(|event| [&old.engine_id, &new.engine_id].contains(&&event.engine_id))
        .map(|event| event.action)
        .collect();
    use EventAction as A;
    assert_eq!(
        actions,
        [
            A::Kill { signal: 15 },
            A::Die { exit_code: 0 },
            A::Stop,
            A::Destroy,
            A::Pull,
            A::Create,
            A::Start
        ]
    );
}

#[test]
fn one_version_rolls_over_the_fleet_within_two_days() {
    let fleet = fleet(FleetPlan {
        hosts: 40,
        containers_per_host: 20,
        ..FleetPlan::default()
    });
    let deploys: Vec<i64> = berths(&fleet)
        .filter(|(_, berth)| berth.name() == "immich-server-1")
        .map(|(_, berth)| berth.moment_at(NOON_MS).unwrap().created_at_ms)
        .collect();
    assert!(deploys.len() > 10, "immich is on many hosts");
    let span_ms = deploys.iter().max().unwrap() - deploys.iter().min().unwrap();
    let period_ms = 12 * DAY_MS;
    assert!(
        span_ms < period_ms,
        "two neighbouring versions at most: {span_ms}"
    );
    let distinct: HashSet<&i64> = deploys.iter().collect();
    assert!(distinct.len() > 5, "not all in the same moment");
}

#[test]
fn the_script_holds_every_state_an_operator_meets() {
    let fleet = full_fleet();
    let mut states = HashSet::new();
    let mut healths = HashSet::new();
    let mut facts_seen: Vec<ContainerFacts> = Vec::new();
    for (_, berth) in berths(&fleet) {
        let mut moment = berth.moment_at(NOON_MS).unwrap();
        facts_seen.push(berth.facts_at(&moment));
        while moment.until_ms < NOON_MS + 40 * DAY_MS {
            states.insert(moment.state);
            healths.insert(moment.health);
            let next = berth.moment_at(moment.until_ms).unwrap();
            assert!(next.until_ms > moment.until_ms, "every moment lasts");
            moment = next;
        }
    }
    use ContainerState as S;
    assert_eq!(
        states,
        HashSet::from([S::Created, S::Running, S::Restarting, S::Exited])
    );
    use Health as H;
    let wanted = [None, Some(H::Starting), Some(H::Healthy), Some(H::Unhealthy)];
    assert_eq!(healths, HashSet::from(wanted));
    let some = |test: fn(&ContainerFacts) -> bool| facts_seen.iter().any(test);
    assert!(some(|f| f.memory_limit_bytes.is_none()) && some(|f| f.memory_limit_bytes.is_some()));
    assert!(some(|f| f.memory_reservation_bytes.is_some()) && some(|f| f.cpu_limit_cores.is_some()));
    assert!(some(|f| f.label_estimate_bytes.is_some()) && some(|f| f.protected) && some(|f| f.tty));
    assert!(
        some(|f| f.service.is_none()),
        "some containers were started alone"
    );
}

#[test]
fn logs_rise_in_time_and_reading_them_in_parts_gives_the_whole() {
    let fleet = full_fleet();
    for (_, berth) in berths(&fleet).take(60).step_by(4) {
        let moment = berth.moment_at(NOON_MS).unwrap();
        let (from_ns, to_ns) = ((NOON_MS - HOUR_MS) * 1_000_000, NOON_MS * 1_000_000);
        let whole = berth.log_lines(&moment, from_ns, to_ns, usize::MAX);
        assert!(
            whole.windows(2).all(|pair| pair[0].time_ns < pair[1].time_ns),
            "{}",
            berth.name()
        );
        let mut parts = Vec::new();
        let mut told_ns = from_ns;
        loop {
            let part = berth.log_lines(&moment, told_ns, to_ns, 7);
            let Some(last) = part.last() else { break };
            told_ns = last.time_ns;
            parts.extend(part);
        }
        assert_eq!(parts, whole, "{}", berth.name());
        let tail = berth.last_log_lines(&moment, to_ns, 5);
        let all = berth.log_lines(&moment, 0, to_ns, usize::MAX);
        assert_eq!(tail, all[all.len().saturating_sub(5)..], "{}", berth.name());
    }
}

#[test]
fn a_few_apps_misbehave_and_most_do_not() {
    let fleet = full_fleet();
    let mut errors: HashMap<&str, usize> = HashMap::new();
    for berth in fleet.hosts()[0].berths() {
        for day in 0..7 {
            let to_ms = NOON_MS + day * DAY_MS;
            let moment = berth.moment_at(to_ms).unwrap();
            let lines = berth.log_lines(
                &moment,
                (to_ms - DAY_MS) * 1_000_000,
                to_ms * 1_000_000,
                usize::MAX,
            );
            let bad = lines.iter().filter(|line| line.text.contains("ERROR")).count();
            *errors.entry(berth.app()).or_default() += bad;
        }
    }
    assert!(errors["paperless"] > 200, "{errors:?}");
    assert!(errors["paperless"] > 10 * errors["mealie"], "{errors:?}");
}

#[test]
fn cgroup_versions_differ_where_engines_differ() {
    let of = |flavour| {
        let fleet = fleet(FleetPlan {
            flavour,
            ..FleetPlan::default()
        });
        let berth = &fleet.hosts()[0].berths()[0];
        let moment = berth.moment_at(NOON_MS).unwrap();
        berth.reading_at(&moment, NOON_MS).unwrap().memory.unwrap()
    };
    let (v1, v2) = (
        of(EngineFlavour::Docker20CgroupV1),
        of(EngineFlavour::Docker27CgroupV2),
    );
    assert_eq!(v1.used_bytes, v2.used_bytes, "the same fleet behind both");
    assert!(v1.failcnt.is_some());
    assert_eq!(v2.failcnt, None);
}

#[test]
fn history_is_made_much_faster_than_it_passes() {
    let fleet = full_fleet();
    let range = TimeRange::new(NOON_MS, NOON_MS + 2 * DAY_MS).unwrap();
    let started = Instant::now();
    let readings: usize = fleet
        .ticks(1, range, 15_000)
        .unwrap()
        .map(|tick| tick.containers.iter().filter(|c| c.reading.is_some()).count())
        .sum();
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{readings} readings in {seconds:.3} s: {:.0} a second",
        readings as f64 / seconds
    );
    assert!(readings > 600_000, "60 containers, 11520 ticks: {readings}");
    assert!(fleet.ticks(99, range, 15_000).is_none(), "there is no such host");
}
