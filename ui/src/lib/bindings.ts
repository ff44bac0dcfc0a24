// Generated from the Rust types of roadstead-engine. Do not edit: run
// UPDATE_BINDINGS=1 cargo test -p roadstead-engine bindings

export type Accuracy = "roomy" | "fitting" | "over" | "unknown";

export type AppContainerRow = { 
/**
 * The host.
 */
host: HostId, 
/**
 * The host's name.
 */
host_name: string, 
/**
 * The container.
 */
container: ContainerRow, };

export type AppEvent = { "type": "changed", 
/**
 * What to fetch again.
 */
tags: Array<Tag>, } | { "type": "open", 
/**
 * Path below the root, without a leading slash.
 */
path: string, };

export type AppPage = { 
/**
 * When this was answered.
 */
now_ms: number, 
/**
 * The span, resolved.
 */
range: TimeRange, 
/**
 * The app over the fleet.
 */
row: AppRow, 
/**
 * The suggested limit.
 */
suggestion: SuggestionCard, 
/**
 * What the user typed.
 */
typed: TypedSizes, 
/**
 * Its deployments, worst first: by accuracy, then P95.
 */
deployments: Array<DeploymentRow>, 
/**
 * Its containers on all hosts, with the host of each.
 */
containers: Array<AppContainerRow>, };

export type AppReport = { 
/**
 * The app.
 */
app: string, 
/**
 * Its name to show.
 */
display_name: string, 
/**
 * Ticks in which all its running containers were measured.
 */
sample_count: number, 
/**
 * Memory at the last tick.
 */
memory_current_bytes: number | null, 
/**
 * Mean memory.
 */
memory_avg_bytes: number | null, 
/**
 * Highest memory at one tick.
 */
memory_peak_bytes: number | null, 
/**
 * Mean cores.
 */
cpu_avg_cores: number | null, 
/**
 * Estimate in force.
 */
estimate_bytes: number | null, 
/**
 * Limit in force; absent when a container is unlimited.
 */
limit_bytes: number | null, 
/**
 * OOM kills.
 */
oom_kills: number, 
/**
 * Restarts.
 */
restarts: number, 
/**
 * Error events; absent when logs were not read.
 */
log_errors: number | null, 
/**
 * Warning events; absent when logs were not read.
 */
log_warnings: number | null, 
/**
 * Lines of its logs of this window were lost before they could be read: what is counted of them is a lower bound.
 */
log_lines_lost: boolean, 
/**
 * Its containers.
 */
containers: Array<ContainerInReport>, 
/**
 * Its issues in the window: most events first, then the newest; at most 10, and at most 50 over all apps.
 */
issues: Array<IssueInReport>, };

export type AppRequest = { 
/**
 * Its name.
 */
app: string, 
/**
 * The span.
 */
period: Period, };

export type AppRow = { 
/**
 * Its name: what links and filters use.
 */
app: string, 
/**
 * Its name to show.
 */
display_name: string, 
/**
 * Deployments that reported within two report windows, on hosts that may be unreachable now.
 */
deployments_active: number, 
/**
 * Deployments seen in the span.
 */
deployments_seen: number, 
/**
 * Memory now, over deployments whose last sample is younger than two intervals.
 */
memory_current_bytes: number | null, 
/**
 * Mean over deployments of each deployment's mean.
 */
memory_avg_bytes: number | null, 
/**
 * P95 of the 15-minute peaks of all deployments (relative error at most 1 %).
 */
memory_p95_bytes: number | null, 
/**
 * P95 of the deployment that needs most.
 */
worst_p95_bytes: number | null, 
/**
 * The host of that deployment.
 */
worst_host: string | null, 
/**
 * Highest peak of any deployment.
 */
memory_peak_bytes: number | null, 
/**
 * Mean over deployments of cores used.
 */
cpu_avg_cores: number | null, 
/**
 * Estimates.
 */
estimate: SizeSpan, 
/**
 * Limits.
 */
limit: SizeSpan, 
/**
 * The worst deployment's P95 against its own limit.
 */
accuracy: Accuracy, 
/**
 * The worst deployment's P95 over its estimate: 0.33 means over-estimated threefold.
 */
p95_to_estimate_ratio: number | null, 
/**
 * Error events in the last 24 hours; absent when logs are not read.
 */
errors_24h: number | null, 
/**
 * Warning events in the last 24 hours; absent when logs are not read.
 */
warnings_24h: number | null, 
/**
 * Lines of its logs were lost in the last 24 hours before they could be read: these counts are lower bounds.
 */
events_are_at_least: boolean, 
/**
 * OOM kills in the span.
 */
oom_kills: number, 
/**
 * Restarts in the span.
 */
restarts: number, 
/**
 * 15-minute reports behind these numbers.
 */
reports: number, 
/**
 * End of the newest report window.
 */
last_report_ms: number | null, 
/**
 * Mean memory per bucket of the span, for the sparkline; `null` where nothing was measured.
 */
spark_avg_bytes: Array<number | null>, };

export type AppState = { 
/**
 * Whose fleet.
 */
mode: Mode, 
/**
 * No host was ever added: show the welcome.
 */
first_run: boolean, 
/**
 * Hosts.
 */
hosts: number, 
/**
 * Banners, most urgent first.
 */
banners: Array<Banner>, 
/**
 * Chosen language.
 */
language: Language, 
/**
 * Chosen theme.
 */
theme: Theme, 
/**
 * The app's version.
 */
version: string, };

export type AppTrouble = { 
/**
 * The app.
 */
app: string, 
/**
 * Its name to show.
 */
display_name: string, 
/**
 * The host.
 */
host: HostId, 
/**
 * The host's name.
 */
host_name: string, 
/**
 * What is wrong.
 */
kind: TroubleKind, 
/**
 * How many times, or how many containers.
 */
count: number, 
/**
 * Memory concerned, where it is about memory.
 */
memory_bytes: number | null, 
/**
 * Limit concerned.
 */
limit_bytes: number | null, };

export type AppsPage = { 
/**
 * When this was answered.
 */
now_ms: number, 
/**
 * The span, resolved.
 */
range: TimeRange, 
/**
 * Length of a sparkline bucket.
 */
spark_bucket_ms: number, 
/**
 * Ordered by active deployments, then average memory, highest first, then name.
 */
rows: Array<AppRow>, 
/**
 * Apps.
 */
apps_total: number, 
/**
 * Active deployments of all apps.
 */
deployments_total: number, 
/**
 * Apps with errors in the last 24 hours; absent when logs are not read.
 */
apps_with_errors: number | null, };

export type AppsRequest = { 
/**
 * The span.
 */
period: Period, };

export type Banner = { "kind": "disk_full", 
/**
 * Since when.
 */
since_ms: number, } | { "kind": "store_set_aside", 
/**
 * Where the damaged file is.
 */
path: string, 
/**
 * What was wrong.
 */
reason: string, } | { "kind": "task_failing", 
/**
 * Which.
 */
task: string, 
/**
 * Why.
 */
reason: string, };

export type CandidateSource = { "kind": "local_socket" } | { "kind": "rootless_docker" } | { "kind": "podman" } | { "kind": "rootless_podman" } | { "kind": "context", 
/**
 * The context's name.
 */
name: string, } | { "kind": "environment" };

