-- The sandbox provider's own books. It stands for a world that is not ours: nothing of the payment service's reads or writes here but through the
-- provider port, and never in a transaction of ours.
CREATE SCHEMA sandbox;

CREATE TABLE sandbox.accounts (
  key text COLLATE "C" PRIMARY KEY,
  status text NOT NULL CHECK (status IN ('charged', 'declined', 'cancelled', 'refunded')),
  decline_code text,
  amount_minor bigint NOT NULL,
  currency text NOT NULL,
  charges integer NOT NULL,
  refunds integer NOT NULL,
  create_time timestamptz NOT NULL DEFAULT now(),
  update_time timestamptz NOT NULL DEFAULT now(),
  CHECK ((status = 'declined') = (decline_code IS NOT NULL))
);
