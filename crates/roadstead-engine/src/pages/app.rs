//! The App page: one app in full, with its suggested limit.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use roadstead_model::size::parse_size_bytes;
use roadstead_model::sizing::SUGGESTION_STEP_BYTES;
use roadstead_model::time::DAY_MS;
use roadstead_model::{AppId, ContainerId, SizeError, SuggestionInput, TimeRange, Window};
use roadstead_store::AppSizes;

use super::{apps, deployments, fleet_query, hosts, resolve};
use crate::fleet::Fleet;
use crate::wire::{
    AppContainerRow, AppPage, AppRequest, DeploymentRow, SetAppSizes, SuggestionCard, Tag, TypedSizes, Wire,
    WireError,
};

/// Longest name to show, characters.
const MAX_DISPLAY_NAME_CHARS: usize = 80;

impl Fleet {
    pub(crate) async fn app(&self, request: AppRequest) -> Wire<AppPage> {
        let now_ms = self.clock.now_ms();
        let range = resolve(request.period, now_ms)?;
        let app = self.app_id(&request.app)?;
        let aggregate = self.store.app_aggregate(app, fleet_query(range, now_ms)).await?;
        let peaks = self.service_peaks(app).await?;
        let fleet = self.live.read();
        let aggregates: Vec<_> = aggregate.into_iter().collect();
        let mut rows = deployments::rows_by_app(&fleet, &aggregates, range, now_ms)
            .remove(&app)
            .unwrap_or_default();
        let row = apps::app_row(&fleet, app, aggregates.first(), &rows);
        deployments::sort_worst_first(&mut rows);
        let containers = fleet
            .hosts
            .values()
            .flat_map(|host| {
                host.containers
                    .iter()
                    .filter(|c| c.app == app)
                    .map(|container| AppContainerRow {
                        host: host.record.id,
                        host_name: host.record.name.clone(),
                        container: hosts::container_row(&fleet, host, container, now_ms),
                    })
            })
            .collect();
        let typed = fleet.typed.get(&app).map(typed_sizes).unwrap_or_default();
        Ok(AppPage {
            now_ms,
            range,
            suggestion: suggestion(&rows, &peaks),
            row,
            typed,
            deployments: rows,
            containers,
        })
    }

    pub(crate) async fn set_app_sizes(&self, request: SetAppSizes) -> Wire<AppPage> {
        let app = self.app_id(&request.app)?;
        let size = |field: &str, text: &str| {
            parse_size_bytes(text).map_err(|error| {
                let key = match error {
                    SizeError::Unreadable(_) => "size.unreadable",
                    SizeError::OutOfRange(_) => "size.out_of_range",
                };
                WireError::invalid(field, key, error.to_string()).with("value", text.trim())
            })
        };
        let display_name = request.sizes.display_name.trim();
        let characters = display_name.chars().count();
        if characters > MAX_DISPLAY_NAME_CHARS {
            return Err(
                WireError::invalid("display_name", "name.too_long", "the name to show is too long")
                    .with("count", characters)
                    .with("max", MAX_DISPLAY_NAME_CHARS),
            );
        }
        let sizes = AppSizes {
            display_name: (!display_name.is_empty())
                .then(|| display_name.chars().filter(|c| !c.is_control()).collect()),
            estimate_bytes: size("estimate", &request.sizes.estimate)?,
            limit_bytes: size("limit", &request.sizes.limit)?,
        };
        self.store.set_app_sizes(app, None, &sizes).await?;
        self.refresh_names().await?;
        self.notifier.changed(Tag::Apps);
        self.app(AppRequest {
            app: request.app,
            period: request.period,
        })
        .await
    }

    pub(crate) fn app_id(&self, name: &str) -> Wire<AppId> {
        self.live
            .read()
            .app_named(name)
            .ok_or_else(|| WireError::not_found("app", name))
    }

    /// What each container of each service peaked at in the last day, from the newest reports: what a suggestion for
    /// the whole is split by. Services that were not measured are left out.
    async fn service_peaks(&self, app: AppId) -> Wire<Vec<ServicePeak>> {
        let now_ms = self.clock.now_ms();
        let mut services: BTreeMap<String, ServicePeak> = BTreeMap::new();
        let mut service_of: HashMap<ContainerId, String> = HashMap::new();
        let mut ids = BTreeSet::new();
        {
            let fleet = self.live.read();
            for host in fleet.hosts.values() {
                let mut replicas: BTreeMap<String, u32> = BTreeMap::new();
                for container in host.containers.iter().filter(|c| c.app == app) {
                    let facts = &container.facts;
                    let service = facts.service.clone().unwrap_or_else(|| facts.name.clone());
                    ids.insert(container.deployment);
                    if facts.state.is_running() {
                        *replicas.entry(service.clone()).or_default() += 1;
                    }
                    service_of.insert(container.container, service);
                }
                for (service, count) in replicas {
                    let peak = services.entry(service.clone()).or_insert_with(|| ServicePeak {
                        service,
                        peak_bytes: 0,
                        replicas: 1,
                    });
                    peak.replicas = peak.replicas.max(count);
                }
            }
        }
        if let [only] = services.values().collect::<Vec<_>>().as_slice()
            && only.replicas == 1
        {
            // All of it is its own; nothing to ask.
            return Ok(services.into_values().collect());
        }
        let ids: Vec<_> = ids.into_iter().collect();
        let to_ms = Window::holding(now_ms).end_ms();
        let reports = match TimeRange::new(to_ms - DAY_MS, to_ms) {
            Some(range) => self.store.reports(&ids, range).await?,
            None => Vec::new(),
        };
        for part in reports.iter().flat_map(|report| &report.containers) {
            if let Some(peak) = service_of
                .get(&part.container)
                .and_then(|service| services.get_mut(service))
            {
                peak.peak_bytes = peak.peak_bytes.max(part.memory_peak_bytes.unwrap_or(0));
            }
        }
        Ok(services
            .into_values()
            .filter(|peak| peak.peak_bytes > 0)
            .collect())
    }
}

