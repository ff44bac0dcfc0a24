//! Lists of issues: filtered, searched, sorted and paged, with how many there are.

use roadstead_model::time::DAY_MS;
use roadstead_model::{HostId, IssueId};
use roadstead_store::{
    ContainerRef, IgnoredUntil, IssueFilter, IssueList, IssueQuery, IssueSeverity, IssueSort, IssueState,
};

use crate::fixture::Fixture;
use crate::logbook::{Log, NOW_MS, ago, all, errors, many_errors, warnings};

async fn list(fixture: &Fixture, query: &IssueQuery) -> IssueList {
    fixture.store.issues(query).await.unwrap()
}

fn messages(list: &IssueList) -> Vec<&str> {
    list.rows.iter().map(|row| row.message.as_str()).collect()
}

/// Two hosts with the apps `mail` and `shop`, and issues of every kind and state.
struct Town {
    fixture: Fixture,
    hosts: [HostId; 2],
    mail: ContainerRef,
    shop: ContainerRef,
}

impl Town {
    async fn new() -> Self {
        let fixture = Fixture::new().await;
        let hosts = [fixture.host("a").await, fixture.host("b").await];
        let of = fixture.list(hosts[0], &["mail", "shop"]).await;
        let on_b = fixture.list(hosts[1], &["shop"]).await;
        let old = NOW_MS - 3 * DAY_MS;
        Log::of(hosts[0], &of[0], "mail-1")
            .record(
                &fixture,
                vec![
                    errors(1, &[old, ago(10)]),
                    warnings(2, &[ago(20)]),
                    warnings(3, &[old, ago(90)]),
                ],
            )
            .await;
        let mut shop = Log::of(hosts[0], &of[1], "shop-1");
        shop.record(
            &fixture,
            vec![
                errors(4, &[old, ago(200)]),
                errors(5, &[ago(30)]),
                errors(6, &[ago(40)]),
            ],
        )
        .await;
        Log::of(hosts[1], &on_b[0], "shop-1")
            .record(&fixture, vec![errors(5, &[ago(25)]), warnings(7, &[ago(50)])])
            .await;
        let town = Self {
            fixture,
            hosts,
            mail: of[0].clone(),
            shop: of[1].clone(),
        };
        for (kind, state) in [
            (4, IssueState::Resolved),
            (6, IssueState::Ignored(IgnoredUntil::Never)),
            (3, IssueState::Resolved),
            (7, IssueState::Ignored(IgnoredUntil::Moment(ago(-1)))),
        ] {
            let id = town.id(kind).await;
            let store = &town.fixture.store;
            store.set_issue_state(&[id], state, ago(100)).await.unwrap();
        }
        // One that was resolved is back.
        shop.record(&town.fixture, vec![errors(4, &[ago(15)])]).await;
        town
    }

    async fn id(&self, kind: u64) -> IssueId {
        let list = list(&self.fixture, &all()).await;
        let wanted = format!("trouble {kind}");
        list.rows.iter().find(|row| row.message == wanted).unwrap().id
    }
}

#[tokio::test]
async fn each_filter_shows_what_it_says_and_the_counts_say_the_same() {
    let town = Town::new().await;
    for (filter, wanted) in [
        (IssueFilter::All, &[1, 4, 2, 5, 6, 7, 3][..]),
        (IssueFilter::Open, &[1, 4, 2, 5]),
        (IssueFilter::New, &[2, 5]),
        (IssueFilter::Regressed, &[4]),
        (IssueFilter::Resolved, &[3]),
        (IssueFilter::Ignored, &[6, 7]),
    ] {
        let list = list(&town.fixture, &IssueQuery { filter, ..all() }).await;
        let wanted: Vec<String> = wanted.iter().map(|kind| format!("trouble {kind}")).collect();
        assert_eq!(messages(&list), wanted, "{filter:?}");
        assert_eq!(list.total as usize, wanted.len());
        let counts = list.counts;
        assert_eq!(
            (counts.open, counts.open_errors, counts.new, counts.regressed),
            (4, 3, 2, 1)
        );
        assert_eq!((counts.resolved, counts.ignored), (1, 2));
    }
    // A minute later what was ignored until then is open, and new.
    let later = IssueQuery {
        now_ms: ago(-1),
        filter: IssueFilter::New,
        ..all()
    };
    let later = list(&town.fixture, &later).await;
    assert_eq!(messages(&later), ["trouble 2", "trouble 5", "trouble 7"]);
    assert_eq!((later.counts.open, later.counts.ignored), (5, 1));
}

