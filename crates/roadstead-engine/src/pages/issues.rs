//! Issues over the fleet, one issue, and what the operator says of them.

use std::collections::HashMap;

use roadstead_model::time::{DAY_MS, HOUR_MS, align_down, align_up};
use roadstead_model::{AppId, EngineContainerId, HostId, IssueId, TimeRange};
use roadstead_store as store;
use roadstead_store::IssueQuery;

use super::count;
use crate::fleet::Fleet;
use crate::fleet::live::LiveFleet;
use crate::wire::{
    ContainerGeneration, IgnoreUntil, IssueCounts, IssueFilter, IssuePage, IssuePlace, IssueRequest,
    IssueRow, IssueSample, IssueSeverity, IssueSort, IssueState, IssueStateBefore, IssueStates, IssuesPage,
    IssuesRequest, LogStreamName, PlaceChange, Regression, SetIssueState, Tag, Wire, WireError,
};

const MOST_ROWS: u32 = 500;
const MOST_CHANGED: usize = 1_000;
const MOST_SEARCH_CHARS: usize = 500;
/// Issues the Overview shows.
const TOP_ISSUES: usize = 10;
/// Issues of each kind that are looked through for the Overview.
const LOOKED_THROUGH: u32 = 200;
/// Sparklines show a day by the hour.
const SPARK_MS: i64 = DAY_MS;
/// How far back the occurrences of one issue are shown.
const OCCURRENCES_MS: i64 = 30 * DAY_MS;

/// Issues of one app on one host that are trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct IssueTrouble {
    /// Came back in the last 24 hours.
    pub(super) regressed: u64,
    /// Errors first seen in the last 24 hours.
    pub(super) new: u64,
}

/// Issues as the Overview shows them.
#[derive(Debug)]
pub(super) struct Glance {
    /// By state.
    pub(super) counts: IssueCounts,
    /// Those worth a look first.
    pub(super) rows: Vec<IssueRow>,
    /// Where there is trouble.
    pub(super) trouble: HashMap<(AppId, HostId), IssueTrouble>,
}

impl Fleet {
    pub(crate) async fn list_issues(&self, request: IssuesRequest) -> Wire<IssuesPage> {
        if !(1..=MOST_ROWS).contains(&request.limit) {
            return Err(WireError::out_of_range(
                "limit",
                request.limit.into(),
                1,
                MOST_ROWS.into(),
                "",
            ));
        }
        let searched = request.search.chars().count();
        if searched > MOST_SEARCH_CHARS {
            return Err(WireError::invalid(
                "search",
                "search.too_long",
                "the text to search for is too long",
            )
            .with("count", searched)
            .with("max", MOST_SEARCH_CHARS));
        }
        let now_ms = self.clock.now_ms();
        let app = match &request.app {
            Some(name) => Some(
                self.live
                    .read()
                    .app_named(name)
                    .ok_or_else(|| WireError::not_found("app", name))?,
            ),
            None => None,
        };
        let spark = spark_range(now_ms)?;
        let list = self
            .store
            .issues(&IssueQuery {
                now_ms,
                app,
                host: request.host,
                severity: request.severity.map(severity_to_store),
                filter: match request.filter {
                    IssueFilter::Open => store::IssueFilter::Open,
                    IssueFilter::New => store::IssueFilter::New,
                    IssueFilter::Regressed => store::IssueFilter::Regressed,
                    IssueFilter::Resolved => store::IssueFilter::Resolved,
                    IssueFilter::Ignored => store::IssueFilter::Ignored,
                    IssueFilter::All => store::IssueFilter::All,
                },
                search: request.search,
                sort: match request.sort {
                    IssueSort::LastSeen => store::IssueSort::LastSeen,
                    IssueSort::FirstSeen => store::IssueSort::FirstSeen,
                    IssueSort::Count => store::IssueSort::Count,
                    IssueSort::Spread => store::IssueSort::Spread,
                    IssueSort::App => store::IssueSort::App,
                },
                descending: request.descending,
                offset: request.offset,
                limit: request.limit,
                spark,
                spark_bucket_ms: HOUR_MS,
            })
            .await?;
        let fleet = self.live.read();
        let scans = || {
            fleet
                .hosts
                .values()
                .filter(|host| request.host.is_none_or(|wanted| wanted == host.record.id))
                .flat_map(|host| host.containers.iter().map(move |container| (host, container)))
                .filter(|(_, container)| app.is_none_or(|app| container.app == app))
                .filter_map(|(host, container)| host.logs.get(&container.container))
        };
        Ok(IssuesPage {
            now_ms,
            spark_from_ms: spark.from_ms,
            spark_bucket_ms: HOUR_MS,
            rows: list
                .rows
                .into_iter()
                .map(|record| row(&fleet, record, now_ms))
                .collect(),
            total: list.total,
            counts: counts(list.counts),
            containers_read: count(scans().filter(|scan| scan.read_until_ms.is_some()).count()),
            containers_in_trouble: count(scans().filter(|scan| scan.is_in_trouble(now_ms)).count()),
        })
    }

