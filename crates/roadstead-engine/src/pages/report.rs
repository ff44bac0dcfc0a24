//! What a host did in one window: its reports with names and issues, ready to be handed on.

use std::collections::{BTreeSet, HashMap};

use roadstead_model::{ContainerId, Report, TimeRange, Window};
use roadstead_store::{ContainerLogCount, ReportedIssue};

use super::issues::severity_from_store;
use crate::fleet::Fleet;
use crate::wire::{
    AppReport, ContainerInReport, HostReport, HostReportRequest, IssueInReport, Wire, WireError,
};

/// Issues of all apps together.
const MOST_ISSUES: usize = 50;

impl Fleet {
    pub(crate) async fn host_report(&self, request: HostReportRequest) -> Wire<HostReport> {
        let host = request.host;
        let (host_name, customer, newest) = {
            let fleet = self.live.read();
            let live = fleet
                .hosts
                .get(&host)
                .ok_or_else(|| WireError::not_found("host", host))?;
            let record = &live.record;
            (
                record.name.clone(),
                record.customer.clone(),
                record.last_closed_window,
            )
        };
        let window = match request.window_start_ms {
            Some(start_ms) => Window::holding(start_ms),
            None => newest.ok_or_else(|| WireError::not_found("report", &host_name))?,
        };
        let range = TimeRange::new(window.start_ms, window.end_ms())
            .ok_or_else(|| WireError::not_found("report", &host_name))?;
        let deployments: HashMap<_, _> = self
            .store
            .deployments()
            .await?
            .into_iter()
            .filter(|deployment| deployment.host == host)
            .map(|deployment| (deployment.id, deployment.app))
            .collect();
        let ids: Vec<_> = deployments.keys().copied().collect();
        let reports = self.store.reports(&ids, range).await?;
        let names: HashMap<ContainerId, String> = self
            .store
            .containers(Some(host), true)
            .await?
            .into_iter()
            .map(|container| (container.id, container.facts.name))
            .collect();
        let losses = self.store.log_losses(host, range).await?;
        let mut events = Vec::with_capacity(reports.len());
        let mut issues = Vec::with_capacity(reports.len());
        for report in &reports {
            issues.push(self.store.reported_issues(report.deployment, window).await?);
            let counts = self
                .store
                .log_counts_of_containers(report.deployment, window)
                .await?;
            events.push(Events::new(report, &counts));
        }
        keep_the_most(&mut issues);
        let fleet = self.live.read();
        let mut apps: Vec<AppReport> = reports
            .into_iter()
            .zip(issues)
            .zip(events)
            .map(|((report, issues), events)| {
                let app = deployments.get(&report.deployment).copied();
                AppReport {
                    app: app
                        .and_then(|app| fleet.apps.get(&app))
                        .map(|names| names.name.clone())
                        .unwrap_or_default(),
                    display_name: app.map(|app| fleet.display_name(app)).unwrap_or_default(),
                    sample_count: report.sample_count,
                    memory_current_bytes: report.memory_current_bytes,
                    memory_avg_bytes: report.memory_avg_bytes,
                    memory_peak_bytes: report.memory_peak_bytes,
                    cpu_avg_cores: report.cpu_avg_cores,
                    estimate_bytes: report.estimate_bytes,
                    limit_bytes: report.limit_bytes,
                    oom_kills: report.oom_kills,
                    restarts: report.restarts,
                    log_errors: report.log_errors,
                    log_warnings: report.log_warnings,
                    log_lines_lost: losses.iter().any(|loss| loss.deployment == report.deployment),
                    containers: report
                        .containers
                        .into_iter()
                        .map(|part| ContainerInReport {
                            name: names.get(&part.container).cloned(),
                            sample_count: part.sample_count,
                            memory_current_bytes: part.memory_current_bytes,
                            memory_avg_bytes: part.memory_avg_bytes,
                            memory_peak_bytes: part.memory_peak_bytes,
                            cpu_avg_cores: part.cpu_avg_cores,
                            log_errors: events.of(part.container, |of| of.errors),
                            log_warnings: events.of(part.container, |of| of.warnings),
                        })
                        .collect(),
                    issues: issues
                        .into_iter()
                        .map(|issue| issue_in_report(issue, &names))
                        .collect(),
                }
            })
            .collect();
        apps.sort_by(|a, b| a.app.cmp(&b.app));
        Ok(HostReport {
            host_name,
            customer,
            window_start_ms: window.start_ms,
            window_end_ms: window.end_ms(),
            apps,
        })
    }
}

