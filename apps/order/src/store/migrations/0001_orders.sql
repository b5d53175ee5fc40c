-- Orders. The lines are inside the row, so that an order is one row to write. No index names the status, so that a change of status is a HOT
-- update: half of each page is kept for the second version that every order gets within moments.
CREATE TABLE orders (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL,
  total_minor bigint NOT NULL CHECK (total_minor >= 0),
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  version integer NOT NULL CHECK (version >= 1),
  -- Whether it has ever been PAID.
  paid boolean NOT NULL,
  status text NOT NULL CHECK (
    status IN ('PENDING', 'PAID', 'SHIPPED', 'UNWINDING', 'REJECTED', 'PAYMENT_FAILED', 'CANCELLED', 'EXPIRED', 'REFUNDED')
  ),
  -- Why it is being undone, or was.
  reason text,
  reason_metadata jsonb,
  currency text NOT NULL,
  idempotency_key text NOT NULL,
  -- SHA-256 of what was asked for.
  request_hash bytea NOT NULL,
  -- [{sku, title, quantity, unitPriceMinor}]. No query looks inside, so that it is kept as it is written: jsonb would be taken apart for nothing.
  lines json NOT NULL,
  CONSTRAINT orders_idempotency_key UNIQUE (user_id, idempotency_key),
  CONSTRAINT orders_reason CHECK ((reason IS NULL) = (status IN ('PENDING', 'PAID', 'SHIPPED')))
) WITH (fillfactor = 50);

CREATE INDEX orders_by_user ON orders (user_id, id DESC);

-- What is left to do, and who does it: a narrow table of few rows, one for every order that is not at rest. It has no index besides its key:
-- to renew a lease is a HOT update, and whoever looks for work reads the little there is.
CREATE TABLE sagas (
  order_id uuid PRIMARY KEY,
  -- When a PENDING order is given up.
  expires_at timestamptz NOT NULL,
  leased_until timestamptz NOT NULL,
  leased_by text NOT NULL,
  -- Set when a PAID order is to be undone, so that the driver that sells its stock does not take the work for done.
  unwinding boolean NOT NULL,
  -- Kept no longer than it is needed.
  payment_token text NOT NULL
) WITH (
  fillfactor = 70,
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_insert_scale_factor = 0,
  autovacuum_vacuum_insert_threshold = 100000
);

-- What is to be told of orders: one event an outcome, written in the transaction of the change. Old days go as partitions. `transaction_id`
-- is for the relay: whatever is below the oldest running transaction is complete, so nothing that commits late is passed over.
CREATE TABLE outbox (
  order_id uuid NOT NULL,
  -- The order's version by this change.
  version integer NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  id uuid NOT NULL,
  transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
  status text NOT NULL,
  -- stampede.order.v1.OrderEvent
  payload bytea NOT NULL,
  PRIMARY KEY (order_id, version, created_at)
) PARTITION BY RANGE (created_at);

-- Makes the partitions of today and of `days_ahead` days (UTC) where they are missing. A partition is made first and attached then, which
-- holds up no writer. Whoever comes while another is at it leaves it to that one.
CREATE FUNCTION outbox_make_partitions(days_ahead integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  today date := (now() AT TIME ZONE 'UTC')::date;
  day date;
  partition text;
  made integer := 0;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('outbox_make_partitions')) THEN
    RETURN 0;
  END IF;
  FOR day IN SELECT today + n FROM generate_series(0, days_ahead) AS n LOOP
    partition := 'outbox_' || to_char(day, 'YYYYMMDD');
    IF to_regclass(partition) IS NULL THEN
      EXECUTE format('CREATE TABLE %I (LIKE outbox INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)', partition);
      EXECUTE format(
        'ALTER TABLE outbox ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        partition, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC'
      );
      made := made + 1;
    END IF;
  END LOOP;
  RETURN made;
END
$$;

SELECT outbox_make_partitions(7);
