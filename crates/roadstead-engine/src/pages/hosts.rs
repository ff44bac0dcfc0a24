//! The Hosts page, one host in full, and what can be done to hosts.

use std::collections::HashSet;

use roadstead_model::time::DAY_MS;
use roadstead_model::{Endpoint, HostId, MemoryLevel, Period};
use roadstead_store::{HostEdit, NewHost};

use super::{count, deployments, fleet_query, resolve};
use crate::draft;
use crate::fleet::Fleet;
use crate::fleet::live::{LiveContainer, LiveFleet, LiveHost};
use crate::wire::{
    ContainerRow, EditHost, EngineFacts, HostDraft, HostList, HostPage, HostRequest, HostRow, PauseHost,
    SetHostWriting, Tag, TlsDraft, Transport, Wire, WireError,
};

impl Fleet {
    pub(crate) fn list_hosts(&self) -> HostList {
        let now_ms = self.clock.now_ms();
        let fleet = self.live.read();
        let mut hosts: Vec<HostRow> = fleet
            .hosts
            .values()
            .map(|host| host_row(&fleet, host, now_ms))
            .collect();
        hosts.sort_by(|a, b| {
            a.name
                .to_lowercase()
                .cmp(&b.name.to_lowercase())
                .then(a.id.cmp(&b.id))
        });
        HostList { now_ms, hosts }
    }

    pub(crate) async fn host(&self, request: HostRequest) -> Wire<HostPage> {
        let now_ms = self.clock.now_ms();
        let range = resolve(Period::Week, now_ms)?;
        if !self.live.read().hosts.contains_key(&request.host) {
            return Err(WireError::not_found("host", request.host));
        }
        let aggregates = self
            .store
            .host_aggregate(request.host, fleet_query(range, now_ms))
            .await?;
        let fleet = self.live.read();
        let host = fleet
            .hosts
            .get(&request.host)
            .ok_or_else(|| WireError::not_found("host", request.host))?;
        let mut rows: Vec<_> = deployments::rows_by_app(&fleet, &aggregates, range, now_ms)
            .into_values()
            .flatten()
            .filter(|row| row.host == request.host)
            .collect();
        rows.sort_by(|a, b| {
            b.memory_avg_bytes
                .cmp(&a.memory_avg_bytes)
                .then(a.app.cmp(&b.app))
        });
        let mut containers: Vec<ContainerRow> = host
            .containers
            .iter()
            .map(|c| container_row(&fleet, host, c, now_ms))
            .collect();
        containers.sort_by(|a, b| {
            b.state
                .is_running()
                .cmp(&a.state.is_running())
                .then(a.name.cmp(&b.name))
        });
        Ok(HostPage {
            now_ms,
            row: host_row(&fleet, host, now_ms),
            containers,
            deployments: rows,
        })
    }

    pub(crate) async fn add_host(&self, draft: HostDraft) -> Wire<HostRow> {
        let checked = draft::check(&draft)?;
        let id = self
            .store
            .add_host(NewHost {
                name: checked.name,
                customer: checked.customer,
                endpoint: checked.endpoint,
                accept_plain_text: checked.accept_plain_text,
                interval_override_ms: checked.tick_interval_s.map(|s| i64::from(s) * 1_000),
                created_at_ms: self.clock.now_ms(),
            })
            .await?;
        self.adopt_host(id).await?;
        self.row_of(id)
    }

    pub(crate) async fn edit_host(&self, request: EditHost) -> Wire<HostRow> {
        let checked = draft::check(&request.draft)?;
        let moves = self
            .live
            .with_host(request.host, |live| live.record.endpoint != checked.endpoint);
        if moves == Some(true) {
            self.has_no_unfinished_deploy(request.host).await?;
        }
        self.store
            .update_host(
                request.host,
                HostEdit {
                    name: checked.name,
                    customer: checked.customer,
                    endpoint: checked.endpoint,
                    accept_plain_text: checked.accept_plain_text,
                    interval_override_ms: checked.tick_interval_s.map(|s| i64::from(s) * 1_000),
                },
            )
            .await?;
        self.adopt_host(request.host).await?;
        self.row_of(request.host)
    }