    /// Issues for the Overview; nothing before any log was read.
    pub(super) async fn issues_at_a_glance(&self) -> Wire<Option<Glance>> {
        let was_read = self
            .live
            .read()
            .hosts
            .values()
            .any(|host| host.logs.values().any(|scan| scan.read_until_ms.is_some()));
        if !was_read {
            return Ok(None);
        }
        let now_ms = self.clock.now_ms();
        let query = |filter, sort| IssueQuery {
            now_ms,
            app: None,
            host: None,
            severity: None,
            filter,
            search: String::new(),
            sort,
            descending: true,
            offset: 0,
            limit: LOOKED_THROUGH,
            spark: TimeRange {
                from_ms: align_down(now_ms, HOUR_MS) + HOUR_MS - SPARK_MS,
                to_ms: align_down(now_ms, HOUR_MS) + HOUR_MS,
            },
            spark_bucket_ms: HOUR_MS,
        };
        let mut rows: Vec<store::IssueRecord> = Vec::new();
        let mut by_state = store::IssueCounts::default();
        let mut trouble: HashMap<(AppId, HostId), IssueTrouble> = HashMap::new();
        for (filter, sort) in [
            (store::IssueFilter::Regressed, store::IssueSort::LastSeen),
            (store::IssueFilter::New, store::IssueSort::Count),
            (store::IssueFilter::Open, store::IssueSort::Count),
        ] {
            let list = self.store.issues(&query(filter, sort)).await?;
            by_state = list.counts;
            match filter {
                store::IssueFilter::Regressed => {
                    for record in &list.rows {
                        let regressed = record.regressed.as_ref();
                        if let Some(regression) =
                            regressed.filter(|regression| regression.at_ms >= now_ms - DAY_MS)
                        {
                            trouble
                                .entry((record.app, regression.host))
                                .or_default()
                                .regressed += 1;
                        }
                    }
                }
                store::IssueFilter::New => {
                    let errors = list
                        .rows
                        .iter()
                        .filter(|r| r.severity == store::IssueSeverity::Error);
                    let apps: HashMap<IssueId, AppId> =
                        errors.map(|record| (record.id, record.app)).collect();
                    let ids: Vec<IssueId> = apps.keys().copied().collect();
                    for (issue, host) in self.store.hosts_of_issues(&ids).await? {
                        if let Some(app) = apps.get(&issue) {
                            trouble.entry((*app, host)).or_default().new += 1;
                        }
                    }
                }
                _ => {}
            }
            for record in list.rows {
                if rows.len() < TOP_ISSUES && rows.iter().all(|known| known.id != record.id) {
                    rows.push(record);
                }
            }
        }
        let fleet = self.live.read();
        let rows = rows
            .into_iter()
            .map(|record| row(&fleet, record, now_ms))
            .collect();
        Ok(Some(Glance {
            counts: counts(by_state),
            rows,
            trouble,
        }))
    }

