//! Recorded answers, and answers nobody should send.

use proptest::prelude::*;

use super::*;

const CGROUP1: &str = include_str!("../../tests/fixtures/docker20-cgroup1-stats.json");
const CGROUP2: &str = include_str!("../../tests/fixtures/docker25-cgroup2-stats.json");
const HOST_NETWORK: &str = include_str!("../../tests/fixtures/docker20-host-network-stats.json");
const STOPPED: &str = include_str!("../../tests/fixtures/docker20-stopped-stats.json");
const PODMAN: &str = include_str!("../../tests/fixtures/podman4-stats.json");

fn read_text(text: &str, kind: EngineKind) -> Option<Reading> {
    read(text.as_bytes(), &EngineContainerId("c0".to_owned()), kind).unwrap()
}

fn docker(text: &str) -> Reading {
    read_text(text, EngineKind::Docker).expect("the container runs")
}

#[test]
fn cgroup_v1_memory_is_usage_less_total_inactive_file() {
    let reading = docker(CGROUP1);
    assert_eq!(
        reading.memory,
        Some(MemoryReading {
            used_bytes: 9_273_344 - 8_388_608,
            usage_bytes: 9_273_344,
            inactive_file_bytes: Some(8_388_608),
            anon_bytes: Some(122_880),
            shmem_bytes: None,
            limit_bytes: Some(67_108_864),
            failcnt: None,
        }),
        "the kernel of the recording does not tell shared memory, so it is absent"
    );
    assert_eq!(
        reading.cpu,
        Some(CpuCounters {
            total_ns: 49_151_636,
            system_ns: Some(6_167_370_000_000),
            online_cpus: 2
        })
    );
    assert_eq!(reading.pids, Some(2));
    assert_eq!(
        reading.network,
        Some(NetworkCounters {
            rx_bytes: 1_166,
            tx_bytes: 0
        })
    );
    assert_eq!(reading.block, None, "an empty list is no measurement");
    assert_eq!(
        reading.read_at_ms % 1_000,
        24,
        "the engine's own time, to the millisecond"
    );
}

#[test]
fn cgroup_v2_memory_is_usage_less_inactive_file() {
    let reading = docker(CGROUP2);
    assert_eq!(
        reading.memory,
        Some(MemoryReading {
            used_bytes: 524_288_000 - 104_857_600,
            usage_bytes: 524_288_000,
            inactive_file_bytes: Some(104_857_600),
            anon_bytes: Some(314_572_800),
            shmem_bytes: Some(2_097_152),
            limit_bytes: Some(1_073_741_824),
            failcnt: Some(2),
        })
    );
    assert_eq!(
        reading.network,
        Some(NetworkCounters {
            rx_bytes: 1_500,
            tx_bytes: 15
        }),
        "summed over interfaces"
    );
    assert_eq!(
        reading.block,
        Some(BlockCounters {
            read_bytes: 1_048_600,
            write_bytes: 4_096
        }),
        "summed over devices"
    );
}

#[test]
fn upper_case_block_operations_count_and_totals_do_not() {
    let entry = |op: &str, value| BlockEntry {
        op: Some(op.to_owned()),
        value,
    };
    let entries = [
        entry("Read", 3),
        entry("Write", 5),
        entry("Sync", 8),
        entry("Total", 8),
    ];
    assert_eq!(
        block_counters(&entries),
        Some(BlockCounters {
            read_bytes: 3,
            write_bytes: 5
        })
    );
}

#[test]
fn with_host_networking_there_is_no_network_reading() {
    assert_eq!(docker(HOST_NETWORK).network, None);
}

#[test]
fn a_stopped_container_has_no_reading_rather_than_zeros() {
    assert_eq!(read_text(STOPPED, EngineKind::Docker), None);
    assert_eq!(
        read_text("", EngineKind::Podman),
        None,
        "Podman answers with nothing at all"
    );
}

#[test]
fn podman_readings_divide_by_wall_time_and_invent_no_network() {
    let reading = read_text(PODMAN, EngineKind::Podman).expect("the container runs");
    let cpu = reading.cpu.unwrap();
    assert_eq!(cpu.system_ns, None, "its system time is busy time, not all time");
    assert_eq!(cpu.online_cpus, 2);
    assert!(cpu.total_ns > 0);
    assert_eq!(reading.network, None, "zeros of an interface that does not exist");
    let memory = reading.memory.unwrap();
    assert_eq!(memory.used_bytes, memory.usage_bytes, "it tells no cache");
    assert_eq!(memory.anon_bytes, None);
}

#[test]
fn cores_are_counted_when_the_engine_does_not_say() {
    let text = CGROUP1.replace(r#""online_cpus": 2"#, r#""online_cpus": 0"#);
    assert_ne!(text, CGROUP1);
    assert_eq!(
        docker(&text).cpu.unwrap().online_cpus,
        2,
        "one per entry of the list"
    );
}

#[test]
fn the_largest_integer_is_no_limit() {
    let text = CGROUP2.replace("1073741824", "18446744073709551615");
    assert_eq!(docker(&text).memory.unwrap().limit_bytes, None);
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&body, &EngineContainerId("c0".to_owned()), EngineKind::Docker);
    }

    #[test]
    fn no_damage_makes_the_reader_panic(at in 0..CGROUP2.len(), byte in any::<u8>(), cut in 0..CGROUP2.len()) {
        let mut body = CGROUP2.as_bytes().to_vec();
        body[at] = byte;
        let _ = read(&body, &EngineContainerId("c0".to_owned()), EngineKind::Podman);
        let _ = read(&body[..cut], &EngineContainerId("c0".to_owned()), EngineKind::Docker);
    }
}
