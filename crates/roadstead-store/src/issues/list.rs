//! Issues over the fleet: filtered, ordered and counted in the database, a page at a time.

use std::collections::HashMap;

use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use roadstead_model::time::{DAY_MS, HOUR_MS};
use roadstead_model::{AppId, HostId, IssueId, TimeRange};

use super::record::{severity_number, severity_of};
use super::state::{regression_of, state_of};
use super::{IssueCounts, IssueFilter, IssueList, IssueQuery, IssueRecord, IssueState};
use crate::store::id_list;
use crate::{Store, StoreError};

/// An issue first seen within this span is new.
const NEW_WITHIN_MS: i64 = DAY_MS;

impl Store {
    /// A page of issues with their sparklines, and how many there are. Issues seen only on removed hosts are left out.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] and any failure of the database.
    pub async fn issues(&self, query: &IssueQuery) -> Result<IssueList, StoreError> {
        let removed = self.removed_hosts();
        // Two looks side by side, each at all issues: nobody misses the thousandth of a second between them.
        let page = self.page_of_issues(query, &removed);
        let counted = self.count_issues(query, &removed);
        let rows = async {
            let page = page.await?;
            let mut tx = self.read().await?;
            let mut records = records(&mut tx, &page, query.now_ms).await?;
            sparks(&mut tx, &mut records, query.spark, query.spark_bucket_ms).await?;
            Ok::<_, StoreError>(records)
        };
        let (records, counted) = tokio::try_join!(rows, counted)?;
        let counts = IssueCounts {
            open: number(counted.all_states - counted.resolved - counted.ignored),
            open_errors: number(counted.open_errors),
            new: number(counted.new),
            regressed: number(counted.regressed),
            resolved: number(counted.resolved),
            ignored: number(counted.ignored),
        };
        let total = match query.filter {
            _ if !query.search.is_empty() => number(counted.searched),
            IssueFilter::Open => counts.open,
            IssueFilter::New => counts.new,
            IssueFilter::Regressed => counts.regressed,
            IssueFilter::Resolved => counts.resolved,
            IssueFilter::Ignored => counts.ignored,
            IssueFilter::All => number(counted.all_states),
        };
        Ok(IssueList {
            rows: records,
            total,
            counts,
        })
    }

    /// The ids of a page, in order.
    async fn page_of_issues(&self, query: &IssueQuery, removed: &str) -> Result<Vec<i64>, StoreError> {
        // Only what is ordered by is carried through a sorting: messages would make it several times slower.
        let mut page = found(query, removed);
        page.push(" SELECT issue_id FROM found WHERE ");
        page.push(query.filter.condition());
        if !query.search.is_empty() {
            page.push(" AND ");
            push_search(&mut page, &query.search);
        }
        // The order is part of the text, so that an index can give it.
        page.push(" ORDER BY ").push(query.sort.order(query.descending));
        page.push(" LIMIT ").push_bind(query.limit);
        page.push(" OFFSET ").push_bind(query.offset);
        Ok(page.build_query_scalar().fetch_all(&self.inner.readers).await?)
    }

    /// How many issues there are of each kind, and how many the search finds.
    async fn count_issues(&self, query: &IssueQuery, removed: &str) -> Result<Counted, StoreError> {
        let mut counted = found(query, removed);
        // What is rare is asked first. Without a search the total is one of the counts.
        counted.push(
            " SELECT COUNT(*) AS all_states,
                     COUNT(*) FILTER (WHERE state = 'resolved') AS resolved,
                     COUNT(*) FILTER (WHERE state = 'ignored' AND NOT is_open) AS ignored,
                     COUNT(*) FILTER (WHERE severity = 2 AND is_open) AS open_errors,
                     COUNT(*) FILTER (WHERE is_new AND is_open) AS new,
                     COUNT(*) FILTER (WHERE returned AND is_open) AS regressed, ",
        );
        if query.search.is_empty() {
            counted.push("0");
        } else {
            counted
                .push("COUNT(*) FILTER (WHERE ")
                .push(query.filter.condition());
            counted.push(" AND ");
            push_search(&mut counted, &query.search);
            counted.push(")");
        }
        counted.push(" AS searched FROM found");
        Ok(counted.build_query_as().fetch_one(&self.inner.readers).await?)
    }

