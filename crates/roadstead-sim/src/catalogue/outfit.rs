//! What the containers of an image are given: ports, volumes, variables.
//!
//! As such images document it, and no more than an inspection needs to look real. There are no secrets here: where a variable
//! holds one, its value is made from the seed.

/// What the containers of an image are given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outfit {
    /// The image, without a tag.
    image: &'static str,
    /// Published TCP port within the container; 0 is none.
    pub(crate) port: u16,
    /// Where the volume with its data is mounted, when it has one.
    pub(crate) data: Option<&'static str>,
    /// Where the image asks for a volume; containers that do not mount one get a nameless one.
    pub(crate) volume: Option<&'static str>,
    /// Variables the image sets itself.
    pub(crate) image_env: &'static [(&'static str, &'static str)],
    /// Variables it is started with; an empty value is a secret.
    pub(crate) env: &'static [(&'static str, &'static str)],
    /// It stands in the network of the reverse proxy, too.
    pub(crate) proxied: bool,
}

const fn plain(image: &'static str, port: u16) -> Outfit {
    Outfit {
        image,
        port,
        data: None,
        volume: None,
        image_env: &[],
        env: &[],
        proxied: false,
    }
}

impl Outfit {
    const fn data(mut self, path: &'static str) -> Self {
        self.data = Some(path);
        self
    }

    const fn volume(mut self, path: &'static str) -> Self {
        self.volume = Some(path);
        self
    }

    const fn image_env(mut self, env: &'static [(&'static str, &'static str)]) -> Self {
        self.image_env = env;
        self
    }

    const fn env(mut self, env: &'static [(&'static str, &'static str)]) -> Self {
        self.env = env;
        self
    }

    const fn proxied(mut self) -> Self {
        self.proxied = true;
        self
    }
}

/// The outfit of an image; a bare one for an image that is not in the catalogue.
pub(crate) fn outfit(image: &str) -> &'static Outfit {
    OUTFITS
        .iter()
        .find(|outfit| outfit.image == image)
        .unwrap_or(&BARE)
}

const BARE: Outfit = plain("", 0);
const NODE: &[(&str, &str)] = &[("NODE_VERSION", "20.18.1"), ("NODE_ENV", "production")];
const PYTHON: &[(&str, &str)] = &[("LANG", "C.UTF-8"), ("PYTHONUNBUFFERED", "1")];

