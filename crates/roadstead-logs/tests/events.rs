//! Which lines are one event, and what several events have in common.

use roadstead_logs::framing::Stream;
use roadstead_logs::{Assembler, Event, Severity};

const MS: i64 = 1_000_000;

/// The events in lines that came a millisecond apart.
fn events(lines: &[&str]) -> Vec<Event> {
    let mut assembler = Assembler::everything();
    let mut events = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        assembler.push(Stream::Stdout, Some(at as i64 * MS), line, &mut |event| {
            events.push(event)
        });
    }
    assembler.finish(&mut |event| events.push(event));
    events
}

fn one(lines: &[&str]) -> Event {
    let mut events = events(lines);
    assert_eq!(events.len(), 1, "{events:#?}");
    events.remove(0)
}

#[test]
fn a_trace_is_one_event() {
    for lines in [
        &[
            "2026-01-02 15:04:05,123 ERROR [main] shop.Orders: cannot store",
            "java.lang.IllegalStateException: no row 12",
            "\tat shop.Orders.store(Orders.java:12)",
            "\tat java.base/java.lang.Thread.run(Thread.java:833)",
            "Caused by: java.io.IOException: gone",
            "\t... 12 more",
        ] as &[&str],
        &[
            "Traceback (most recent call last):",
            "  File \"/app/shop.py\", line 12, in store",
            "    row = rows[0]",
            "          ~~~~^^^",
            "IndexError: list index out of range",
            "",
            "During handling of the above exception, another exception occurred:",
            "",
            "Traceback (most recent call last):",
            "  File \"/app/shop.py\", line 20, in main",
            "    store()",
            "shop.errors.StoreError: cannot store",
        ],
        &[
            "panic: runtime error: index out of range [3] with length 3",
            "",
            "goroutine 1 [running]:",
            "main.store(0xc000012345)",
            "\t/src/shop/store.go:12 +0x1d",
            "main.main()",
            "\t/src/shop/main.go:7 +0x25",
            "exit status 2",
        ],
        &[
            "/app/shop.js:12",
            "    throw new TypeError('no row')",
            "    ^",
            "",
            "TypeError: no row",
            "    at store (/app/shop.js:12:11)",
            "    at Module._compile (node:internal/modules/cjs/loader:1)",
            "",
            "Node.js v22.1.0",
        ],
        &[
            "thread 'main' panicked at src/store.rs:12:5:",
            "index out of bounds: the len is 3 but the index is 3",
            "stack backtrace:",
            "   0: rust_begin_unwind",
            "   1: shop::store::put",
            "             at ./src/store.rs:12:5",
            "note: run with `RUST_BACKTRACE=full` for a verbose backtrace",
        ],
        &[
            "fail: Shop.Orders[12]",
            "      Cannot store",
            "      System.InvalidOperationException: no row",
            "         at Shop.Orders.Store(Int32 id) in /src/Orders.cs:line 12",
        ],
        &[
            "PHP Fatal error:  Uncaught RuntimeException: no row in /app/shop.php:12",
            "Stack trace:",
            "#0 /app/index.php(3): Shop->store()",
            "#1 {main}",
            "  thrown in /app/shop.php on line 12",
        ],
        &[
            "/app/shop.rb:12:in `store': no row (RuntimeError)",
            "\tfrom /app/main.rb:3:in `<main>'",
        ],
        &[
            "terminate called after throwing an instance of 'std::out_of_range'",
            "  what():  vector::at",
        ],
        &[
            "2026-01-02 15:04:05.123 UTC [12] ERROR:  relation \"rows\" does not exist at character 15",
            "2026-01-02 15:04:05.123 UTC [12] STATEMENT:  select * from rows",
            "\t  where id = 1",
        ],
        &["{", "  \"level\": \"error\",", "  \"msg\": \"cannot store\"", "}"],
    ] {
        let event = one(lines);
        assert_eq!(event.severity, Severity::Error, "{}", lines[0]);
        assert_eq!(event.line_count, lines.len() as u64);
    }
}

#[test]
fn the_line_after_a_trace_begins_an_event() {
    let events = events(&[
        "Traceback (most recent call last):",
        "  File \"/app/shop.py\", line 12, in store",
        "ValueError: bad",
        "2026-01-02 15:04:05,123 INFO going on",
    ]);
    assert_eq!(events.len(), 2);
    assert_eq!(events[1].severity, Severity::Other);
}

