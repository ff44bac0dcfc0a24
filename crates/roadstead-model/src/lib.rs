//! The words and the pure rules of Roadstead.
//!
//! Everything here is a value or a function of values: ids, readings, samples, reports, windows, quantiles,
//! sizing. There is deliberately no IO, no async code and no clock: whoever needs "now" passes it in, in UTC epoch
//! milliseconds.

pub mod app;
pub mod deploy;
pub mod endpoint;
pub mod facts;
pub mod fault;
pub mod ids;
pub mod leak;
pub mod quantile;
pub mod rate;
pub mod reading;
pub mod report;
pub mod sample;
pub mod size;
pub mod sizing;
pub mod time;

pub use app::AppName;
pub use deploy::{
    ConfigPart, ContainerConfig, DeployCause, DeployChange, DeployFault, DeployKind, DeployState, DeployStep,
    Deployed, PartFacts, deploy_changes,
};
pub use endpoint::{Endpoint, EndpointError, TlsFiles};
pub use facts::{ContainerFacts, ContainerState, Fleeting, Health, HostFacts};
pub use fault::{Fault, FaultCause};
pub use ids::{AppId, ContainerId, DeployId, DeploymentId, EngineContainerId, HostId, IssueId};
pub use leak::{LeakCheck, LeakWithheld};
pub use rate::{Counters, RateTracker};
pub use reading::{BlockCounters, CpuCounters, MemoryReading, NetworkCounters, Reading};
pub use report::{ContainerReport, Report, close_window};
pub use sample::{Sample, Tick};
pub use size::{SizeError, parse_size_bytes};
pub use sizing::{Accuracy, EstimateFit, MemoryLevel, SizeSource, Suggestion, SuggestionInput, Withheld};
pub use time::{Period, TimeRange, Window};