    pub(crate) async fn pause_host(&self, request: PauseHost) -> Wire<HostRow> {
        self.store.set_host_paused(request.host, request.paused).await?;
        self.adopt_host(request.host).await?;
        self.row_of(request.host)
    }

    pub(crate) async fn set_host_writing(&self, request: SetHostWriting) -> Wire<HostRow> {
        self.store.set_host_writing(request.host, request.on).await?;
        self.live
            .with_host(request.host, |live| live.record.writing = request.on)
            .ok_or_else(|| WireError::not_found("host", request.host))?;
        self.notifier.changed(Tag::Hosts);
        self.notifier.changed(Tag::Host(request.host));
        self.row_of(request.host)
    }

    pub(crate) fn retry_host(&self, request: HostRequest) -> Wire<()> {
        let known = self
            .live
            .with_host(request.host, |live| live.connection.starting())
            .is_some();
        if !known {
            return Err(WireError::not_found("host", request.host));
        }
        self.wake_host(request.host);
        Ok(())
    }

    /// What a deploy left half done can only be repaired where it was begun.
    async fn has_no_unfinished_deploy(&self, host: HostId) -> Wire<()> {
        if self.store.unfinished_deploys(Some(host)).await?.is_empty() {
            return Ok(());
        }
        Err(WireError::invalid(
            "host",
            "deploy.unfinished",
            "a deploy on this host is not finished: wait until it is",
        ))
    }

    pub(crate) async fn remove_host(&self, request: HostRequest) -> Wire<()> {
        self.has_no_unfinished_deploy(request.host).await?;
        self.store.remove_host(request.host, self.clock.now_ms()).await?;
        self.stop_host(request.host);
        self.live.write().hosts.remove(&request.host);
        for tag in [Tag::Hosts, Tag::Apps, Tag::AppState] {
            self.notifier.changed(tag);
        }
        Ok(())
    }

    pub(crate) async fn restore_host(&self, request: HostRequest) -> Wire<HostRow> {
        self.store.restore_host(request.host).await?;
        self.adopt_host(request.host).await?;
        self.notifier.changed(Tag::Apps);
        self.row_of(request.host)
    }

    fn row_of(&self, id: HostId) -> Wire<HostRow> {
        let fleet = self.live.read();
        let host = fleet
            .hosts
            .get(&id)
            .ok_or_else(|| WireError::not_found("host", id))?;
        Ok(host_row(&fleet, host, self.clock.now_ms()))
    }
}

/// How an endpoint is reached.
pub(crate) fn transport(endpoint: &Endpoint) -> Transport {
    match endpoint {
        Endpoint::Unix { .. } => Transport::Unix,
        Endpoint::Tcp { tls: Some(_), .. } => Transport::Tls,
        Endpoint::Tcp { tls: None, .. } => Transport::Plain,
        Endpoint::Ssh { .. } => Transport::Ssh,
    }
}

/// Certificate paths of an endpoint, as typed.
pub(crate) fn tls_draft(endpoint: &Endpoint) -> Option<TlsDraft> {
    let Endpoint::Tcp { tls: Some(files), .. } = endpoint else {
        return None;
    };
    let text = |path: &std::path::Path| path.display().to_string();
    Some(TlsDraft {
        ca: text(&files.ca),
        cert: text(&files.cert),
        key: text(&files.key),
    })
}

pub(crate) fn engine_facts(facts: &roadstead_model::HostFacts) -> EngineFacts {
    EngineFacts {
        kind: facts.engine_kind.clone(),
        version: facts.engine_version.clone(),
        api_version: facts.api_version.clone(),
        operating_system: facts.operating_system.clone(),
        hostname: facts.hostname.clone(),
        cpu_cores: facts.cpu_cores,
        memory_bytes: facts.memory_bytes,
        cgroup_version: facts.cgroup_version,
    }
}

