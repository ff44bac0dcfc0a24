//! The only room that knows SQL.
//!
//! One [`Store`] is one SQLite database in one folder. Everything the product remembers passes through it: hosts,
//! inventory, ticks, reports, changes, settings. Answers are columns, aggregated and downsampled to what a page draws.
//!
//! No `sqlx` type is in a public signature, so that another database can stand beside this one later. There is no
//! clock in here: whoever needs "now" passes it in, in UTC epoch milliseconds. Secrets never come here.

mod app_sizes;
mod changes;
mod codec;
mod deploys;
mod directory;
mod error;
mod fleet;
mod fresh_moments;
mod history;
mod hosts;
mod inventory;
mod issues;
mod lots;
mod metrics;
mod open;
mod plan;
mod progress;
mod purge;
mod records;
mod reports;
mod samples;
mod seal_samples;
mod series;
mod settings;
mod shifts;
mod store;
#[cfg(test)]
mod tests;
mod ticks;
mod trend;
mod upkeep;
mod window;

pub use deploys::{
    Begun, DeployEnd, DeployMark, DeployPage, DeployQuery, DeployRecord, IssueMark, LogSums, MarkTotals,
    NewDeploy,
};
pub use error::StoreError;
pub use issues::*;
pub use metrics::*;
pub use open::{OpenOptions, Opened, SetAside};
pub use records::*;
pub use series::{ColumnValues, ContainerSeries, SampleField};
pub use store::Store;