export type ChangeKind = { "kind": "container_created" } | { "kind": "container_started" } | { "kind": "container_stopped", 
/**
 * Its exit code, when known.
 */
exit_code: number | null, } | { "kind": "container_removed" } | { "kind": "oom_killed" } | { "kind": "restarted" } | { "kind": "health_changed", 
/**
 * True: it passes now.
 */
healthy: boolean, } | { "kind": "image_changed", 
/**
 * Before.
 */
from: string, 
/**
 * Now.
 */
to: string, } | { "kind": "limit_changed", 
/**
 * Before; absent: unlimited.
 */
from_bytes: number | null, 
/**
 * Now; absent: unlimited.
 */
to_bytes: number | null, } | { "kind": "host_connected" } | { "kind": "host_lost", 
/**
 * Why.
 */
cause: FaultCause, };

export type ChangeRow = { 
/**
 * When.
 */
at_ms: number, 
/**
 * What.
 */
change: ChangeKind, 
/**
 * The host.
 */
host: HostId, 
/**
 * The host's name.
 */
host_name: string, 
/**
 * The app, where one is concerned.
 */
app: string | null, 
/**
 * The container's name, where one is concerned.
 */
container_name: string | null, };

export type Confidence = "low" | "medium" | "high";

export type ConfigPart = "command" | "entrypoint" | "user" | "working_dir" | "ports" | "mounts" | "networks" | "restart_policy" | "health_check" | "privileges" | "devices" | "log_options" | "other";

export type Connection = { 
/**
 * Now.
 */
state: HostState, 
/**
 * The last ping, there and back.
 */
round_trip_ms: number | null, 
/**
 * Times the connection was made again after it was lost.
 */
reconnects: number, 
/**
 * The last fault, also when it has healed.
 */
last_fault: PastFault | null, 
/**
 * Ticks taken.
 */
ticks: number, 
/**
 * Ticks that should have been taken and were not.
 */
ticks_missed: number, 
/**
 * How long the last round took.
 */
last_round_ms: number | null, 
/**
 * Containers that did not answer in the last round.
 */
last_round_failures: number, };

export type ConnectionTest = { "outcome": "answered", 
/**
 * What it is.
 */
engine: EngineFacts, 
/**
 * Containers, running or not.
 */
containers_total: number, 
/**
 * Running containers.
 */
containers_running: number, 
/**
 * One ping, there and back.
 */
round_trip_ms: number, 
/**
 * Another host with the same engine id: a cloned machine, or the same engine twice.
 */
same_engine_as: string | null, } | { "outcome": "failed", 
/**
 * Why.
 */
fault: Fault, 
/**
 * How long it took to find out.
 */
elapsed_ms: number, };

export type ContainerGeneration = { 
/**
 * The engine's id of the container.
 */
engine_id: string, 
/**
 * The id of its image: a tag that was pulled again names another one.
 */
image_id: string, 
/**
 * When it was created.
 */
created_at_ms: number, };

export type ContainerInReport = { 
/**
 * Its name; absent when it is forgotten by now.
 */
name: string | null, 
/**
 * Its samples with memory.
 */
sample_count: number, 
/**
 * Memory at its last sample.
 */
memory_current_bytes: number | null, 
/**
 * Mean memory.
 */
memory_avg_bytes: number | null, 
/**
 * Highest memory.
 */
memory_peak_bytes: number | null, 
/**
 * Mean cores.
 */
cpu_avg_cores: number | null, 
/**
 * Error events; absent when logs were not read.
 */
log_errors: number | null, 
/**
 * Warning events; absent when logs were not read.
 */
log_warnings: number | null, };

export type ContainerRow = { 
/**
 * The engine's id.
 */
engine_id: string, 
/**
 * Its name.
 */
name: string, 
/**
 * Its app.
 */
app: string, 
/**
 * Its service within the app.
 */
service: string | null, 
/**
 * Image as typed.
 */
image: string, 
/**
 * State.
 */
state: ContainerState, 
/**
 * Health check result.
 */
health: Health | null, 
/**
 * Left out of apps and reports.
 */
protected: boolean, 
/**
 * Memory by the docker CLI's formula; absent when it does not run or was not measured lately.
 */
memory_used_bytes: number | null, 
/**
 * Memory as the OOM killer counts it.
 */
memory_usage_bytes: number | null, 
/**
 * tmpfs and shared memory within it.
 */
memory_shmem_bytes: number | null, 
/**
 * Hard limit; absent when unlimited.
 */
memory_limit_bytes: number | null, 
/**
 * How the memory stands against the limit.
 */
memory_level: MemoryLevel, 
/**
 * Cores used.
 */
cpu_cores: number | null, 
/**
 * CPU limit in cores.
 */
cpu_limit_cores: number | null, 
/**
 * Network received per second.
 */
network_rx_bytes_per_s: number | null, 
/**
 * Network sent per second.
 */
network_tx_bytes_per_s: number | null, 
/**
 * Block reads per second.
 */
block_read_bytes_per_s: number | null, 
/**
 * Block writes per second.
 */
block_write_bytes_per_s: number | null, 
/**
 * Processes and threads.
 */
pids: number | null, 
/**
 * Restarts by policy.
 */
restart_count: number, 
/**
 * Killed for memory in its last run.
 */
oom_killed: boolean, 
/**
 * Exit code of the last run.
 */
exit_code: number | null, 
/**
 * Created.
 */
created_at_ms: number, 
/**
 * Last started.
 */
started_at_ms: number | null, 
/**
 * How far its log has been read; absent before the first pass.
 */
log: LogScan | null, };

export type ContainerState = "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";

export type DeployCause = "pull_denied" | "image_not_found" | "registry_unreachable" | "pull_failed" | "digest_differs" | "port_in_use" | "address_in_use" | "name_in_use" | "resource_missing" | "config_refused" | "start_failed" | "exited_at_once" | "unhealthy" | "timed_out" | "disk_full" | "host_lost" | "changed_meanwhile" | "cancelled" | "program_ended" | "engine_error";

export type DeployChange = { "kind": "service_added", 
/**
 * The service.
 */
service: string, 
/**
 * Its image.
 */
image: string, } | { "kind": "service_removed", 
/**
 * The service.
 */
service: string, 
/**
 * Its image.
 */
image: string, } | { "kind": "image", 
/**
 * The service.
 */
service: string, 
/**
 * Before.
 */
from: string, 
/**
 * Now.
 */
to: string, } | { "kind": "image_content", 
/**
 * The service.
 */
service: string, 
/**
 * The reference.
 */
image: string, 
/**
 * Digest before, else image id.
 */
from: string, 
/**
 * Digest now, else image id.
 */
to: string, } | { "kind": "memory_limit", 
/**
 * The service.
 */
service: string, 
/**
 * Before; absent: unlimited.
 */
from_bytes: number | null, 
/**
 * Now; absent: unlimited.
 */
to_bytes: number | null, } | { "kind": "cpu_limit", 
/**
 * The service.
 */
service: string, 
/**
 * Before; absent: unlimited.
 */
from_cores: number | null, 
/**
 * Now; absent: unlimited.
 */
to_cores: number | null, } | { "kind": "env", 
/**
 * The service.
 */
service: string, 
/**
 * New ones.
 */
added: Array<string>, 
/**
 * Gone ones.
 */
removed: Array<string>, 
/**
 * Ones with another value.
 */
changed: Array<string>, } | { "kind": "labels", 
/**
 * The service.
 */
service: string, 
/**
 * New ones.
 */
added: Array<string>, 
/**
 * Gone ones.
 */
removed: Array<string>, 
/**
 * Ones with another value.
 */
changed: Array<string>, } | { "kind": "part", 
/**
 * The service.
 */
service: string, 
/**
 * Which.
 */
part: ConfigPart, 
/**
 * Before, where it may be shown.
 */
from: string | null, 
/**
 * Now, where it may be shown.
 */
to: string | null, };

