//! How consoles print what went wrong: steps of scripts, traces with addresses, messages handed on in pieces.

use roadstead_logs::framing::Stream;
use roadstead_logs::{Assembler, Event, Severity};

const MS: i64 = 1_000_000;

/// The events in lines that came this many milliseconds after the first.
fn timed(lines: &[(i64, &str)]) -> Vec<Event> {
    let mut assembler = Assembler::everything();
    let mut events = Vec::new();
    for (after, line) in lines {
        assembler.push(Stream::Stdout, Some(after * MS), line, &mut |event| {
            events.push(event)
        });
    }
    assembler.finish(&mut |event| events.push(event));
    events
}

fn events(lines: &[&str]) -> Vec<Event> {
    let timed_lines: Vec<_> = lines
        .iter()
        .enumerate()
        .map(|(at, line)| (at as i64, *line))
        .collect();
    timed(&timed_lines)
}

fn severities(lines: &[&str]) -> Vec<Severity> {
    events(lines).iter().map(|event| event.severity).collect()
}

fn one(lines: &[&str]) -> Event {
    let mut events = events(lines);
    assert_eq!(events.len(), 1, "{events:#?}");
    events.remove(0)
}

#[test]
fn an_exception_printed_with_where_it_was_printed_is_an_error() {
    let lines = [
        "Trace: PoolTimeoutError: Pool: no connection left",
        "    at Pool.take (/srv/shop/node_modules/pool/take.js:12:3)",
    ];
    assert_eq!(severities(&lines), [Severity::Error]);
}

#[test]
fn a_level_between_pointed_brackets_stands_behind_the_request() {
    assert_eq!(
        severities(&[
            "2026.01.02 15:04:05.123456 [ 12 ] {} <Information> Store: errors of last week cleared",
            "2026.01.02 15:04:05.123457 [ 12 ] {6f1c} <Warning> Store: slow",
            "2026.01.02 15:04:05.123458 [ 12 ] {6f1c} <Error> Store: gone",
        ]),
        [Severity::Other, Severity::Warn, Severity::Error]
    );
}

#[test]
fn frames_with_addresses_go_with_their_exception_and_do_not_name_it() {
    let gone = |more: &[&str]| {
        let mut lines = vec![
            "2026.01.02 15:04:05.123456 [ 12 ] {6f1c} <Error> Store: Code: 7. DB::Exception: gone, Stack trace:",
            "",
            "0. DB::Exception::Exception(int, bool) @ 0x000000000f5a4cfb",
        ];
        lines.extend(more);
        one(&lines)
    };
    assert_eq!(
        gone(&[]).fingerprint,
        gone(&["1. DB::Store::take(long) @ 0x000000000f602e10"]).fingerprint
    );
}

#[test]
fn a_trace_within_an_object_ends_with_the_object() {
    one(&[
        "[2026-01-02 15:04:05] production.ERROR: no stock {\"exception\":\"[object] (ShopException(code: 0): no stock at /srv/shop/Cart.php:12)",
        "[stacktrace]",
        "#0 /srv/shop/Order.php(38): Shop\\\\Cart->take()",
        "#1 {main}",
        "\"} ",
    ]);
}

#[test]
fn a_crash_that_is_indented_is_no_part_of_what_came_long_before() {
    let events = timed(&[
        (0, "Waiting for the database"),
        (4000, "   Shop\\Store\\QueryException "),
        (4000, ""),
        (4000, "  no such host"),
    ]);
    assert_eq!(events.len(), 2, "{events:#?}");
    assert_eq!(events[0].severity, Severity::Other);
    assert_eq!(events[1].severity, Severity::Error);
}

#[test]
fn a_step_that_begins_with_an_arrow_holds_no_line_but_indented_ones() {
    assert_eq!(
        events(&["==> Starting", "      Node: rook", "==> Ready", "Welcome"]).len(),
        3
    );
}

#[test]
fn a_trace_handed_to_the_logger_after_its_message_is_one_event_with_it() {
    one(&[
        "2026-01-02T15:04:05.123Z pid=1 WARN: Shop::TimeoutError: too late",
        "2026-01-02T15:04:05.124Z pid=1 WARN: /srv/shop/app/cart.rb:12:in 'Cart.take'",
        "/srv/shop/app/order.rb:20:in 'Order#store'",
    ]);
    one(&[
        "2 Jan 15:04:05 - [error] Uncaught Exception:",
        "2 Jan 15:04:05 - [error] Error: connect EHOSTUNREACH",
        "    at Socket.open (node:net:12:1)",
    ]);
}

