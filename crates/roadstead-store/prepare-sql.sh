#!/bin/sh
# Writes .sqlx/ anew: what the checked SQL macros know of each query. Run it after any change of SQL or of migrations/,
# and commit what it wrote. Needs the sqlite3 program; no sqlx-cli.
set -eu
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for migration in migrations/*.sql; do
    sqlite3 "$work/schema.db" <"$migration"
done
mkdir -p "$work/sqlx"
# A changed file makes cargo compile the crate, and so every macro in it, anew.
touch crates/roadstead-store/src/lib.rs
DATABASE_URL="sqlite://$work/schema.db" SQLX_OFFLINE_DIR="$work/sqlx" SQLX_OFFLINE=false \
    cargo check --package roadstead-store
rm -rf .sqlx
mv "$work/sqlx" .sqlx
touch crates/roadstead-store/src/lib.rs
echo "wrote $(ls .sqlx | wc -l) queries"