export type DeployEffect = { 
/**
 * The deploy.
 */
deploy: DeployId, 
/**
 * Why there is nothing to compare yet.
 */
withheld: EffectWithheld | null, 
/**
 * Before; absent when withheld.
 */
before: SpanFigures | null, 
/**
 * After; absent when withheld.
 */
after: SpanFigures | null, };

export type DeployFault = { 
/**
 * The cause.
 */
cause: DeployCause, 
/**
 * The service it failed at, when one.
 */
service: string | null, 
/**
 * One line, redacted, at most 300 characters; may be empty.
 */
detail: string, };

export type DeployId = number;

export type DeployKind = "found" | "observed" | "update" | "rollback";

export type DeployPlan = { 
/**
 * The app's name to show.
 */
display_name: string, 
/**
 * The host's name.
 */
host_name: string, 
/**
 * Its services.
 */
services: Array<PlannedService>, 
/**
 * What has changed since the deploy that would be put back; only images are put back, the settings of now stay.
 */
config_differences: Array<DeployChange>, 
/**
 * The deploy that would be put back, and when it was.
 */
target_started_ms: number | null, 
/**
 * Volumes that hold data, by name or path: none of them is put back.
 */
volumes: Array<string>, 
/**
 * Why it cannot be done; all of them. Empty: it can be asked for.
 */
refusals: Array<DeployRefusal>, };

export type DeployProgress = { 
/**
 * The step.
 */
step: DeployStep, 
/**
 * The service it is at.
 */
service: string | null, 
/**
 * Bytes pulled so far, while pulling.
 */
done_bytes: number | null, 
/**
 * Bytes to pull, as far as is known.
 */
total_bytes: number | null, 
/**
 * It can be stopped now; what was changed is put back.
 */
can_cancel: boolean, };

export type DeployRefusal = { "kind": "writing_off" } | { "kind": "host_unreachable" } | { "kind": "busy", 
/**
 * Which.
 */
deploy: DeployId, } | { "kind": "not_good" } | { "kind": "is_current" } | { "kind": "no_digest", 
/**
 * The service.
 */
service: string, } | { "kind": "image_gone", 
/**
 * The service.
 */
service: string, 
/**
 * Its digest.
 */
digest: string, } | { "kind": "services_differ", 
/**
 * Services that would be missing or too many.
 */
services: Array<string>, } | { "kind": "swarm_task", 
/**
 * The container's name.
 */
container: string, } | { "kind": "auto_remove", 
/**
 * The container's name.
 */
container: string, } | { "kind": "shares_network", 
/**
 * The container's name.
 */
container: string, } | { "kind": "nothing_there" } | { "kind": "protected", 
/**
 * The container's name.
 */
container: string, } | { "kind": "engine_not_capable", 
/**
 * Its kind and version.
 */
engine: string, };

export type DeployRequest = { 
/**
 * Which.
 */
deploy: DeployId, };

export type DeployRow = { 
/**
 * The deploy.
 */
id: DeployId, 
/**
 * The host.
 */
host: HostId, 
/**
 * The host's name.
 */
host_name: string, 
/**
 * How it came to be.
 */
kind: DeployKind, 
/**
 * How far it is.
 */
state: DeployState, 
/**
 * When it began, or was observed.
 */
started_ms: number, 
/**
 * When it ended; absent while it is under way.
 */
ended_ms: number | null, 
/**
 * What runs (or ran, or was to run) after it.
 */
services: Array<DeployedService>, 
/**
 * What it changed.
 */
changes: Array<DeployChange>, 
/**
 * Why it failed.
 */
fault: DeployFault | null, 
/**
 * The deploy it put back.
 */
rollback_of: DeployId | null, 
/**
 * It is what runs now.
 */
is_current: boolean, 
/**
 * What it is doing.
 */
progress: DeployProgress | null, 
/**
 * Why there is no way back to it, as far as is known without asking the host; absent when there may be one.
 */
no_way_back: DeployRefusal | null, 
/**
 * After an interruption: what ran before could not be put back yet. It is tried again as long as the host is connected.
 */
repair_waits: boolean, };

export type DeployState = "running" | "success" | "failed" | "interrupted";

export type DeployStep = "pull" | "create" | "stop" | "step_aside" | "take_name" | "start" | "wait" | "settled" | "remove";

export type DeployTarget = { "kind": "update", 
/**
 * References by service; services that are not here keep theirs and are pulled again under it.
 */
images: Array<ServiceImage>, } | { "kind": "rollback", 
/**
 * Which.
 */
deploy: DeployId, };

export type DeployedService = { 
/**
 * The service; the container's name where there is none.
 */
service: string, 
/**
 * The container's name.
 */
container_name: string, 
/**
 * Image reference as typed.
 */
image: string, 
/**
 * `repository@sha256:…`, where the registry knows it.
 */
digest: string | null, 
/**
 * Image id.
 */
image_id: string, 
/**
 * When the image was built, as far as it says.
 */
image_created_ms: number | null, 
/**
 * Hash of its configuration; absent for what was known before this was read.
 */
config_hash: string | null, };

export type DeploymentRow = { 
/**
 * The app.
 */
app: string, 
/**
 * The app's name to show.
 */
display_name: string, 
/**
 * The host.
 */
host: HostId, 
/**
 * The host's name.
 */
host_name: string, 
/**
 * The host's customer label.
 */
customer: string, 
/**
 * Reported within two report windows.
 */
active: boolean, 
/**
 * Containers running, of how many.
 */
containers_running: number, 
/**
 * Containers known.
 */
containers_total: number, 
/**
 * Memory now; absent when nothing runs or the last sample is older than two intervals.
 */
memory_current_bytes: number | null, 
/**
 * Mean, weighted by samples.
 */
memory_avg_bytes: number | null, 
/**
 * P95 of its 15-minute peaks.
 */
memory_p95_bytes: number | null, 
/**
 * Highest peak.
 */
memory_peak_bytes: number | null, 
/**
 * Mean cores used.
 */
cpu_avg_cores: number | null, 
/**
 * Estimate in force.
 */
estimate_bytes: number | null, 
/**
 * Where the estimate comes from.
 */
estimate_source: SizeSource | null, 
/**
 * Limit in force; absent when unlimited.
 */
limit_bytes: number | null, 
/**
 * Where the limit comes from.
 */
limit_source: SizeSource | null, 
/**
 * P95 against the limit.
 */
accuracy: Accuracy, 
/**
 * Current (else average) memory against the limit.
 */
level: MemoryLevel, 
/**
 * Error events in the last 24 hours.
 */
errors_24h: number | null, 
/**
 * Warning events in the last 24 hours.
 */
warnings_24h: number | null, 
/**
 * Lines of its logs were lost in the last 24 hours before they could be read: these counts are lower bounds.
 */
events_are_at_least: boolean, 
/**
 * OOM kills in the span.
 */
oom_kills: number, 
/**
 * Restarts in the span.
 */
restarts: number, 
/**
 * Reports in the span.
 */
reports: number, 
/**
 * End of the newest report window.
 */
last_report_ms: number | null, };

