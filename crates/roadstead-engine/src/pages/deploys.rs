//! The deploy ledger of an app.

use crate::fleet::Fleet;
use crate::wire::{
    DeployEffect, DeployPlan, DeployRequest, DeployRow, DeploysPage, DeploysRequest, HostRow, Marks,
    MarksRequest, MetricsRequest, MetricsSeries, PlanRequest, SetHostWriting, Wire, WireError,
};

fn not_yet<T>() -> Wire<T> {
    Err(WireError::internal("not built yet"))
}

impl Fleet {
    pub(crate) async fn app_metrics(&self, _: MetricsRequest) -> Wire<MetricsSeries> {
        not_yet()
    }
    pub(crate) async fn app_marks(&self, _: MarksRequest) -> Wire<Marks> {
        not_yet()
    }
    pub(crate) async fn list_deploys(&self, _: DeploysRequest) -> Wire<DeploysPage> {
        not_yet()
    }
    pub(crate) async fn deploy_effect(&self, _: DeployRequest) -> Wire<DeployEffect> {
        not_yet()
    }
    pub(crate) async fn plan_deploy(&self, _: PlanRequest) -> Wire<DeployPlan> {
        not_yet()
    }
    pub(crate) async fn start_deploy(&self, _: PlanRequest) -> Wire<DeployRow> {
        not_yet()
    }
    pub(crate) async fn cancel_deploy(&self, _: DeployRequest) -> Wire<()> {
        not_yet()
    }
    pub(crate) async fn set_host_writing(&self, _: SetHostWriting) -> Wire<HostRow> {
        not_yet()
    }
}