#[test]
fn a_failure_told_right_after_a_trace_is_another() {
    assert_eq!(
        severities(&[
            "Error in handling an order: no stock",
            "    at take (/srv/shop/cart.js:12:3)",
            "Error in handling an order: no stock",
            "    at take (/srv/shop/cart.js:12:3)",
        ]),
        [Severity::Error, Severity::Error]
    );
}

#[test]
fn what_to_do_about_a_trace_belongs_to_it() {
    one(&[
        "Error in handling an order: no stock",
        "    at take (/srv/shop/cart.js:12:3)",
        "If there are more errors, ask the shop",
    ]);
}

#[test]
fn an_unusual_name_of_an_exception_names_its_trace() {
    let gone = one(&[
        "2026-01-02 15:04:05,123 - shop - ERROR - cannot store",
        "Traceback (most recent call last):",
        "  File \"/srv/shop/store.py\", line 12, in store",
        "    put(row)",
        "store.errors.UniqueViolation: row is there",
    ]);
    assert!(
        gone.masked.starts_with("store.errors.UniqueViolation"),
        "{}",
        gone.masked
    );
}

#[test]
fn the_frames_of_a_library_do_not_part_its_own_exception() {
    let gone = |frame: &str, kind: &str| {
        one(&[
            "2026-01-02 15:04:05,123 - shop - ERROR - cannot store",
            "Traceback (most recent call last):",
            frame,
            "    put(row)",
            &format!("{kind}: row is there"),
        ])
        .fingerprint
    };
    let (put, take) = (
        "  File \"/usr/lib/python3/site-packages/store/put.py\", line 12, in put",
        "  File \"/usr/lib/python3/site-packages/store/take.py\", line 7, in take",
    );
    assert_eq!(
        gone(put, "store.errors.RowError"),
        gone(take, "store.errors.RowError")
    );
    assert_ne!(gone(put, "TypeError"), gone(take, "TypeError"));
}

#[test]
fn frames_below_a_head_may_have_the_same_head_with_an_indent() {
    let event = one(&[
        "2026-01-02 15:04:05 +0000 [warn]: #0 buffer cannot be stored",
        "  2026-01-02 15:04:05 +0000 [warn]: #0 /usr/lib/ruby/gems/shop/store.rb:12:in `write'",
        "  2026-01-02 15:04:05 +0000 [warn]: #0 same frames as before",
    ]);
    assert_eq!(event.severity, Severity::Warn);
}

#[test]
fn last_words_of_a_crash_are_one_event() {
    one(&[
        "[2026-01-02 15:04:05.123][7][critical][crash] [src/crash.cc:12] Caught signal 11",
        "[2026-01-02 15:04:05.123][7][critical][crash] [src/crash.cc:40] Frames:",
        "[2026-01-02 15:04:05.123][7][critical][crash] [src/crash.cc:44] #0: Shop::store() [0x55f1]",
    ]);
}

#[test]
fn a_box_below_a_head_is_of_its_message() {
    let lines = [
        "2026-01-02 15:04:05.123+0000 [id=12]\tINFO\tshop.Setup#init: ",
        "",
        "*************************************************************",
        "",
        "A first till is needed. It has been made.",
        "Its number:",
        "",
        "00b1c2aa91f04c1c",
        "",
        "*************************************************************",
    ];
    assert_eq!(one(&lines).line_count, 10);
}

#[test]
fn a_level_before_the_name_of_who_speaks_is_one() {
    for (line, severity) in [
        ("Info Library: Watching /media/Fatal Error", Severity::Other),
        ("Warn Library: slow today", Severity::Warn),
        ("Error Library: gone away", Severity::Error),
        ("Error Rate: 0.0 % of all", Severity::Other),
        ("Error Log: /var/log/x y", Severity::Other),
        ("Error Pages: served from disk", Severity::Other),
        (
            "(node:12) [DEP0001] DeprecationWarning: `a()` is prone to errors",
            Severity::Warn,
        ),
    ] {
        assert_eq!(severities(&[line]), [severity], "{line}");
    }
}

#[test]
fn a_table_with_a_column_for_errors_is_harmless() {
    assert_eq!(
        severities(&[
            "==================================================",
            "File            PID   # Orders   # Errors  Last run",
            "--------------  ----  --------  ---------  --------",
            "/opt/shop/a.py  1188         1          0  12.3s",
            "==================================================",
        ]),
        [Severity::Other]
    );
}