export type DeploysPage = { 
/**
 * When this was answered.
 */
now_ms: number, 
/**
 * The rows.
 */
rows: Array<DeployRow>, 
/**
 * Rows in all with the same filter.
 */
total: number, 
/**
 * There are older ones.
 */
more: boolean, };

export type DeploysRequest = { 
/**
 * The app.
 */
app: string, 
/**
 * On one host, or on all.
 */
host: HostId | null, 
/**
 * Only deploys that ended so, or that are under way.
 */
state: DeployState | null, 
/**
 * Only deploys older than this one: the last of the page before.
 */
before: DeployId | null, 
/**
 * Rows wanted, 1 to 200.
 */
limit: number, };

export type Discovery = { 
/**
 * Hosts that could be added, the current one first.
 */
candidates: Array<HostCandidate>, 
/**
 * Context files that could not be read, or not as they ask for.
 */
problems: Array<DiscoveryProblem>, };

export type DiscoveryProblem = { 
/**
 * The file, or the name of the variable.
 */
path: string, 
/**
 * What is wrong.
 */
error: WireError, };

export type DismissBanner = { 
/**
 * The banner, as it was given.
 */
banner: Banner, };

export type EditHost = { 
/**
 * Which.
 */
host: HostId, 
/**
 * All its fields.
 */
draft: HostDraft, };

export type EffectWithheld = { "kind": "under_way" } | { "kind": "too_young", 
/**
 * Time that has to be measured on each side.
 */
needed_ms: number, 
/**
 * Time measured since.
 */
measured_ms: number, } | { "kind": "nothing_before" };

export type EngineFacts = { 
/**
 * `Docker` or `Podman`.
 */
kind: string, 
/**
 * Engine version.
 */
version: string, 
/**
 * API version agreed on.
 */
api_version: string, 
/**
 * Operating system.
 */
operating_system: string, 
/**
 * The machine's host name.
 */
hostname: string, 
/**
 * Cores.
 */
cpu_cores: number, 
/**
 * Memory of the machine.
 */
memory_bytes: number, 
/**
 * cgroup version, when known.
 */
cgroup_version: number | null, };

export type ErrorCode = "invalid" | "not_found" | "disk_full" | "internal";

export type Fault = { 
/**
 * The cause.
 */
cause: FaultCause, 
/**
 * One line, at most 300 characters, for the curious.
 */
detail: string, };

export type FaultCause = "refused" | "timed_out" | "name_not_found" | "network_unreachable" | "socket_missing" | "permission_denied" | "ssh_missing" | "ssh_key_refused" | "ssh_host_key_unknown" | "ssh_host_key_changed" | "forwarding_refused" | "ssh_failed" | "tls_name" | "tls_ca" | "tls_client_refused" | "certificate_unreadable" | "not_an_engine" | "api_too_old" | "engine_error" | "connection_lost" | "bad_answer" | "answer_too_large" | "other";

export type Health = "starting" | "healthy" | "unhealthy";

export type History = { 
/**
 * The span, resolved.
 */
range: TimeRange, 
/**
 * Length of a bucket: 15 minutes, an hour, six hours or a day.
 */
bucket_ms: number, 
/**
 * Bucket starts.
 */
times_ms: Array<number>, 
/**
 * One line over the fleet, or one per host asked for.
 */
lines: Array<HistoryLine>, };

export type HistoryLine = { 
/**
 * The host; absent for the fleet.
 */
host: HostId | null, 
/**
 * Its name; empty for the fleet.
 */
host_name: string, 
/**
 * Mean memory (over the fleet: mean over hosts of each host's mean).
 */
avg_bytes: Array<number | null>, 
/**
 * Highest memory.
 */
peak_bytes: Array<number | null>, 
/**
 * Limit in force (over the fleet: the lowest).
 */
limit_bytes: Array<number | null>, 
/**
 * Mean cores.
 */
cpu_cores: Array<number | null>, };

export type HistoryRequest = { 
/**
 * The app.
 */
app: string, 
/**
 * Hosts to show one line each, at most 8; none means one line over the fleet.
 */
hosts: Array<HostId>, 
/**
 * The span.
 */
period: Period, };

export type HostCandidate = { 
/**
 * Ready to be added or edited first.
 */
draft: HostDraft, 
/**
 * How it is reached.
 */
transport: Transport, 
/**
 * Where it was found.
 */
source: CandidateSource, 
/**
 * The docker CLI would use it now.
 */
current: boolean, 
/**
 * The host that already has this address.
 */
already: HostId | null, };

export type HostDraft = { 
/**
 * Name to show: 1 to 80 characters, unique.
 */
name: string, 
/**
 * Customer label; the name when empty.
 */
customer: string, 
/**
 * `unix://…`, `tcp://…` or `ssh://…`.
 */
address: string, 
/**
 * Certificates of a `tcp://` address.
 */
tls: TlsDraft | null, 
/**
 * The plain-text warning was read and accepted. Without it a plain `tcp://` address is refused.
 */
accept_plain_text: boolean, 
/**
 * Seconds between ticks, 5 to 300; the general setting when absent.
 */
tick_interval_s: number | null, };

export type HostId = number;

export type HostList = { 
/**
 * When this was answered.
 */
now_ms: number, 
/**
 * Ordered by name.
 */
hosts: Array<HostRow>, };

export type HostMemory = { 
/**
 * The host.
 */
host: HostId, 
/**
 * Its name.
 */
host_name: string, 
/**
 * Memory of its containers at its last tick.
 */
used_bytes: number | null, 
/**
 * Memory of the machine.
 */
total_bytes: number | null, 
/**
 * One against the other.
 */
level: MemoryLevel, 
/**
 * Its last tick is older than two intervals.
 */
stale: boolean, };

export type HostPage = { 
/**
 * When this was answered.
 */
now_ms: number, 
/**
 * The host.
 */
row: HostRow, 
/**
 * Its containers, running first, then by name.
 */
containers: Array<ContainerRow>, 
/**
 * Its deployments over the last seven days, by average memory, highest first.
 */
deployments: Array<DeploymentRow>, };

export type HostReport = { 
/**
 * The host's name.
 */
host_name: string, 
/**
 * Its customer label.
 */
customer: string, 
/**
 * Start of the window.
 */
window_start_ms: number, 
/**
 * End of the window.
 */
window_end_ms: number, 
/**
 * Its apps, by name.
 */
apps: Array<AppReport>, };

export type HostReportRequest = { 
/**
 * Of this host.
 */
host: HostId, 
/**
 * Start of the window; its newest closed one when absent.
 */
window_start_ms: number | null, };

export type HostRequest = { 
/**
 * Which.
 */
host: HostId, };

