//! Reports into their shifts, and shifts into sums.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sqlx::SqliteConnection;

use roadstead_model::time::HOUR_MS;
use roadstead_model::{AppId, DeploymentId, Report, Window};

use crate::StoreError;
use crate::codec::app_sum::{AppSum, deployments_of};
use crate::codec::shift::{ShiftColumns, ShiftFields, put_shift, take_shift, window_of_shift};
use crate::progress::{SHIFT_MS, TIERS, Tier, shift_of};
use crate::store::off_thread;

/// Merges reports of one app and shift into what is stored of it; a report given replaces the one of its deployment and
/// window. Where the shift has sums (it lies before `summed_until`) they follow.
pub(crate) async fn merge_into_shift(
    tx: &mut SqliteConnection,
    summed_until: Option<i64>,
    app: AppId,
    shift: i64,
    reports: Vec<Report>,
) -> Result<(), StoreError> {
    let before = load_shift(tx, app, shift).await?;
    if before.is_none() && has_sum(tx, app, shift).await? {
        return Err(StoreError::Invalid(format!(
            "a report of {} ms is older than the reports that are kept: it cannot be counted any more",
            shift * SHIFT_MS
        )));
    }
    let (count, hot, cold) = off_thread(move || {
        let stored = match before {
            Some((hot, cold)) => take_shift(shift, &hot, &cold)?,
            None => Vec::new(),
        };
        let mut merged: BTreeMap<(DeploymentId, Window), Report> = BTreeMap::new();
        for report in stored.into_iter().chain(reports) {
            merged.insert((report.deployment, report.window), report);
        }
        let merged: Vec<Report> = merged.into_values().collect();
        let (hot, cold) = put_shift(&merged);
        Ok((merged.len() as i64, hot, cold))
    })
    .await?;
    save_shift(tx, app, shift, count, &hot, &cold).await?;
    sum_again(tx, summed_until, app, &BTreeSet::from([shift])).await
}

/// Whether a shift has a sum; without its reports it can only be read, and not made anew.
async fn has_sum(tx: &mut SqliteConnection, app: AppId, shift: i64) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM report_sum WHERE app_id = ? AND shifts = 1 AND shift = ?) AS "has: bool""#,
        app.0,
        shift
    )
    .fetch_one(tx)
    .await?)
}

/// The apps that have something to sum in a span.
pub(crate) async fn apps_to_sum(
    tx: &mut SqliteConnection,
    tier: Tier,
    start: i64,
) -> Result<Vec<AppId>, StoreError> {
    let end = start + tier.shifts;
    let apps = match shorter_than(tier) {
        None => {
            sqlx::query_scalar!("SELECT app_id FROM report_shift WHERE shift = ?", start)
                .fetch_all(tx)
                .await?
        }
        Some(shorter) => {
            sqlx::query_scalar!(
                "SELECT DISTINCT app_id FROM report_sum WHERE shifts = ? AND shift >= ? AND shift < ?",
                shorter.shifts,
                start,
                end
            )
            .fetch_all(tx)
            .await?
        }
    };
    Ok(apps.into_iter().map(AppId).collect())
}

fn shorter_than(tier: Tier) -> Option<Tier> {
    TIERS.into_iter().rfind(|shorter| shorter.shifts < tier.shifts)
}

/// Removes all reports of a deployment from some shifts, and from their sums. Shifts without it are left as they are; gives how
/// many were written anew.
pub(crate) async fn forget_deployment(
    tx: &mut SqliteConnection,
    summed_until: Option<i64>,
    app: AppId,
    deployment: DeploymentId,
    shifts: &[i64],
) -> Result<u64, StoreError> {
    let mut rewritten = BTreeSet::new();
    for &shift in shifts {
        let Some((hot, cold)) = load_shift(tx, app, shift).await? else {
            continue;
        };
        let without = off_thread(move || {
            let mut columns = ShiftColumns::default();
            columns.read(&hot, ShiftFields::Counts)?;
            if columns.deployments.iter().all(|of| of.id != deployment) {
                return Ok(None);
            }
            let mut reports = take_shift(shift, &hot, &cold)?;
            reports.retain(|report| report.deployment != deployment);
            let (hot, cold) = put_shift(&reports);
            Ok(Some((reports.len() as i64, hot, cold)))
        })
        .await?;
        let Some((count, hot, cold)) = without else {
            continue;
        };
        rewritten.insert(shift);
        if count == 0 {
            sqlx::query!(
                "DELETE FROM report_shift WHERE app_id = ? AND shift = ?",
                app.0,
                shift
            )
            .execute(&mut *tx)
            .await?;
        } else {
            save_shift(tx, app, shift, count, &hot, &cold).await?;
        }
    }
    sum_again(tx, summed_until, app, &rewritten).await?;
    Ok(rewritten.len() as u64)
}

/// Makes the sums anew that some shifts before the mark are part of, the shortest first.
async fn sum_again(
    tx: &mut SqliteConnection,
    summed_until: Option<i64>,
    app: AppId,
    shifts: &BTreeSet<i64>,
) -> Result<(), StoreError> {
    let Some(summed_until) = summed_until else {
        return Ok(());
    };
    for tier in TIERS {
        let starts: BTreeSet<i64> = shifts.iter().map(|shift| tier.start_of(*shift)).collect();
        for start in starts
            .into_iter()
            .filter(|start| start + tier.shifts <= summed_until)
        {
            sum_span(tx, app, tier, start).await?;
        }
    }
    Ok(())
}

