use super::mask;

#[test]
fn variables_become_placeholders() {
    for (message, masked) in [
        (
            "req 550e8400-e29b-41d4-a716-446655440000 error",
            "req <UUID> error",
        ),
        (
            "error commit deadbeef1234567890abcdef1234567890abcdef bad",
            "error commit <HEX> bad",
        ),
        ("error user 12345 not found", "error user <N> not found"),
        (
            "dial tcp 10.0.0.5:53412: connect: connection refused",
            "dial tcp <HOST>:<PORT>: connect: connection refused",
        ),
        (
            "relation \"users\" does not exist",
            "relation \"<*>\" does not exist",
        ),
        ("took 12 ms", "took <N>"),
        ("took 1.2s", "took <N>"),
        ("read 5174 bytes (5.05 KB) done", "read <N> bytes done"),
        ("open /a/b.txt: no such file", "open <PATH>: no such file"),
        ("[req-1 - - -] x", "[<*>] x"),
        ("[-] x", "[<*>] x"),
        ("ids 1, 2, 3", "ids <N>"),
        ("at 2026-01-02 15:04:05,123 late", "at <TIME> late"),
        (
            "session opened for user cyrus by (uid=0)",
            "session opened for user <*> by (uid=<N>)",
        ),
        ("pod web-7f9c4d-x2x8k is gone", "pod <*> is gone"),
    ] {
        assert_eq!(mask(message), masked);
    }
}

#[test]
fn numbers_that_name_a_trouble_stay() {
    for message in [
        "exit code 137",
        "upstream returned 502",
        "[Errno 111] Connection refused",
        "bind() failed (98: Address in use)",
        "HTTP 503",
        "errno=13",
        "status=404 x",
        "got 502 Bad Gateway",
        "E11000: duplicate key",
        "os error 2",
        "SocketException (111): Connection refused",
        "OperationalError: (2003, 'no route to it was found')",
        "(1205, \"Lock wait timeout exceeded\")",
        "request failed: HttpResponseException('404: Not Found')",
        "fetch failed: ConnectionError('Connection refused by peer')",
    ] {
        let masked = mask(message);
        assert!(masked == message, "{message}: {masked}");
    }
}

#[test]
fn any_message_is_masked_in_bounded_space() {
    assert_eq!(mask(" no Aß[ a\u{80}]"), "no Aß[<*>]");
    for c in ["[", "\"", "a=", "'x", "é", "1", "/", "<1"] {
        assert!(mask(&c.repeat(10_000)).len() <= 404);
    }
}

/// Both messages have the same masked form.
fn same(a: &str, b: &str) {
    assert_eq!(mask(a), mask(b));
}

#[test]
fn a_statement_is_one_value_and_ends_with_its_sentence() {
    assert_eq!(
        mask("no table in SELECT sum(a) FROM shop.rows. (NO_TABLE) (query SELECT 1, b FROM c)"),
        "no table in SELECT <SQL>. (NO_TABLE) (query SELECT <SQL>)"
    );
    assert_eq!(
        mask("Deadlock (Connection: a, SQL: update `rows` set `n` = 1 where `id` = 7) again"),
        "Deadlock (Connection: a, SQL: update <SQL>) again"
    );
    for sentence in [
        "SELECT a file",
        "please update the set of rows",
        "DELETE is not allowed",
    ] {
        assert_eq!(mask(sentence), sentence);
    }
}

#[test]
fn what_stands_between_quotes_behind_its_noun_is_a_name() {
    same(
        "Activated workflow \"On error: tell the night shift\" now",
        "Activated workflow \"Backup\" now",
    );
    same(
        "consumer '$G > orders > shipper' is late",
        "consumer 'mailer' is late",
    );
    same(
        "updated name=\"Ads and all other bad pages\"",
        "updated name=\"all\"",
    );
    let sentence = "failed: \"the file could not be opened\"";
    assert_eq!(mask(sentence), sentence);
}

#[test]
fn a_field_with_digits_and_one_without_are_one_kind() {
    same(
        "check failed: check=shop:ledger-api:1",
        "check failed: check=shop:queue",
    );
}

#[test]
fn what_is_asked_of_a_path_goes_with_it() {
    same("refused: url=/v1/kv?token=<hidden> x", "refused: url=/v1/self x");
}

#[test]
fn labels_behind_bars_have_values() {
    same(
        "Pending: no answer | Type: http | Retry Interval: none",
        "Pending: no answer | Type: keyword | Retry Interval: long",
    );
    assert_ne!(mask("down | Reason: refused"), mask("down | Reason: denied"));
}

