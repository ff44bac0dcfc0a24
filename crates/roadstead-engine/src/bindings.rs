//! The TypeScript side of [`crate::wire`], made from the types themselves.
//!
//! The text is committed as `ui/src/lib/bindings.ts`; a test compares it with what the types say now.
//! `UPDATE_BINDINGS=1 cargo test -p roadstead-engine bindings` writes it anew.

use std::any::TypeId;
use std::collections::{BTreeMap, HashSet};

use ts_rs::{Config, TS, TypeVisitor};

use crate::wire::*;

struct Collector<'a> {
    config: &'a Config,
    seen: HashSet<TypeId>,
    declarations: BTreeMap<String, String>,
}

impl TypeVisitor for Collector<'_> {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        // Only types of our own have a place to be exported to; numbers, lists and options are built in.
        if T::output_path().is_some() {
            self.declarations
                .insert(T::name(self.config), T::decl(self.config));
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

macro_rules! describe_commands {
    ($($name:ident($request:ty) -> $answer:ty,)*) => {
        fn describe(collector: &mut Collector<'_>) -> Vec<(&'static str, String, String)> {
            let config = collector.config;
            vec![$({
                collector.visit::<$request>();
                collector.visit::<$answer>();
                (stringify!($name), <$request as TS>::name(config), <$answer as TS>::name(config))
            }),*]
        }
    };
}
crate::for_each_command!(describe_commands);

/// The committed TypeScript file, as the types say it should be.
#[must_use]
pub fn typescript() -> String {
    // Byte counts and times stay below 2^53: plain numbers on the other side.
    let config = Config::new().with_large_int("number");
    let mut collector = Collector {
        config: &config,
        seen: HashSet::new(),
        declarations: BTreeMap::new(),
    };
    let commands = describe(&mut collector);
    collector.visit::<AppEvent>();
    collector.visit::<WireError>();

    let mut text = String::from(
        "// Generated from the Rust types of roadstead-engine. Do not edit: run\n\
         // UPDATE_BINDINGS=1 cargo test -p roadstead-engine bindings\n\n",
    );
    for declaration in collector.declarations.values() {
        text.push_str("export ");
        text.push_str(declaration);
        text.push_str("\n\n");
    }
    text.push_str(
        "/** Every command: what it is asked with, and what it answers. */\nexport interface Commands {\n",
    );
    for (name, request, answer) in commands {
        text.push_str(&format!(
            "  {name}: {{ request: {request}; answer: {answer} }};\n"
        ));
    }
    text.push_str("}\n");
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn committed_bindings_say_what_the_types_say() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ui/src/lib/bindings.ts");
        let now = super::typescript();
        if std::env::var_os("UPDATE_BINDINGS").is_some() {
            std::fs::write(path, &now).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap();
        assert!(
            committed == now,
            "bindings drifted: UPDATE_BINDINGS=1 cargo test -p roadstead-engine bindings"
        );
    }
}