#[test]
fn a_trace_is_known_by_its_exception_and_its_own_functions() {
    let trace = |line: u32, kind: &str, function: &str| {
        one(&[
            &format!(
                "2026-01-02 15:04:0{},123 ERROR [worker-{line}] shop: order {line} failed",
                line % 10
            ),
            &format!("java.lang.{kind}: row {line}"),
            "\tat org.springframework.jdbc.Template.query(Template.java:99)",
            &format!("\tat shop.Orders.{function}(Orders.java:{line})"),
        ])
        .fingerprint
    };
    assert_eq!(
        trace(1, "IllegalStateException", "store"),
        trace(22, "IllegalStateException", "store")
    );
    assert_ne!(
        trace(1, "IllegalStateException", "store"),
        trace(1, "IllegalArgumentException", "store")
    );
    assert_ne!(
        trace(1, "IllegalStateException", "store"),
        trace(1, "IllegalStateException", "load")
    );
}

#[test]
fn two_streams_do_not_mix() {
    let mut assembler = Assembler::new();
    let mut events = Vec::new();
    let mut take = |event| events.push(event);
    assembler.push(
        Stream::Stderr,
        Some(1),
        "Traceback (most recent call last):",
        &mut take,
    );
    assembler.push(
        Stream::Stdout,
        Some(2),
        "10.0.0.1 - - [02/Jan/2026:15:04:05 +0000] \"GET / HTTP/1.1\" 200 1",
        &mut take,
    );
    assembler.push(
        Stream::Stderr,
        Some(3),
        "  File \"/app/x.py\", line 1, in f",
        &mut take,
    );
    assembler.push(Stream::Stdout, Some(4), "level=info msg=ok", &mut take);
    assembler.push(Stream::Stderr, Some(5), "ValueError: bad", &mut take);
    assembler.finish(&mut take);
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].stream, events[0].line_count), (Stream::Stderr, 3));
}

#[test]
fn an_event_waits_for_its_own_continuation_only_so_long() {
    let mut assembler = Assembler::new();
    let mut events = Vec::new();
    assembler.push(
        Stream::Stderr,
        Some(0),
        "2026-01-02 15:04:05 ERROR boom",
        &mut |event| events.push(event),
    );
    assert_eq!(assembler.oldest_waiting_ns(), Some(0));
    assembler.expire(999 * MS, &mut |event| events.push(event));
    assert!(events.is_empty());
    assembler.expire(1000 * MS, &mut |event| events.push(event));
    assert_eq!(events.len(), 1);
    assert_eq!(assembler.oldest_waiting_ns(), None);
    // What comes too late raises nothing of its own.
    assembler.push(
        Stream::Stderr,
        Some(1500 * MS),
        "\tat a.b.C.error(C.java:1)",
        &mut |event| events.push(event),
    );
    assembler.finish(&mut |event| events.push(event));
    assert_eq!(events.len(), 1);
}

#[test]
fn an_event_without_end_is_bounded() {
    let mut assembler = Assembler::new();
    let mut events = Vec::new();
    assembler.push(
        Stream::Stderr,
        None,
        "2026-01-02 15:04:05 ERROR boom",
        &mut |event| events.push(event),
    );
    for _ in 0..10_000 {
        assembler.push(Stream::Stderr, None, "\tand so on and on", &mut |event| {
            events.push(event)
        });
    }
    assembler.finish(&mut |event| events.push(event));
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].line_count, 10_001);
    assert_eq!(events[0].lines.len(), roadstead_logs::MOST_LINES);
}

#[test]
fn a_message_is_cut_between_characters() {
    let event = one(&[&format!("ERROR {}", "é".repeat(1000))]);
    assert_eq!(event.message.chars().count(), roadstead_logs::MESSAGE_CHARS);
}

#[test]
fn what_is_grouped_says_why() {
    let event = one(&["2026-01-02 15:04:05 ERROR dial tcp 10.0.0.5:5432: refused"]);
    assert_eq!(event.masked, "dial tcp <HOST>:<PORT>: refused");
    assert_eq!(event.fingerprint.version, roadstead_logs::FINGERPRINT_VERSION);
}

/// How bad each event is.
fn severities(lines: &[&str]) -> Vec<Severity> {
    events(lines).iter().map(|event| event.severity).collect()
}

