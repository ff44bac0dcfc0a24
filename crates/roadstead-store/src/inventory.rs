//! What runs where: apps, deployments and containers as the engines list them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;

use sqlx::SqliteConnection;

use roadstead_model::{AppId, ContainerFacts, ContainerId, DeploymentId, EngineContainerId, HostId};

use crate::directory::Directory;
use crate::store::id_list;
use crate::{AppRecord, ContainerRecord, ContainerRef, DeploymentRecord, Store, StoreError};

/// What a host listed last: by engine id, where it belongs and a digest of its facts.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    containers: HashMap<EngineContainerId, (ContainerRef, u64)>,
}

impl Listed {
    fn refs(&self, listed: &[ContainerFacts]) -> Result<Vec<ContainerRef>, StoreError> {
        let of = |facts: &ContainerFacts| {
            let found = self.containers.get(&facts.engine_id);
            found
                .map(|(found, _)| found.clone())
                .ok_or_else(|| StoreError::Sql("an observed container was not kept".to_owned()))
        };
        listed.iter().map(of).collect()
    }
}

fn facts_json(facts: &ContainerFacts) -> Result<String, StoreError> {
    serde_json::to_string(facts).map_err(|error| {
        StoreError::Invalid(format!(
            "the facts of container {} have no JSON form: {error}",
            facts.name
        ))
    })
}

fn digest(json: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(json.as_bytes());
    hasher.finish()
}

impl Store {
    /// Keeps what a host lists now, and marks what it lists no longer as gone. Gives the ids of what was listed, in the
    /// order given. One transaction; none at all when nothing changed.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown host; any failure of the database.
    pub async fn observe_containers(
        &self,
        host: HostId,
        at_ms: i64,
        listed: &[ContainerFacts],
    ) -> Result<Vec<ContainerRef>, StoreError> {
        // Held throughout: two observations of a host would undo each other's view of what is gone.
        let mut known_by_host = Arc::clone(&self.inner.listed).lock_owned().await;
        let known = match known_by_host.entry(host) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(self.load_listed(host).await?),
        };
        let mut texts = Vec::with_capacity(listed.len());
        for facts in listed {
            let json = facts_json(facts)?;
            let digest = digest(&json);
            texts.push((json, digest));
        }
        let unchanged = listed.len() == known.containers.len()
            && listed.iter().zip(&texts).all(|(facts, (_, digest))| {
                known
                    .containers
                    .get(&facts.engine_id)
                    .is_some_and(|(_, before)| before == digest)
            });
        if unchanged {
            return known.refs(listed);
        }
        // In a task of its own: a caller that is cancelled between the commit and here would leave the memory behind the file.
        let (store, listed) = (self.clone(), listed.to_vec());
        tokio::spawn(async move {
            let known = known_by_host.entry(host).or_default();
            *known = store.write_listed(host, at_ms, &listed, &texts, known).await?;
            known.refs(&listed)
        })
        .await
        .map_err(|error| StoreError::Sql(format!("a task of the store ended: {error}")))?
    }

    async fn load_listed(&self, host: HostId) -> Result<Listed, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT container_id, engine_id, facts_json, container.deployment_id, app_id
               FROM container JOIN deployment ON deployment.deployment_id = container.deployment_id
               WHERE container.host_id = ? AND gone_at_ms IS NULL"#,
            host.0
        )
        .fetch_all(&self.inner.readers)
        .await?;
        let containers = rows.into_iter().map(|row| {
            let found = ContainerRef {
                container: ContainerId(row.container_id),
                deployment: DeploymentId(row.deployment_id),
                app: AppId(row.app_id),
                engine_id: EngineContainerId(row.engine_id),
            };
            (found.engine_id.clone(), (found, digest(&row.facts_json)))
        });
        Ok(Listed {
            containers: containers.collect(),
        })
    }

    async fn write_listed(
        &self,
        host: HostId,
        at_ms: i64,
        listed: &[ContainerFacts],
        texts: &[(String, u64)],
        known: &Listed,
    ) -> Result<Listed, StoreError> {
        let directory = self.directory();
        let mut news = Directory::default();
        let mut tx = self.write().await?;
        let host_exists = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM host WHERE host_id = ?) AS "is: bool""#,
            host.0
        )
        .fetch_one(&mut *tx)
        .await?;
        if !host_exists {
            return Err(StoreError::NotFound {
                what: "host",
                id: host.0,
            });
        }
        let mut next = Listed::default();
        for (facts, (json, digest)) in listed.iter().zip(texts) {
            let before = known.containers.get(&facts.engine_id);
            if let Some((found, _)) = before.filter(|(_, before)| before == digest) {
                next.containers
                    .insert(facts.engine_id.clone(), (found.clone(), *digest));
                continue;
            }
            let app = keep_app(&mut tx, &directory, &mut news, facts, at_ms).await?;
            let deployment = keep_deployment(&mut tx, &directory, &mut news, app, host, at_ms).await?;
            let container = sqlx::query_scalar!(
                r#"INSERT INTO container (host_id, deployment_id, engine_id, facts_json, first_seen_ms)
                   VALUES (?, ?, ?, ?, ?)
                   ON CONFLICT (host_id, engine_id) DO UPDATE
                   SET deployment_id = excluded.deployment_id, facts_json = excluded.facts_json, gone_at_ms = NULL
                   RETURNING container_id AS "container_id!""#,
                host.0,
                deployment.0,
                facts.engine_id.0,
                json,
                at_ms,
            )
            .fetch_one(&mut *tx)
            .await?;
            let found = ContainerRef {
                container: ContainerId(container),
                deployment,
                app,
                engine_id: facts.engine_id.clone(),
            };
            next.containers.insert(facts.engine_id.clone(), (found, *digest));
        }
        for (engine_id, (gone, _)) in &known.containers {
            if !next.containers.contains_key(engine_id) {
                crate::issues::losses::add_removed(&mut tx, gone, at_ms).await?;
                sqlx::query!(
                    "UPDATE container SET gone_at_ms = ? WHERE container_id = ?",
                    at_ms,
                    gone.container.0
                )
                .execute(&mut *tx)
                .await?;
            }
        }
        tx.commit().await?;
        drop(directory);
        self.change_directory(|directory| directory.take_in(news));
        Ok(next)
    }

    /// Containers of one host or of all, by id.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] and any failure of the database.
    pub async fn containers(
        &self,
        host: Option<HostId>,
        include_gone: bool,
    ) -> Result<Vec<ContainerRecord>, StoreError> {
        let host = host.map(|host| host.0);
        let rows = sqlx::query_as!(
            ContainerRow,
            r#"SELECT container_id, container.host_id, app_id, container.deployment_id, facts_json,
                      container.first_seen_ms, gone_at_ms
               FROM container JOIN deployment ON deployment.deployment_id = container.deployment_id
               WHERE (?1 IS NULL OR container.host_id = ?1) AND (?2 OR gone_at_ms IS NULL)
               ORDER BY container_id"#,
            host,
            include_gone
        )
        .fetch_all(&self.inner.readers)
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Containers of some deployments, those that are gone too, by id.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] and any failure of the database.
    pub async fn containers_of(
        &self,
        deployments: &[DeploymentId],
    ) -> Result<Vec<ContainerRecord>, StoreError> {
        let ids = id_list(deployments.iter().map(|deployment| deployment.0));
        let rows = sqlx::query_as!(
            ContainerRow,
            r#"SELECT container_id, container.host_id, app_id, container.deployment_id, facts_json,
                      container.first_seen_ms, gone_at_ms
               FROM container JOIN deployment ON deployment.deployment_id = container.deployment_id
               WHERE container.deployment_id IN (SELECT value FROM json_each(?))
               ORDER BY container_id"#,
            ids
        )
        .fetch_all(&self.inner.readers)
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }
}