#[test]
fn what_somebody_named_makes_no_other_trouble() {
    for (a, b) in [
        ("plugin shop loaded", "plugin till loaded"),
        ("row of shop_orders is locked", "row of till_items is locked"),
        ("no key for user <otto>", "no key for user <1767366245:anna>"),
        (
            "Window{3fa2 u0 a/.Main} is gone",
            "Window{4711 u0 b/.List at 3} is gone",
        ),
        ("<Job: a.b at 0x3f> is late", "<Job: c at 0x40 of d> is late"),
        (
            "cancel:0|org.shop.till|12|null|34",
            "cancel:7|org.bakery|4|null|5",
        ),
        ("got text/html; charset=utf-8 back", "got application/json back"),
        (
            "cannot play /films/Old Barge (1999)/Old Barge.mkv",
            "cannot play /films/Boat.mp4",
        ),
        ("Starting org.shop.v2.Orders now", "Starting org.shop.Users now"),
        (
            "Handling App\\Message\\Export late",
            "Handling App\\Message\\Import late",
        ),
        ("app org.shop.till is gone", "app com.bakery is gone"),
        ("open ghcr.io/shop/till failed", "open docker.io/till failed"),
        ("get field sysUpTime failed", "get field ifInOctets failed"),
        (
            "listening localIp = ::, port = 25, n = 1, tls = false",
            "listening localIp = ::, port = 993, n = 2, tls = true",
        ),
        ("line not matched: \"a b c d e\"", "line not matched: \"x\""),
        (
            "unknown device aa:bb:cc:dd:ee:ff is here",
            "unknown device 00:11:22:33:44:55 is here",
        ),
        ("peer 10.0.0.4:51820 is gone", "peer [fd00::12]:51820 is gone"),
        (
            "certificate for *.shop.example.com ends",
            "certificate for shop.example.org ends",
        ),
        (
            "push to repo otto/shop rejected",
            "push to repo anna/till.git rejected",
        ),
        (
            "backup of volume shop_data failed",
            "backup of volume pgdata failed",
        ),
        (
            "batch for [shop.orders, shop.items] is late",
            "batch for [till.a] is late",
        ),
    ] {
        assert_eq!(super::alike(&mask(a)), super::alike(&mask(b)), "{a} / {b}");
    }
}

#[test]
fn what_tells_trouble_is_no_name() {
    for (a, b) in [
        ("plugin loading failed", "plugin update failed"),
        ("database connection failed", "database migration failed"),
        (
            "caught org.shop.s3.StoreException",
            "caught org.shop.s3.QueueException",
        ),
        (
            "no image for https://shop.example/a.png 404",
            "no image for https://shop.example/a.png 502",
        ),
        ("open(SOCKS5) failed", "open(SOCKS4) failed"),
        ("ssl_read() failed", "ssl_write() failed"),
        ("memory:12 is low", "disk:12 is low"),
        ("volume full: /srv", "volume detached: /srv"),
    ] {
        assert_ne!(super::alike(&mask(a)), super::alike(&mask(b)), "{a} / {b}");
    }
}

#[test]
fn what_varies_by_its_place_makes_no_other_trouble() {
    for (a, b) in [
        ("worker (pid:9) is gone", "worker (pid:41) is gone"),
        (
            "denied (euid=102(shop) egid=7(shop))",
            "denied (euid=9(till) egid=12(till))",
        ),
        (
            "closed: user=<a@shop.example>, method=PLAIN, rip=10.0.0.1, TLS, session=<x1>",
            "closed: user=<b@shop.example>, method=LOGIN, rip=10.0.0.2, TLS, session=<y2>",
        ),
        (
            "call{method=GET host=\"shop\" agent=A Browser (1.0) status=500}: till: gone",
            "call{method=GET host=\"till\" agent=Curl status=500}: till: gone",
        ),
        (
            "no answer from https://shop.example/x?key=<redacted>&page=1 in time",
            "no answer from https://till.example/y in time",
        ),
        (
            "cannot open ‹shop.db› for ‘otto’",
            "cannot open ‹till› for ‘anna’",
        ),
        (
            "no icon for channel \"a \\\"quiet\\\" one\" (cid:14)",
            "no icon for channel \"Lobby\" (cid:1)",
        ),
        (
            "found [SHOP(-0.20){a;},TILL(1.1){b;}] in 12 ms",
            "found [SHOP(-0.20){a;}] in 1 ms",
        ),
        (
            "cannot connect (refused), module: shop",
            "cannot connect (refused), module: till",
        ),
        ("Machine localhost is late", "Machine shop-2 is late"),
        (
            "unknown field `a`, expected one of `b`, `c`",
            "unknown field `d`, expected one of `e`",
        ),
        ("Import of 3 files failed", "Import of 1 file failed"),
        ("camera garage: no frames", "camera front_door: no frames"),
        ("key shop:cart:12 expired", "key till:99 expired"),
        ("Indexer Shop unavailable", "Indexer Tillnet unavailable"),
        (
            "load module shop from /srv/shop.so",
            "load module till from /srv/till.so",
        ),
        (
            "cannot read \"Harbour Lights part 2 of 3.mkv\" again",
            "cannot read \"x.mkv\" again",
        ),
    ] {
        assert_eq!(super::alike(&mask(a)), super::alike(&mask(b)), "{a} / {b}");
    }
}

