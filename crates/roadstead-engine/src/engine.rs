//! The engine: what a face holds, and the one place where commands meet the fleet they are about.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use roadstead_collect::{ConnectOptions, DiscoverSources, RegistryOptions};
use roadstead_store::StoreError;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::demo::Demo;
use crate::deploys::DeployHook;
use crate::fleet::{Fleet, FleetOptions, store_dir};
use crate::notify::Notifier;
use crate::pages::hosts::{engine_facts, same_engine_as};
use crate::wire::*;
use crate::{discovery, draft, pages, settings};

/// A connection test answers within this, whatever the other side does.
const TEST_WITHIN: Duration = Duration::from_secs(10);

/// What an engine is started with.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Where everything is kept: the store, the demo's store.
    pub data_dir: PathBuf,
    /// A private folder with a short path, for forwarded sockets (unix socket paths end at about 100 bytes).
    pub run_dir: PathBuf,
    /// Where hosts of this machine are looked for.
    pub discover: DiscoverSources,
    /// The clock.
    pub clock: Clock,
    /// How hosts are connected to, when it differs from the usual (tests' own ssh configuration).
    pub connect: Option<ConnectOptions>,
    /// Told at each step of a replacement; only tests set it.
    pub deploy_hook: Option<DeployHook>,
}

impl EngineOptions {
    /// The usual options of a program on a workstation.
    #[must_use]
    pub fn new(data_dir: PathBuf, run_dir: PathBuf) -> Self {
        Self {
            data_dir,
            run_dir,
            discover: DiscoverSources::of_process(),
            clock: Clock::default(),
            connect: None,
            deploy_hook: None,
        }
    }
}

/// The app without a face. Cheap to clone; all clones are one engine.
#[derive(Debug, Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: EngineOptions,
    notifier: Notifier,
    own: Fleet,
    demo: RwLock<Option<Demo>>,
    /// Starting and leaving the demo, one at a time.
    switching: tokio::sync::Mutex<()>,
    dismissed: Mutex<HashSet<String>>,
    stop: CancellationToken,
}

impl Engine {
    /// Opens the store and starts collecting.
    ///
    /// # Errors
    /// When the store cannot be opened: it belongs to a newer version, is open elsewhere, or its disk fails.
    pub async fn start(options: EngineOptions) -> Result<Self, StoreError> {
        let notifier = Notifier::default();
        let own = Fleet::open(FleetOptions {
            dir: store_dir(&options.data_dir, "store"),
            connect: options.connect.clone().unwrap_or_else(|| ConnectOptions {
                registry: RegistryOptions {
                    config_dir: options.discover.docker_config_dir(),
                    search_path: None,
                },
                ..ConnectOptions::new(options.run_dir.clone())
            }),
            clock: options.clock.clone(),
            notifier: notifier.clone(),
            settings: None,
            deploy_hook: options.deploy_hook.clone(),
        })
        .await?;
        let stop = CancellationToken::new();
        tokio::spawn(notifier.clone().run(stop.clone()));
        Ok(Self {
            inner: Arc::new(Inner {
                options,
                notifier,
                own,
                demo: RwLock::default(),
                switching: tokio::sync::Mutex::default(),
                dismissed: Mutex::default(),
                stop,
            }),
        })
    }

    /// Stops collecting, writes what waits, closes the stores.
    pub async fn stop(&self) {
        let demo = self
            .inner
            .demo
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(demo) = demo {
            demo.close().await;
        }
        self.inner.own.close().await;
        self.inner.stop.cancel();
    }

    /// Messages for a window, from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<AppEvent> {
        self.inner.notifier.subscribe()
    }

    /// Asks the window to show a place, e.g. `apps/immich`.
    pub fn open(&self, path: &str) {
        self.inner.notifier.open(path.to_owned());
    }

    /// The operator's settings, for the face itself (closing, start at login).
    #[must_use]
    pub fn current_settings(&self) -> Settings {
        self.inner.own.settings.borrow().clone()
    }

    /// Whose fleet the window shows.
    fn fleet(&self) -> Fleet {
        let demo = self.inner.demo.read().unwrap_or_else(PoisonError::into_inner);
        demo.as_ref()
            .map_or_else(|| self.inner.own.clone(), |demo| demo.fleet.clone())
    }
}

