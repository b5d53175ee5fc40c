-- Up Migration

CREATE TABLE users (
  id uuid PRIMARY KEY,
  -- As it was typed; email_key (lower case) tells accounts apart.
  email text NOT NULL,
  email_key text NOT NULL CONSTRAINT users_email_key UNIQUE,
  display_name text NOT NULL,
  roles text[] NOT NULL,
  -- A PHC string.
  password_hash text NOT NULL,
  -- Rises with each new password, so that a log-in with the former one that is under way starts no session.
  password_version integer NOT NULL DEFAULT 1,
  create_time timestamptz NOT NULL DEFAULT now()
);

-- A session is the line of refresh tokens that began with one log-in.
CREATE TABLE sessions (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  create_time timestamptz NOT NULL DEFAULT now(),
  -- When its newest refresh token expires: then the row goes, with all its tokens.
  expire_time timestamptz NOT NULL,
  revoke_time timestamptz
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expire_time);

-- Used tokens stay until they would have expired: a second use must be recognised.
CREATE TABLE refresh_tokens (
  -- SHA-256 of the token; the token itself is kept nowhere.
  hash bytea PRIMARY KEY,
  session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
  issue_time timestamptz NOT NULL DEFAULT now(),
  expire_time timestamptz NOT NULL,
  use_time timestamptz
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id, expire_time);

-- A key is published from create_time on, signs from activate_time until retire_time, and verifies until expire_time. A rotation, in
-- one transaction, gives the key without an end a retire_time and an expire_time, and inserts the next one, active from then on.
CREATE TABLE signing_keys (
  -- RFC 7638 thumbprint.
  kid text PRIMARY KEY,
  -- Ed25519, base64url (RFC 8037): x is public, d is the secret.
  x text NOT NULL,
  d text NOT NULL,
  create_time timestamptz NOT NULL DEFAULT now(),
  activate_time timestamptz NOT NULL DEFAULT now(),
  retire_time timestamptz,
  expire_time timestamptz,
  CONSTRAINT signing_keys_order CHECK (activate_time < retire_time AND retire_time <= expire_time),
  CONSTRAINT signing_keys_end CHECK ((retire_time IS NULL) = (expire_time IS NULL))
);
-- At most one key has no end, so instances that start at once on an empty database make one key, not several.
CREATE UNIQUE INDEX signing_keys_endless ON signing_keys ((retire_time IS NULL)) WHERE retire_time IS NULL;
