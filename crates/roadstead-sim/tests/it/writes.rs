use std::time::{Duration, Instant};

use bollard::query_parameters::{
    CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder, RemoveImageOptions,
    RenameContainerOptionsBuilder,
};
use hyper::StatusCode;
use roadstead_sim::{EngineFlavour, FleetPlan, SimClock};
use serde_json::{Value, json};

use crate::support::{NOON_MS, fleet, plan, pull, recipe, refused, replace, serve, served};

#[tokio::test]
async fn a_pull_brings_a_newer_image_with_its_progress_and_then_it_is_here() {
    let (served, _clock) = served();
    let docker = served.docker();
    let before = docker.inspect_image("vaultwarden/server:latest").await.unwrap();
    let offered = docker
        .inspect_registry_image("vaultwarden/server:latest", None)
        .await
        .unwrap();
    let offered = offered.descriptor.digest.unwrap();
    assert!(
        !before.repo_digests.unwrap()[0].ends_with(&offered),
        "there is a newer one"
    );
    let begun = Instant::now();
    let told = pull(&docker, "vaultwarden/server:latest").await.unwrap();
    let took = begun.elapsed();
    assert!(
        (Duration::from_secs(1)..Duration::from_secs(4)).contains(&took),
        "{took:?}"
    );
    for said in [
        "Pulling from",
        "Downloading",
        "Extracting",
        "Pull complete",
        "Status: Downloaded",
    ] {
        assert!(
            told.iter().any(|status| status.starts_with(said)),
            "{said}: {told:?}"
        );
    }
    let after = docker.inspect_image("vaultwarden/server:latest").await.unwrap();
    assert_ne!(after.id, before.id);
    assert_eq!(
        after.repo_digests.unwrap(),
        [format!("vaultwarden/server@{offered}")]
    );
    assert!(after.created > before.created);
    let old = docker.inspect_image(before.id.as_ref().unwrap()).await.unwrap();
    assert_eq!(old.repo_tags, Some(vec![]), "the tag went on");
    let again = pull(&docker, "vaultwarden/server:latest").await.unwrap();
    assert!(again.last().unwrap().contains("up to date"), "{again:?}");
}

#[tokio::test]
async fn an_image_can_be_removed_and_comes_back_by_its_digest() {
    let (served, _clock) = served();
    let docker = served.docker();
    let old = docker.inspect_image("jellyfin/jellyfin:10.9.8").await.unwrap();
    let digest = old.repo_digests.clone().unwrap().remove(0);
    let (status, said) = refused(
        docker
            .remove_image(&digest, None::<RemoveImageOptions>, None)
            .await,
    );
    assert!(status == 409 && said.contains("is using"), "{said}");
    replace(&docker, "jellyfin-jellyfin-1", "jellyfin/jellyfin:10.9.10").await;
    docker
        .remove_container("jellyfin-jellyfin-1-old", None)
        .await
        .unwrap();
    docker
        .remove_image("jellyfin/jellyfin:10.9.8", None::<RemoveImageOptions>, None)
        .await
        .unwrap();
    assert_eq!(refused(docker.inspect_image(&digest).await).0, 404);
    let told = pull(&docker, &digest).await.unwrap();
    assert!(
        told.last().unwrap().contains("Downloaded newer image"),
        "{told:?}"
    );
    let back = docker.inspect_image(&digest).await.unwrap();
    assert_eq!((back.id, back.created), (old.id, old.created));
}

#[tokio::test]
async fn what_a_registry_does_not_give_is_refused_in_the_engines_words() {
    let (served, _clock) = served();
    let docker = served.docker();
    for (image, said) in [
        ("nobody/nothing:1", "pull access denied for nobody/nothing"),
        ("ghcr.io/nobody/nothing:1", "name unknown"),
        ("gitea/gitea:9.9.9", "manifest for gitea/gitea:9.9.9 not found"),
        ("lscr.io/linuxserver/bookstack:24.05.4", "pull access denied"),
    ] {
        let (status, message) = refused(pull(&docker, image).await);
        assert_eq!(status, 404, "{message}");
        assert!(message.contains(said), "{message}");
    }
    let (status, _) = refused(
        docker
            .inspect_registry_image("lscr.io/linuxserver/bookstack:24.05.4", None)
            .await,
    );
    assert_eq!(status, 403);
}

