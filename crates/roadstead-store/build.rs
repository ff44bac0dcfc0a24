//! Migrations are embedded at compile time: a new one must compile the crate anew.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
