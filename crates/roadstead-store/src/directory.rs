//! Apps and deployments, in memory: the names behind the ids of every answer.

use std::collections::{BTreeMap, HashMap, HashSet};

use sqlx::SqlitePool;

use roadstead_model::{AppId, AppName, DeploymentId, HostId};

use crate::{AppRecord, DeploymentRecord, Store, StoreError};

/// All apps and deployments, and which hosts are removed: theirs count in no answer for the whole fleet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Directory {
    pub(crate) apps: BTreeMap<AppId, AppRecord>,
    pub(crate) deployments: BTreeMap<DeploymentId, DeploymentRecord>,
    pub(crate) removed_hosts: HashSet<HostId>,
    by_name: HashMap<AppName, AppId>,
    by_place: HashMap<(AppId, HostId), DeploymentId>,
}

impl Directory {
    pub(crate) async fn load(readers: &SqlitePool) -> Result<Self, StoreError> {
        let apps = sqlx::query!("SELECT app_id, name, display_name, first_seen_ms FROM app")
            .fetch_all(readers)
            .await?;
        let deployments =
            sqlx::query!("SELECT deployment_id, app_id, host_id, first_seen_ms FROM deployment")
                .fetch_all(readers)
                .await?;
        let removed = sqlx::query_scalar!("SELECT host_id FROM host WHERE removed_at_ms IS NOT NULL")
            .fetch_all(readers)
            .await?;
        let apps = apps.into_iter().map(|row| AppRecord {
            id: AppId(row.app_id),
            name: AppName(row.name),
            display_name: row.display_name,
            first_seen_ms: row.first_seen_ms,
        });
        let deployments = deployments.into_iter().map(|row| DeploymentRecord {
            id: DeploymentId(row.deployment_id),
            app: AppId(row.app_id),
            host: HostId(row.host_id),
            first_seen_ms: row.first_seen_ms,
        });
        let mut directory = Self {
            removed_hosts: removed.into_iter().map(HostId).collect(),
            ..Self::default()
        };
        apps.for_each(|app| directory.insert_app(app));
        deployments.for_each(|deployment| directory.insert_deployment(deployment));
        Ok(directory)
    }

    pub(crate) fn insert_app(&mut self, app: AppRecord) {
        self.by_name.insert(app.name.clone(), app.id);
        self.apps.insert(app.id, app);
    }

    pub(crate) fn insert_deployment(&mut self, deployment: DeploymentRecord) {
        self.by_place
            .insert((deployment.app, deployment.host), deployment.id);
        self.deployments.insert(deployment.id, deployment);
    }

    /// Adds and replaces.
    pub(crate) fn take_in(&mut self, news: Self) {
        news.apps.into_values().for_each(|app| self.insert_app(app));
        let deployments = news.deployments.into_values();
        deployments.for_each(|deployment| self.insert_deployment(deployment));
    }

    pub(crate) fn app_named(&self, name: &AppName) -> Option<&AppRecord> {
        self.apps.get(self.by_name.get(name)?)
    }

    pub(crate) fn deployment_at(&self, app: AppId, host: HostId) -> Option<DeploymentId> {
        self.by_place.get(&(app, host)).copied()
    }

    /// Whether a deployment counts for the whole fleet: its host is not removed.
    pub(crate) fn counts(&self, deployment: &DeploymentRecord) -> bool {
        !self.removed_hosts.contains(&deployment.host)
    }

    /// The hosts of these deployments, of those that are known.
    pub(crate) fn hosts_of<'a>(
        &self,
        deployments: impl IntoIterator<Item = &'a DeploymentId>,
    ) -> HashSet<i64> {
        deployments
            .into_iter()
            .filter_map(|deployment| self.deployments.get(deployment))
            .map(|deployment| deployment.host.0)
            .collect()
    }

    /// The app of a deployment.
    pub(crate) fn app_of(&self, deployment: DeploymentId) -> Result<AppId, StoreError> {
        self.deployments
            .get(&deployment)
            .map(|record| record.app)
            .ok_or(StoreError::NotFound {
                what: "deployment",
                id: deployment.0,
            })
    }
}

impl Store {
    /// All apps, by id.
    ///
    /// # Errors
    /// None here: kept in memory. A store elsewhere may have some.
    pub async fn apps(&self) -> Result<Vec<AppRecord>, StoreError> {
        Ok(self.directory().apps.values().cloned().collect())
    }

    /// All deployments, by id.
    ///
    /// # Errors
    /// None here: kept in memory. A store elsewhere may have some.
    pub async fn deployments(&self) -> Result<Vec<DeploymentRecord>, StoreError> {
        Ok(self.directory().deployments.values().cloned().collect())
    }
}