type Blobs = (Vec<u8>, Vec<u8>);

async fn load_shift(tx: &mut SqliteConnection, app: AppId, shift: i64) -> Result<Option<Blobs>, StoreError> {
    let row = sqlx::query!(
        "SELECT hot, cold FROM report_shift WHERE app_id = ? AND shift = ?",
        app.0,
        shift
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| (row.hot, row.cold)))
}

async fn save_shift(
    tx: &mut SqliteConnection,
    app: AppId,
    shift: i64,
    count: i64,
    hot: &[u8],
    cold: &[u8],
) -> Result<(), StoreError> {
    sqlx::query!(
        r#"INSERT INTO report_shift (app_id, shift, report_count, hot, cold) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (app_id, shift) DO UPDATE
           SET report_count = excluded.report_count, hot = excluded.hot, cold = excluded.cold"#,
        app.0,
        shift,
        count,
        hot,
        cold
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Makes the sum of an app's span: of a shift from its reports, of a longer one from the sums of the next shorter ones.
/// A span that has none any more loses its sum.
pub(crate) async fn sum_span(
    tx: &mut SqliteConnection,
    app: AppId,
    tier: Tier,
    start: i64,
) -> Result<(), StoreError> {
    let sum = match shorter_than(tier) {
        Some(shorter) => sum_of_sums(tx, app, tier, shorter, start).await?,
        None => sum_of_reports(tx, app, tier, start).await?,
    };
    match sum {
        Some((count, body)) => {
            sqlx::query!(
                r#"INSERT INTO report_sum (app_id, shifts, shift, report_count, body) VALUES (?, ?, ?, ?, ?)
                   ON CONFLICT (app_id, shifts, shift) DO UPDATE
                   SET report_count = excluded.report_count, body = excluded.body"#,
                app.0,
                tier.shifts,
                start,
                count,
                body
            )
            .execute(tx)
            .await?;
        }
        None => {
            sqlx::query!(
                "DELETE FROM report_sum WHERE app_id = ? AND shifts = ? AND shift = ?",
                app.0,
                tier.shifts,
                start
            )
            .execute(tx)
            .await?;
        }
    }
    Ok(())
}

async fn sum_of_reports(
    tx: &mut SqliteConnection,
    app: AppId,
    tier: Tier,
    shift: i64,
) -> Result<Option<(i64, Vec<u8>)>, StoreError> {
    let Some((hot, cold)) = load_shift(tx, app, shift).await? else {
        return Ok(None);
    };
    off_thread(move || {
        let reports = take_shift(shift, &hot, &cold)?;
        let mut ids: Vec<DeploymentId> = reports.iter().map(|report| report.deployment).collect();
        ids.dedup();
        let mut sum = AppSum::over(ids, tier.stretches());
        for report in &reports {
            sum.add(report, window_of_shift(report.window) / WINDOWS_PER_HOUR);
        }
        Ok(Some((reports.len() as i64, sum.put(shift * SHIFT_MS))))
    })
    .await
}

/// The shortest tier's stretches are hours.
const WINDOWS_PER_HOUR: usize = (HOUR_MS / roadstead_model::time::WINDOW_MS) as usize;

async fn sum_of_sums(
    tx: &mut SqliteConnection,
    app: AppId,
    tier: Tier,
    shorter: Tier,
    start: i64,
) -> Result<Option<(i64, Vec<u8>)>, StoreError> {
    let end = start + tier.shifts;
    let rows = sqlx::query!(
        r#"SELECT shift, report_count, body FROM report_sum
           WHERE app_id = ? AND shifts = ? AND shift >= ? AND shift < ? ORDER BY shift"#,
        app.0,
        shorter.shifts,
        start,
        end
    )
    .fetch_all(tx)
    .await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let count = rows.iter().map(|row| row.report_count).sum();
    let body = off_thread(move || {
        let mut ids = BTreeSet::new();
        for row in &rows {
            ids.extend(deployments_of(&row.body)?);
        }
        let mut sum = AppSum::over(ids.into_iter().collect(), tier.stretches());
        for row in &rows {
            let since_ms = (row.shift - start) * SHIFT_MS;
            let slot = |stretch: usize| {
                ((since_ms + stretch as i64 * shorter.stretch_ms) / tier.stretch_ms) as usize
            };
            sum.merge_stored(&row.body, row.shift * SHIFT_MS, slot, |_, _| ())?;
        }
        Ok(sum.put(start * SHIFT_MS))
    })
    .await?;
    Ok(Some((count, body)))
}

/// Reports by app and shift.
pub(crate) fn by_app_and_shift(
    reports: impl IntoIterator<Item = Report>,
    app_of: impl Fn(DeploymentId) -> Result<AppId, StoreError>,
) -> Result<BTreeMap<(AppId, i64), Vec<Report>>, StoreError> {
    let mut apps: HashMap<DeploymentId, AppId> = HashMap::new();
    let mut groups: BTreeMap<(AppId, i64), Vec<Report>> = BTreeMap::new();
    for report in reports {
        let app = match apps.get(&report.deployment) {
            Some(app) => *app,
            None => {
                let app = app_of(report.deployment)?;
                apps.insert(report.deployment, app);
                app
            }
        };
        groups
            .entry((app, shift_of(report.window)))
            .or_default()
            .push(report);
    }
    Ok(groups)
}