#[test]
fn a_head_repeated_to_the_microsecond_carries_its_message_on() {
    let event = one(&[
        "2026-01-02 15:04:05.123456+00:00 [error] <0.81.0> closing connection <0.81.0> (10.0.0.5:4711):",
        "2026-01-02 15:04:05.123456+00:00 [error] <0.81.0> no heartbeat for 60s",
    ]);
    assert_eq!(event.severity, Severity::Error);
    assert_eq!(
        events(&[
            "2026-01-02 15:04:05.123456+00:00 [error] <0.81.0> closing connection",
            "2026-01-02 15:04:05.123457+00:00 [error] <0.81.0> closing connection",
        ])
        .len(),
        2
    );
    // npm has no clock.
    one(&["npm ERR! code ELIFECYCLE", "npm ERR! errno 1", "npm ERR! "]);
    one(&["npm error code 1", "npm error path /app"]);
}

#[test]
fn a_tag_repeated_without_a_head_carries_its_message_on() {
    let tag = "[d919d0d4-1717-4f19-8ece-185ffc40595d]";
    let event = one(&[
        &format!("E, [2026-01-02T15:04:05.123456 #8] ERROR -- : {tag}   "),
        &format!("{tag} NoMethodError (undefined method 'pin' for nil):"),
        &format!("{tag}   "),
        &format!("{tag} app/models/board.rb:12:in 'pin'"),
    ]);
    assert_eq!(event.severity, Severity::Error);
    assert_eq!(event.masked, "NoMethodError | pin@board.rb");
    one(&[
        "[Warn] QueueService: cannot ask the queue ",
        "",
        "[v4.0.1.2] Shop.Queue.QueueException: no answer",
        "   at Shop.Queue.Ask(Int32 id) in ./Shop/Queue.cs:line 12",
    ]);
}

#[test]
fn a_block_without_heads_is_as_bad_as_its_worst_line() {
    let block = |id: &str| {
        one(&[
            "Call: Store(item=12)",
            &format!("Request: {id}"),
            "Error: no space on drive (*fs.PathError)",
            "       2: internal/store.go:12:store.Put()",
        ])
    };
    let (one, other) = (block("17aa"), block("99bc"));
    assert_eq!(one.severity, Severity::Error);
    assert_eq!(one.fingerprint, other.fingerprint);
    assert_eq!(
        severities(&[
            "Worker 3:",
            "Traceback (most recent call last):",
            "ValueError: no"
        ]),
        [Severity::Error]
    );
    // What a step is called says nothing.
    assert_eq!(
        severities(&["Running migrations:", "  Applying errors.0007... OK"]),
        [Severity::Other]
    );
}

#[test]
fn programs_that_speak_without_heads_each_say_their_own() {
    assert_eq!(events(&["cron: starting", "mailer: starting"]).len(), 2);
}

#[test]
fn an_indented_line_that_comes_late_is_an_event_of_its_own() {
    let mut assembler = Assembler::everything();
    let mut events = Vec::new();
    let mut take = |event| events.push(event);
    assembler.push(Stream::Stdout, Some(0), "Starting", &mut take);
    assembler.push(
        Stream::Stdout,
        Some(900 * MS),
        "  Started with 4 plugins",
        &mut take,
    );
    assembler.finish(&mut take);
    assert_eq!(events.len(), 2);
}

#[test]
fn signs_before_a_step_tell_how_it_went() {
    assert_eq!(
        severities(&[
            "  [✗] Download failed",
            "  [✓] Copied",
            "✖ no such list",
            "  [i] 12 lists"
        ]),
        [Severity::Error, Severity::Other, Severity::Error, Severity::Other]
    );
}

#[test]
fn a_wrapper_does_not_lower_what_it_hands_on() {
    assert_eq!(
        severities(&[
            "NOTICE: PHP message: PHP Fatal error:  Uncaught Error: no such function in /app/x.php:4",
            "[02-Jan-2026 15:04:05] NOTICE: PHP message: PHP Warning:  Undefined variable in /app/x.php",
            "NOTICE: PHP message: all is well",
            "NOTICE: fpm is running, pid 1",
        ]),
        [Severity::Error, Severity::Warn, Severity::Other, Severity::Other]
    );
}

#[test]
fn the_name_of_an_error_number_tells_two_traces_apart() {
    let trace = |said: &str| {
        one(&[
            &format!("2026-01-02 15:04:05 error: Error: {said}, open '/data/x'"),
            "    at load (/srv/app/load.js:12:3)",
        ])
    };
    let (missing, denied) = (trace("ENOENT: no such file"), trace("EACCES: not permitted"));
    assert_ne!(missing.fingerprint, denied.fingerprint);
    assert_eq!(missing.fingerprint, trace("ENOENT: no such file").fingerprint);
}