#[tokio::test]
async fn a_list_and_its_counts_are_of_the_app_host_and_severity_asked_for() {
    let town = Town::new().await;
    let of = async |query: IssueQuery| {
        let list = list(&town.fixture, &query).await;
        let kinds: Vec<_> = list
            .rows
            .iter()
            .map(|row| row.message["trouble ".len()..].to_owned())
            .collect();
        assert_eq!(list.total as usize, kinds.len());
        (kinds.join(" "), list.counts.open, list.counts.ignored)
    };
    let mail = IssueQuery {
        app: Some(town.mail.app),
        ..all()
    };
    assert_eq!(of(mail).await, ("1 2 3".to_owned(), 2, 0));
    let shop = IssueQuery {
        app: Some(town.shop.app),
        ..all()
    };
    assert_eq!(of(shop.clone()).await, ("4 5 6 7".to_owned(), 2, 2));
    let on_b = IssueQuery {
        host: Some(town.hosts[1]),
        ..all()
    };
    assert_eq!(of(on_b.clone()).await, ("5 7".to_owned(), 1, 1));
    let warned = IssueQuery {
        severity: Some(IssueSeverity::Warning),
        ..all()
    };
    assert_eq!(of(warned).await, ("2 7 3".to_owned(), 1, 1));
    let narrow = IssueQuery {
        severity: Some(IssueSeverity::Error),
        filter: IssueFilter::Open,
        ..on_b
    };
    assert_eq!(of(narrow).await, ("5".to_owned(), 1, 0));
}

#[tokio::test]
async fn every_order_works_both_ways_and_equal_ones_stay_put() {
    let fixture = Fixture::new().await;
    let (a, b) = (fixture.host("a").await, fixture.host("b").await);
    let on_a = fixture.list(a, &["beta", "alpha"]).await;
    let on_b = fixture.list(b, &["alpha"]).await;
    let mut alpha = Log::of(a, &on_a[1], "alpha-1");
    Log::of(a, &on_a[0], "beta-1")
        .record(
            &fixture,
            vec![many_errors(1, 5, ago(50)), many_errors(2, 9, ago(40))],
        )
        .await;
    // The third and the fourth are equal in everything but what they say.
    alpha
        .record(
            &fixture,
            vec![many_errors(3, 5, ago(30)), many_errors(4, 5, ago(30))],
        )
        .await;
    Log::of(b, &on_b[0], "alpha-1")
        .record(&fixture, vec![many_errors(3, 1, ago(60))])
        .await;
    let mut other_container = Log::of(a, &on_a[1], "alpha-2");
    other_container.at = alpha.at;
    other_container
        .record(&fixture, vec![many_errors(4, 1, ago(60))])
        .await;
    for (sort, ascending, descending) in [
        // Last seen at 50, 40, 30 and 30 minutes ago.
        (IssueSort::LastSeen, [1, 2, 3, 4], [3, 4, 2, 1]),
        // First seen at 50, 40, 60 and 60 minutes ago.
        (IssueSort::FirstSeen, [3, 4, 1, 2], [2, 1, 3, 4]),
        // 5, 9, 6 and 6 events.
        (IssueSort::Count, [1, 3, 4, 2], [2, 3, 4, 1]),
        // One container; one; two hosts; two containers of one host.
        (IssueSort::Spread, [2, 1, 4, 3], [3, 4, 2, 1]),
        // beta, beta, alpha, alpha; the newest first either way.
        (IssueSort::App, [3, 4, 2, 1], [2, 1, 3, 4]),
    ] {
        for (down, wanted) in [(false, ascending), (true, descending)] {
            let query = IssueQuery {
                sort,
                descending: down,
                ..all()
            };
            let got = list(&fixture, &query).await;
            let wanted: Vec<String> = wanted.iter().map(|kind| format!("trouble {kind}")).collect();
            assert_eq!(messages(&got), wanted, "{sort:?}, descending {down}");
            let mut paged = Vec::new();
            for offset in 0..5 {
                let page = list(
                    &fixture,
                    &IssueQuery {
                        offset,
                        limit: 1,
                        ..query.clone()
                    },
                )
                .await;
                assert_eq!(page.total, 4, "of all pages");
                assert_eq!(page.rows.len(), usize::from(offset < 4));
                paged.extend(page.rows);
            }
            assert_eq!(paged, got.rows, "no row twice, none left out");
        }
    }
}

