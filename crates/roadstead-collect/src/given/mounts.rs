//! What is mounted in a container, however it was asked for: by `Binds`, `Mounts`, `Tmpfs`, or by its image.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{is_empty, is_generated_name, object, texts};

/// Options of a mount that only `Mounts` can say.
const OPTIONS: [&str; 4] = ["BindOptions", "VolumeOptions", "TmpfsOptions", "ImageOptions"];

/// What a mount is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MountKind {
    /// A volume that has a name of somebody's.
    Named(String),
    /// A volume the engine named.
    Anonymous(String),
    /// A path of the host.
    Bind(String),
    /// Memory.
    Tmpfs,
    /// Something else, by its word (`npipe`, `cluster`, `image`), and its source.
    Other(String, String),
}

/// One mount.
#[derive(Clone)]
pub(crate) struct Mount {
    pub(crate) destination: String,
    pub(crate) kind: MountKind,
    pub(crate) read_only: bool,
    /// Where it is not the usual `rprivate`.
    pub(crate) propagation: Option<String>,
    /// Options that may hold secrets (a password of a network share).
    pub(crate) options: Map<String, Value>,
    /// It is there because the image asks for it, and the image alone.
    pub(crate) is_images: bool,
    /// It is there because another container has it (`VolumesFrom`).
    pub(crate) is_borrowed: bool,
}

/// All mounts, by destination.
pub(super) fn of(
    container: &Value,
    host_config: &Map<String, Value>,
    config: &Map<String, Value>,
    image: &Map<String, Value>,
) -> Vec<Mount> {
    let empty = Value::Null;
    let given = object(config.get("Volumes").unwrap_or(&empty));
    let brought = object(image.get("Volumes").unwrap_or(&empty));
    let asked = asked(host_config);
    let borrows = texts(host_config.get("VolumesFrom")).next().is_some();
    let mut mounts: BTreeMap<String, Mount> = BTreeMap::new();
    for told in container["Mounts"].as_array().into_iter().flatten() {
        let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
        let (destination, name, source) = (text("Destination"), text("Name"), text("Source"));
        if destination.is_empty() {
            continue;
        }
        let kind = match text("Type").as_str() {
            "volume" if is_generated_name(&name) => MountKind::Anonymous(name),
            "volume" => MountKind::Named(name),
            "bind" => MountKind::Bind(source),
            "tmpfs" => MountKind::Tmpfs,
            other => MountKind::Other(other.to_owned(), source),
        };
        let is_asked = asked.contains_key(&destination) || given.contains_key(&destination);
        let is_of_image = brought.contains_key(&destination);
        mounts.insert(
            destination.clone(),
            Mount {
                read_only: told["RW"].as_bool() == Some(false),
                propagation: Some(text("Propagation"))
                    .filter(|word| !matches!(word.as_str(), "" | "rprivate")),
                options: asked.get(&destination).cloned().unwrap_or_default(),
                // One that we bound ourselves when the container was made again is still the image's.
                is_images: is_of_image && matches!(kind, MountKind::Anonymous(_)),
                is_borrowed: borrows && !is_asked && !is_of_image,
                destination,
                kind,
            },
        );
    }
    for (destination, options) in object(host_config.get("Tmpfs").unwrap_or(&empty)) {
        mounts.entry(destination.clone()).or_insert_with(|| Mount {
            destination: destination.clone(),
            kind: MountKind::Tmpfs,
            read_only: false,
            propagation: None,
            options: Map::from_iter([("Tmpfs".to_owned(), options.clone())]),
            is_images: false,
            is_borrowed: false,
        });
    }
    mounts.into_values().collect()
}

/// Destinations that `Binds` and `Mounts` ask for, with the options said there.
fn asked(host_config: &Map<String, Value>) -> BTreeMap<String, Map<String, Value>> {
    let binds = texts(host_config.get("Binds"))
        .filter_map(bind_destination)
        .map(|destination| (destination.to_owned(), Map::new()));
    let mounts = host_config
        .get("Mounts")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|mount| {
            let options = OPTIONS
                .iter()
                .filter_map(|name| Some(((*name).to_owned(), mount.get(*name)?.clone())))
                .filter(|(_, value)| !is_empty(value));
            Some((mount["Target"].as_str()?.to_owned(), options.collect()))
        });
    binds.chain(mounts).collect()
}

/// Where a bind is mounted: `source:/destination:options`, or a destination alone.
pub(crate) fn bind_destination(bind: &str) -> Option<&str> {
    let mut parts = bind.splitn(3, ':');
    let first = parts.next()?;
    Some(parts.next().unwrap_or(first))
}
