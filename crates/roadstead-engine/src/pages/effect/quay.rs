//! An app with a deploy, and a short way to put into its store what happened around it.

use roadstead_model::time::{MINUTE_MS, SECOND_MS};
use roadstead_model::{DeployId, DeployKind, HostId, Report, Sample, Tick, Window};
use roadstead_store::{
    Begun, ContainerRef, DeployEnd, FoundInWindow, FoundIssue, IssueSeverity, LogCursor, LogPosition,
    LogRead, NewDeploy, StreamPosition,
};

use super::*;
use crate::changes::tests::facts;
use crate::clock::Clock;
use crate::fleet::silent::{START_MS, one_host};
use crate::pages::overview::StoredChange;
use crate::wire::ChangeKind;

/// Seven minutes into a window: no span beside it fills whole windows.
pub(super) const DEPLOY_MS: i64 = START_MS + 30 * HOUR_MS + 7 * MINUTE_MS;
pub(super) const DONE_MS: i64 = DEPLOY_MS + 2 * MINUTE_MS;
pub(super) const TICK_MS: i64 = 15 * SECOND_MS;

/// An app of two containers on one host, that was found an hour before it was updated.
pub(super) struct Quay {
    pub(super) clock: Clock,
    pub(super) fleet: Fleet,
    host: HostId,
    containers: Vec<ContainerRef>,
    _dir: tempfile::TempDir,
}

impl Quay {
    pub(super) async fn new() -> Self {
        let clock = Clock::fixed(DONE_MS);
        let (dir, fleet, host) = one_host(&clock).await;
        let containers = [facts("a", "web"), facts("b", "job")];
        let containers = fleet
            .store
            .observe_containers(host, START_MS, &containers)
            .await
            .unwrap();
        Self {
            clock,
            fleet,
            host,
            containers,
            _dir: dir,
        }
    }

    fn new_deploy(&self, kind: DeployKind, started_ms: i64) -> NewDeploy {
        NewDeploy {
            deployment: self.containers[0].deployment,
            kind,
            started_ms,
            services: Vec::new(),
            changes: Vec::new(),
            rollback_of: None,
            journal_json: None,
        }
    }

    pub(super) async fn found(&self, at_ms: i64) {
        let found = self.new_deploy(DeployKind::Found, at_ms);
        self.fleet.store.record_deploy(&found).await.unwrap();
    }

    pub(super) async fn begun(&self) -> DeployId {
        let update = self.new_deploy(DeployKind::Update, DEPLOY_MS);
        match self.fleet.store.begin_deploy(&update).await.unwrap() {
            Begun::Begun(deploy) => deploy,
            Begun::Busy(other) => panic!("{other} is under way"),
        }
    }

    pub(super) async fn updated(&self) -> DeployId {
        let deploy = self.begun().await;
        let end = DeployEnd {
            state: DeployState::Success,
            ended_ms: DONE_MS,
            services: None,
            changes: None,
            fault: None,
            repaired: true,
        };
        self.fleet.store.end_deploy(deploy, &end).await.unwrap();
        deploy
    }

    /// Ticks from one moment up to another: of the nth, both containers together have this memory and these cores.
    pub(super) async fn tick(&self, from_ms: i64, to_ms: i64, of: impl Fn(u64) -> (u64, Option<f64>)) {
        let mut ticks = Vec::new();
        for (nth, tick_ms) in (from_ms..to_ms).step_by(TICK_MS as usize).enumerate() {
            let (memory, cores) = of(nth as u64);
            let sample = |container: &ContainerRef, memory_used_bytes| Sample {
                memory_used_bytes: Some(memory_used_bytes),
                cpu_cores: cores.map(|cores| cores / 2.0),
                ..Sample::empty(container.container, container.deployment)
            };
            ticks.push(Tick {
                host: self.host,
                tick_ms,
                interval_ms: TICK_MS,
                samples: vec![
                    sample(&self.containers[0], memory / 4),
                    sample(&self.containers[1], memory - memory / 4),
                ],
            });
        }
        self.fleet.store.append_ticks(&ticks).await.unwrap();
    }