    pub(crate) async fn issue(&self, request: IssueRequest) -> Wire<IssuePage> {
        let now_ms = self.clock.now_ms();
        let spark = spark_range(now_ms)?;
        let first = self.store.issue(request.issue, now_ms, spark, HOUR_MS).await?;
        let from_ms = first
            .record
            .first_seen_ms
            .max(now_ms - OCCURRENCES_MS)
            .min(now_ms);
        let bucket_ms = if now_ms - from_ms <= 3 * DAY_MS {
            HOUR_MS
        } else if now_ms - from_ms <= 10 * DAY_MS {
            6 * HOUR_MS
        } else {
            DAY_MS
        };
        let range = TimeRange {
            from_ms: align_down(from_ms, bucket_ms),
            to_ms: align_up(now_ms + 1, bucket_ms),
        };
        let full = self.store.issue(request.issue, now_ms, range, bucket_ms).await?;
        let fleet = self.live.read();
        let times_ms = (0..full.record.spark.len())
            .map(|bucket| range.from_ms + bucket_ms * i64::try_from(bucket).unwrap_or_default())
            .collect();
        let state_at_ms = full.record.state_at_ms;
        Ok(IssuePage {
            now_ms,
            row: row(&fleet, first.record, now_ms),
            state_at_ms,
            masked: full.masked,
            fingerprint: format!("{:016x}", full.fingerprint.1),
            fingerprint_version: full.fingerprint.0,
            bucket_ms,
            times_ms,
            counts: full.record.spark,
            places: full
                .places
                .into_iter()
                .map(|place| IssuePlace {
                    host: place.host,
                    host_name: host_name(&fleet, place.host),
                    container_name: place.container_name,
                    image: place.image,
                    generation: place.generation.map(generation),
                    count: place.count,
                    first_seen_ms: place.first_seen_ms,
                    last_seen_ms: place.last_seen_ms,
                })
                .collect(),
            samples: full
                .samples
                .into_iter()
                .map(|sample| IssueSample {
                    at_ms: sample.sample.at_ms,
                    host: sample.host,
                    host_name: host_name(&fleet, sample.host),
                    container_name: sample.container_name,
                    stream: match sample.sample.stream {
                        store::LogStream::Stdout => LogStreamName::Stdout,
                        store::LogStream::Stderr => LogStreamName::Stderr,
                    },
                    lines: sample.sample.lines,
                    lines_total: sample.sample.line_count,
                })
                .collect(),
        })
    }

    pub(crate) async fn set_issue_state(&self, request: SetIssueState) -> Wire<IssueStates> {
        check_count(request.issues.len())?;
        let now_ms = self.clock.now_ms();
        if let IssueState::Ignored(IgnoreUntil::Moment { at_ms }) = request.state
            && at_ms <= now_ms
        {
            return Err(WireError::invalid(
                "state",
                "ignore.past",
                "the moment until which it is to be ignored has passed",
            ));
        }
        let state = state_to_store(request.state);
        let before = self.store.set_issue_state(&request.issues, state, now_ms).await?;
        self.notifier.changed(Tag::Issues);
        let fleet = self.live.read();
        Ok(IssueStates {
            states: before
                .into_iter()
                .map(|record| IssueStateBefore {
                    issue: record.issue,
                    state: state_from_store(record.state),
                    state_at_ms: record.state_at_ms,
                    regressed: record.regressed.map(|regression| returned(&fleet, regression)),
                })
                .collect(),
        })
    }

    pub(crate) async fn restore_issue_states(&self, request: IssueStates) -> Wire<()> {
        check_count(request.states.len())?;
        let states: Vec<store::IssueStateRecord> = request
            .states
            .into_iter()
            .map(|before| store::IssueStateRecord {
                issue: before.issue,
                state: state_to_store(before.state),
                state_at_ms: before.state_at_ms,
                regressed: before.regressed.map(|regression| store::Regression {
                    at_ms: regression.at_ms,
                    host: regression.host,
                    container_name: regression.container_name,
                    image: regression.image,
                    generation: regression.generation.map(|of| store::Generation {
                        engine_id: EngineContainerId(of.engine_id),
                        image_id: of.image_id,
                        created_at_ms: of.created_at_ms,
                    }),
                    change: regression.change.map(change_to_store),
                }),
            })
            .collect();
        self.store.restore_issue_states(&states).await?;
        self.notifier.changed(Tag::Issues);
        Ok(())
    }
}

fn spark_range(now_ms: i64) -> Wire<TimeRange> {
    let to_ms = align_up(now_ms + 1, HOUR_MS);
    TimeRange::new(to_ms - SPARK_MS, to_ms).ok_or_else(|| WireError::internal("the clock stands before 1970"))
}

fn check_count(issues: usize) -> Wire<()> {
    if issues == 0 || issues > MOST_CHANGED {
        return Err(WireError::out_of_range(
            "issues",
            i64::try_from(issues).unwrap_or(i64::MAX),
            1,
            MOST_CHANGED as i64,
            "",
        ));
    }
    Ok(())
}