/// The other host whose engine says it has this id, the first by id.
pub(crate) fn same_engine_as(fleet: &LiveFleet, engine_id: &str, except: Option<HostId>) -> Option<String> {
    fleet
        .hosts
        .values()
        .filter(|host| Some(host.record.id) != except && !engine_id.is_empty())
        .find(|host| {
            host.record
                .facts
                .as_ref()
                .is_some_and(|facts| facts.engine_id == engine_id)
        })
        .map(|host| host.record.name.clone())
}

/// A host as a row.
pub(crate) fn host_row(fleet: &LiveFleet, host: &LiveHost, now_ms: i64) -> HostRow {
    let record = &host.record;
    let apps: HashSet<_> = host
        .containers
        .iter()
        .filter(|c| !fleet.is_protected(&c.facts))
        .map(|c| c.app)
        .collect();
    HostRow {
        id: record.id,
        name: record.name.clone(),
        customer: record.customer.clone(),
        address: record.endpoint.to_string(),
        tls: tls_draft(&record.endpoint),
        accept_plain_text: record.accept_plain_text,
        tick_interval_s: record.interval_override_ms.map(|ms| count(ms / 1_000)),
        writing: record.writing,
        transport: transport(&record.endpoint),
        connection: host.connection.wire().clone(),
        engine: record.facts.as_ref().map(engine_facts),
        same_engine_as: record
            .facts
            .as_ref()
            .and_then(|facts| same_engine_as(fleet, &facts.engine_id, Some(record.id))),
        apps: count(apps.len()),
        containers_total: count(host.containers.len()),
        containers_running: count(
            host.containers
                .iter()
                .filter(|c| c.facts.state.is_running())
                .count(),
        ),
        log_trouble: count(
            host.logs
                .values()
                .filter(|scan| scan.is_in_trouble(now_ms))
                .count(),
        ),
        memory_used_bytes: host.memory_used_bytes(),
        cpu_cores: host.cpu_cores(),
        last_tick_ms: host.last_tick_ms,
        stale: !host.is_fresh(now_ms),
    }
}

/// A container as a row; what was measured only while it is fresh.
pub(crate) fn container_row(
    fleet: &LiveFleet,
    host: &LiveHost,
    container: &LiveContainer,
    now_ms: i64,
) -> ContainerRow {
    let facts = &container.facts;
    let sample = host.fresh_sample(container, now_ms);
    let used = sample.and_then(|s| s.memory_used_bytes);
    ContainerRow {
        engine_id: facts.engine_id.short().to_owned(),
        name: facts.name.clone(),
        app: facts.app.0.clone(),
        service: facts.service.clone(),
        image: facts.image.clone(),
        state: facts.state,
        health: facts.health,
        protected: fleet.is_protected(facts),
        memory_used_bytes: used,
        memory_usage_bytes: sample.and_then(|s| s.memory_usage_bytes),
        memory_shmem_bytes: sample.and_then(|s| s.memory_shmem_bytes),
        memory_limit_bytes: facts.memory_limit_bytes,
        memory_level: MemoryLevel::of(used, facts.memory_limit_bytes),
        cpu_cores: sample.and_then(|s| s.cpu_cores),
        cpu_limit_cores: facts.cpu_limit_cores,
        network_rx_bytes_per_s: sample.and_then(|s| s.network_rx_bytes_per_s),
        network_tx_bytes_per_s: sample.and_then(|s| s.network_tx_bytes_per_s),
        block_read_bytes_per_s: sample.and_then(|s| s.block_read_bytes_per_s),
        block_write_bytes_per_s: sample.and_then(|s| s.block_write_bytes_per_s),
        pids: sample.and_then(|s| s.pids),
        restart_count: facts.restart_count,
        oom_killed: facts.oom_killed,
        exit_code: facts.exit_code,
        created_at_ms: facts.created_at_ms,
        started_at_ms: facts.started_at_ms,
        log: host.logs.get(&container.container).map(|scan| scan.shown(now_ms)),
    }
}

/// How long a container that ended counts as trouble.
pub(crate) const EXITED_TROUBLE_MS: i64 = DAY_MS;
