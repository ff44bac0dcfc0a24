//! The list itself.

use super::{AppScript, Endurance as E, Flaw, ServiceScript as S, mariadb, postgres, redis, story};
use crate::berth::MemoryShape as Shape;
use crate::voice::Voice;

const fn compose(name: &'static str, deploy_days: u32, services: &'static [S]) -> AppScript {
    AppScript {
        name,
        compose: true,
        deploy_days,
        services,
        story: None,
    }
}

const fn alone(name: &'static str, deploy_days: u32, services: &'static [S; 1]) -> AppScript {
    AppScript {
        name,
        compose: false,
        deploy_days,
        services,
        story: None,
    }
}

/// The apps, those found on most hosts first.
pub(crate) const APPS: &[AppScript] = &[
    compose(
        "immich",
        9,
        &[
            S::new("server", "ghcr.io/immich-app/immich-server", Voice::Node, 420)
                .tag("v1.", 118, ".2")
                .runs("tini -- start.sh")
                .shape(Shape::Diurnal)
                .cache(900)
                .limit(1_024)
                .load(90, 60, 120, 26)
                .log_every(6_000)
                .health_check(),
            S::new(
                "machine-learning",
                "ghcr.io/immich-app/immich-machine-learning",
                Voice::Python,
                780,
            )
            .tag("v1.", 118, ".2")
            .runs("tini -- python -m immich_ml")
            .shape(Shape::Climbing)
            .endures(E::KilledEvery(14))
            .cache(600)
            .limit(2_048)
            .load(160, 12, 60, 24)
            .log_every(12_000)
            .health_check(),
            postgres("database", 240, 900),
            redis("redis", 14),
        ],
    ),
    compose(
        "nextcloud",
        21,
        &[
            S::new("app", "nextcloud", Voice::Apache, 310)
                .tag("30.0.", 1, "-apache")
                .runs("/entrypoint.sh apache2-foreground")
                .shape(Shape::Diurnal)
                .cache(500)
                .limit(768)
                .load(70, 80, 60, 18)
                .log_every(1_500),
            S::new("cron", "nextcloud", Voice::Plain, 24)
                .tag("30.0.", 1, "-apache")
                .runs("/cron.sh")
                .limit(128)
                .load(8, 1, 4, 2),
            mariadb("db", 190),
            redis("redis", 9),
        ],
    )
    .told(&story::NEXTCLOUD),
    alone(
        "vaultwarden",
        30,
        &[S::new("vaultwarden", "vaultwarden/server", Voice::Rust, 46)
            .tag("1.32.", 1, "")
            .moving("latest")
            .flaws(&[(3, Flaw::Worse)])
            .runs("/start.sh")
            .limit(256)
            .load(3, 2, 1, 14)
            .log_every(30_000)
            .health_check()],
    )
    .told(&story::VAULTWARDEN),
    compose(
        "monitoring",
        28,
        &[
            S::new("grafana", "grafana/grafana", Voice::Logfmt, 130)
                .tag("11.", 2, ".0")
                .runs("/run.sh")
                .limit(512)
                .load(14, 6, 3, 21)
                .log_every(9_000),
            S::new("prometheus", "prom/prometheus", Voice::Logfmt, 420)
                .tag("v2.", 54, ".1")
                .runs("/bin/prometheus --config.file=/etc/prometheus/prometheus.yml")
                .shape(Shape::SawTooth)
                .cache(700)
                .limit(1_024)
                .load(40, 20, 50, 15)
                .log_every(120_000),
            S::new("node-exporter", "prom/node-exporter", Voice::Logfmt, 14)
                .tag("v1.8.", 2, "")
                .runs("/bin/node_exporter")
                .load(5, 3, 0, 8)
                .log_every(600_000)
                .host_network()
                .kept(),
        ],
    ),
    compose(
        "gitea",
        16,
        &[
            S::new("server", "gitea/gitea", Voice::Go, 170)
                .tag("1.22.", 1, "")
                .flaws(&[(2, Flaw::Worse), (5, Flaw::Broken)])
                .runs("/usr/bin/entrypoint /bin/s6-svscan /etc/s6")
                .limit(512)
                .load(20, 15, 10, 19)
                .log_every(4_000)
                .health_check(),
            postgres("db", 60, 180),
        ],
    )
    .told(&story::GITEA),
    compose(
        "paperless",
        12,
        &[
            S::new(
                "webserver",
                "ghcr.io/paperless-ngx/paperless-ngx",
                Voice::Python,
                520,
            )
            .tag("2.", 12, ".1")
            .runs("/sbin/docker-entrypoint.sh")
            .shape(Shape::Climbing)
            .endures(E::KilledEvery(30))
            .cache(260)
            .limit(1_024)
            .load(35, 6, 20, 28)
            .log_every(8_000)
            .health_check()
            .misbehaves(),
            postgres("db", 70, 210),
            redis("broker", 8),
            S::new("gotenberg", "gotenberg/gotenberg", Voice::Go, 90)
                .tag("8.", 9, "")
                .runs("gotenberg --chromium-disable-javascript=true")
                .load(6, 2, 2, 16)
                .log_every(90_000),
            S::new("tika", "apache/tika", Voice::Java, 260)
                .tag("2.9.", 2, ".1")
                .runs("java -jar tika-server.jar")
                .shape(Shape::SawTooth)
                .limit(512)
                .load(9, 2, 1, 40)
                .log_every(45_000),
        ],
    ),
    alone(
        "home-assistant",
        14,
        &[S::new(
            "home-assistant",
            "ghcr.io/home-assistant/home-assistant",
            Voice::Python,
            380,
        )
        .tag("2025.1.", 2, "")
        .flaws(&[(2, Flaw::Worse)])
        .runs("/init")
        .cache(150)
        .load(55, 0, 12, 34)
        .log_every(15_000)
        .host_network()],
    )
    .told(&story::HOME_ASSISTANT),
    compose(
        "traefik",
        25,
        &[S::new("traefik", "traefik", Voice::Json, 70)
            .tag("v3.", 1, "")
            .runs("traefik --providers.docker")
            .limit(256)
            .load(18, 120, 0, 13)
            .log_every(900)
            .protected()],
    ),
    compose(
        "jellyfin",
        24,
        &[S::new("jellyfin", "jellyfin/jellyfin", Voice::DotNet, 610)
            .tag("10.9.", 7, "")
            .flaws(&[(2, Flaw::Sick)])
            .runs("/jellyfin/jellyfin")
            .shape(Shape::Diurnal)
            .cache(1_400)
            .limit(2_048)
            .load(220, 900, 700, 38)
            .log_every(7_000)
            .health_check()],
    )
    .told(&story::JELLYFIN),
    compose(
        "n8n",
        10,
        &[S::new("n8n", "docker.n8n.io/n8nio/n8n", Voice::Node, 240)
            .tag("1.", 62, ".3")
            .runs("tini -- /docker-entrypoint.sh")
            .shape(Shape::Leaking)
            .endures(E::RestartedEvery(80))
            .limit(1_024)
            .load(22, 9, 4, 12)
            .log_every(10_000)
            .misbehaves()],
    ),
    alone(
        "uptime-kuma",
        40,
        &[S::new("uptime-kuma", "louislam/uptime-kuma", Voice::Node, 110)
            .tag("1.23.", 13, "")
            .moving("1")
            .runs("node server/server.js")
            .shape(Shape::Leaking)
            .endures(E::RestartedEvery(120))
            .load(16, 5, 8, 12)
            .log_every(20_000)
            .health_check()],
    ),
    compose(
        "authentik",
        13,
        &[
            S::new("server", "ghcr.io/goauthentik/server", Voice::Json, 480)
                .tag("2024.8.", 1, "")
                .runs("dumb-init -- ak server")
                .limit(1_024)
                .load(45, 14, 2, 30)
                .log_every(2_500)
                .health_check(),
            S::new("worker", "ghcr.io/goauthentik/server", Voice::Json, 400)
                .tag("2024.8.", 1, "")
                .runs("dumb-init -- ak worker")
                .shape(Shape::Leaking)
                .endures(E::RestartedEvery(96))
                .limit(1_280)
                .load(30, 4, 3, 20)
                .log_every(5_000)
                .health_check(),
            postgres("postgresql", 90, 160),
            redis("redis", 11),
        ],
    ),
    compose(
        "keycloak",
        32,
        &[
            S::new("keycloak", "quay.io/keycloak/keycloak", Voice::Java, 640)
                .tag("25.0.", 4, "")
                .runs("/opt/keycloak/bin/kc.sh start")
                .shape(Shape::SawTooth)
                .limit(1_024)
                .load(30, 8, 1, 62)
                .log_every(18_000),
            postgres("db", 64, 120),
        ],
    ),
    compose(
        "bookstack",
        26,
        &[
            S::new("app", "lscr.io/linuxserver/bookstack", Voice::Apache, 96)
                .tag("24.05.", 3, "")
                .denied()
                .runs("/init")
                .limit(256)
                .load(9, 5, 2, 20)
                .log_every(6_000),
            mariadb("db", 140),
        ],
    )
    .told(&story::BOOKSTACK),
    compose(
        "mealie",
        18,
        &[
            S::new("mealie", "ghcr.io/mealie-recipes/mealie", Voice::Python, 210)
                .tag("v2.", 1, ".0")
                .runs("/app/run.sh")
                .limit(512)
                .load(7, 2, 1, 9)
                .log_every(30_000)
                .health_check(),
        ],
    ),
    compose(
        "freshrss",
        33,
        &[S::new("freshrss", "freshrss/freshrss", Voice::Apache, 64)
            .tag("1.24.", 1, "")
            .runs("/FreshRSS/Docker/entrypoint.sh")
            .limit(128)
            .load(6, 4, 2, 9)
            .log_every(11_000)],
    ),
    alone(
        "pihole",
        45,
        &[S::new("pihole", "pihole/pihole", Voice::Plain, 74)
            .tag("2024.07.", 0, "")
            .runs("/s6-init")
            .cache(60)
            .load(9, 7, 2, 15)
            .log_every(700)
            .health_check()],
    ),
    alone(
        "mosquitto",
        0,
        &[S::new("mosquitto", "eclipse-mosquitto", Voice::Plain, 6)
            .tag("2.0.", 18, "")
            .runs("/usr/sbin/mosquitto -c /mosquitto/config/mosquitto.conf")
            .limit(64)
            .load(2, 3, 0, 1)
            .log_every(25_000)],
    ),
    compose(
        "minecraft",
        22,
        &[S::new("server", "itzg/minecraft-server", Voice::Java, 1_500)
            .tag("java21-1.21.", 1, "")
            .runs("/start")
            .shape(Shape::SawTooth)
            .limit(3_072)
            .load(340, 30, 20, 58)
            .log_every(14_000)
            .tty()
            .health_check()],
    ),
    compose(
        "zigbee2mqtt",
        20,
        &[S::new("zigbee2mqtt", "koenkk/zigbee2mqtt", Voice::Node, 92)
            .tag("1.", 40, ".1")
            .runs("docker-entrypoint.sh node index.js")
            .endures(E::CrashesEvery(90))
            .limit(192)
            .load(8, 2, 1, 11)
            .log_every(3_000)],
    ),
    compose(
        "backup",
        60,
        &[
            S::new("restic", "restic/restic", Voice::Plain, 180)
                .tag("0.17.", 1, "")
                .runs("restic backup /data")
                .endures(E::Job(900))
                .load(300, 400, 3_000, 9)
                .log_every(30_000),
            S::new("rest-server", "restic/rest-server", Voice::Go, 28)
                .tag("0.13.", 0, "")
                .runs("/entrypoint.sh")
                .cache(200)
                .load(4, 30, 90, 8)
                .log_every(60_000)
                .kept(),
        ],
    ),
    compose(
        "search",
        35,
        &[S::new("meilisearch", "getmeili/meilisearch", Voice::Rust, 330)
            .tag("v1.", 10, ".1")
            .runs("tini -- /bin/meilisearch")
            .cache(800)
            .limit(2_048)
            .load(11, 3, 9, 17)
            .log_every(22_000)],
    ),
    compose(
        "wiki",
        29,
        &[
            S::new("wikijs", "ghcr.io/requarks/wiki", Voice::Node, 150)
                .tag("2.5.", 303, "")
                .runs("node server")
                .limit(384)
                .load(7, 2, 1, 11)
                .log_every(50_000),
            postgres("db", 54, 90),
        ],
    ),
    alone(
        "watchtower",
        0,
        &[S::new("watchtower", "containrrr/watchtower", Voice::Logfmt, 16)
            .tag("1.7.", 1, "")
            .runs("/watchtower")
            .limit(64)
            .load(1, 1, 0, 9)
            .log_every(900_000)
            .protected()],
    ),
];
