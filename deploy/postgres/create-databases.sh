#!/bin/sh
# Run once by the Postgres image, when its volume is new: for each name in STAMPEDE_DATABASES a role that may log in, and a database of its own.
set -eu
for name in $STAMPEDE_DATABASES; do
  psql -U "${POSTGRES_USER:-postgres}" -v ON_ERROR_STOP=1 -v name="$name" -v password="$POSTGRES_PASSWORD" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
