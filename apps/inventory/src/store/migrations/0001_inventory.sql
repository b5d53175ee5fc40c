-- Products, and how many units of each can be bought now. Rows are updated all the time and no index names what changes: with room in
-- their page, updates stay heap-only (https://www.postgresql.org/docs/18/storage-hot.html).
CREATE TABLE products (
  sku              text COLLATE "C" PRIMARY KEY,
  title            text        NOT NULL,
  currency         text        NOT NULL,
  unit_price_minor bigint      NOT NULL CHECK (unit_price_minor >= 0),
  available        bigint      NOT NULL CONSTRAINT products_never_oversold CHECK (available >= 0),
  created_at       timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- The ledger of what came in: one row for the first stock of a product, one for each delivery. Never updated.
CREATE TABLE stock_entries (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sku        text COLLATE "C" NOT NULL REFERENCES products,
  kind       text        NOT NULL CHECK (kind IN ('INITIAL', 'RESTOCK')),
  quantity   bigint      NOT NULL CHECK (quantity >= 0),
  request_id text        CONSTRAINT stock_entries_once UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((kind = 'RESTOCK') = (request_id IS NOT NULL))
);
CREATE UNIQUE INDEX stock_entries_one_beginning ON stock_entries (sku) WHERE kind = 'INITIAL';

CREATE TYPE reservation_state AS ENUM ('HELD', 'COMMITTED', 'RELEASED', 'REFUSED');

-- The ledger of what went out: one verdict an order, refusals and tombstones (RELEASED without lines) included. What is held and what is
-- sold are sums over these rows. Each is updated once, soon after it was written, together with its neighbours: half of a page is their room.
CREATE TABLE reservations (
  order_id   uuid PRIMARY KEY,
  state      reservation_state NOT NULL,
  -- [{"sku", "quantity", "currency", "amountMinor"}], as asked for
  lines      jsonb       NOT NULL,
  -- {"reason", "sku", ...} of a REFUSED one
  refusal    jsonb,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  CHECK ((state = 'REFUSED') = (refusal IS NOT NULL))
) WITH (fillfactor = 50);
