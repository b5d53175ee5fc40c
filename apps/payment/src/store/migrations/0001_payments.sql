-- One row an order, its verdict, refusals and tombstones included. It is also the charge's transfer: debit the customer's account, credit
-- the shop's (view transfers). A paid order writes it twice, intent and verdict. The second write is a heap-only update (HOT): no b-tree names what
-- it changes, BRIN does not hinder it (PostgreSQL 16 and newer), and the fillfactor leaves every row of a page room for its second version on that
-- page, as a batch of verdicts needs it: with 70 only six in ten of a batch of 256 were HOT.
CREATE TABLE payments (
  order_id uuid PRIMARY KEY,
  user_id uuid,
  amount_minor bigint,
  create_time timestamptz NOT NULL DEFAULT now(),
  update_time timestamptz NOT NULL DEFAULT now(),
  state text NOT NULL,
  currency text,
  decline_code text,
  token_hash bytea,
  CONSTRAINT payments_state CHECK (state IN ('INTENDED', 'CHARGED', 'DECLINED', 'VOIDING', 'VOIDED', 'REFUNDING', 'REFUNDED')),
  CONSTRAINT payments_intent CHECK (
    num_nulls(user_id, amount_minor, currency, token_hash) = 0
    OR (state = 'VOIDED' AND num_nulls(user_id, amount_minor, currency, token_hash) = 4)
  ),
  CONSTRAINT payments_amount CHECK (amount_minor > 0),
  CONSTRAINT payments_declined CHECK ((state = 'DECLINED') = (decline_code IS NOT NULL))
) WITH (fillfactor = 50);

-- For the sweep, which reads the rows of a span of time. A summary of page ranges: next to nothing to write.
CREATE INDEX payments_by_time ON payments USING brin (create_time) WITH (pages_per_range = 32, autosummarize = on);

-- The reverse transfer of a charge that was given back, whole.
CREATE TABLE refunds (
  order_id uuid PRIMARY KEY REFERENCES payments (order_id),
  user_id uuid NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor > 0),
  currency text NOT NULL,
  create_time timestamptz NOT NULL DEFAULT now()
);

-- What was left, or may be left, in the middle of something. Void and refund write themselves down here; intents come here by the sweep, when
-- they have stood for too long, so that a paid order costs nothing here.
CREATE TABLE unsettled (
  order_id uuid PRIMARY KEY,
  due_time timestamptz NOT NULL,
  attempts integer NOT NULL DEFAULT 0
);

-- One row: intents begun before this time have been looked at.
CREATE TABLE sweep (
  swept_until timestamptz NOT NULL
);
INSERT INTO sweep VALUES ('-infinity');

-- The ledger: every transfer, with the account it takes from and the one it gives to.
CREATE VIEW transfers AS
  SELECT order_id, 'charge' AS kind, 'customer:' || user_id AS debit_account, 'shop' AS credit_account, amount_minor, currency
  FROM payments WHERE state IN ('CHARGED', 'REFUNDING', 'REFUNDED')
  UNION ALL
  SELECT order_id, 'refund', 'shop', 'customer:' || user_id, amount_minor, currency FROM refunds;

-- The same as an accountant reads it, one line an account.
CREATE VIEW entries AS
  SELECT order_id, debit_account AS account, -amount_minor AS amount_minor, currency FROM transfers
  UNION ALL
  SELECT order_id, credit_account, amount_minor, currency FROM transfers;