    /// A report of a window in which no log was read.
    pub(super) fn report(&self, start_ms: i64, memory: u64) -> Report {
        Report {
            deployment: self.containers[0].deployment,
            window: Window::holding(start_ms),
            sample_count: 60,
            memory_current_bytes: Some(memory),
            memory_avg_bytes: Some(memory),
            memory_peak_bytes: Some(memory + (1 << 20)),
            cpu_avg_cores: None,
            estimate_bytes: None,
            limit_bytes: None,
            log_errors: None,
            log_warnings: None,
            oom_kills: 0,
            restarts: 0,
            containers: Vec::new(),
        }
    }

    /// What one read of the first container's log found, up to now: errors by issue and moment.
    pub(super) async fn read_log(&self, found: &[(u64, &[i64])]) {
        let of = &self.containers[0];
        let issues = found.iter().map(|(kind, at_ms)| errors(*kind, at_ms));
        let read = LogRead {
            container: of.container,
            deployment: of.deployment,
            app: of.app,
            host: self.host,
            container_name: "web".into(),
            image: "immich:1".into(),
            generation: roadstead_store::Generation {
                engine_id: of.engine_id.clone(),
                image_id: "sha256:1".into(),
                created_at_ms: 1,
            },
            before: None,
            cursor: LogCursor {
                container: of.container,
                position: LogPosition {
                    from_ns: 0,
                    stdout: StreamPosition {
                        at_ns: Some(1),
                        seen: 1,
                        top_ns: Some(1),
                    },
                    stderr: StreamPosition::default(),
                },
                lines: 1,
                read_until_ms: Some(self.clock.now_ms()),
                looked_at_ms: self.clock.now_ms(),
                state: "ok".into(),
                fault_json: None,
                lost: None,
                drained: false,
            },
            losses: Vec::new(),
            issues: issues.collect(),
        };
        let recorded = self.fleet.store.record_logs(&[read]).await.unwrap();
        assert_eq!(recorded.left_out, []);
    }

    pub(super) async fn changed(&self, at_ms: i64, kind: ChangeKind) {
        let change = StoredChange {
            change: kind,
            container_name: Some("web".into()),
        };
        let of = &self.containers[0];
        let row = change
            .into_row(at_ms, self.host, Some(of.app), Some(of.container))
            .unwrap();
        self.fleet.store.append_changes(&[row]).await.unwrap();
    }

    async fn effect(&self, deploy: DeployId) -> DeployEffect {
        self.fleet.adopt_host(self.host).await.unwrap();
        self.fleet.deploy_effect(DeployRequest { deploy }).await.unwrap()
    }

    /// Both sides, which there have to be.
    pub(super) async fn sides(&self, deploy: DeployId) -> (SpanFigures, SpanFigures) {
        let effect = self.effect(deploy).await;
        assert_eq!(effect.withheld, None);
        (effect.before.unwrap(), effect.after.unwrap())
    }

    pub(super) async fn withheld(&self, deploy: DeployId) -> Option<EffectWithheld> {
        let effect = self.effect(deploy).await;
        assert_eq!((effect.before, effect.after), (None, None));
        effect.withheld
    }
}

fn errors(kind: u64, at_ms: &[i64]) -> FoundIssue {
    let windows = at_ms.iter().map(|at_ms| FoundInWindow {
        window: Window::holding(*at_ms),
        errors: 1,
        warnings: 0,
        first_ms: *at_ms,
        last_ms: *at_ms,
    });
    FoundIssue {
        fingerprints: vec![(1, kind)],
        severity: IssueSeverity::Error,
        message: format!("trouble {kind}"),
        masked: format!("trouble <{kind}>"),
        windows: windows.collect(),
        samples: Vec::new(),
    }
}
