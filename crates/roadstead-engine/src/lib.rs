//! The app without a face: the supervisor of every long task, the use cases behind each page, and what crosses to a
//! window.
//!
//! A face (the desktop window, later an HTTP server) holds an [`Engine`], passes each command of [`for_each_command!`]
//! to the method of the same name, and forwards [`wire::AppEvent`]s. Nothing in here knows which face it is.

mod changes;
mod clock;
mod command_list;
mod connection;
mod demo;
mod deploys;
mod discovery;
mod draft;
mod engine;
mod fleet;
mod logs;
mod notify;
mod open_window;
mod pages;
mod random;
mod reports;
mod settings;
mod sizes;

pub mod bindings;
pub mod wire;

pub use clock::Clock;
pub use deploys::{DeployHook, DeployPoint};
pub use engine::{Engine, EngineOptions};
pub use roadstead_collect::{ConnectOptions, DiscoverSources, RegistryOptions, SshOptions};
pub use roadstead_store::StoreError;