export type HostRow = { 
/**
 * Its id.
 */
id: HostId, 
/**
 * Its name.
 */
name: string, 
/**
 * Its customer label.
 */
customer: string, 
/**
 * Its address.
 */
address: string, 
/**
 * Certificates, when it has any (paths).
 */
tls: TlsDraft | null, 
/**
 * Plain text was accepted.
 */
accept_plain_text: boolean, 
/**
 * Its own tick interval, when it has one.
 */
tick_interval_s: number | null, 
/**
 * The operator lets us change containers there.
 */
writing: boolean, 
/**
 * How it is reached.
 */
transport: Transport, 
/**
 * Its connection.
 */
connection: Connection, 
/**
 * What its engine is, once it was reached.
 */
engine: EngineFacts | null, 
/**
 * Another host whose engine says it is the same one.
 */
same_engine_as: string | null, 
/**
 * Apps with a container there.
 */
apps: number, 
/**
 * Containers, running or not.
 */
containers_total: number, 
/**
 * Running containers, as last seen.
 */
containers_running: number, 
/**
 * Containers whose log cannot be read, or not completely.
 */
log_trouble: number, 
/**
 * Memory of all its containers at the last tick.
 */
memory_used_bytes: number | null, 
/**
 * CPU of all its containers at the last tick, in cores.
 */
cpu_cores: number | null, 
/**
 * Its last tick: the age of everything shown of it.
 */
last_tick_ms: number | null, 
/**
 * The last tick is older than two intervals.
 */
stale: boolean, };

export type HostState = { "state": "connecting" } | { "state": "connected", 
/**
 * Since when.
 */
since_ms: number, } | { "state": "unreachable", 
/**
 * Since when.
 */
since_ms: number, 
/**
 * Why.
 */
fault: Fault, 
/**
 * When the next attempt is made.
 */
next_try_ms: number, } | { "state": "paused" };

export type IgnoreUntil = { "until": "change" } | { "until": "moment", 
/**
 * UTC epoch milliseconds.
 */
at_ms: number, } | { "until": "never" };

export type IssueCounts = { 
/**
 * Open.
 */
open: number, 
/**
 * Of these, with an error.
 */
open_errors: number, 
/**
 * Open and first seen in the last 24 hours.
 */
new: number, 
/**
 * Open and resolved before.
 */
regressed: number, 
/**
 * Resolved.
 */
resolved: number, 
/**
 * Ignored.
 */
ignored: number, };

export type IssueFilter = "open" | "new" | "regressed" | "resolved" | "ignored" | "all";

export type IssueId = number;

export type IssueInReport = { 
/**
 * The issue.
 */
issue: IssueId, 
/**
 * The fingerprint, 16 hexadecimal digits.
 */
fingerprint: string, 
/**
 * Version of the algorithm that made it.
 */
fingerprint_version: number, 
/**
 * The worst of its events.
 */
severity: IssueSeverity, 
/**
 * First line of an event, secrets taken out.
 */
message: string, 
/**
 * Events in the window.
 */
count: number, 
/**
 * Newest event in the window.
 */
last_seen_ms: number, 
/**
 * Names of the containers it was seen in within the window, at most 50.
 */
containers: Array<string>, };

export type IssuePage = { 
/**
 * When this was answered.
 */
now_ms: number, 
/**
 * The issue.
 */
row: IssueRow, 
/**
 * When the operator last said something of it.
 */
state_at_ms: number | null, 
/**
 * What was hashed: the message without what varies. Hostile text.
 */
masked: string, 
/**
 * The fingerprint, 16 hexadecimal digits.
 */
fingerprint: string, 
/**
 * Version of the algorithm that made it.
 */
fingerprint_version: number, 
/**
 * Length of a bucket of `counts`.
 */
bucket_ms: number, 
/**
 * Bucket starts, without a gap, oldest first.
 */
times_ms: Array<number>, 
/**
 * Events per bucket.
 */
counts: Array<number>, 
/**
 * Where it was seen, most events first, at most 500.
 */
places: Array<IssuePlace>, 
/**
 * Its newest events, newest first, at most 20.
 */
samples: Array<IssueSample>, };

export type IssuePlace = { 
/**
 * The host.
 */
host: HostId, 
/**
 * Its name.
 */
host_name: string, 
/**
 * The container's name.
 */
container_name: string, 
/**
 * The image it ran at the newest event.
 */
image: string, 
/**
 * Which container of its name had the newest event; absent for what was seen before that was kept.
 */
generation: ContainerGeneration | null, 
/**
 * Events.
 */
count: number, 
/**
 * First event there.
 */
first_seen_ms: number, 
/**
 * Newest event there.
 */
last_seen_ms: number, };

export type IssueRequest = { 
/**
 * Which.
 */
issue: IssueId, };

export type IssueRow = { 
/**
 * Its id.
 */
issue: IssueId, 
/**
 * The app.
 */
app: string, 
/**
 * The app's name to show.
 */
display_name: string, 
/**
 * The worst of its events.
 */
severity: IssueSeverity, 
/**
 * First line of an event, secrets taken out. Hostile text: show it as text.
 */
message: string, 
/**
 * What the operator said of it.
 */
state: IssueState, 
/**
 * First seen in the last 24 hours.
 */
is_new: boolean, 
/**
 * It was resolved and came back.
 */
regressed: Regression | null, 
/**
 * First event.
 */
first_seen_ms: number, 
/**
 * Newest event.
 */
last_seen_ms: number, 
/**
 * Events.
 */
count: number, 
/**
 * Hosts it was seen on.
 */
hosts: number, 
/**
 * Containers it was seen in.
 */
containers: number, 
/**
 * Lines of its app's logs were lost since it was first seen, the last of them at this moment: `count` is a lower bound.
 */
lines_lost_until_ms: number | null, 
/**
 * Events per bucket of the page's span, oldest first.
 */
spark: Array<number>, };

export type IssueSample = { 
/**
 * When its first line was printed.
 */
at_ms: number, 
/**
 * The host.
 */
host: HostId, 
/**
 * Its name.
 */
host_name: string, 
/**
 * The container's name.
 */
container_name: string, 
/**
 * Where it was printed.
 */
stream: LogStreamName, 
/**
 * Its lines, secrets taken out. Hostile text: show it as text.
 */
lines: Array<string>, 
/**
 * Lines it had; more than `lines` holds when it was very long.
 */
lines_total: number, };

export type IssueSeverity = "warning" | "error";

export type IssueSort = "last_seen" | "first_seen" | "count" | "spread" | "app";

export type IssueState = { "state": "open" } | { "state": "resolved" } | { "state": "ignored" } & IgnoreUntil;

export type IssueStateBefore = { 
/**
 * Which.
 */
issue: IssueId, 
/**
 * What.
 */
state: IssueState, 
/**
 * When.
 */
state_at_ms: number | null, 
/**
 * Its return before the change.
 */
regressed: Regression | null, };

export type IssueStates = { 
/**
 * One per issue that was changed.
 */
states: Array<IssueStateBefore>, };

