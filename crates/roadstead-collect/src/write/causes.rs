//! What an engine's refusal means. Engines tell causes apart by words alone, so words are what is looked for: those
//! that Docker 20 to 29 and Podman 4 and 5 say, most telling first.

use roadstead_model::DeployCause;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    /// To pull an image.
    Pull,
    /// To ask a registry for an image.
    Offer,
    /// To create a container.
    Create,
    /// To connect a network.
    Connect,
    /// To start a container.
    Start,
    /// To stop a container.
    Stop,
    /// To rename a container.
    Rename,
    /// To remove a container.
    Remove,
}

use DeployCause as C;

/// Words that mean the same whatever was asked for, in lower case.
const ANYWHERE: &[(&str, C)] = &[
    ("no space left on device", C::DiskFull),
    ("disk quota exceeded", C::DiskFull),
    ("not enough space on the disk", C::DiskFull),
];

/// Words of a registry, as the engine repeats them.
const OF_REGISTRIES: &[(&str, C)] = &[
    ("manifest unknown", C::ImageNotFound),
    ("manifest not found", C::ImageNotFound),
    ("name unknown", C::ImageNotFound),
    ("repository name not known", C::ImageNotFound),
    ("no matching manifest", C::ImageNotFound),
    (
        "no image found in manifest list for architecture",
        C::ImageNotFound,
    ),
    ("invalid reference format", C::ImageNotFound),
    ("repository name must be", C::ImageNotFound),
    ("pull access denied", C::PullDenied),
    ("requested access to the resource is denied", C::PullDenied),
    ("unauthorized", C::PullDenied),
    ("authentication required", C::PullDenied),
    ("authorization failed", C::PullDenied),
    ("no basic auth credentials", C::PullDenied),
    ("incorrect username or password", C::PullDenied),
    ("invalid username/password", C::PullDenied),
    (
        "failed to authorize: failed to fetch oauth token: unexpected status",
        C::PullDenied,
    ),
    ("denied:", C::PullDenied),
    ("403 forbidden", C::PullDenied),
    ("toomanyrequests", C::PullDenied),
    ("too many requests", C::PullDenied),
    ("no such host", C::RegistryUnreachable),
    ("server misbehaving", C::RegistryUnreachable),
    ("temporary failure in name resolution", C::RegistryUnreachable),
    ("connection refused", C::RegistryUnreachable),
    ("connection reset by peer", C::RegistryUnreachable),
    ("no route to host", C::RegistryUnreachable),
    ("network is unreachable", C::RegistryUnreachable),
    ("i/o timeout", C::RegistryUnreachable),
    ("tls handshake timeout", C::RegistryUnreachable),
    ("client.timeout exceeded", C::RegistryUnreachable),
    ("context deadline exceeded", C::RegistryUnreachable),
    ("http response to https client", C::RegistryUnreachable),
    ("http: server gave http", C::RegistryUnreachable),
    ("x509:", C::RegistryUnreachable),
    ("bad gateway", C::RegistryUnreachable),
    ("service unavailable", C::RegistryUnreachable),
    ("gateway timeout", C::RegistryUnreachable),
    ("unexpected eof", C::RegistryUnreachable),
    (": eof", C::RegistryUnreachable),
    ("not found", C::ImageNotFound),
];

/// Words about a container that is created or started.
const OF_CONTAINERS: &[(&str, C)] = &[
    ("cannot assign requested address", C::ResourceMissing),
    ("port is already allocated", C::PortInUse),
    ("ports are not available", C::PortInUse),
    ("failed to bind host port", C::PortInUse),
    ("error starting userland proxy", C::PortInUse),
    ("bind: address already in use", C::PortInUse),
    ("eaddrinuse", C::PortInUse),
    ("address already in use", C::AddressInUse),
    ("already allocated", C::AddressInUse),
    ("no available ipv4 addresses", C::AddressInUse),
    ("no available ipv6 addresses", C::AddressInUse),
    ("no available addresses", C::AddressInUse),
    ("the container name", C::NameInUse),
    ("name is already in use", C::NameInUse),
    ("is already in use by container", C::NameInUse),
    ("already exists in network", C::NameInUse),
    ("no such image", C::ImageNotFound),
    ("image not known", C::ImageNotFound),
    ("error gathering device information", C::ResourceMissing),
    ("could not select device driver", C::ResourceMissing),
    ("no such device", C::ResourceMissing),
    ("bind source path does not exist", C::ResourceMissing),
    ("no such volume", C::ResourceMissing),
    ("error while mounting volume", C::ResourceMissing),
    ("error looking up volume plugin", C::ResourceMissing),
    ("could not attach to network", C::ResourceMissing),
    ("unable to find network", C::ResourceMissing),
    ("network not found", C::ResourceMissing),
    (
        "cannot join network of a non running container",
        C::ResourceMissing,
    ),
    ("cannot link to a non running container", C::ResourceMissing),
    ("could not get container for", C::ResourceMissing),
    ("joining network namespace of container", C::ResourceMissing),
    ("oci runtime", C::StartFailed),
    ("failed to create task", C::StartFailed),
    ("failed to create shim", C::StartFailed),
    ("runc create failed", C::StartFailed),
    ("crun:", C::StartFailed),
    ("executable file not found", C::StartFailed),
    ("exec format error", C::StartFailed),
    ("unknown or invalid runtime", C::ConfigRefused),
    ("marked for removal", C::ChangedMeanwhile),
    ("is already in progress", C::ChangedMeanwhile),
    ("cannot start a paused container", C::ChangedMeanwhile),
    ("cannot remove a running container", C::ChangedMeanwhile),
    ("container is running", C::ChangedMeanwhile),
    ("did not receive an exit event", C::TimedOut),
];

/// The cause of a refusal.
pub(super) fn cause_of(doing: Doing, status: u16, said: &str) -> DeployCause {
    let said = said.to_lowercase();
    let said_of = |words: &[(&str, C)]| {
        words
            .iter()
            .find(|(words, _)| said.contains(words))
            .map(|(_, cause)| *cause)
    };
    if let Some(cause) = said_of(ANYWHERE) {
        return cause;
    }
    match doing {
        Doing::Pull | Doing::Offer => said_of(OF_REGISTRIES).unwrap_or(match status {
            401 | 403 => C::PullDenied,
            404 if doing == Doing::Offer => C::ImageNotFound,
            _ => C::PullFailed,
        }),
        _ => said_of(OF_CONTAINERS).unwrap_or_else(|| by_status(doing, status, &said)),
    }
}

fn by_status(doing: Doing, status: u16, said: &str) -> DeployCause {
    let is_network = said.contains("network") && said.contains("not found");
    match (doing, status) {
        (_, 404) if is_network => C::ResourceMissing,
        // What is created is not there yet: something that it needs is not.
        (Doing::Create, 404) => C::ResourceMissing,
        (_, 404) => C::ChangedMeanwhile,
        (Doing::Rename, 409) => C::NameInUse,
        (Doing::Create | Doing::Connect, 400..=499) => C::ConfigRefused,
        (Doing::Start, 400) => C::StartFailed,
        (Doing::Remove | Doing::Stop, 409) => C::ChangedMeanwhile,
        (Doing::Create | Doing::Connect, _) if said.contains("invalid") => C::ConfigRefused,
        _ => C::EngineError,
    }
}

#[cfg(test)]
mod tests;