#[test]
fn a_number_between_the_class_and_what_it_says_tells_two_traces_apart() {
    let trace = |said: &str| {
        one(&[
            "fail: Shop.Till[0]",
            &format!("      System.Net.Sockets.SocketException {said}"),
            "         at Shop.Till.Open() in /src/Till.cs:line 57",
        ])
    };
    let refused = trace("(111): Connection refused");
    assert_ne!(
        refused.fingerprint,
        trace("(110): Connection timed out").fingerprint
    );
    assert_eq!(
        refused.fingerprint,
        trace("(111): Connection refused").fingerprint
    );
}

#[test]
fn an_exception_behind_the_head_of_the_line_before_is_an_event_of_its_own() {
    let lines = [
        "ERROR sync failed",
        "ERROR HTTPError: 404 Client Error",
        "ERROR sync failed",
        "HTTPError: 404 Client Error",
    ];
    let starts: Vec<_> = events(&lines).iter().map(|event| event.line_count).collect();
    assert_eq!(starts, [1, 1, 2]);
}

#[test]
fn a_part_of_a_program_may_stand_before_the_level() {
    assert_eq!(
        severities(&[
            "Jan  2 15:04:05 mail imapd: auth: Error: no such user",
            "Jan  2 15:04:05 mail imapd: master: Warning: Killed with signal 15",
        ]),
        [Severity::Error, Severity::Warn]
    );
}

#[test]
fn a_trace_that_has_a_time_on_each_line_is_one_event() {
    one(&[
        "[02-Jan-2026 15:04:05 UTC] PHP Warning:  Undefined variable $x in /app/x.php on line 12",
        "[02-Jan-2026 15:04:05 UTC] PHP Stack trace:",
        "[02-Jan-2026 15:04:05 UTC] PHP   1. {main}() /app/x.php:0",
    ]);
}

#[test]
fn a_sign_begins_an_event_even_after_a_trace() {
    let lines = [
        " ⨯ Error: cannot load",
        "    at x (/app/a.js:1:2)",
        " ✓ Ready in 212ms",
    ];
    assert_eq!(severities(&lines), [Severity::Error, Severity::Other]);
}

#[test]
fn two_troubles_without_heads_are_two_events() {
    assert_eq!(
        events(&["Failed to open the door", "Failed to open the window"]).len(),
        2
    );
}

#[test]
fn records_that_begin_with_a_number_are_events_of_their_own() {
    assert_eq!(
        events(&["12 node-7 action start 1 boot", "13 node-8 action start 1 boot"]).len(),
        2
    );
}

#[test]
fn a_letter_before_a_sign_and_a_level_before_seconds_are_levels() {
    assert_eq!(
        severities(&[
            "E: no such package",
            "W: some lists are old",
            "2026-01-02T15:04:05Z E! [outputs] no answer",
            "2026-01-02T15:04:05Z I! 3 outputs",
            "WARN[0012] slow",
            "ERRO[0013] gone",
        ]),
        [
            Severity::Error,
            Severity::Warn,
            Severity::Error,
            Severity::Other,
            Severity::Warn,
            Severity::Error
        ]
    );
}

#[test]
fn a_frame_that_is_pointed_at_is_a_frame() {
    one(&[
        "2026-01-02 15:04:05.123 | ERROR    | app.main:go:12 - boom",
        "Traceback (most recent call last):",
        "",
        "> File \"/app/x.py\", line 12, in <module>",
        "    go()",
        "",
        "ValueError: no",
    ]);
}

#[test]
fn names_of_fields_that_the_error_repeats_make_no_other_trouble() {
    let line = |plugin: &str| {
        format!(
            "{{\"level\":\"error\",\"msg\":\"No start\",\"plugin_id\":\"{plugin}\",\"error\":\"{plugin}: cannot copy \
             {plugin}\"}}"
        )
    };
    assert_eq!(
        one(&[&line("shop")]).fingerprint,
        one(&[&line("till")]).fingerprint
    );
}

#[test]
fn what_a_library_raises_is_one_trouble_wherever_it_is_raised() {
    let trace = |function: &str| {
        one(&[
            "2026-01-02 15:04:05,123 ERROR shop: Query 12 failed",
            "Traceback (most recent call last):",
            &format!("  File \"/app/shop/{function}.py\", line 12, in {function}"),
            "    ask()",
            "driver.errors.NoTable: there is none",
        ])
        .fingerprint
    };
    assert_eq!(trace("order"), trace("stock"));
}