export type IssuesPage = { 
/**
 * When this was answered.
 */
now_ms: number, 
/**
 * Start of the sparklines.
 */
spark_from_ms: number, 
/**
 * Length of a sparkline bucket.
 */
spark_bucket_ms: number, 
/**
 * The rows wanted.
 */
rows: Array<IssueRow>, 
/**
 * Issues that match, on all pages.
 */
total: number, 
/**
 * Issues of the app, host and severity asked for, by state.
 */
counts: IssueCounts, 
/**
 * Containers whose logs are read, of the app and host asked for; 0 says that no count means anything.
 */
containers_read: number, 
/**
 * Containers whose logs cannot be read, or not completely, now.
 */
containers_in_trouble: number, };

export type IssuesRequest = { 
/**
 * One app, by its name.
 */
app: string | null, 
/**
 * One host: issues seen there.
 */
host: HostId | null, 
/**
 * One severity.
 */
severity: IssueSeverity | null, 
/**
 * By state.
 */
filter: IssueFilter, 
/**
 * Text that the message or the masked form contains, in any case; empty for all.
 */
search: string, 
/**
 * Order.
 */
sort: IssueSort, 
/**
 * Highest or newest first.
 */
descending: boolean, 
/**
 * Rows left out at the beginning.
 */
offset: number, 
/**
 * Most rows wanted, 1 to 500.
 */
limit: number, };

export type KindSize = { 
/**
 * `samples`, `reports`, `aggregates`, `changes`, `issues`.
 */
kind: string, 
/**
 * Rows or values kept.
 */
entries: number, 
/**
 * Bytes in the file.
 */
bytes: number, 
/**
 * Oldest, when there is one.
 */
oldest_ms: number | null, };

export type Language = "system" | "en" | "hu" | "ru";

export type LeakAnswer = { 
/**
 * What the data say.
 */
check: LeakCheck | null, 
/**
 * Why they say nothing yet.
 */
withheld: LeakWithheld | null, };

export type LeakCheck = { 
/**
 * It grows: the whole confidence interval lies above what is worth a word.
 */
grows: boolean, 
/**
 * Median slope.
 */
bytes_per_day: number, 
/**
 * Lower end of its 95 % confidence interval.
 */
low_bytes_per_day: number, 
/**
 * Upper end of its 95 % confidence interval.
 */
high_bytes_per_day: number, 
/**
 * Time that was looked at: since the last deploy or restart, at most 7 days.
 */
span_ms: number, 
/**
 * Days until the limit is reached at this slope; absent when it does not grow, has no limit, or it is more than 90 days away.
 */
reaches_limit_in_days: number | null, };

export type LeakWithheld = { "kind": "too_young", 
/**
 * Time needed.
 */
needed_ms: number, 
/**
 * Time measured.
 */
measured_ms: number, } | { "kind": "too_many_gaps" };

export type LogLoss = { 
/**
 * What was printed before was read.
 */
from_ms: number, 
/**
 * What was printed since was read.
 */
until_ms: number, };

export type LogScan = { 
/**
 * State of the last pass, or that lines were lost in the last 24 hours.
 */
state: LogScanState, 
/**
 * Everything printed before this moment was read.
 */
read_until_ms: number | null, 
/**
 * When the last pass looked.
 */
looked_at_ms: number, 
/**
 * Lines read since the container was first seen.
 */
lines: number, 
/**
 * Why it could not be read.
 */
fault: Fault | null, 
/**
 * When lines were printed that were rotated away unread, the newest such stretch.
 */
lost: LogLoss | null, };

export type LogScanState = "ok" | "behind" | "truncated" | "timeout" | "unreadable" | "no_logs";

export type LogStreamName = "stdout" | "stderr";

export type Mark = { 
/**
 * When.
 */
at_ms: number, 
/**
 * Where; absent for an issue seen on several hosts.
 */
host: HostId | null, 
/**
 * The host's name; empty where there is no one host.
 */
host_name: string, 
/**
 * The container's name, where one is concerned.
 */
container_name: string | null, 
/**
 * What it says.
 */
mark: MarkKind, 
/**
 * How many of the same kind, host and container in the same minute it stands for: 1 or more.
 */
count: number, };

export type MarkKind = { "kind": "deploy", 
/**
 * Which.
 */
deploy: DeployId, 
/**
 * How it came to be.
 */
how: DeployKind, 
/**
 * How far it is.
 */
state: DeployState, 
/**
 * What it changed.
 */
changes: Array<DeployChange>, } | { "kind": "oom_kill" } | { "kind": "restart" } | { "kind": "exit", 
/**
 * The code.
 */
code: number, } | { "kind": "health", 
/**
 * True: it passes now.
 */
healthy: boolean, } | { "kind": "new_issue", 
/**
 * Which.
 */
issue: IssueId, 
/**
 * How bad.
 */
severity: IssueSeverity, 
/**
 * Its message, redacted.
 */
message: string, } | { "kind": "regressed_issue", 
/**
 * Which.
 */
issue: IssueId, 
/**
 * How bad.
 */
severity: IssueSeverity, 
/**
 * Its message, redacted.
 */
message: string, };

export type Marks = { 
/**
 * The span.
 */
range: TimeRange, 
/**
 * At most 500: of more, deploys and the newest of the others.
 */
marks: Array<Mark>, 
/**
 * Marks that were left out. Of what is too much to be read, each row counts as one.
 */
left_out: number, };

export type MarksRequest = { 
/**
 * The app.
 */
app: string, 
/**
 * On one host, or on all.
 */
host: HostId | null, 
/**
 * The span.
 */
range: TimeRange, };

export type MemoryLevel = "ok" | "warn" | "danger" | "unknown";

export type MetricsLine = { 
/**
 * Service or container name; empty for the whole.
 */
name: string, 
/**
 * The host's name, for a container's line over several hosts.
 */
host_name: string | null, 
/**
 * Lowest memory of a tick.
 */
memory_min_bytes: Array<number | null>, 
/**
 * Mean memory.
 */
memory_avg_bytes: Array<number | null>, 
/**
 * Highest memory of a tick.
 */
memory_peak_bytes: Array<number | null>, 
/**
 * Mean cores.
 */
cpu_avg_cores: Array<number | null>, 
/**
 * Highest cores of a tick.
 */
cpu_peak_cores: Array<number | null>, 
/**
 * Mean network received per second.
 */
network_rx_bytes_per_s: Array<number | null>, 
/**
 * Mean network sent per second.
 */
network_tx_bytes_per_s: Array<number | null>, 
/**
 * Mean block reads per second.
 */
block_read_bytes_per_s: Array<number | null>, 
/**
 * Mean block writes per second.
 */
block_write_bytes_per_s: Array<number | null>, 
/**
 * Sum of limits; `null` where one is unlimited.
 */
limit_bytes: Array<number | null>, };

export type MetricsRequest = { 
/**
 * The app.
 */
app: string, 
/**
 * One host, or the whole app.
 */
host: HostId | null, 
/**
 * The span, at most 400 days. When `bucket_ms` is given, only the part that is to be appended.
 */
range: TimeRange, 
/**
 * Most points wanted, 10 to 4000: the pixels there are.
 */
points: number, 
/**
 * What the lines are of.
 */
split: MetricsSplit, 
/**
 * Length of a bucket of the chart that is appended to; absent for a new chart.
 */
bucket_ms: number | null, 
/**
 * Network and block rates too.
 */
rates: boolean, };

