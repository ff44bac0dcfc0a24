//! Words of real engines, each with its cause.

use super::*;

/// Words as engines said them: Docker 20.10 (Debian), 23 to 29, Podman 4.3 and 5.
const SAID: &[(Doing, u16, &str, DeployCause)] = &[
    (
        Doing::Pull,
        404,
        "pull access denied for acme/shop, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
        C::PullDenied,
    ),
    (
        Doing::Pull,
        200,
        "failed to resolve reference \"docker.io/acme/shop:1\": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
        C::PullDenied,
    ),
    (
        Doing::Pull,
        500,
        "Get \"https://registry.example/v2/shop/manifests/1\": no basic auth credentials",
        C::PullDenied,
    ),
    (
        Doing::Pull,
        500,
        "Head \"https://registry-1.docker.io/v2/acme/shop/manifests/latest\": unauthorized: incorrect username or password",
        C::PullDenied,
    ),
    (
        Doing::Pull,
        500,
        "error from registry: unauthorized\nunauthorized",
        C::PullDenied,
    ),
    (
        Doing::Pull,
        500,
        "failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized",
        C::PullDenied,
    ),
    (
        Doing::Pull,
        429,
        "toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating",
        C::PullDenied,
    ),
    (
        Doing::Pull,
        200,
        "initializing source docker://registry.example/shop:1: reading manifest 1 in registry.example/shop: unauthorized: authentication required",
        C::PullDenied,
    ),
    (
        Doing::Pull,
        404,
        "manifest for redis:nope not found: manifest unknown: manifest unknown",
        C::ImageNotFound,
    ),
    (
        Doing::Pull,
        404,
        "failed to resolve reference \"docker.io/library/redis:nope\": docker.io/library/redis:nope: not found",
        C::ImageNotFound,
    ),
    (
        Doing::Pull,
        404,
        "no matching manifest for linux/arm64/v8 in the manifest list entries",
        C::ImageNotFound,
    ),
    (
        Doing::Pull,
        200,
        "initializing source docker://registry.example/nope:1: reading manifest 1 in registry.example/nope: name unknown: repository name not known to registry",
        C::ImageNotFound,
    ),
    (
        Doing::Pull,
        500,
        "Get \"https://registry.example/v2/\": dial tcp: lookup registry.example on 192.0.2.53:53: no such host",
        C::RegistryUnreachable,
    ),
    (
        Doing::Pull,
        500,
        "Get \"http://127.0.0.1:5000/v2/\": dial tcp 127.0.0.1:5000: connect: connection refused",
        C::RegistryUnreachable,
    ),
    (
        Doing::Pull,
        500,
        "Get \"https://registry-1.docker.io/v2/\": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
        C::RegistryUnreachable,
    ),
    (
        Doing::Pull,
        500,
        "Get \"https://registry.example/v2/\": x509: certificate signed by unknown authority",
        C::RegistryUnreachable,
    ),
    (
        Doing::Pull,
        500,
        "failed to authorize: failed to fetch anonymous token: Get \"https://auth.docker.io/token?scope=repository%3Aacme%2Fshop%3Apull\": EOF",
        C::RegistryUnreachable,
    ),
    (
        Doing::Pull,
        200,
        "failed to register layer: Error processing tar file(exit status 1): write /blob: no space left on device",
        C::DiskFull,
    ),
    (
        Doing::Pull,
        200,
        "filesystem layer verification failed for digest sha256:12",
        C::PullFailed,
    ),
    (Doing::Offer, 404, "page missing", C::ImageNotFound),
    (
        Doing::Offer,
        401,
        "errors:\ndenied: requested access to the resource is denied\nunauthorized: authentication required\n",
        C::PullDenied,
    ),
    (Doing::Create, 404, "No such image: shop:2", C::ImageNotFound),
    (
        Doing::Create,
        409,
        "Conflict. The container name \"/web-1\" is already in use by container \"0123\". You have to remove (or rename) that container to be able to reuse that name.",
        C::NameInUse,
    ),
    (
        Doing::Create,
        500,
        "container create: creating container storage: the container name \"web-1\" is already in use by 0123. You have to remove that container to be able to reuse that name: that name is already in use",
        C::NameInUse,
    ),
    (
        Doing::Create,
        400,
        "invalid mount config for type \"bind\": bind source path does not exist: /srv/gone",
        C::ResourceMissing,
    ),
    (
        Doing::Create,
        404,
        "No such container: 0123456789ab",
        C::ResourceMissing,
    ),
    (
        Doing::Create,
        400,
        "user specified IP address is supported only when connecting to networks with user configured subnets",
        C::ConfigRefused,
    ),
    (
        Doing::Create,
        400,
        "conflicting options: port publishing and the container type network mode",
        C::ConfigRefused,
    ),
    (
        Doing::Create,
        400,
        "unknown or invalid runtime name: nvidia",
        C::ConfigRefused,
    ),
    (
        Doing::Create,
        500,
        "create x: error looking up volume plugin rexray: plugin \"rexray\" not found",
        C::ResourceMissing,
    ),
    (
        Doing::Connect,
        404,
        "network shop_back not found",
        C::ResourceMissing,
    ),
    (
        Doing::Start,
        500,
        "driver failed programming external connectivity on endpoint web (0123): Bind for 0.0.0.0:80 failed: port is already allocated",
        C::PortInUse,
    ),
    (
        Doing::Start,
        500,
        "driver failed programming external connectivity on endpoint nginx (0123): Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use",
        C::PortInUse,
    ),
    (
        Doing::Start,
        500,
        "failed to set up container networking: driver failed programming external connectivity on endpoint web (0123): failed to bind host port for 0.0.0.0:7148:172.18.0.2:7148/tcp: address already in use",
        C::PortInUse,
    ),
    (
        Doing::Start,
        500,
        "rootlessport listen tcp 127.0.0.1:54322: bind: address already in use",
        C::PortInUse,
    ),
    (
        Doing::Start,
        500,
        "driver failed programming external connectivity on endpoint bind (0123): Error starting userland proxy: listen tcp 172.17.42.1:10000: bind: cannot assign requested address",
        C::ResourceMissing,
    ),
    (Doing::Start, 403, "Address already in use", C::AddressInUse),
    (
        Doing::Start,
        500,
        "failed to set up container networking: Address already in use",
        C::AddressInUse,
    ),
    (
        Doing::Start,
        403,
        "failed to set up container networking: no available IPv4 addresses on this network's address pools: front (0123)",
        C::AddressInUse,
    ),
    (
        Doing::Start,
        404,
        "network shop_back not found",
        C::ResourceMissing,
    ),
    (
        Doing::Start,
        404,
        "Could not attach to network shop_back: rpc error: code = NotFound desc = network shop_back not found",
        C::ResourceMissing,
    ),
    (
        Doing::Start,
        500,
        "error gathering device information while adding custom device \"/dev/dri\": no such file or directory",
        C::ResourceMissing,
    ),
    (
        Doing::Start,
        500,
        "could not select device driver \"\" with capabilities: [[gpu]]",
        C::ResourceMissing,
    ),
    (
        Doing::Start,
        500,
        "error while mounting volume '/var/lib/docker/volumes/share/_data': failed to mount local volume: mount :/export:/var/lib/docker/volumes/share/_data, data: addr=192.0.2.9: connection refused",
        C::ResourceMissing,
    ),
    (
        Doing::Start,
        400,
        "OCI runtime create failed: container_linux.go:380: starting container process caused: exec: \"serve\": executable file not found in $PATH: unknown",
        C::StartFailed,
    ),
    (
        Doing::Start,
        400,
        "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: \"serve\": executable file not found in $PATH: unknown",
        C::StartFailed,
    ),
    (
        Doing::Start,
        403,
        "endpoint with name web-1 already exists in network front",
        C::NameInUse,
    ),
    (Doing::Start, 404, "No such container: 0123", C::ChangedMeanwhile),
    (
        Doing::Start,
        409,
        "container is marked for removal and cannot be started",
        C::ChangedMeanwhile,
    ),
    (
        Doing::Stop,
        500,
        "cannot stop container: 0123: tried to kill container, but did not receive an exit event",
        C::TimedOut,
    ),
    (Doing::Stop, 404, "No such container: 0123", C::ChangedMeanwhile),
    (
        Doing::Rename,
        409,
        "Error when allocating new name: Conflict. The container name \"/web-1\" is already in use by container \"0123\". You have to remove (or rename) that container to be able to reuse that name.",
        C::NameInUse,
    ),
    (
        Doing::Remove,
        409,
        "You cannot remove a running container 0123. Stop the container before attempting removal or force remove",
        C::ChangedMeanwhile,
    ),
    (
        Doing::Remove,
        409,
        "cannot remove container \"web-1\": container is running: stop the container before removing or force remove",
        C::ChangedMeanwhile,
    ),
    (Doing::Start, 500, "context canceled", C::EngineError),
    (Doing::Create, 500, "input/output error", C::EngineError),
];

#[test]
fn refusals_of_real_engines_have_names() {
    for (doing, status, said, cause) in SAID {
        assert_eq!(
            cause_of(*doing, *status, said),
            *cause,
            "{doing:?} {status} {said}"
        );
    }
}