    /// The hosts each of these issues was seen on, by issue and host; removed hosts are left out.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn hosts_of_issues(&self, issues: &[IssueId]) -> Result<Vec<(IssueId, HostId)>, StoreError> {
        let ids = id_list(issues.iter().map(|issue| issue.0));
        let removed = self.removed_hosts();
        let rows = sqlx::query!(
            r#"SELECT DISTINCT issue_id, host_id FROM issue_place
               WHERE issue_id IN (SELECT value FROM json_each(?)) AND host_id NOT IN (SELECT value FROM json_each(?))
               ORDER BY issue_id, host_id"#,
            ids,
            removed
        )
        .fetch_all(&self.inner.readers)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| (IssueId(row.issue_id), HostId(row.host_id)))
            .collect())
    }

    /// Removed hosts, as the list that SQL reads.
    pub(crate) fn removed_hosts(&self) -> String {
        let directory = self.directory();
        let mut removed: Vec<i64> = directory.removed_hosts.iter().map(|host| host.0).collect();
        removed.sort_unstable();
        id_list(removed)
    }
}

/// Counts of the issues that a query is about.
#[derive(Debug, sqlx::FromRow)]
struct Counted {
    all_states: i64,
    resolved: i64,
    ignored: i64,
    open_errors: i64,
    new: i64,
    regressed: i64,
    searched: i64,
}