export type MetricsSeries = { 
/**
 * When this was answered.
 */
now_ms: number, 
/**
 * The span.
 */
range: TimeRange, 
/**
 * Where the points come from.
 */
source: MetricsSource, 
/**
 * Length of a bucket: the tick interval when nothing was merged.
 */
bucket_ms: number, 
/**
 * Bucket starts that hold a tick, ascending. Times without a tick are not here: nothing is made up between them.
 */
times_ms: Array<number>, 
/**
 * Containers measured, of the most complete tick of each bucket.
 */
containers: Array<number>, 
/**
 * Containers that should have been.
 */
expected: Array<number>, 
/**
 * Every container of every tick of the bucket was measured.
 */
complete: Array<boolean>, 
/**
 * Intervals of the ticks, ascending: neighbours further apart have a gap between them. Empty for a chart of reports.
 */
intervals: Array<TickInterval>, 
/**
 * The whole, or one line per service or container: the 20 that need most memory.
 */
lines: Array<MetricsLine>, 
/**
 * Lines that were left out.
 */
lines_left_out: number, 
/**
 * Memory of the hosts, to be drawn as the ceiling, labelled so, where a container is unlimited.
 */
host_memory_bytes: number | null, 
/**
 * Whether its memory grows without end; only with a new chart of the whole.
 */
leak: LeakAnswer | null, };

export type MetricsSource = "ticks" | "reports";

export type MetricsSplit = "whole" | "service" | "container";

export type Mode = "own" | "demo";

export type OnClose = "tray" | "quit";

export type Overview = { 
/**
 * When this was answered.
 */
now_ms: number, 
/**
 * Hosts that answer.
 */
hosts_connected: number, 
/**
 * Hosts being connected for the first time.
 */
hosts_connecting: number, 
/**
 * Hosts that do not answer.
 */
hosts_unreachable: number, 
/**
 * Paused hosts.
 */
hosts_paused: number, 
/**
 * Apps with a deployment.
 */
apps_total: number, 
/**
 * Running containers, as last seen.
 */
containers_running: number, 
/**
 * The hosts that do not answer, in full, at most 50.
 */
unreachable: Array<HostRow>, 
/**
 * Apps with trouble, most urgent first, at most 50.
 */
trouble: Array<AppTrouble>, 
/**
 * Issues by state; absent when logs were never read.
 */
issues: IssueCounts | null, 
/**
 * The issues worth a look first: returned, then new, then by count; at most 10.
 */
top_issues: Array<IssueRow>, 
/**
 * Memory of all containers on hosts with fresh data.
 */
memory_used_bytes: number | null, 
/**
 * Memory of the machines with fresh data.
 */
memory_total_bytes: number | null, 
/**
 * Cores used on hosts with fresh data.
 */
cpu_cores: number | null, 
/**
 * Cores of those machines.
 */
cpu_cores_total: number | null, 
/**
 * Memory by host, fullest first, at most 100.
 */
host_memory: Array<HostMemory>, 
/**
 * Apps by memory now, at most 10.
 */
top_apps: Array<TopApp>, 
/**
 * What changed last, newest first, at most 50.
 */
changes: Array<ChangeRow>, };

export type PastFault = { 
/**
 * When.
 */
at_ms: number, 
/**
 * What.
 */
fault: Fault, };

export type PauseHost = { 
/**
 * Which.
 */
host: HostId, 
/**
 * True pauses: nothing is asked of the host until it is resumed.
 */
paused: boolean, };

export type Period = "day" | "week" | "month" | "quarter" | { "free": TimeRange };

export type PlaceChange = "nothing" | "container" | "image" | "place";

export type PlanRequest = { 
/**
 * The app.
 */
app: string, 
/**
 * The host.
 */
host: HostId, 
/**
 * What is to be done.
 */
target: DeployTarget, };

export type PlannedService = { 
/**
 * The service.
 */
service: string, 
/**
 * Its containers, by name.
 */
containers: Array<string>, 
/**
 * What it runs now.
 */
from: DeployedService, 
/**
 * Reference it would run.
 */
to_image: string, 
/**
 * Digest it would run, where it is known before pulling.
 */
to_digest: string | null, 
/**
 * When that image was built, where it is known before pulling.
 */
to_created_ms: number | null, 
/**
 * The image is on the host already.
 */
is_local: boolean, 
/**
 * The service would not change at all and is left alone.
 */
unchanged: boolean, };

export type Regression = { 
/**
 * The first event after it was resolved.
 */
at_ms: number, 
/**
 * The host it happened on.
 */
host: HostId, 
/**
 * That host's name.
 */
host_name: string, 
/**
 * The container it happened in.
 */
container_name: string, 
/**
 * The image that container ran.
 */
image: string, 
/**
 * Which container of its name; absent for what came back before that was kept.
 */
generation: ContainerGeneration | null, 
/**
 * What was another than at the newest event there before; absent where that is not known.
 */
change: PlaceChange | null, };

export type ServiceImage = { 
/**
 * The service.
 */
service: string, 
/**
 * The reference, as `docker pull` takes it.
 */
image: string, };

export type SetAppSizes = { 
/**
 * The app.
 */
app: string, 
/**
 * The sizes; empty text takes a size back.
 */
sizes: TypedSizes, 
/**
 * The span of the page to answer with.
 */
period: Period, };

export type SetHostWriting = { 
/**
 * The host.
 */
host: HostId, 
/**
 * True lets deploys be asked for; nothing is ever done unasked.
 */
on: boolean, };

export type SetIssueState = { 
/**
 * Which, at most 1,000.
 */
issues: Array<IssueId>, 
/**
 * What.
 */
state: IssueState, };

export type Settings = { 
/**
 * Seconds between ticks, 5 to 300.
 */
tick_interval_s: number, 
/**
 * Seconds between two passes over the logs of a host, 10 to 3600.
 */
log_pass_s: number, 
/**
 * Hours of its log that are read of a container never seen before, 0 to 168.
 */
log_look_back_h: number, 
/**
 * Hours samples are kept, 6 to 336.
 */
samples_retention_h: number, 
/**
 * Days reports are kept, 7 to 730.
 */
reports_retention_days: number, 
/**
 * Days daily aggregates are kept, 30 to 3650.
 */
daily_retention_days: number, 
/**
 * Days an issue is kept after it was last seen, 1 to 365.
 */
issues_retention_days: number, 
/**
 * Language.
 */
language: Language, 
/**
 * Theme.
 */
theme: Theme, 
/**
 * What closing the window does.
 */
on_close: OnClose, 
/**
 * Start with the session.
 */
start_at_login: boolean, 
/**
 * Names of apps or containers left out of apps and reports, at most 500.
 */
protected: Array<string>, };

export type SettingsPage = { 
/**
 * In force.
 */
settings: Settings, 
/**
 * As they are on a new machine.
 */
defaults: Settings, 
/**
 * What the store takes, by kind, largest first.
 */
sizes: Array<KindSize>, 
/**
 * The store's file with its log.
 */
file_bytes: number, 
/**
 * Free space on its disk.
 */
disk_free_bytes: number | null, 
/**
 * Where the store is.
 */
path: string, };

export type SizeSource = "user" | "label" | "engine";

export type SizeSpan = { 
/**
 * Smallest, where there is one.
 */
min_bytes: number | null, 
/**
 * Largest, where there is one.
 */
max_bytes: number | null, 
/**
 * Active deployments without one (unlimited, or no estimate).
 */
without: number, 
/**
 * The most trusted source of any.
 */
source: SizeSource | null, };