struct ContainerRow {
    container_id: i64,
    host_id: i64,
    app_id: i64,
    deployment_id: i64,
    facts_json: String,
    first_seen_ms: i64,
    gone_at_ms: Option<i64>,
}

impl TryFrom<ContainerRow> for ContainerRecord {
    type Error = StoreError;

    fn try_from(row: ContainerRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: ContainerId(row.container_id),
            host: HostId(row.host_id),
            app: AppId(row.app_id),
            deployment: DeploymentId(row.deployment_id),
            facts: serde_json::from_str(&row.facts_json)
                .map_err(|error| StoreError::Damaged(format!("stored JSON cannot be read: {error}")))?,
            first_seen_ms: row.first_seen_ms,
            gone_at_ms: row.gone_at_ms,
        })
    }
}

/// The app of a container, made when it is new; what changed of the directory goes to `news`.
async fn keep_app(
    tx: &mut SqliteConnection,
    directory: &Directory,
    news: &mut Directory,
    facts: &ContainerFacts,
    at_ms: i64,
) -> Result<AppId, StoreError> {
    let known = news
        .app_named(&facts.app)
        .or_else(|| directory.app_named(&facts.app));
    if let Some(app) = known.cloned() {
        let id = app.id;
        // A label that is gone leaves the name it gave: half an app's containers may carry none.
        if facts.display_name.is_some() && facts.display_name != app.display_name {
            sqlx::query!(
                "UPDATE app SET display_name = ? WHERE app_id = ?",
                facts.display_name,
                id.0
            )
            .execute(tx)
            .await?;
            news.insert_app(AppRecord {
                display_name: facts.display_name.clone(),
                ..app
            });
        }
        return Ok(id);
    }
    let id = sqlx::query_scalar!(
        "INSERT INTO app (name, display_name, first_seen_ms) VALUES (?, ?, ?) RETURNING app_id",
        facts.app.0,
        facts.display_name,
        at_ms
    )
    .fetch_one(tx)
    .await?;
    let app = AppRecord {
        id: AppId(id),
        name: facts.app.clone(),
        display_name: facts.display_name.clone(),
        first_seen_ms: at_ms,
    };
    news.insert_app(app);
    Ok(AppId(id))
}

async fn keep_deployment(
    tx: &mut SqliteConnection,
    directory: &Directory,
    news: &mut Directory,
    app: AppId,
    host: HostId,
    at_ms: i64,
) -> Result<DeploymentId, StoreError> {
    let known = news
        .deployment_at(app, host)
        .or_else(|| directory.deployment_at(app, host));
    if let Some(known) = known {
        return Ok(known);
    }
    let id = sqlx::query_scalar!(
        r#"INSERT INTO deployment (app_id, host_id, first_seen_ms) VALUES (?, ?, ?) RETURNING deployment_id AS "deployment_id!""#,
        app.0,
        host.0,
        at_ms
    )
    .fetch_one(tx)
    .await?;
    let deployment = DeploymentRecord {
        id: DeploymentId(id),
        app,
        host,
        first_seen_ms: at_ms,
    };
    news.insert_deployment(deployment);
    Ok(DeploymentId(id))
}
