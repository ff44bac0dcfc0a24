//! What generations, runs and spells of trouble promise.

use super::*;

fn schedule(runs: Runs) -> Schedule {
    Schedule {
        first_ms: 1_700_000_000_000,
        turns: Arc::default(),
        offers: 0,
        pauses: Arc::default(),
        deploys: Some(Deploys {
            period_ms: 9 * DAY_MS,
            key: 11,
        }),
        runs,
        trouble_percent: 50,
        key: 77,
    }
}

#[test]
fn generations_follow_each_other_without_hole_or_overlap() {
    let schedule = schedule(Runs::One);
    assert_eq!(schedule.generation_at(schedule.first_ms - 1), None);
    let mut generation = schedule.generation_at(schedule.first_ms).unwrap();
    for index in 0..50 {
        assert_eq!(generation.index, index);
        assert_eq!(schedule.generation_at(generation.end_ms - 1), Some(generation));
        let next = schedule.generation_at(generation.end_ms).unwrap();
        assert_eq!(next.start_ms, generation.end_ms);
        generation = next;
    }
}

#[test]
fn runs_follow_each_other_with_a_pause_between() {
    let schedule = schedule(Runs::Repeating {
        period_ms: 12 * 3_600_000,
        end: RunEnd::OomKill,
        calm_when_odd: true,
    });
    let generation = schedule.generation_at(schedule.first_ms).unwrap();
    let mut at_ms = generation.start_ms + CREATE_TO_START_MS;
    for index in 0.. {
        let Stage::Running(run) = schedule.stage_at(generation, at_ms) else {
            panic!("a run begins at {at_ms}");
        };
        assert_eq!((run.index, run.start_ms), (index, at_ms));
        assert_eq!(
            schedule.stage_at(generation, run.end_ms - 1),
            Stage::Running(run),
            "a run lasts until its end"
        );
        if run.end == RunEnd::Replaced {
            assert_eq!(run.end_ms, generation.end_ms);
            assert!(index > 10, "some eighteen half days fit: {index}");
            break;
        }
        let Stage::Ended { next_start_ms, .. } = schedule.stage_at(generation, run.end_ms) else {
            panic!("a pause begins at {}", run.end_ms);
        };
        assert_eq!(next_start_ms, run.end_ms + 4_000);
        if next_start_ms == generation.end_ms {
            break;
        }
        at_ms = next_start_ms;
    }
    let calm = schedule.generation_at(generation.end_ms).unwrap();
    assert!(schedule.repeats(calm).is_none(), "every other deploy mends it");
}

#[test]
fn a_job_ends_and_stays_ended() {
    let schedule = schedule(Runs::Job { length_ms: 20_000 });
    let generation = schedule.generation_at(schedule.first_ms).unwrap();
    let Stage::Ended { run, next_start_ms } = schedule.stage_at(generation, generation.start_ms + 22_000)
    else {
        panic!("over after 20 s");
    };
    assert_eq!(run.end, RunEnd::Finished);
    assert_eq!(next_start_ms, generation.end_ms);
}

#[test]
fn trouble_comes_on_some_days_and_passes() {
    let schedule = schedule(Runs::One);
    let mut at_ms = schedule.first_ms;
    let mut spells = 0;
    while at_ms < schedule.first_ms + 200 * DAY_MS {
        let (trouble, until_ms) = schedule.trouble_at(at_ms);
        assert!(until_ms > at_ms, "every answer holds for a while");
        assert_eq!(schedule.trouble_at(until_ms - 1).0, trouble);
        spells += u32::from(trouble);
        at_ms = until_ms;
    }
    assert!((70..130).contains(&spells), "about half of 200 days: {spells}");
}

#[test]
fn what_a_story_tells_comes_first_and_the_rhythm_sets_in_after_it() {
    let start_ms = 1_700_000_000_000;
    let turn = |days: i64, version| Turn {
        at_ms: start_ms + days * DAY_MS,
        release: Release {
            version,
            ..Release::FIRST
        },
    };
    let schedule = Schedule {
        turns: Arc::new([turn(3, 1), turn(4, 2), turn(5, 1)]),
        offers: 2,
        ..schedule(Runs::One)
    };
    let mut versions = Vec::new();
    let mut at_ms = start_ms;
    for index in 0..6 {
        let generation = schedule.generation_at(at_ms).unwrap();
        assert_eq!((generation.index, generation.start_ms), (index, at_ms));
        versions.push(schedule.release(index).version);
        at_ms = generation.end_ms;
    }
    assert_eq!(
        versions,
        [0, 1, 2, 1, 4, 5],
        "what is only offered is passed over"
    );
}

#[test]
fn what_cannot_run_is_started_again_after_pauses_that_grow() {
    let schedule = schedule(Runs::Broken { again: true });
    let generation = schedule.generation_at(schedule.first_ms).unwrap();
    let mut at_ms = generation.start_ms + CREATE_TO_START_MS;
    let mut pauses = Vec::new();
    for index in 0..14 {
        let Stage::Running(run) = schedule.stage_at(generation, at_ms) else {
            panic!("run {index} begins at {at_ms}");
        };
        assert_eq!(
            (run.index, run.start_ms, run.meant_end),
            (index, at_ms, RunEnd::Crash)
        );
        let Stage::Ended { next_start_ms, .. } = schedule.stage_at(generation, run.end_ms) else {
            panic!("run {index} ends at {}", run.end_ms);
        };
        pauses.push(next_start_ms - run.end_ms);
        at_ms = next_start_ms;
    }
    assert_eq!(pauses[..4], [100, 200, 400, 800]);
    assert_eq!(pauses[10..], [60_000; 4]);
}

#[test]
fn a_container_that_stepped_aside_runs_again_after_it() {
    let at_ms = 1_700_000_000_000 + DAY_MS;
    let schedule = Schedule {
        pauses: Arc::new([Pause { at_ms }]),
        ..schedule(Runs::One)
    };
    let generation = schedule.generation_at(at_ms).unwrap();
    let Stage::Ended { run, next_start_ms } = schedule.stage_at(generation, at_ms) else {
        panic!("it stands aside");
    };
    assert_eq!(run.end, RunEnd::SteppedAside);
    let Stage::Running(run) = schedule.stage_at(generation, next_start_ms) else {
        panic!("it runs again");
    };
    assert_eq!(
        (run.index, run.start_ms, run.end_ms),
        (1, next_start_ms, generation.end_ms)
    );
    assert_eq!(run.start_ms - run.pause_before_ms, at_ms);
}