export type SpanFigures = { 
/**
 * The span.
 */
range: TimeRange, 
/**
 * Part of the span that was measured, 0 to 1.
 */
measured_ratio: number, 
/**
 * Mean memory.
 */
memory_avg_bytes: number | null, 
/**
 * P95 of memory.
 */
memory_p95_bytes: number | null, 
/**
 * Highest memory.
 */
memory_peak_bytes: number | null, 
/**
 * Mean cores.
 */
cpu_avg_cores: number | null, 
/**
 * Error events per hour; absent when logs were not read.
 */
errors_per_hour: number | null, 
/**
 * Issues first seen in it; absent when logs were not read.
 */
new_issues: number | null, 
/**
 * Restarts.
 */
restarts: number, 
/**
 * OOM kills.
 */
oom_kills: number, };

export type Suggestion = { 
/**
 * The limit, a multiple of [`SUGGESTION_STEP_BYTES`].
 */
limit_bytes: number, 
/**
 * The P95 it was made from.
 */
worst_p95_bytes: number, 
/**
 * The peak, when it (and not P95) decided because the app was killed for memory.
 */
raised_to_peak_bytes: number | null, 
/**
 * Reports behind it.
 */
reports: number, 
/**
 * OOM kills in the period.
 */
oom_kills: number, 
/**
 * How far to trust it.
 */
confidence: Confidence, };

export type SuggestionCard = { 
/**
 * The suggestion.
 */
suggestion: Suggestion | null, 
/**
 * Why there is none yet.
 */
withheld: Withheld | null, 
/**
 * The host whose deployment decided.
 */
worst_host: string | null, 
/**
 * Lines for the compose file, ready to be pasted, when there is a suggestion.
 */
compose_lines: string | null, };

export type Tag = "app_state" | "hosts" | { "host": HostId } | "samples" | "apps" | "issues" | "changes" | "deploys" | "settings";

export type Theme = "system" | "dark" | "light";

export type TickInterval = { 
/**
 * The first moment with it.
 */
from_ms: number, 
/**
 * Until the next tick is due; over several hosts the longest.
 */
interval_ms: number, };

export type TimeRange = { 
/**
 * Start, inclusive.
 */
from_ms: number, 
/**
 * End, exclusive.
 */
to_ms: number, };

export type TlsDraft = { 
/**
 * Path of the authority's certificate.
 */
ca: string, 
/**
 * Path of our certificate.
 */
cert: string, 
/**
 * Path of our key.
 */
key: string, };

export type TopApp = { 
/**
 * The app.
 */
app: string, 
/**
 * Its name to show.
 */
display_name: string, 
/**
 * Memory now over the fleet.
 */
memory_bytes: number, 
/**
 * Cores now over the fleet.
 */
cpu_cores: number | null, };

export type Transport = "unix" | "tls" | "plain" | "ssh";

export type TroubleKind = "oom_killed" | "over_limit" | "restarting" | "unhealthy" | "near_limit" | "exited" | "regressed" | "new_issues";

export type TypedSizes = { 
/**
 * Name to show.
 */
display_name: string, 
/**
 * Estimate.
 */
estimate: string, 
/**
 * Limit.
 */
limit: string, };

export type WindowRequest = { 
/**
 * The app.
 */
app: string, 
/**
 * One host, or the whole app.
 */
host: HostId | null, 
/**
 * The span, at most the retention of samples.
 */
range: TimeRange, 
/**
 * Most points wanted, 10 to 4000: the pixels there are.
 */
points: number, };

export type WindowSeries = { 
/**
 * The span.
 */
range: TimeRange, 
/**
 * Length of a bucket: the tick interval when nothing was merged.
 */
bucket_ms: number, 
/**
 * Bucket starts. Buckets without a tick are missing or `null`.
 */
times_ms: Array<number>, 
/**
 * Mean of the sums per tick.
 */
memory_avg_bytes: Array<number | null>, 
/**
 * Highest sum per tick.
 */
memory_peak_bytes: Array<number | null>, 
/**
 * Mean cores.
 */
cpu_avg_cores: Array<number | null>, 
/**
 * Highest cores.
 */
cpu_peak_cores: Array<number | null>, 
/**
 * Every container of every tick of the bucket was measured.
 */
complete: Array<boolean>, 
/**
 * Sum of limits now; absent when one is unlimited.
 */
limit_bytes: number | null, };

export type WireError = { 
/**
 * What kind of failure.
 */
code: ErrorCode, 
/**
 * Key of the sentence in the window's catalogue, `error.<…>`.
 */
key: string, 
/**
 * Values for the sentence's placeholders.
 */
params: { [key in string]: string }, 
/**
 * The field of the request that was wrong, when one was.
 */
field: string | null, 
/**
 * The sentence in English, for logs and for catalogues that lack the key.
 */
message: string, };

export type Withheld = { 
/**
 * Reports so far.
 */
reports: number, 
/**
 * Reports needed.
 */
needed: number, };

/** Every command: what it is asked with, and what it answers. */
export interface Commands {
  app_state: { request: null; answer: AppState };
  overview: { request: null; answer: Overview };
  list_apps: { request: AppsRequest; answer: AppsPage };
  app: { request: AppRequest; answer: AppPage };
  app_history: { request: HistoryRequest; answer: History };
  app_window: { request: WindowRequest; answer: WindowSeries };
  set_app_sizes: { request: SetAppSizes; answer: AppPage };
  app_metrics: { request: MetricsRequest; answer: MetricsSeries };
  app_marks: { request: MarksRequest; answer: Marks };
  list_deploys: { request: DeploysRequest; answer: DeploysPage };
  deploy_effect: { request: DeployRequest; answer: DeployEffect };
  plan_deploy: { request: PlanRequest; answer: DeployPlan };
  start_deploy: { request: PlanRequest; answer: DeployRow };
  cancel_deploy: { request: DeployRequest; answer: null };
  set_host_writing: { request: SetHostWriting; answer: HostRow };
  list_issues: { request: IssuesRequest; answer: IssuesPage };
  issue: { request: IssueRequest; answer: IssuePage };
  set_issue_state: { request: SetIssueState; answer: IssueStates };
  restore_issue_states: { request: IssueStates; answer: null };
  list_hosts: { request: null; answer: HostList };
  host: { request: HostRequest; answer: HostPage };
  host_report: { request: HostReportRequest; answer: HostReport };
  discover_hosts: { request: null; answer: Discovery };
  test_host: { request: HostDraft; answer: ConnectionTest };
  add_host: { request: HostDraft; answer: HostRow };
  edit_host: { request: EditHost; answer: HostRow };
  pause_host: { request: PauseHost; answer: HostRow };
  retry_host: { request: HostRequest; answer: null };
  remove_host: { request: HostRequest; answer: null };
  restore_host: { request: HostRequest; answer: HostRow };
  settings: { request: null; answer: SettingsPage };
  save_settings: { request: Settings; answer: SettingsPage };
  start_demo: { request: null; answer: AppState };
  leave_demo: { request: null; answer: AppState };
  dismiss_banner: { request: DismissBanner; answer: AppState };
}