fn row(fleet: &LiveFleet, record: store::IssueRecord, now_ms: i64) -> IssueRow {
    IssueRow {
        issue: IssueId(record.id.0),
        app: fleet
            .apps
            .get(&record.app)
            .map(|names| names.name.clone())
            .unwrap_or_default(),
        display_name: fleet.display_name(record.app),
        severity: severity_from_store(record.severity),
        message: record.message,
        state: state_from_store(record.state),
        is_new: record.first_seen_ms >= now_ms - DAY_MS,
        regressed: record.regressed.map(|regression| returned(fleet, regression)),
        first_seen_ms: record.first_seen_ms,
        last_seen_ms: record.last_seen_ms,
        count: record.count,
        hosts: record.hosts,
        containers: record.containers,
        lines_lost_until_ms: record.lines_lost_until_ms,
        spark: record.spark,
    }
}

fn counts(counts: store::IssueCounts) -> IssueCounts {
    IssueCounts {
        open: counts.open,
        open_errors: counts.open_errors,
        new: counts.new,
        regressed: counts.regressed,
        resolved: counts.resolved,
        ignored: counts.ignored,
    }
}

fn returned(fleet: &LiveFleet, regression: store::Regression) -> Regression {
    Regression {
        at_ms: regression.at_ms,
        host_name: host_name(fleet, regression.host),
        host: regression.host,
        container_name: regression.container_name,
        image: regression.image,
        generation: regression.generation.map(generation),
        change: regression.change.map(|change| match change {
            store::PlaceChange::Nothing => PlaceChange::Nothing,
            store::PlaceChange::Container => PlaceChange::Container,
            store::PlaceChange::Image => PlaceChange::Image,
            store::PlaceChange::Place => PlaceChange::Place,
        }),
    }
}

fn generation(of: store::Generation) -> ContainerGeneration {
    ContainerGeneration {
        engine_id: of.engine_id.0,
        image_id: of.image_id,
        created_at_ms: of.created_at_ms,
    }
}

fn change_to_store(change: PlaceChange) -> store::PlaceChange {
    match change {
        PlaceChange::Nothing => store::PlaceChange::Nothing,
        PlaceChange::Container => store::PlaceChange::Container,
        PlaceChange::Image => store::PlaceChange::Image,
        PlaceChange::Place => store::PlaceChange::Place,
    }
}

fn host_name(fleet: &LiveFleet, host: HostId) -> String {
    fleet
        .hosts
        .get(&host)
        .map(|live| live.record.name.clone())
        .unwrap_or_default()
}

/// As the window is told.
pub(super) fn severity_from_store(severity: store::IssueSeverity) -> IssueSeverity {
    match severity {
        store::IssueSeverity::Warning => IssueSeverity::Warning,
        store::IssueSeverity::Error => IssueSeverity::Error,
    }
}

fn severity_to_store(severity: IssueSeverity) -> store::IssueSeverity {
    match severity {
        IssueSeverity::Warning => store::IssueSeverity::Warning,
        IssueSeverity::Error => store::IssueSeverity::Error,
    }
}

fn state_to_store(state: IssueState) -> store::IssueState {
    match state {
        IssueState::Open => store::IssueState::Open,
        IssueState::Resolved => store::IssueState::Resolved,
        IssueState::Ignored(until) => store::IssueState::Ignored(match until {
            IgnoreUntil::Change => store::IgnoredUntil::Change,
            IgnoreUntil::Moment { at_ms } => store::IgnoredUntil::Moment(at_ms),
            IgnoreUntil::Never => store::IgnoredUntil::Never,
        }),
    }
}

fn state_from_store(state: store::IssueState) -> IssueState {
    match state {
        store::IssueState::Open => IssueState::Open,
        store::IssueState::Resolved => IssueState::Resolved,
        store::IssueState::Ignored(until) => IssueState::Ignored(match until {
            store::IgnoredUntil::Change => IgnoreUntil::Change,
            store::IgnoredUntil::Moment(at_ms) => IgnoreUntil::Moment { at_ms },
            store::IgnoredUntil::Never => IgnoreUntil::Never,
        }),
    }
}