#[test]
fn a_message_between_quotes_is_no_name() {
    for (a, b) in [
        ("\"Mount failed\" err=\"x\"", "\"Unmount failed\" err=\"x\""),
        ("[\"lost it\"] [conn=12]", "[\"found it\"] [conn=12]"),
        ("\"no model\"", "\"no tensor\""),
        (
            "call{method=GET status=500}: gone",
            "call{method=GET status=502}: gone",
        ),
    ] {
        assert_ne!(super::alike(&mask(a)), super::alike(&mask(b)), "{a} / {b}");
    }
}

#[test]
fn a_word_that_no_program_writes_is_a_name() {
    same("Creating database nextcloud", "Creating database bookstack");
    same(
        "upload of mara to ops/deploy is refused",
        "upload of otto to lena/infra is refused",
    );
    same(
        "rss sync of Old Harbour Tracker failed",
        "rss sync of Zofia failed",
    );
    same("route to session-cache is gone", "route to ops-webhook is gone");
    for sentence in [
        "a read-only connection was refused by the server",
        "pooler error: client_login_timeout",
        "Verbindung zum Lager konnte nicht hergestellt werden",
    ] {
        assert_eq!(mask(sentence), sentence);
    }
    assert_ne!(mask("+sdown master shop"), mask("+odown master shop"));
}

#[test]
fn a_name_is_known_by_where_it_stands() {
    same(
        "permission denied for table orders",
        "permission denied for table rows2",
    );
    same("no such database: metrics", "no such database: shop");
    same("Starting api worker", "Starting mailer worker");
    same(
        "Login failed for db:shop login:admin",
        "Login failed for db:crm login:fatal",
    );
    same(
        "Scanning disk for The Human Body",
        "Scanning disk for Errors of the Night",
    );
    same("section 3 (Films) is full", "section 12 (TV Shows) is full");
    same("task 0 in stage 1 (TID 7)", "task 33 in stage 2 (TID 1273)");
    assert_ne!(mask("peer connection: reset"), mask("peer connection: timeout"));
    assert_ne!(mask("database is locked"), mask("database is closed"));
    assert_ne!(
        mask("worker 3 (Connection refused)"),
        mask("worker 3 (Connection reset)")
    );
}

#[test]
fn addresses_and_ports_of_all_families_are_one_kind() {
    for message in [
        "connect to 10.0.0.1:80 failed",
        "connect to [::1]:80 failed",
        "connect to :80 failed",
        "connect to fe80::1:54321 failed",
    ] {
        assert_eq!(mask(message), "connect to <HOST>:<PORT> failed");
    }
    for message in [
        "peer ::1 left",
        "peer fe80::1%eth0 left",
        "peer ::ffff:10.0.0.1 left",
    ] {
        assert_eq!(mask(message), "peer <HOST> left");
    }
    assert_eq!(mask("std::vec is full: 12"), "std::vec is full: <N>");
}

#[test]
fn fields_in_the_midst_and_sets_of_labels_are_values() {
    same(
        "client id=1 name=shop flags=P db=0 cmd=get is closed",
        "client id=2 name= flags=S db=1 cmd=set is closed",
    );
    same(
        r#"stream {app="shop", host="a"} is late"#,
        r#"stream {job="b"} is late"#,
    );
    assert_ne!(
        mask("Error - 503.ServiceUnavailable"),
        mask("Error - 403.Forbidden")
    );
    assert_ne!(
        mask("Failed to listen. Reason: \"Address in use\""),
        mask("Failed to listen. Reason: \"Permission denied\"")
    );
}

#[test]
fn what_stands_for_a_value_between_brackets_or_behind_a_star_is_one() {
    same(
        "health changed from [YELLOW] to [GREEN] for [shop]",
        "health changed from [GREEN] to [RED] for [till]",
    );
    same(
        "creating [shop], cause [auto(bulk api)], shards [1]",
        "creating [till], cause [api], shards [1]",
    );
    same("starting *docker.Provider", "starting *acme.Provider");
    same(
        "slow GET /a, at router/git.go:12(repo.Clone)",
        "slow GET /b, at events/events.go:8(events.Events)",
    );
    same(
        "query failed: Post \"http://shop.example/a\": refused",
        "query failed: Get \"http://shop.example/b\": refused",
    );
    same(
        "com.shop.daily.backup: told to run",
        "com.shop.heartbeat: told to run",
    );
    same(
        "Failed loading plugin Old Harbour v1.2",
        "Failed loading plugin Warnings v2.0",
    );
    same(
        "failed to execute query A: gone",
        "failed to execute query Latency: gone",
    );
    same(
        "Torrent: \"Fatal Error - Live at the Bunker\". Source: \"/a\".",
        "Torrent: \"shop.iso\". Source: \"/a\".",
    );
    assert_ne!(
        mask("server became healthy (http://a)"),
        mask("server became unhealthy (http://a)")
    );
    assert_ne!(
        mask("Reason: \"no room is left\"."),
        mask("Reason: \"it was closed\".")
    );
}