/// What a container of a service peaked at, and how many there are on one host.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ServicePeak {
    service: String,
    peak_bytes: u64,
    replicas: u32,
}

fn typed_sizes(sizes: &AppSizes) -> TypedSizes {
    let text = |bytes: Option<u64>| bytes.map(size_text).unwrap_or_default();
    TypedSizes {
        display_name: sizes.display_name.clone().unwrap_or_default(),
        estimate: text(sizes.estimate_bytes),
        limit: text(sizes.limit_bytes),
    }
}

/// A size as compose files write it: the largest unit that is exact.
fn size_text(bytes: u64) -> String {
    for (power, unit) in [(30, "g"), (20, "m"), (10, "k")] {
        if bytes > 0 && bytes.is_multiple_of(1 << power) {
            return format!("{}{unit}", bytes >> power);
        }
    }
    format!("{bytes}b")
}

fn suggestion(rows: &[DeploymentRow], peaks: &[ServicePeak]) -> SuggestionCard {
    let worst = rows
        .iter()
        .filter(|row| row.memory_p95_bytes.is_some())
        .max_by(|a, b| {
            a.memory_p95_bytes
                .cmp(&b.memory_p95_bytes)
                .then(b.host_name.cmp(&a.host_name))
        });
    let input = SuggestionInput {
        worst_p95_bytes: worst.and_then(|row| row.memory_p95_bytes),
        peak_bytes: rows.iter().filter_map(|row| row.memory_peak_bytes).max(),
        reports: worst.map_or(0, |row| row.reports.into()),
        oom_kills: rows.iter().map(|row| u64::from(row.oom_kills)).sum(),
    };
    let worst_host = worst.map(|row| row.host_name.to_string());
    match input.suggest() {
        Ok(suggestion) => SuggestionCard {
            compose_lines: compose_lines(suggestion.limit_bytes, peaks),
            suggestion: Some(suggestion),
            withheld: None,
            worst_host,
        },
        Err(withheld) => SuggestionCard {
            suggestion: None,
            withheld: Some(withheld),
            worst_host,
            compose_lines: None,
        },
    }
}

/// The limit as compose lines, split over the services' containers by what each peaked at, each rounded up to a whole
/// step. Peaks come at different times, so a container is never given less than its own with a fifth of headroom.
fn compose_lines(limit_bytes: u64, peaks: &[ServicePeak]) -> Option<String> {
    if peaks.is_empty() {
        return None;
    }
    let total: u128 = peaks
        .iter()
        .map(|p| u128::from(p.peak_bytes) * u128::from(p.replicas))
        .sum();
    let mut lines = String::from("services:\n");
    for peak in peaks {
        let share = (u128::from(limit_bytes) * u128::from(peak.peak_bytes)).checked_div(total);
        let own = u128::from(peak.peak_bytes) * 6 / 5;
        let bytes = share.map_or(limit_bytes, |share| {
            u64::try_from(share.max(own)).unwrap_or(u64::MAX)
        });
        let rounded = bytes.div_ceil(SUGGESTION_STEP_BYTES).max(1) * SUGGESTION_STEP_BYTES;
        // Writing to a string cannot fail.
        let _ = write!(
            lines,
            "  {}:\n    mem_limit: {}\n",
            yaml_key(&peak.service),
            size_text(rounded)
        );
    }
    Some(lines)
}

/// A service name as a YAML key: names come from labels and may hold anything.
fn yaml_key(name: &str) -> String {
    let plain = !name.is_empty()
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if plain {
        name.to_owned()
    } else {
        serde_json::Value::String(name.to_owned()).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    fn peak(service: &str, mib: u64, replicas: u32) -> ServicePeak {
        ServicePeak {
            service: service.into(),
            peak_bytes: mib * MIB,
            replicas,
        }
    }

    #[test]
    fn compose_lines_split_the_limit_and_starve_no_service() {
        assert_eq!(
            compose_lines(512 * MIB, &[peak("db", 100, 1), peak("web", 300, 1)]).unwrap(),
            "services:\n  db:\n    mem_limit: 128m\n  web:\n    mem_limit: 384m\n"
        );
        assert_eq!(
            compose_lines(544 * MIB, &[peak("a", 400, 1), peak("b", 400, 1)]).unwrap(),
            "services:\n  a:\n    mem_limit: 480m\n  b:\n    mem_limit: 480m\n",
            "peaks at different times: half of the sum would kill both"
        );
        assert_eq!(
            compose_lines(960 * MIB, &[peak("web", 100, 4)]).unwrap(),
            "services:\n  web:\n    mem_limit: 256m\n",
            "a limit is for each replica"
        );
        assert_eq!(
            compose_lines(288 * MIB, &[peak("a\n  evil: [", 0, 1)]).unwrap(),
            "services:\n  \"a\\n  evil: [\":\n    mem_limit: 288m\n",
            "a hostile name stays one key"
        );
        assert_eq!(compose_lines(1, &[]), None);
    }

    #[test]
    fn sizes_are_written_in_the_largest_exact_unit() {
        assert_eq!(size_text(1024 * MIB), "1g");
        assert_eq!(size_text(1536 * MIB), "1536m");
        assert_eq!(size_text(1_000_000), "1000000b");
        assert_eq!(
            parse_size_bytes(&size_text(1_000_000)),
            Ok(Some(1_000_000)),
            "what is shown can be typed"
        );
    }
}