/// Leaves so many issues over all apps: the first of each app before the second of any, then by events. A noisy app does not
/// silence the others.
fn keep_the_most(by_app: &mut [Vec<ReportedIssue>]) {
    let mut ranked: Vec<(usize, u64, usize)> = by_app
        .iter()
        .enumerate()
        .flat_map(|(app, issues)| {
            issues
                .iter()
                .enumerate()
                .map(move |(nth, issue)| (nth, issue.count, app))
        })
        .collect();
    ranked.sort_by(|a, b| {
        (a.0 > 0)
            .cmp(&(b.0 > 0))
            .then(b.1.cmp(&a.1))
            .then(a.0.cmp(&b.0))
            .then(a.2.cmp(&b.2))
    });
    let mut kept = vec![0; by_app.len()];
    for (_, _, app) in ranked.into_iter().take(MOST_ISSUES) {
        kept[app] += 1;
    }
    for (issues, kept) in by_app.iter_mut().zip(kept) {
        issues.truncate(kept);
    }
}

/// Events of a deployment's containers in a window.
struct Events {
    of: HashMap<ContainerId, ContainerLogCount>,
    /// They are all that the report has: a container that is not among them had none. Windows of before they were kept have more.
    are_all: bool,
}

impl Events {
    fn new(report: &Report, counts: &[ContainerLogCount]) -> Self {
        let reported = u64::from(report.log_errors.unwrap_or_default())
            + u64::from(report.log_warnings.unwrap_or_default());
        let counted: u64 = counts.iter().map(|of| of.errors + of.warnings).sum();
        Self {
            of: counts.iter().map(|of| (of.container, *of)).collect(),
            are_all: report.log_errors.is_some() && counted >= reported,
        }
    }

    /// Events of one container; absent where nobody counted.
    fn of(&self, container: ContainerId, count: impl Fn(&ContainerLogCount) -> u64) -> Option<u32> {
        let counted = self.of.get(&container).map(count);
        let counted = counted.or(self.are_all.then_some(0))?;
        Some(u32::try_from(counted).unwrap_or(u32::MAX))
    }
}

fn issue_in_report(issue: ReportedIssue, names: &HashMap<ContainerId, String>) -> IssueInReport {
    // A container that was recreated within the window is named once.
    let containers: BTreeSet<&String> = issue.containers.iter().filter_map(|of| names.get(of)).collect();
    IssueInReport {
        issue: issue.issue,
        fingerprint: format!("{:016x}", issue.fingerprint.1),
        fingerprint_version: issue.fingerprint.0,
        severity: severity_from_store(issue.severity),
        message: issue.message,
        count: issue.count,
        last_seen_ms: issue.last_seen_ms,
        containers: containers.into_iter().cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    use roadstead_model::IssueId;
    use roadstead_store::IssueSeverity;

    use super::*;

    fn issues(counts: &[u64]) -> Vec<ReportedIssue> {
        counts
            .iter()
            .map(|count| ReportedIssue {
                issue: IssueId(1),
                fingerprint: (1, 7),
                severity: IssueSeverity::Error,
                message: "boom".into(),
                count: *count,
                last_seen_ms: 5,
                containers: Vec::new(),
            })
            .collect()
    }

    #[test]
    fn noisy_apps_do_not_silence_a_quiet_one() {
        let mut by_app = vec![issues(&[900; 10]); 5];
        by_app.push(issues(&[2, 1]));
        keep_the_most(&mut by_app);
        let kept: Vec<usize> = by_app.iter().map(Vec::len).collect();
        assert_eq!(kept.iter().sum::<usize>(), 50);
        assert_eq!(kept[5], 1, "{kept:?}");
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        let mut by_app = vec![issues(&[3, 1]), Vec::new(), issues(&[7])];
        let before = by_app.clone();
        keep_the_most(&mut by_app);
        assert_eq!(by_app, before);
    }
}