const OUTFITS: &[Outfit] = &[
    plain("ghcr.io/immich-app/immich-server", 2283)
        .data("/usr/src/app/upload")
        .image_env(NODE)
        .env(&[
            ("DB_HOSTNAME", "database"),
            ("DB_USERNAME", "immich"),
            ("DB_PASSWORD", ""),
            ("REDIS_HOSTNAME", "redis"),
        ])
        .proxied(),
    plain("ghcr.io/immich-app/immich-machine-learning", 0)
        .data("/cache")
        .image_env(PYTHON)
        .env(&[("MACHINE_LEARNING_WORKERS", "1")]),
    plain("postgres", 0)
        .data("/var/lib/postgresql/data")
        .volume("/var/lib/postgresql/data")
        .image_env(&[("PG_MAJOR", "16"), ("PGDATA", "/var/lib/postgresql/data")])
        .env(&[
            ("POSTGRES_USER", "app"),
            ("POSTGRES_DB", "app"),
            ("POSTGRES_PASSWORD", ""),
        ]),
    plain("redis", 0).volume("/data"),
    plain("mariadb", 0)
        .data("/var/lib/mysql")
        .volume("/var/lib/mysql")
        .env(&[("MARIADB_DATABASE", "app"), ("MARIADB_ROOT_PASSWORD", "")]),
    plain("nextcloud", 80)
        .data("/var/www/html")
        .volume("/var/www/html")
        .image_env(&[("PHP_MEMORY_LIMIT", "512M"), ("PHP_UPLOAD_LIMIT", "512M")])
        .env(&[
            ("MYSQL_HOST", "db"),
            ("MYSQL_PASSWORD", ""),
            ("REDIS_HOST", "redis"),
        ])
        .proxied(),
    plain("vaultwarden/server", 80)
        .data("/data")
        .volume("/data")
        .image_env(&[("ROCKET_PROFILE", "release"), ("ROCKET_PORT", "80")])
        .env(&[("SIGNUPS_ALLOWED", "false"), ("ADMIN_TOKEN", "")]),
    plain("grafana/grafana", 3000)
        .data("/var/lib/grafana")
        .image_env(&[("GF_PATHS_DATA", "/var/lib/grafana")])
        .env(&[("GF_SECURITY_ADMIN_PASSWORD", "")])
        .proxied(),
    plain("prom/prometheus", 9090)
        .data("/prometheus")
        .volume("/prometheus"),
    plain("prom/node-exporter", 0),
    plain("gitea/gitea", 3000)
        .data("/data")
        .volume("/data")
        .image_env(&[("GITEA_CUSTOM", "/data/gitea"), ("USER", "git")])
        .env(&[
            ("GITEA__database__DB_TYPE", "postgres"),
            ("GITEA__database__HOST", "db:5432"),
            ("GITEA__database__PASSWD", ""),
        ])
        .proxied(),
    plain("ghcr.io/paperless-ngx/paperless-ngx", 8000)
        .data("/usr/src/paperless/data")
        .image_env(PYTHON)
        .env(&[
            ("PAPERLESS_REDIS", "redis://broker:6379"),
            ("PAPERLESS_DBHOST", "db"),
            ("PAPERLESS_DBPASS", ""),
            ("PAPERLESS_OCR_LANGUAGE", "eng"),
        ])
        .proxied(),
    plain("gotenberg/gotenberg", 0),
    plain("apache/tika", 0),
    plain("ghcr.io/home-assistant/home-assistant", 0)
        .data("/config")
        .image_env(&[("LANG", "C.UTF-8"), ("S6_SERVICES_GRACETIME", "240000")]),
    plain("traefik", 443).env(&[("CF_DNS_API_TOKEN", "")]).proxied(),
    plain("jellyfin/jellyfin", 8096)
        .data("/config")
        .volume("/cache")
        .image_env(&[
            ("JELLYFIN_DATA_DIR", "/config"),
            ("DOTNET_CLI_TELEMETRY_OPTOUT", "1"),
        ])
        .proxied(),
    plain("docker.n8n.io/n8nio/n8n", 5678)
        .data("/home/node/.n8n")
        .image_env(NODE)
        .env(&[("N8N_ENCRYPTION_KEY", ""), ("GENERIC_TIMEZONE", "Etc/UTC")])
        .proxied(),
    plain("louislam/uptime-kuma", 3001)
        .data("/app/data")
        .volume("/app/data")
        .image_env(NODE),
    plain("ghcr.io/goauthentik/server", 9000)
        .data("/media")
        .image_env(PYTHON)
        .env(&[
            ("AUTHENTIK_POSTGRESQL__HOST", "postgresql"),
            ("AUTHENTIK_POSTGRESQL__PASSWORD", ""),
            ("AUTHENTIK_SECRET_KEY", ""),
        ])
        .proxied(),
    plain("quay.io/keycloak/keycloak", 8080)
        .image_env(&[("LANG", "en_US.UTF-8")])
        .env(&[
            ("KC_DB", "postgres"),
            ("KC_DB_URL_HOST", "db"),
            ("KC_DB_PASSWORD", ""),
        ])
        .proxied(),
    plain("lscr.io/linuxserver/bookstack", 80)
        .data("/config")
        .volume("/config")
        .image_env(&[("PS1", "$(whoami)@$(hostname):$(pwd)$ ")])
        .env(&[
            ("DB_HOST", "db"),
            ("DB_PASSWORD", ""),
            ("PUID", "1000"),
            ("PGID", "1000"),
        ])
        .proxied(),
    plain("ghcr.io/mealie-recipes/mealie", 9000)
        .data("/app/data")
        .image_env(PYTHON)
        .env(&[("ALLOW_SIGNUP", "false")]),
    plain("freshrss/freshrss", 80)
        .data("/var/www/FreshRSS/data")
        .env(&[("CRON_MIN", "1,31")]),
    plain("pihole/pihole", 80)
        .data("/etc/pihole")
        .env(&[("FTLCONF_LOCAL_IPV4", "192.168.1.2"), ("WEBPASSWORD", "")]),
    plain("eclipse-mosquitto", 1883)
        .data("/mosquitto/data")
        .volume("/mosquitto/log"),
    plain("itzg/minecraft-server", 25565)
        .data("/data")
        .volume("/data")
        .env(&[("EULA", "TRUE"), ("MEMORY", "2G")]),
    plain("koenkk/zigbee2mqtt", 8080)
        .data("/app/data")
        .image_env(NODE),
    plain("restic/restic", 0).data("/data").env(&[
        ("RESTIC_REPOSITORY", "rest:http://rest-server:8000/"),
        ("RESTIC_PASSWORD", ""),
    ]),
    plain("restic/rest-server", 8000).data("/backups").volume("/data"),
    plain("getmeili/meilisearch", 7700)
        .data("/meili_data")
        .env(&[("MEILI_MASTER_KEY", ""), ("MEILI_NO_ANALYTICS", "true")]),
    plain("ghcr.io/requarks/wiki", 3000).image_env(NODE).env(&[
        ("DB_TYPE", "postgres"),
        ("DB_HOST", "db"),
        ("DB_PASS", ""),
    ]),
    plain("containrrr/watchtower", 0).env(&[("WATCHTOWER_CLEANUP", "true")]),
    plain("roadstead/printer", 0),
];

#[cfg(test)]
mod tests {
    use super::super::APPS;
    use super::*;

    #[test]
    fn every_image_of_the_catalogue_has_an_outfit() {
        for service in APPS.iter().flat_map(|app| app.services) {
            assert_eq!(outfit(service.image).image, service.image);
        }
        assert_eq!(outfit("nothing").port, 0);
    }
}
