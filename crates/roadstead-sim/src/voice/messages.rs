//! What programs say: what they do, what looks like trouble and is none, what worries them, and what goes wrong.
//!
//! Each voice has a few kinds of trouble with other numbers in them each time, so that a page of issues shows a handful
//! of issues per app with counts that grow, as a real fleet's does.

use super::{Mood, Voice};
use crate::seed::{below, mix, pick};

/// The variable parts of a phrase.
pub(super) struct Words {
    key: u64,
}

impl Words {
    pub(super) fn new(key: u64) -> Self {
        Self { key }
    }

    pub(super) fn number(&self, salt: u64, to: i64) -> i64 {
        below(mix(self.key, salt), to)
    }

    pub(super) fn address(&self) -> String {
        format!("192.168.{}.{}", self.number(1, 4), 2 + self.number(2, 250))
    }

    pub(super) fn path(&self) -> String {
        let part = pick(
            mix(self.key, 3),
            &["assets", "users", "files", "items", "sync", "jobs"],
        );
        format!("/api/{part}/{}", self.number(4, 90_000))
    }

    pub(super) fn id(&self) -> String {
        format!("{:016x}", mix(self.key, 5))
    }
}

pub(super) fn message(voice: Voice, mood: Mood, words: &Words) -> String {
    match mood {
        Mood::Info => info(voice, words),
        Mood::Warning => warning(voice, words),
        Mood::Error => error(voice, words),
    }
}

fn info(voice: Voice, words: &Words) -> String {
    let ms = words.number(10, 900);
    match (voice, words.number(11, 5)) {
        (Voice::Postgres, _) => format!(
            "checkpoint complete: wrote {} buffers ({}.{}%); write={}.012 s",
            words.number(12, 400),
            words.number(13, 9),
            words.number(14, 9),
            words.number(15, 60)
        ),
        (Voice::Redis, _) => format!("{} changes in 300 seconds. Saving...", 10 + words.number(12, 900)),
        (_, 0) => format!("GET {} 200 {ms}ms", words.path()),
        (_, 1) => format!("job {} finished in {ms} ms", words.id()),
        (_, 2) => format!("connected client {}", words.address()),
        // Words of trouble that mean none.
        (_, 3) => match words.number(12, 3) {
            0 => format!("scan of {} files finished: 0 errors", words.number(13, 9_000)),
            1 => format!("import done, ok={} failed=0", words.number(13, 900)),
            _ => format!("health check passed in {ms} ms, no warnings"),
        },
        _ => format!(
            "{} items in cache, {} evicted",
            words.number(12, 9_000),
            words.number(13, 50)
        ),
    }
}

fn warning(voice: Voice, words: &Words) -> String {
    let ms = 1_000 + words.number(20, 9_000);
    match (voice, words.number(21, 5)) {
        (Voice::Postgres, _) => "there is no transaction in progress".to_owned(),
        (Voice::Redis, _) => {
            "WARNING Memory overcommit must be enabled! Without it, a background save may fail".to_owned()
        }
        (_, 0) => format!(
            "slow query took {ms} ms: SELECT * FROM items WHERE owner = {}",
            words.number(22, 900)
        ),
        (_, 1) => format!("retrying {} in {} s", words.path(), 1 + words.number(22, 60)),
        (_, 2) => format!("certificate expires in {} days", 3 + words.number(22, 20)),
        (_, 3) => format!(
            "rate limit reached for client {}, request was delayed",
            words.address()
        ),
        _ => format!("disk usage at {} %", 80 + words.number(22, 15)),
    }
}

fn error(voice: Voice, words: &Words) -> String {
    // One kind is what an app says most, others are seldom: nothing in a log is said equally often.
    let which = words.number(31, 8);
    match voice {
        Voice::Python => python(words, which),
        Voice::Java => java(words, which),
        Voice::Node => node(words, which),
        Voice::Go => go(words, which),
        Voice::DotNet => dotnet(words, which),
        Voice::Apache => php(words, which),
        Voice::Rust if which > 4 => format!(
            "thread 'worker-{}' panicked at src/db/mod.rs:{}:14:\ncalled `Result::unwrap()` on an `Err` value: \
             PoolError(\"timed out waiting for a connection\")",
            words.number(32, 8),
            210 + words.number(33, 2)
        ),
        // Workers of this one write their traces into a field.
        Voice::Json if which > 4 => format!(
            "Task exception\nTraceback (most recent call last):\n  File \"/app/tasks/sync.py\", line {}, in run\n    \
             self.push(user)\nldap3.core.exceptions.LDAPSocketOpenError: socket connection error",
            61 + words.number(32, 2)
        ),
        Voice::Postgres => format!(
            "duplicate key value violates unique constraint \"items_pkey\"\nDETAIL:  Key (id)=({}) already exists.",
            words.number(32, 90_000)
        ),
        _ => plain(words, which),
    }
}

fn plain(words: &Words, which: i64) -> String {
    match which {
        0..4 => format!(
            "could not reach {}: connection timed out after {} ms",
            words.address(),
            5_000 + words.number(32, 900)
        ),
        4..7 => format!("request {} failed: upstream answered 502", words.path()),
        _ => format!("cannot write {}: no space left on device", words.id()),
    }
}