#[test]
fn numbered_reports_of_a_cluster_are_grouped_by_what_they_say() {
    let told = events(&[
        "134681 node-246 unix.hw state_change 1077804742 1 Link to till 12 is down",
        "134690 gige7 net status 1077805742 1 Link to till 4711 is down",
    ]);
    assert_eq!(told[0].fingerprint, told[1].fingerprint);
    assert_eq!(told[0].masked, "Link to till <N> is down");
}

#[test]
fn a_message_that_is_numbered_goes_on_where_its_sign_says_so() {
    let lines = [
        "E260102 15:04:05.123456 12 kv/store.go:12 ⋮ [n1,s1] 345  no answer of the disk",
        "E260102 15:04:05.123456 12 kv/store.go:12 ⋮ [n1,s1] 345 +",
        "E260102 15:04:05.123456 12 kv/store.go:12 ⋮ [n1,s1] 345 +It may be full.",
        "E260102 15:04:05.123456 12 kv/store.go:12 ⋮ [n1,s1] 346  no answer of the disk",
        "W260102 15:04:05.123457 12 kv/store.go:19 ⋮ [n1] 347  slow",
    ];
    let events = events(&lines);
    let counts: Vec<_> = events.iter().map(|event| event.line_count).collect();
    assert_eq!(counts, [3, 1, 1]);
    assert_eq!(events[0].message, "no answer of the disk");
    assert_eq!(events[0].fingerprint, events[1].fingerprint);
    assert_eq!(events[2].severity, Severity::Warn);
}

#[test]
fn a_level_in_a_box_of_stars_is_that_of_the_box() {
    let event = one(&["*", "* WARNING: THE DOOR IS OPEN!", "*", "* Close it.", "*"]);
    assert_eq!(event.severity, Severity::Warn);
}

#[test]
fn an_answer_belongs_to_the_line_that_announces_it() {
    let event = one(&[
        "[2026/01/02 15:04:05] [error] [output:es.0] HTTP status=400 URI=/_bulk, response:",
        "{\"error\":{\"reason\":\"no such field\"},\"status\":400}",
    ]);
    assert_eq!(event.severity, Severity::Error);
}

#[test]
fn levels_below_each_other_begin_events_without_a_time() {
    let lines = [
        "[01/02/26 15:04:05] ERROR    Worker (pid:9) is gone. Perhaps out of      ",
        "                             memory?                                     ",
        "                    INFO     Booting worker with pid: 41                 ",
    ];
    assert_eq!(severities(&lines), [Severity::Error, Severity::Other]);
}

#[test]
fn frames_with_a_head_each_belong_to_the_crash_that_announces_them() {
    one(&[
        "2026-01-02 15:04:05 #18(shop) <wq1b6y>; main; crash_handler: caught fatal signal 11, trace: ",
        "2026-01-02 15:04:05 #18(shop) <wq1b6y>; main; print_crash: 0: 000056311f0a2c31: store()+0x2d1",
        "2026-01-02 15:04:05 #18(shop) <wq1b6y>; main; print_crash: 1: 00007f0b4ea9c090: serve()+0x9",
    ]);
}

#[test]
fn who_logs_in_fields_prints_no_exception_below() {
    let lines = [
        (0, "time=\"2026-01-02T15:04:05Z\" level=fatal msg=\"no access\""),
        (7, "Error: cannot fetch the index"),
    ];
    assert_eq!(timed(&lines).len(), 2);
}

#[test]
fn levels_stand_in_columns_of_any_kind() {
    for (line, severity) in [
        (
            "Jan  2 15:04:05 config: Warning: old setting 'shop'",
            Severity::Warn,
        ),
        ("Jan 02 15:04:05 mod_shop\tinfo\tFailed to greet", Severity::Other),
        ("[E 2026-01-02 15:04:05.123 ShopApp] no kernel", Severity::Error),
        ("W [02/Jan/2026:15:04:05 +0000] slow", Severity::Warn),
        (
            "[2026-01-02 15:04:05] ERROR[12][C-01]: chan.c:12 no route",
            Severity::Error,
        ),
        ("Jan 02 15:04:05 Shop Server 4.9 (C) Shop Ltd", Severity::Other),
        ("Shop server has crashed. See /srv/x.dmp", Severity::Error),
        (
            "shop process 18 terminated abnormally by signal: 11",
            Severity::Error,
        ),
        (
            "[pid: 12|app: 0|req: 1/1] 10.0.0.3 () {4 vars in 51 bytes} [Fri Jan  2 15:04:05 2026] GET /x => generated 12 \
             bytes in 3 msecs (HTTP/1.1 500) 4 headers",
            Severity::Error,
        ),
    ] {
        assert_eq!(severities(&[line]), [severity], "{line}");
    }
}

