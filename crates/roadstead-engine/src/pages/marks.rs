//! What happened to an app in a span: marks on its charts.

use std::collections::BTreeMap;

use roadstead_model::time::{MINUTE_MS, SECOND_MS, align_down};
use roadstead_model::{DeployKind, DeployState, HostId, TimeRange};
use roadstead_store::{Change, DeployMark, IssueMark};

use super::count;
use super::issues::severity_from_store;
use super::overview::StoredChange;
use crate::fleet::Fleet;
use crate::fleet::live::LiveFleet;
use crate::wire::{ChangeKind, Mark, MarkKind, Marks, MarksRequest, Wire, WireError};

/// Marks of one answer.
const MAX_MARKS: usize = 500;
/// Rows of each kind that are read at most.
const MAX_ROWS: u32 = 2_000;
/// Kinds of changes that are marks.
const KINDS: [&str; 4] = ["oom_killed", "restarted", "container_stopped", "health_changed"];
/// A container that ends so shortly before a deploy was seen was ended by it.
const ENDED_BY_DEPLOY_MS: i64 = 60 * SECOND_MS;
/// And so shortly after.
const ENDS_WITHIN_MS: i64 = 5 * SECOND_MS;

impl Fleet {
    pub(crate) async fn app_marks(&self, request: MarksRequest) -> Wire<Marks> {
        let app = self.app_id(&request.app)?;
        let range = request.range;
        if range.from_ms >= range.to_ms {
            return Err(WireError::invalid(
                "range",
                "period.empty",
                "the range ends before it begins",
            ));
        }
        if let Some(host) = request.host
            && !self.live.read().hosts.contains_key(&host)
        {
            return Err(WireError::not_found("host", host));
        }
        let deploys = self
            .store
            .deploys_between(app, request.host, range, MAX_ROWS)
            .await?;
        let changes = self
            .store
            .mark_changes(app, request.host, range, &KINDS, MAX_ROWS)
            .await?;
        let issues = self.store.issue_marks(app, request.host, range, MAX_ROWS).await?;
        let read = [deploys.len(), changes.len(), issues.len()];
        let unread: u64 = if read.contains(&(MAX_ROWS as usize)) {
            let host = request.host;
            let totals = self.store.mark_totals(app, host, range, &KINDS).await?;
            let totals = [totals.deploys, totals.changes, totals.issues];
            let left = totals.iter().zip(read);
            left.map(|(total, read)| total.saturating_sub(read as u64)).sum()
        } else {
            0
        };
        let fleet = self.live.read();
        let mut marks = gathered(&fleet, range, &deploys, &changes, &issues);
        marks.left_out = marks.left_out.saturating_add(count(unread));
        Ok(marks)
    }
}

fn gathered(
    fleet: &LiveFleet,
    range: TimeRange,
    deploys: &[DeployMark],
    changes: &[Change],
    issues: &[IssueMark],
) -> Marks {
    let host_name = |host: HostId| fleet.hosts.get(&host).map(|live| live.record.name.clone());
    let mut marks: Vec<Mark> = deploys
        .iter()
        .filter_map(|deploy| {
            Some(Mark {
                at_ms: deploy.started_ms,
                host: Some(deploy.host),
                host_name: host_name(deploy.host)?,
                container_name: None,
                mark: MarkKind::Deploy {
                    deploy: deploy.id,
                    how: deploy.kind,
                    state: deploy.state,
                    changes: deploy.changes.clone(),
                },
                count: 1,
            })
        })
        .collect();
    let of_deploys = marks.len();
    let mut others = same_minute(changes.iter().filter_map(|change| {
        let mark = of_change(change, deploys)?;
        Some(Mark {
            host_name: host_name(change.host)?,
            ..mark
        })
    }));
    others.extend(issues.iter().map(|issue| {
        let (id, severity, message) = (
            issue.issue,
            severity_from_store(issue.severity),
            issue.message.clone(),
        );
        Mark {
            at_ms: issue.at_ms,
            host: issue.host,
            host_name: issue.host.and_then(host_name).unwrap_or_default(),
            container_name: None,
            mark: if issue.regressed {
                MarkKind::RegressedIssue {
                    issue: id,
                    severity,
                    message,
                }
            } else {
                MarkKind::NewIssue {
                    issue: id,
                    severity,
                    message,
                }
            },
            count: 1,
        }
    }));
    others.sort_by_key(|mark| std::cmp::Reverse(mark.at_ms));
    let room = MAX_MARKS.saturating_sub(of_deploys);
    let left_out = others.len().saturating_sub(room) + of_deploys.saturating_sub(MAX_MARKS);
    others.truncate(room);
    marks.drain(..of_deploys.saturating_sub(MAX_MARKS));
    marks.append(&mut others);
    marks.sort_by_key(|mark| mark.at_ms);
    Marks {
        range,
        marks,
        left_out: count(left_out),
    }
}