/// The commands, by the names of the command list.
impl Engine {
    /// What the frame of the window needs.
    pub async fn app_state(&self, (): ()) -> Wire<AppState> {
        let fleet = self.fleet();
        let is_demo = self
            .inner
            .demo
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some();
        let ever_added = !self.inner.own.store.hosts().await?.is_empty();
        let mut banners = self.inner.own.banners();
        {
            let mut dismissed = self
                .inner
                .dismissed
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            // What has ended may begin again, and is shown then.
            dismissed.retain(|key| banners.iter().any(|banner| banner_key(banner) == *key));
            banners.retain(|banner| !dismissed.contains(&banner_key(banner)));
        }
        let settings = self.current_settings();
        let hosts = pages::count(fleet.live.read().hosts.len());
        Ok(AppState {
            mode: if is_demo { Mode::Demo } else { Mode::Own },
            first_run: !is_demo && !ever_added,
            hosts,
            banners,
            language: settings.language,
            theme: settings.theme,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }

    /// The Overview page.
    pub async fn overview(&self, (): ()) -> Wire<Overview> {
        self.fleet().overview().await
    }

    /// The Apps page.
    pub async fn list_apps(&self, request: AppsRequest) -> Wire<AppsPage> {
        self.fleet().list_apps(request).await
    }

    /// One app in full.
    pub async fn app(&self, request: AppRequest) -> Wire<AppPage> {
        self.fleet().app(request).await
    }

    /// The trend of an app.
    pub async fn app_history(&self, request: HistoryRequest) -> Wire<History> {
        self.fleet().app_history(request).await
    }

    /// An app tick by tick.
    pub async fn app_window(&self, request: WindowRequest) -> Wire<WindowSeries> {
        self.fleet().app_window(request).await
    }

    /// Sets what the user types of an app.
    pub async fn set_app_sizes(&self, request: SetAppSizes) -> Wire<AppPage> {
        self.fleet().set_app_sizes(request).await
    }

    /// Issues over the fleet.
    pub async fn list_issues(&self, request: IssuesRequest) -> Wire<IssuesPage> {
        self.fleet().list_issues(request).await
    }

    /// One issue in full.
    pub async fn issue(&self, request: IssueRequest) -> Wire<IssuePage> {
        self.fleet().issue(request).await
    }

    /// Says something of issues, and answers what was said of them before.
    pub async fn set_issue_state(&self, request: SetIssueState) -> Wire<IssueStates> {
        self.fleet().set_issue_state(request).await
    }

    /// Takes a change of states back.
    pub async fn restore_issue_states(&self, request: IssueStates) -> Wire<()> {
        self.fleet().restore_issue_states(request).await
    }

    /// All hosts.
    pub async fn list_hosts(&self, (): ()) -> Wire<HostList> {
        Ok(self.fleet().list_hosts())
    }

    /// One host in full.
    pub async fn host(&self, request: HostRequest) -> Wire<HostPage> {
        self.fleet().host(request).await
    }

    /// What a host did in one window, as it would be handed on.
    pub async fn host_report(&self, request: HostReportRequest) -> Wire<HostReport> {
        self.fleet().host_report(request).await
    }

    /// Hosts found on this machine that could be added.
    pub async fn discover_hosts(&self, (): ()) -> Wire<Discovery> {
        discovery::discover(&self.inner.own, &self.inner.options.discover).await
    }

    /// Tries an address without storing anything.
    pub async fn test_host(&self, draft: HostDraft) -> Wire<ConnectionTest> {
        let endpoint = draft::check_endpoint(&draft)?;
        let fleet = self.fleet();
        let options = ConnectOptions {
            timeout: TEST_WITHIN,
            ..fleet.connect_options.clone()
        };
        let started = Instant::now();
        Ok(match roadstead_collect::test(&endpoint, &options).await {
            Ok(test) => ConnectionTest::Answered {
                same_engine_as: same_engine_as(&fleet.live.read(), &test.facts.engine_id, None),
                engine: engine_facts(&test.facts),
                containers_total: test.containers_total,
                containers_running: test.containers_running,
                round_trip_ms: test.round_trip_ms,
            },
            Err(fault) => ConnectionTest::Failed {
                fault,
                elapsed_ms: started.elapsed().as_secs_f64() * 1_000.0,
            },
        })
    }

    /// Adds a host and starts collecting from it.
    pub async fn add_host(&self, draft: HostDraft) -> Wire<HostRow> {
        self.fleet().add_host(draft).await
    }

    /// Changes a host and connects anew.
    pub async fn edit_host(&self, request: EditHost) -> Wire<HostRow> {
        self.fleet().edit_host(request).await
    }

    /// Live metrics of an app.
    pub async fn app_metrics(&self, request: MetricsRequest) -> Wire<MetricsSeries> {
        self.fleet().app_metrics(request).await
    }

    /// What happened to an app in a span, for its charts.
    pub async fn app_marks(&self, request: MarksRequest) -> Wire<Marks> {
        self.fleet().app_marks(request).await
    }

    /// A page of an app's deploy ledger.
    pub async fn list_deploys(&self, request: DeploysRequest) -> Wire<DeploysPage> {
        self.fleet().list_deploys(request).await
    }

    /// Before and after a deploy.
    pub async fn deploy_effect(&self, request: DeployRequest) -> Wire<DeployEffect> {
        self.fleet().deploy_effect(request).await
    }

    /// What a deploy would do, to be confirmed. Nothing is changed.
    pub async fn plan_deploy(&self, request: PlanRequest) -> Wire<DeployPlan> {
        self.fleet().plan_deploy(request).await
    }

    /// Begins a deploy and answers with its row, which says `running`.
    pub async fn start_deploy(&self, request: PlanRequest) -> Wire<DeployRow> {
        self.fleet().start_deploy(request).await
    }

    /// Stops a deploy that is under way, as long as it can be stopped.
    pub async fn cancel_deploy(&self, request: DeployRequest) -> Wire<()> {
        self.fleet().cancel_deploy(request).await
    }

    /// Turns writing to a host on or off.
    pub async fn set_host_writing(&self, request: SetHostWriting) -> Wire<HostRow> {
        self.fleet().set_host_writing(request).await
    }

    /// Pauses or resumes a host.
    pub async fn pause_host(&self, request: PauseHost) -> Wire<HostRow> {
        self.fleet().pause_host(request).await
    }

    /// Tries an unreachable host at once.
    pub async fn retry_host(&self, request: HostRequest) -> Wire<()> {
        self.fleet().retry_host(request)
    }

    /// Removes a host. It can be restored for an hour; then its history goes.
    pub async fn remove_host(&self, request: HostRequest) -> Wire<()> {
        self.fleet().remove_host(request).await
    }

    /// Takes a removal back.
    pub async fn restore_host(&self, request: HostRequest) -> Wire<HostRow> {
        self.fleet().restore_host(request).await
    }

    /// The Settings page: the operator's settings, also while the demo is shown, and what the shown store takes.
    pub async fn settings(&self, (): ()) -> Wire<SettingsPage> {
        let sizes = self.fleet().store.sizes().await?;
        let mut kinds: Vec<KindSize> = sizes
            .kinds
            .iter()
            .map(|kind| KindSize {
                kind: kind.kind.to_owned(),
                entries: kind.entries,
                bytes: kind.bytes,
                oldest_ms: kind.oldest_ms,
            })
            .collect();
        kinds.sort_by(|a, b| b.bytes.cmp(&a.bytes).then(a.kind.cmp(&b.kind)));
        Ok(SettingsPage {
            settings: self.current_settings(),
            defaults: Settings::default(),
            sizes: kinds,
            file_bytes: sizes.file_bytes + sizes.wal_bytes,
            disk_free_bytes: discovery::disk_free_bytes(&sizes.path),
            path: sizes.path.display().to_string(),
        })
    }

    /// Checks, stores and applies settings.
    pub async fn save_settings(&self, wanted: Settings) -> Wire<SettingsPage> {
        let wanted = settings::check(wanted)?;
        let text = serde_json::to_string(&wanted).map_err(WireError::internal)?;
        self.inner
            .own
            .store
            .save_setting(settings::SETTINGS_KEY, &text)
            .await?;
        self.inner.own.prune_soon().await?;
        self.inner.own.apply_settings(wanted.clone());
        let demo = self
            .inner
            .demo
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .map(|d| d.fleet.clone());
        if let Some(demo) = demo {
            demo.apply_settings(wanted);
        }
        self.settings(()).await
    }

    /// Shows the simulated fleet, made anew in its own store.
    pub async fn start_demo(&self, (): ()) -> Wire<AppState> {
        let _one_at_a_time = self.inner.switching.lock().await;
        if self
            .inner
            .demo
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .is_none()
        {
            let demo =
                Demo::start(&self.inner.options, &self.inner.notifier, self.current_settings()).await?;
            *self.inner.demo.write().unwrap_or_else(PoisonError::into_inner) = Some(demo);
            self.everything_changed();
        }
        self.app_state(()).await
    }

    /// Goes back to the operator's own fleet and drops the simulated one.
    pub async fn leave_demo(&self, (): ()) -> Wire<AppState> {
        let _one_at_a_time = self.inner.switching.lock().await;
        let demo = self
            .inner
            .demo
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(demo) = demo {
            demo.close().await;
            self.everything_changed();
        }
        self.app_state(()).await
    }

    /// Takes a banner away until it happens again.
    pub async fn dismiss_banner(&self, request: DismissBanner) -> Wire<AppState> {
        self.inner
            .dismissed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(banner_key(&request.banner));
        self.app_state(()).await
    }

    fn everything_changed(&self) {
        for tag in [
            Tag::AppState,
            Tag::Hosts,
            Tag::Apps,
            Tag::Samples,
            Tag::Issues,
            Tag::Changes,
            Tag::Settings,
        ] {
            self.inner.notifier.changed(tag);
        }
    }
}

/// What makes a banner the same one: its text as sent, times included.
fn banner_key(banner: &Banner) -> String {
    format!("{banner:?}")
}