fn python(words: &Words, which: i64) -> String {
    match which {
        0..4 => format!(
            "Task failed: {id}\nTraceback (most recent call last):\n  File \"/app/worker/tasks.py\", line {line}, in run\n    \
             result = consume(document)\n  File \"/app/worker/consumer.py\", line 88, in consume\n    \
             return parse(path)\nValueError: could not parse page {page}",
            id = words.id(),
            line = 40 + words.number(32, 3),
            page = words.number(33, 60),
        ),
        4 | 5 => format!(
            "Fetching {path} failed\nTraceback (most recent call last):\n  File \"/app/net/client.py\", line 57, in get\n    \
             return self.session.get(url, timeout=10)\nTimeoutError: [Errno 110] Connection timed out\n\nDuring \
             handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \
             \"/app/worker/sync.py\", line 131, in pull\n    page = client.get(path)\n  File \"/app/net/client.py\", line 61, \
             in get\n    raise Unreachable(self.host) from error\napp.net.Unreachable: {address}",
            path = words.path(),
            address = words.address(),
        ),
        6 => format!(
            "Unhandled exception in {path}\nTraceback (most recent call last):\n  File \"/app/web/views.py\", line 212, in \
             dispatch\n    return handler(request)\n  File \"/app/web/items.py\", line 34, in show\n    title = \
             item[\"title\"]\nKeyError: 'title'",
            path = words.path(),
        ),
        _ => plain(words, which),
    }
}

fn java(words: &Words, which: i64) -> String {
    match which {
        0..4 => format!(
            "Request {path} failed\njava.lang.IllegalStateException: pool exhausted after {ms} ms\n\tat \
             org.example.pool.Pool.take(Pool.java:{line})\n\tat org.example.http.Handler.handle(Handler.java:57)\n\tat \
             java.base/java.lang.Thread.run(Thread.java:1583)\nCaused by: java.net.SocketTimeoutException: Connect timed \
             out\n\tat java.base/sun.nio.ch.NioSocketImpl.timedFinishConnect(NioSocketImpl.java:546)\n\tat \
             org.example.pool.Pool.open(Pool.java:88)\n\t... 2 more",
            path = words.path(),
            ms = 5_000 + words.number(32, 3_000),
            line = 120 + words.number(33, 2),
        ),
        4 | 5 => format!(
            "Cannot parse document {id}\njava.lang.NullPointerException: Cannot invoke \"String.length()\" because \
             \"title\" is null\n\tat org.example.parse.Title.of(Title.java:31)\n\tat \
             org.example.parse.Parser.parse(Parser.java:204)",
            id = words.id(),
        ),
        _ => plain(words, which),
    }
}

fn node(words: &Words, which: i64) -> String {
    match which {
        0..4 => format!(
            "Error: connect ECONNREFUSED {address}:5432\n    at TCPConnectWrap.afterConnect [as oncomplete] \
             (node:net:1555:16)\n    at Client.query (/usr/src/app/node_modules/pg/lib/client.js:526:17)",
            address = words.address(),
        ),
        4 | 5 => format!(
            "TypeError: Cannot read properties of undefined (reading 'id')\n    at ItemService.find \
             (/usr/src/app/dist/services/item.service.js:{line}:31)\n    at process.processTicksAndRejections \
             (node:internal/process/task_queues:95:5)\n    at async ItemController.get \
             (/usr/src/app/dist/controllers/item.controller.js:48:16)",
            line = 118 + words.number(32, 2),
        ),
        _ => plain(words, which),
    }
}

fn go(words: &Words, which: i64) -> String {
    match which {
        0..3 => format!("dial tcp {}:5432: connect: connection refused", words.address()),
        3 | 4 => format!(
            "Get \"https://registry.example.org{}\": context deadline exceeded",
            words.path()
        ),
        5 | 6 => format!(
            "http: panic serving {address}:{port}: runtime error: invalid memory address or nil pointer \
             dereference\ngoroutine {goroutine} [running]:\nnet/http.(*conn).serve.func1()\n\t\
             /usr/local/go/src/net/http/server.go:1903 +0xbe\npanic({{0x1f3a5c0?, 0x{key:x}?}})\n\t\
             /usr/local/go/src/runtime/panic.go:770 +0x132\nexample.org/app/repo.(*Branch).Head(...)\n\t\
             /src/repo/branch.go:{line}\nexample.org/app/web.show(0xc000{goroutine:06x})\n\t/src/web/show.go:91 +0x1d4",
            address = words.address(),
            port = 30_000 + words.number(32, 30_000),
            goroutine = 100 + words.number(33, 90_000),
            key = words.key & 0xFFFF_FFFF,
            line = 44 + words.number(34, 2),
        ),
        _ => plain(words, which),
    }
}

fn dotnet(words: &Words, which: i64) -> String {
    match which {
        0..4 => format!(
            "Error processing request. URL GET /Items/{id}.\nSystem.IO.FileNotFoundException: Could not find file \
             '/media/library/{id}.mkv'.\n   at Media.Server.Streaming.Open(String path) in \
             /src/Streaming/Open.cs:line {line}\n   at Media.Server.Api.VideosController.Get(Guid itemId)\n   at \
             Microsoft.AspNetCore.Mvc.Infrastructure.ActionMethodExecutor.Execute(ActionContext context)",
            id = words.id(),
            line = 77 + words.number(32, 2),
        ),
        4 | 5 => format!("FFmpeg exited with code {}", 1 + words.number(32, 2) * 186),
        _ => plain(words, which),
    }
}

fn php(words: &Words, which: i64) -> String {
    match which {
        0..4 => "PHP Fatal error:  Uncaught PDOException: SQLSTATE[HY000] [2002] Connection refused in \
                 /var/www/html/lib/db.php:58\nStack trace:\n#0 /var/www/html/lib/db.php(58): PDO->__construct()\n#1 \
                 /var/www/html/index.php(21): App\\Db->open()\n#2 {main}\n  thrown in /var/www/html/lib/db.php on line 58"
            .to_owned(),
        4 | 5 => format!(
            "PHP Warning:  file_get_contents({}): Failed to open stream: No such file or directory in \
             /var/www/html/lib/thumb.php on line 112",
            words.path()
        ),
        _ => plain(words, which),
    }
}