/// `WITH found AS (…)`: the issues of an app, a host and a severity, of any state. What is not asked for is not in the text, so that an
/// index can be used for what is.
fn found(query: &IssueQuery, removed: &str) -> QueryBuilder<Sqlite> {
    let mut found = QueryBuilder::new(
        "WITH found AS (
             SELECT issue_id, app_id, severity, first_seen_ms, last_seen_ms, event_count, host_count, container_count, state,
                    search_key, regressed_json IS NOT NULL AS returned, first_seen_ms >= ",
    );
    found.push_bind(query.now_ms - NEW_WITHIN_MS);
    found.push(" AS is_new, state = 'open' OR state = 'ignored' AND COALESCE(ignored_until_ms <= ");
    found.push_bind(query.now_ms);
    found.push(", 0) AS is_open FROM issue WHERE pruned_at_ms IS NULL");
    if let Some(app) = query.app {
        found.push(" AND app_id = ").push_bind(app.0);
    }
    if let Some(host) = query.host {
        found.push(" AND issue_id IN (SELECT issue_id FROM issue_place WHERE host_id = ");
        found.push_bind(host.0).push(")");
    }
    if let Some(severity) = query.severity {
        found
            .push(" AND severity = ")
            .push_bind(severity_number(severity));
    }
    if removed != "[]" {
        found.push(
            " AND EXISTS (SELECT 1 FROM issue_place WHERE issue_place.issue_id = issue.issue_id
                          AND host_id NOT IN (SELECT value FROM json_each(",
        );
        found.push_bind(removed.to_owned()).push(")))");
    }
    found.push(")");
    found
}

/// A condition on the issues found: the text is in the message or the masked form.
fn push_search(condition: &mut QueryBuilder<Sqlite>, search: &str) {
    condition
        .push("instr(search_key, ")
        .push_bind(search.to_lowercase());
    condition.push(") > 0");
}

/// Issues by id, in the order of the ids, without their sparklines.
pub(super) async fn records(
    tx: &mut SqliteConnection,
    page: &[i64],
    now_ms: i64,
) -> Result<Vec<IssueRecord>, StoreError> {
    let ids = id_list(page.iter().copied());
    let rows = sqlx::query!(
        r#"SELECT issue_id, app_id, severity, message, first_seen_ms, last_seen_ms, event_count, host_count,
                  container_count, state_at_ms, ignored_until_ms,
                  ignored_until_change AS "ignored_until_change: bool", regressed_json,
                  CASE WHEN state = 'ignored' AND ignored_until_ms <= ?1 THEN 'open' ELSE state END AS "state!: String"
           FROM issue WHERE issue_id IN (SELECT value FROM json_each(?2))"#,
        now_ms,
        ids,
    )
    .fetch_all(&mut *tx)
    .await?;
    let lost = super::losses::newest_by_app(tx, rows.iter().map(|row| row.app_id)).await?;
    let places: HashMap<i64, usize> = page.iter().enumerate().map(|(place, id)| (*id, place)).collect();
    let mut records = Vec::with_capacity(rows.len());
    for row in rows {
        let state = if row.state == "open" {
            IssueState::Open
        } else {
            state_of(&row.state, row.ignored_until_ms, row.ignored_until_change)
        };
        records.push(IssueRecord {
            id: IssueId(row.issue_id),
            app: AppId(row.app_id),
            severity: severity_of(row.severity),
            message: row.message,
            first_seen_ms: row.first_seen_ms,
            last_seen_ms: row.last_seen_ms,
            count: row.event_count.unsigned_abs(),
            hosts: number(row.host_count),
            containers: number(row.container_count),
            state,
            state_at_ms: row.state_at_ms,
            regressed: regression_of(row.regressed_json.as_deref())?,
            lines_lost_until_ms: lost
                .get(&row.app_id)
                .copied()
                .filter(|until_ms| *until_ms > row.first_seen_ms),
            spark: Vec::new(),
        });
    }
    records.sort_by_key(|record| places.get(&record.id.0).copied());
    Ok(records)
}

/// A count of rows.
fn number(count: i64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Fills in the events per bucket of a span.
pub(super) async fn sparks(
    tx: &mut SqliteConnection,
    records: &mut [IssueRecord],
    range: TimeRange,
    bucket_ms: i64,
) -> Result<(), StoreError> {
    let bucket_hours = (bucket_ms / HOUR_MS).max(1);
    let (from, until) = (range.from_ms.div_euclid(HOUR_MS), range.to_ms.div_euclid(HOUR_MS));
    let buckets = usize::try_from((until - from).div_euclid(bucket_hours)).unwrap_or(0);
    let ids = id_list(records.iter().map(|record| record.id.0));
    // One row per issue: a row costs more on its way here than an hour does.
    let rows = sqlx::query!(
        r#"SELECT issue_id, json_group_array(json_array(hour, event_count)) AS "hours_json!: String"
           FROM (SELECT issue_id, hour, SUM(event_count) AS event_count FROM issue_hour
                 WHERE issue_id IN (SELECT value FROM json_each(?1)) AND hour >= ?2 AND hour < ?3
                 GROUP BY issue_id, hour)
           GROUP BY issue_id"#,
        ids,
        from,
        until,
    )
    .fetch_all(tx)
    .await?;
    let places: HashMap<i64, usize> = records
        .iter()
        .enumerate()
        .map(|(place, record)| (record.id.0, place))
        .collect();
    for record in records.iter_mut() {
        record.spark = vec![0; buckets];
    }
    for row in rows {
        let hours: Vec<(i64, u64)> = serde_json::from_str(&row.hours_json)
            .map_err(|error| StoreError::Damaged(format!("counts by hour cannot be read: {error}")))?;
        let of = places
            .get(&row.issue_id)
            .and_then(|place| records.get_mut(*place));
        let Some(record) = of else { continue };
        for (hour, count) in hours {
            let bucket = usize::try_from((hour - from) / bucket_hours).ok();
            if let Some(cell) = bucket.and_then(|bucket| record.spark.get_mut(bucket)) {
                *cell += count;
            }
        }
    }
    Ok(())
}