#[test]
fn how_far_a_film_was_played_is_no_time_of_a_log() {
    one(&[
        "[2026-01-02 15:04:05.123] ERROR: Cover Error: exited with code 1",
        "frame=    1 fps=0.0 size=N/A time=00:00:00.00 speed= 11x",
    ]);
}

#[test]
fn a_trace_announced_by_the_name_of_its_thread_is_one_event() {
    let event = one(&[
        "Exception in thread Thread-3 (serve):",
        "Traceback (most recent call last):",
        "  File \"/srv/shop/serve.py\", line 12, in serve",
        "    rows[3]",
        "IndexError: list index out of range",
    ]);
    assert!(event.masked.starts_with("IndexError"), "{}", event.masked);
}

#[test]
fn what_a_database_said_below_a_logger_s_words_is_part_of_them() {
    one(&[
        "2026-01-02 15:04:05,123 1 ERROR shop store: bad query",
        "ERROR: duplicate key value violates unique constraint",
        "DETAIL:  Key (id)=(7) already exists.",
    ]);
}

#[test]
fn a_time_alone_is_a_blank_line() {
    one(&[
        "2026-01-02 15:04:05.123456789  cannot read the sensor: permission denied",
        "2026-01-02 15:04:05.123456789  ",
    ]);
}

#[test]
fn a_logger_that_prints_no_frames_and_one_that_does_tell_the_same_trouble() {
    let head = "2026-01-02 15:04:05,123 ERROR shop: cannot fetch the feed";
    let with = one(&[
        head,
        "System.Net.Http.HttpRequestException: connection refused",
        "   at System.Net.Http.HttpConnectionPool.ConnectAsync(HttpRequestMessage request)",
    ]);
    let without = one(&[head, "System.Net.Http.HttpRequestException: connection refused"]);
    assert_eq!(with.fingerprint, without.fingerprint);
}

#[test]
fn crashes_without_heads_are_as_many_events_as_were_printed_however_fast() {
    for crash in [
        ["TypeError: boom", "    at open (/srv/app/shop.js:1:1)"],
        [
            "java.lang.IllegalStateException: no",
            "\tat shop.Till.open(Till.java:1)",
        ],
        [
            "System.InvalidOperationException: no",
            "   at Shop.Till.Open() in /src/Till.cs:line 1",
        ],
    ] {
        let lines: Vec<_> = crash.iter().cycle().take(6).map(|line| (0, *line)).collect();
        let events = timed(&lines);
        assert_eq!(events.len(), 3, "{events:#?}");
        assert!(events.iter().all(|event| event.line_count == 2));
    }
    assert_eq!(timed(&[(0, "ValueError: a"), (0, "ValueError: b")]).len(), 2);
}

#[test]
fn a_list_of_what_is_not_valid_belongs_to_the_exception_that_announces_it() {
    let event = one(&[
        "Traceback (most recent call last):",
        "  File \"/srv/shop.py\", line 1, in load",
        "    Settings()",
        "pydantic_core.ValidationError: 2 validation errors for Settings",
        "database_url",
        "  Field required [type=missing]",
        "secret",
        "  Field required [type=missing]",
    ]);
    assert_eq!(event.severity, Severity::Error);
}

#[test]
fn a_report_of_erlang_is_one_event_with_its_head() {
    one(&[
        "=ERROR REPORT==== 2-Jan-2026::15:04:05 ===",
        "Error in process <0.1.0> with exit value:",
        "{badmatch,{error,enoent}}",
    ]);
}

#[test]
fn a_drawn_box_is_as_bad_as_what_stands_in_it() {
    let event = one(&["╭───────────╮", "│ ERROR: no │", "╰───────────╯"]);
    assert_eq!(event.severity, Severity::Error);
}

#[test]
fn levels_of_more_loggers_are_known() {
    for error in [
        "FATA[0003] shutting down",
        "PANI[0000] no shop",
        "01-02 15:04:05.123 E/Shop( 123): no till",
        r#"[api] {"level":"error","msg":"no till"}"#,
        "level=ERROR+4 msg=\"no till\"",
        "Unhandled promise rejection: no till",
    ] {
        assert_eq!(severities(&[error]), [Severity::Error], "{error}");
    }
    for harmless in [
        "DEBU[0012] request failed",
        "error: none",
        "errors: []",
        r#"{"@t":"2026-01-02T15:04:05Z","@mt":"Error {Page}","Page":1}"#,
    ] {
        assert_eq!(severities(&[harmless]), [Severity::Other], "{harmless}");
    }
}
