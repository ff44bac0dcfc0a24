// The only list of what a window may ask. `engine` turns it into the TypeScript map and the bench's dispatcher, the
// desktop face into its handlers, and the face's build script into the access list: a command is named nowhere else.

/// Hands every command, as `name(Request) -> Answer`, to the macro named by the caller.
#[macro_export]
macro_rules! for_each_command {
    ($($callback:ident)::+) => {
        $($callback)::+! {
            app_state(()) -> AppState,
            overview(()) -> Overview,
            list_apps(AppsRequest) -> AppsPage,
            app(AppRequest) -> AppPage,
            app_history(HistoryRequest) -> History,
            app_window(WindowRequest) -> WindowSeries,
            set_app_sizes(SetAppSizes) -> AppPage,
            app_metrics(MetricsRequest) -> MetricsSeries,
            app_marks(MarksRequest) -> Marks,
            list_deploys(DeploysRequest) -> DeploysPage,
            deploy_effect(DeployRequest) -> DeployEffect,
            plan_deploy(PlanRequest) -> DeployPlan,
            start_deploy(PlanRequest) -> DeployRow,
            cancel_deploy(DeployRequest) -> (),
            set_host_writing(SetHostWriting) -> HostRow,
            list_issues(IssuesRequest) -> IssuesPage,
            issue(IssueRequest) -> IssuePage,
            set_issue_state(SetIssueState) -> IssueStates,
            restore_issue_states(IssueStates) -> (),
            list_hosts(()) -> HostList,
            host(HostRequest) -> HostPage,
            host_report(HostReportRequest) -> HostReport,
            discover_hosts(()) -> Discovery,
            test_host(HostDraft) -> ConnectionTest,
            add_host(HostDraft) -> HostRow,
            edit_host(EditHost) -> HostRow,
            pause_host(PauseHost) -> HostRow,
            retry_host(HostRequest) -> (),
            remove_host(HostRequest) -> (),
            restore_host(HostRequest) -> HostRow,
            settings(()) -> SettingsPage,
            save_settings(Settings) -> SettingsPage,
            start_demo(()) -> AppState,
            leave_demo(()) -> AppState,
            dismiss_banner(DismissBanner) -> AppState,
        }
    };
}