#[tokio::test]
async fn text_is_found_in_any_case_and_is_never_a_pattern() {
    let fixture = Fixture::new().await;
    let (host, of) = fixture.one().await;
    let mut log = Log::of(host, &of, "app-1");
    let said = [
        "Árvíztűrő TÜKÖRFÚRÓGÉP elromlott",
        "Ошибка соединения",
        "100% of disk_full",
        "disk-full [a-z]*",
        "it's \"quoted\" \\ <b>bold</b>",
    ];
    let mut kinds = Vec::new();
    for (kind, message) in said.iter().enumerate() {
        let mut found = errors(kind as u64, &[ago(kind as i64)]);
        found.message = (*message).to_owned();
        kinds.push(found);
    }
    log.record(&fixture, kinds).await;
    for (search, wanted) in [
        ("árvíztűrő tükörfúrógép", &[0][..]),
        ("ÁRVÍZTŰRŐ", &[0]),
        ("ОШИБКА", &[1]),
        ("Соединения", &[1]),
        ("full", &[2, 3]),
        ("DISK_FULL", &[2]),
        ("%", &[2]),
        ("_", &[2]),
        ("*", &[3]),
        ("[A-Z]", &[3]),
        ("'s \"QUOTED\" \\", &[4]),
        ("<B>", &[4]),
        ("nothing of the kind", &[]),
        ("", &[0, 1, 2, 3, 4]),
    ] {
        let query = IssueQuery {
            search: search.to_owned(),
            ..all()
        };
        let got = list(&fixture, &query).await;
        let wanted: Vec<_> = wanted.iter().map(|nth| said[*nth]).collect();
        assert_eq!(messages(&got), wanted, "{search:?}");
        assert_eq!(got.total as usize, wanted.len());
        assert_eq!(got.counts.open, 5, "the counts are those without the search");
    }
}

#[tokio::test]
async fn an_issue_is_found_by_what_only_its_masked_form_has() {
    let fixture = Fixture::new().await;
    let (host, of) = fixture.one().await;
    let mut trace = errors(1, &[ago(1)]);
    trace.message = "cannot fetch the feed".to_owned();
    trace.masked = "ConnectionError | main.py fetch | Причина: Отказ".to_owned();
    let mut other = errors(2, &[ago(2)]);
    other.message = "no ConnectionErrors here".to_owned();
    Log::of(host, &of, "app-1")
        .record(&fixture, vec![trace, other])
        .await;
    for (search, wanted) in [
        (
            "connectionerror",
            &["cannot fetch the feed", "no ConnectionErrors here"][..],
        ),
        ("MAIN.PY", &["cannot fetch the feed"]),
        ("причина: ОТКАЗ", &["cannot fetch the feed"]),
        ("ConnectionError |", &["cannot fetch the feed"]),
        ("%", &[]),
    ] {
        for filter in [IssueFilter::All, IssueFilter::Open, IssueFilter::Resolved] {
            let query = IssueQuery {
                search: search.to_owned(),
                filter,
                ..all()
            };
            let got = list(&fixture, &query).await;
            let wanted = if filter == IssueFilter::Resolved {
                &[]
            } else {
                wanted
            };
            assert_eq!(messages(&got), wanted, "{search:?}");
            assert_eq!(got.total as usize, wanted.len());
        }
    }
}

#[tokio::test]
async fn each_row_has_its_own_sparkline() {
    let town = Town::new().await;
    let list = list(&town.fixture, &all()).await;
    for row in &list.rows {
        let today = match row.message.as_str() {
            "trouble 4" | "trouble 5" => 2,
            _ => 1,
        };
        assert_eq!(row.spark.iter().sum::<u64>(), today, "{}", row.message);
        assert!(row.count >= today);
    }
}
