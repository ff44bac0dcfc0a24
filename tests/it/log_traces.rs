//! Traces as real containers print them, in each tongue: one issue each, with all of its lines, however often it is printed.

use std::time::Duration;

use anyhow::{Result, ensure};
use roadstead_engine::wire::*;
use roadstead_tests::{ContainerSpec, EngineKind, RealEngine, Scratch, until};

use crate::logs::{TWO_PASSES, add, issues, start};

/// How often each trace is printed, `@` being another number each time.
const TIMES: u64 = 3;

/// Containers by name, and the trace that each prints to standard error, as its runtime does.
const TRACES: [(&str, &str); 9] = [
    (
        "node",
        "/app/server.js:42
    throw new TypeError(`no order ${id}`);
    ^

TypeError: no order 71@
    at take (/app/server.js:42:11)
    at Server.<anonymous> (/app/server.js:17:5)
    at Server.emit (node:events:519:28)
    at parserOnIncoming (node:_http_server:1153:12)
    at HTTPParser.parserOnHeadersComplete (node:_http_common:117:17)

Node.js v22.11.0",
    ),
    (
        "rust",
        "thread 'main' panicked at src/store.rs:12:5:
index out of bounds: the len is 3 but the index is 5@
stack backtrace:
   0: rust_begin_unwind
             at /rustc/9fc6b43126469e3858e2fe86cafb4f0fd5068869/library/std/src/panicking.rs:665:5
   1: core::panicking::panic_fmt
             at /rustc/9fc6b43126469e3858e2fe86cafb4f0fd5068869/library/core/src/panicking.rs:76:14
   2: shop::store::put
             at ./src/store.rs:12:5
   3: shop::main
             at ./src/main.rs:31:9
note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.",
    ),
    (
        "dotnet",
        "fail: Microsoft.AspNetCore.Server.Kestrel[13]
      Connection id \"0HN7Q2K4C9VJ@\", Request id \"0HN7Q2K4C9VJ@:00000001\": An unhandled exception was thrown by the application.
      System.InvalidOperationException: Sequence contains no elements
         at System.Linq.ThrowHelper.ThrowNoElementsException()
         at Shop.Orders.First(Int32 id) in /src/Orders.cs:line 31
      --- End of stack trace from previous location ---
         at Microsoft.AspNetCore.Server.Kestrel.Core.Internal.Http.HttpProtocol.ProcessRequests[TContext](IHttpApplication`1 application)",
    ),
    (
        "dotnet-crash",
        "Unhandled exception. System.IO.FileNotFoundException: Could not find file '/data/orders-@.json'.
File name: '/data/orders-@.json'
   at Microsoft.Win32.SafeHandles.SafeFileHandle.Open(String fullPath, FileMode mode, FileAccess access)
   at System.IO.File.ReadAllText(String path)
   at Shop.Program.Main(String[] args) in /src/Program.cs:line 9",
    ),
    (
        "php",
        "PHP Fatal error:  Uncaught RuntimeException: no order 4@ in /app/shop.php:12
Stack trace:
#0 /app/index.php(3): Shop->take(4@)
#1 {main}
  thrown in /app/shop.php on line 12",
    ),
    (
        "ruby",
        "/app/shop.rb:12:in `take': no order 8@ (RuntimeError)
\tfrom /app/shop.rb:27:in `block in serve'
\tfrom /app/shop.rb:26:in `each'
\tfrom /app/main.rb:3:in `<main>'",
    ),
    (
        "cpp",
        "terminate called after throwing an instance of 'std::out_of_range'
  what():  vector::_M_range_check: __n (which is 1@) >= this->size() (which is 3)",
    ),
    (
        "postgres-key",
        "2026-01-02 15:04:0@.123 UTC [6@] ERROR:  duplicate key value violates unique constraint \"orders_pkey\"
2026-01-02 15:04:0@.123 UTC [6@] DETAIL:  Key (id)=(90@) already exists.
2026-01-02 15:04:0@.123 UTC [6@] STATEMENT:  INSERT INTO orders (id, total)
\tVALUES (90@, 12)",
    ),
    (
        "postgres-hint",
        "2026-01-02 15:04:0@.456 UTC [7@] ERROR:  function tidy(integer) does not exist at character 8
2026-01-02 15:04:0@.456 UTC [7@] HINT:  No function matches the given name and argument types. You might need to add explicit type casts.
2026-01-02 15:04:0@.456 UTC [7@] STATEMENT:  SELECT tidy(@)",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_of_each_tongue_is_one_issue_with_its_count_and_all_of_its_lines() -> Result<()> {
    let docker = RealEngine::start(EngineKind::Second).await?;
    for (name, trace) in TRACES {
        let script = format!(
            "for i in $(seq {TIMES}); do sed \"s/@/$i/g\" <<'END' >&2\n{trace}\nEND\nsleep 2; echo going on; done; sleep 3600"
        );
        docker.run(&ContainerSpec::named(name).running(&script)).await?;
    }
    let scratch = Scratch::new()?;
    let engine = start(scratch.path()).await?;
    add(&engine, &docker).await?;
    for (name, trace) in TRACES {
        let row = until(
            "one issue with its count",
            TWO_PASSES + Duration::from_secs(20),
            async || {
                let rows = issues(&engine, name).await?;
                let told: Vec<_> = rows.iter().map(|row| (row.count, row.message.clone())).collect();
                ensure!(rows.len() == 1 && rows[0].count == TIMES, "{name}: {told:?}");
                Ok(rows[0].clone())
            },
        )
        .await?;
        assert_eq!(row.severity, IssueSeverity::Error, "{name}");
        let page = engine.issue(IssueRequest { issue: row.issue }).await?;
        assert_eq!(page.samples.len() as u64, TIMES, "{name}");
        for (nth, sample) in page.samples.iter().rev().enumerate() {
            let printed = trace.replace('@', &(nth + 1).to_string());
            assert_eq!(sample.lines, printed.lines().collect::<Vec<_>>(), "{name}");
            assert_eq!(sample.stream, LogStreamName::Stderr);
        }
    }
    engine.stop().await;
    Ok(())
}