/// A change as a mark, unless a deploy explains it: it ends what it replaces.
fn of_change(change: &Change, deploys: &[DeployMark]) -> Option<Mark> {
    let stored: StoredChange = serde_json::from_str(&change.detail_json)
        .inspect_err(|error| tracing::warn!(%error, kind = change.kind, "a stored change cannot be read"))
        .ok()?;
    let mark = match stored.change {
        ChangeKind::OomKilled => MarkKind::OomKill,
        ChangeKind::Restarted => MarkKind::Restart,
        ChangeKind::ContainerStopped {
            exit_code: Some(code @ (..=-1 | 1..)),
        } => MarkKind::Exit { code },
        ChangeKind::HealthChanged { healthy } => MarkKind::Health { healthy },
        _ => return None,
    };
    // What it replaced ended by it; a new version that ends by itself later is worth a mark.
    let by_deploy = |deploy: &DeployMark| {
        let dispatched = matches!(deploy.kind, DeployKind::Update | DeployKind::Rollback);
        let until_ms = match deploy.ended_ms {
            Some(ended_ms) if dispatched && deploy.state != DeployState::Interrupted => ended_ms,
            _ => deploy.started_ms + ENDS_WITHIN_MS,
        };
        deploy.host == change.host
            && (deploy.started_ms - ENDED_BY_DEPLOY_MS..=until_ms).contains(&change.at_ms)
    };
    if matches!(mark, MarkKind::Exit { .. }) && deploys.iter().any(by_deploy) {
        return None;
    }
    Some(Mark {
        at_ms: change.at_ms,
        host: Some(change.host),
        host_name: String::new(),
        container_name: stored.container_name,
        mark,
        count: 1,
    })
}

/// One mark for what happened to the same container in the same minute: a crash loop is one place on the chart.
fn same_minute(marks: impl Iterator<Item = Mark>) -> Vec<Mark> {
    let mut gathered: BTreeMap<(i64, Option<i64>, Option<String>, u8), Mark> = BTreeMap::new();
    for mark in marks {
        let kind = match mark.mark {
            MarkKind::OomKill => 0,
            MarkKind::Restart => 1,
            MarkKind::Exit { .. } => 2,
            MarkKind::Health { healthy: false } => 3,
            _ => 4,
        };
        let key = (
            align_down(mark.at_ms, MINUTE_MS),
            mark.host.map(|host| host.0),
            mark.container_name.clone(),
            kind,
        );
        gathered
            .entry(key)
            .and_modify(|known| {
                known.count += 1;
                if mark.at_ms > known.at_ms {
                    known.at_ms = mark.at_ms;
                    known.mark = mark.mark.clone();
                }
            })
            .or_insert(mark);
    }
    gathered.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::fleet::silent::{START_MS, one_host};

    fn change(at_ms: i64, kind: ChangeKind) -> Change {
        StoredChange {
            change: kind,
            container_name: Some("web".into()),
        }
        .into_row(at_ms, HostId(1), None, None)
        .unwrap()
    }

    #[test]
    fn a_crash_loop_is_one_mark_a_minute_with_its_count() {
        let marks =
            (0..20).filter_map(|at| of_change(&change(at * 10 * SECOND_MS, ChangeKind::Restarted), &[]));
        let gathered = same_minute(marks);
        let told: Vec<(i64, u32)> = gathered.iter().map(|mark| (mark.at_ms, mark.count)).collect();
        assert_eq!(told, [(50_000, 6), (110_000, 6), (170_000, 6), (190_000, 2)]);
    }

    #[test]
    fn an_end_is_explained_by_the_deploy_that_replaced_it_and_by_no_other() {
        let deploy = DeployMark {
            id: roadstead_model::DeployId(1),
            deployment: roadstead_model::DeploymentId(1),
            host: HostId(1),
            kind: DeployKind::Observed,
            state: DeployState::Success,
            started_ms: 100_000,
            ended_ms: Some(100_000),
            changes: Vec::new(),
        };
        let ended = |at_ms| {
            let change = change(at_ms, ChangeKind::ContainerStopped { exit_code: Some(137) });
            of_change(&change, std::slice::from_ref(&deploy)).is_some()
        };
        assert!(!ended(90_000) && !ended(104_000));
        assert!(
            ended(20_000) && ended(120_000),
            "a new version that crashes is seen"
        );
    }

    #[test]
    fn an_end_with_zero_or_without_a_code_is_no_mark() {
        for exit_code in [None, Some(0)] {
            assert_eq!(
                of_change(&change(0, ChangeKind::ContainerStopped { exit_code }), &[]),
                None
            );
        }
        let failed = of_change(
            &change(0, ChangeKind::ContainerStopped { exit_code: Some(3) }),
            &[],
        );
        assert_eq!(failed.unwrap().mark, MarkKind::Exit { code: 3 });
    }

    #[tokio::test]
    async fn what_was_not_even_read_is_left_out_too() {
        let clock = Clock::fixed(START_MS);
        let (_dir, fleet, host) = one_host(&clock).await;
        let web = crate::changes::tests::facts("a", "web");
        let refs = fleet
            .store
            .observe_containers(host, START_MS, &[web])
            .await
            .unwrap();
        let restarts = i64::from(MAX_ROWS) + 100;
        let rows: Vec<Change> = (0..restarts)
            .map(|minute| Change {
                app: Some(refs[0].app),
                host,
                ..change(START_MS + minute * MINUTE_MS, ChangeKind::Restarted)
            })
            .collect();
        fleet.store.append_changes(&rows).await.unwrap();
        fleet.adopt_host(host).await.unwrap();
        fleet.refresh_names().await.unwrap();
        let marks = async |from: i64| {
            let range = TimeRange::new(START_MS + from * MINUTE_MS, START_MS + restarts * MINUTE_MS);
            let request = MarksRequest {
                app: "immich".into(),
                host: Some(host),
                range: range.unwrap(),
            };
            fleet.app_marks(request).await.unwrap()
        };
        let all = marks(0).await;
        assert_eq!(all.marks.len(), MAX_MARKS);
        assert_eq!(i64::from(all.left_out), restarts - MAX_MARKS as i64);
        let newest = all.marks.last().unwrap().at_ms;
        assert_eq!(newest, START_MS + (restarts - 1) * MINUTE_MS);
        let some = marks(restarts - 600).await;
        assert_eq!((some.marks.len(), some.left_out), (MAX_MARKS, 100));
        assert_eq!(marks(restarts - 400).await.left_out, 0);
        fleet.close().await;
    }
}