#[tokio::test]
async fn a_name_a_port_and_an_address_belong_to_one_container() {
    let (served, _clock) = served();
    let docker = served.docker();
    let body = recipe(&docker, "gitea-server-1", "gitea/gitea:1.22.4").await;
    let named = |name: &str| CreateContainerOptionsBuilder::new().name(name).build();
    let (status, said) = refused(
        docker
            .create_container(Some(named("gitea-server-1")), body.clone())
            .await,
    );
    assert!(
        status == 409 && said.contains("is already in use by container"),
        "{said}"
    );
    docker
        .create_container(Some(named("second")), body)
        .await
        .unwrap();
    let (status, said) = refused(docker.start_container("second", None).await);
    assert!(
        status == 500 && said.contains("port is already allocated"),
        "{said}"
    );
    let rename = RenameContainerOptionsBuilder::new().name("gitea-db-1").build();
    assert_eq!(refused(docker.rename_container("second", rename).await).0, 409);
    let network = "/networks/gitea_default/connect";
    for (name, address, status) in [
        ("traefik-traefik-1", "172.20.0.77", 200),
        ("second", "172.20.0.77", 403),
    ] {
        let endpoint = json!({ "IPAMConfig": { "IPv4Address": address }, "Aliases": ["x"] });
        let body = json!({ "Container": name, "EndpointConfig": endpoint });
        let (found, said) = served.send_json("POST", network, Some(body)).await.unwrap();
        assert_eq!(found.as_u16(), status, "{said:?}");
    }
    let details = docker.inspect_container("traefik-traefik-1", None).await.unwrap();
    let networks = details.network_settings.unwrap().networks.unwrap();
    assert_eq!(
        networks["gitea_default"].ip_address.as_deref(),
        Some("172.20.0.77")
    );
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_with_the_engines_status() {
    let (served, _clock) = served();
    for (method, path, body, status, said) in [
        ("POST", "/containers/nobody/start", None, 404, "No such container"),
        ("POST", "/containers/gitea-server-1/start", None, 304, ""),
        (
            "POST",
            "/containers/create?name=x1",
            None,
            400,
            "config cannot be empty",
        ),
        (
            "POST",
            "/containers/create?name=a+b",
            Some(json!({ "Image": "gitea/gitea:1.22.4" })),
            400,
            "Invalid container name",
        ),
        (
            "POST",
            "/containers/create?name=x1",
            Some(json!({ "Image": "gitea/gitea:1.22.5" })),
            404,
            "No such image",
        ),
        (
            "DELETE",
            "/containers/gitea-server-1",
            None,
            409,
            "container is running",
        ),
        (
            "POST",
            "/containers/gitea-server-1/kill?signal=NO",
            None,
            400,
            "Invalid signal",
        ),
        (
            "POST",
            "/containers/gitea-server-1/rename",
            None,
            400,
            "may be empty",
        ),
        (
            "POST",
            "/networks/none-such/connect",
            Some(json!({ "Container": "gitea-server-1" })),
            404,
            "not found",
        ),
        (
            "POST",
            "/networks/gitea_default/connect",
            Some(json!({ "Container": "gitea-server-1" })),
            403,
            "already exists in network",
        ),
    ] {
        let (found, body) = served.send_json(method, path, body).await.unwrap();
        let body = String::from_utf8_lossy(&body);
        assert_eq!(found.as_u16(), status, "{method} {path}: {body}");
        assert!(body.contains(said), "{method} {path}: {body}");
    }
    let (status, _) = served
        .send("POST", "/containers/gitea-server-1/stop")
        .await
        .unwrap();
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (status, _) = served
        .send("POST", "/containers/gitea-server-1/stop")
        .await
        .unwrap();
    assert_eq!(status, StatusCode::NOT_MODIFIED, "it is stopped already");
    let (status, _) = served
        .send("POST", "/containers/gitea-server-1/kill")
        .await
        .unwrap();
    assert_eq!(status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn an_older_engine_connects_a_new_container_to_one_network_only() {
    let fleet = fleet(FleetPlan {
        flavour: EngineFlavour::Docker20CgroupV1,
        ..plan()
    });
    let served = serve(&fleet, 0, &SimClock::stepped(NOON_MS));
    let both = json!({ "gitea_default": {}, "proxy": {} });
    let body = |endpoints: Value| {
        Some(json!({
            "Image": "gitea/gitea:1.22.4",
            "NetworkingConfig": { "EndpointsConfig": endpoints },
            "HostConfig": { "NetworkMode": "gitea_default" },
        }))
    };
    let path = "/v1.41/containers/create?name=x1";
    let (status, said) = served.send_json("POST", path, body(both)).await.unwrap();
    assert_eq!(status, StatusCode::BAD_REQUEST, "{said:?}");
    let one = json!({ "gitea_default": {} });
    let (status, said) = served.send_json("POST", path, body(one)).await.unwrap();
    assert_eq!(status, StatusCode::CREATED, "{said:?}");
    let connect = Some(json!({ "Container": "x1" }));
    let (status, _) = served
        .send_json("POST", "/networks/proxy/connect", connect.clone())
        .await
        .unwrap();
    assert_eq!(status, StatusCode::OK);
    let details = served.json("/containers/x1/json").await;
    let networks = details["NetworkSettings"]["Networks"].as_object().unwrap();
    assert_eq!(networks.keys().collect::<Vec<_>>(), ["gitea_default", "proxy"]);
    let (status, _) = served
        .send_json("POST", "/networks/proxy/disconnect", connect)
        .await
        .unwrap();
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn volumes_outlive_their_containers_unless_they_are_nameless_and_asked_for() {
    let (served, _clock) = served();
    let docker = served.docker();
    let details = docker.inspect_container("mosquitto", None).await.unwrap();
    let mut volumes: Vec<String> = details
        .mounts
        .unwrap()
        .into_iter()
        .filter_map(|mount| mount.name)
        .collect();
    volumes.sort();
    let nameless = volumes.iter().find(|name| name.len() == 64).unwrap().clone();
    let named = volumes.iter().find(|name| name.len() != 64).unwrap().clone();
    let force = RemoveContainerOptionsBuilder::new().force(true).build();
    docker.remove_container("mosquitto", Some(force)).await.unwrap();
    for name in [&named, &nameless] {
        assert_eq!(
            served.get(&format!("/volumes/{name}")).await.unwrap().0,
            StatusCode::OK,
            "{name}"
        );
    }
    let body = json!({
        "Image": "eclipse-mosquitto:2.0.18",
        "HostConfig": { "Binds": [format!("{named}:/mosquitto/data:rw")] },
    });
    let (status, body) = served
        .send_json("POST", "/containers/create?name=mosquitto", Some(body))
        .await
        .unwrap();
    assert_eq!(status, StatusCode::CREATED, "{body:?}");
    let details = docker.inspect_container("mosquitto", None).await.unwrap();
    let fresh = details
        .mounts
        .unwrap()
        .into_iter()
        .filter_map(|mount| mount.name)
        .find(|name| name.len() == 64);
    let fresh = fresh.expect("the image asks for a volume nobody named");
    assert_ne!(fresh, nameless);
    let with_volumes = RemoveContainerOptionsBuilder::new().v(true).build();
    docker
        .remove_container("mosquitto", Some(with_volumes))
        .await
        .unwrap();
    assert_eq!(
        served.get(&format!("/volumes/{fresh}")).await.unwrap().0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        served.get(&format!("/volumes/{named}")).await.unwrap().0,
        StatusCode::OK
    );
}

#[tokio::test]
async fn inspections_say_what_a_container_is_made_of() {
    let (served, _clock) = served();
    let docker = served.docker();
    let details = docker.inspect_container("gitea-server-1", None).await.unwrap();
    let (config, host_config) = (details.config.unwrap(), details.host_config.unwrap());
    let env = config.env.unwrap();
    assert!(
        env.iter()
            .any(|pair| pair.starts_with("GITEA__database__PASSWD=")),
        "{env:?}"
    );
    let labels = config.labels.unwrap();
    assert_eq!(labels["com.docker.compose.project"], "gitea");
    assert!(labels["com.docker.compose.config-hash"].len() == 64);
    assert_eq!(config.healthcheck.unwrap().retries, Some(3));
    assert!(host_config.port_bindings.unwrap().contains_key("3000/tcp"));
    let networks = details.network_settings.unwrap().networks.unwrap();
    assert_eq!(networks.len(), 2, "its own, and that of the proxy");
    let endpoint = &networks["gitea_default"];
    assert!(endpoint.aliases.as_ref().unwrap().contains(&"server".to_owned()));
    assert!(
        details
            .mounts
            .unwrap()
            .iter()
            .any(|mount| mount.destination.as_deref() == Some("/data"))
    );
    for network in networks.keys() {
        let known = docker.inspect_network(network, None).await.unwrap();
        assert!(
            known
                .containers
                .unwrap()
                .contains_key(details.id.as_ref().unwrap())
        );
    }
}
