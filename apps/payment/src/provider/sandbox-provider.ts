import { createBatcher, type BatcherLimits } from '@stampede/batching';
import { createOptimistic, int8Array, isUniqueViolation, textArray, type Database } from '@stampede/postgres';
import type { Absent, ChargeOrder, Outcome, Provider, Statement } from '../domain/provider.ts';

export interface SandboxOptions {
  /** A connection of its own: its commits are not ours. */
  readonly db: Database;
  readonly clock: { sleep(ms: number, signal?: AbortSignal): Promise<void> };
  /** Milliseconds that `tok_timeout` answers late; read at each charge. */
  readonly lateMs: () => number;
  readonly limits?: (() => BatcherLimits) | undefined;
}

const ABSENT: Absent = { status: 'absent' };

/** What came of one charge; `fresh`: by this very request. */
interface Booking {
  readonly fresh: boolean;
  readonly outcome: Outcome | Absent;
}

interface Row {
  readonly key: string;
  readonly status: Outcome['status'];
  readonly decline_code: string | null;
}

interface Answer {
  readonly left_out: readonly string[];
}

const BOOK = `
  INSERT INTO sandbox.accounts (key, status, decline_code, amount_minor, currency, charges, refunds)
  SELECT key, CASE WHEN decline_code IS NULL THEN 'charged' ELSE 'declined' END, decline_code, amount_minor, currency,
    CASE WHEN decline_code IS NULL THEN 1 ELSE 0 END, 0
  FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) AS c (key, decline_code, amount_minor, currency)`;

/** Where no key has an outcome. */
const CHARGE = `WITH booked AS (${BOOK})
SELECT '{}'::text[] AS left_out`;

/** Where some may: leaves out, and answers, those. */
const CHARGE_NEW = `WITH booked AS (${BOOK}
  ON CONFLICT (key) DO NOTHING
  RETURNING key
)
SELECT ARRAY(SELECT key FROM unnest($1::text[]) AS c (key) WHERE key NOT IN (SELECT key FROM booked)) AS left_out`;

const LOOKUP = `SELECT key, status, decline_code FROM sandbox.accounts WHERE key = ANY ($1::text[])`;

/** A key that nobody has charged is closed; one that was charged gives its money back; others stay as they are. */
const CANCEL = `
INSERT INTO sandbox.accounts AS a (key, status, amount_minor, currency, charges, refunds)
VALUES ($1, 'cancelled', 0, '', 0, 0)
ON CONFLICT (key) DO UPDATE SET
  status = CASE a.status WHEN 'charged' THEN 'refunded' ELSE a.status END,
  refunds = a.refunds + CASE a.status WHEN 'charged' THEN 1 ELSE 0 END,
  update_time = now()
RETURNING status`;

const REFUND = `
UPDATE sandbox.accounts SET status = 'refunded', refunds = refunds + CASE status WHEN 'charged' THEN 1 ELSE 0 END, update_time = now()
WHERE key = $1 AND status IN ('charged', 'refunded')
RETURNING status`;

const STATEMENTS = `
SELECT key, charges, refunds, (charges - refunds) * amount_minor AS balance_minor
FROM sandbox.accounts WHERE key > $1 ORDER BY key LIMIT $2`;

/**
 * A payment provider to try things with: durable books of its own, idempotent by key, and card tokens that behave as they are named. It
 * keeps every promise of `Provider`.
 */
export function createSandboxProvider({ db, clock, lateMs, limits }: SandboxOptions): Provider {
  const optimistic = createOptimistic({ failed: (error) => isUniqueViolation(error, 'accounts_pkey') });
  const charging = createBatcher<ChargeOrder, Booking>({
    limits,
    run: (orders) => book(orders),
    keyOf: ({ key }) => key,
  });

  /** One outcome an order: its own, or the one that its key has already. */
  async function book(orders: readonly ChargeOrder[]): Promise<readonly Booking[]> {
    const sorted = orders.toSorted((a, b) => (a.key < b.key ? -1 : 1)); // whoever shares keys locks them in the same order
    const values = [
      textArray(sorted.map(({ key }) => key)),
      textArray(sorted.map(({ token }) => declineCodeOf(token))),
      int8Array(sorted.map(({ amount }) => amount.amountMinor)),
      textArray(sorted.map(({ amount }) => amount.currency)),
    ];
    const [answer] = await optimistic(
      () => db.query<Answer>(CHARGE, values, { name: 'sandbox-charge' }),
      () => db.query<Answer>(CHARGE_NEW, values, { name: 'sandbox-charge-new' }),
    );
    if (answer === undefined) throw new Error('a SELECT without FROM has one row');
    const leftOut = new Set(answer.left_out);
    const known = await lookup(answer.left_out);
    return orders.map(({ key, token }) =>
      leftOut.has(key)
        ? { fresh: false, outcome: known.get(key) ?? ABSENT }
        : { fresh: true, outcome: outcomeOfToken(token) },
    );
  }

  async function lookup(keys: readonly string[]): Promise<ReadonlyMap<string, Outcome>> {
    if (keys.length === 0) return new Map();
    const rows = await db.query<Row>(LOOKUP, [keys], { name: 'sandbox-lookup' });
    return new Map(rows.map((row) => [row.key, outcomeOf(row)]));
  }

  return {
    async charge(order, signal) {
      const { amount, token } = order;
      if (!(amount.amountMinor > 0)) throw new Error('the sandbox charges positive amounts only');
      const { fresh, outcome } = await charging.add(order);
      if (outcome.status === 'absent') throw new Error('the sandbox lost a key');
      if (fresh && token === 'tok_timeout') await clock.sleep(lateMs(), signal);
      if (fresh && token === 'tok_unknown') throw new Error('the sandbox hung up before it answered');
      return outcome;
    },
    lookup: async (key) => (await lookup([key])).get(key) ?? ABSENT,
    async cancel(key) {
      const [row] = await db.query<Row>(CANCEL, [key], { name: 'sandbox-cancel' });
      return { status: row?.status === 'refunded' ? 'refunded' : 'cancelled' };
    },
    async refund(key) {
      const [row] = await db.query<Row>(REFUND, [key], { name: 'sandbox-refund' });
      if (row === undefined) throw new Error('the sandbox has not charged this key');
      return { status: 'refunded' };
    },
    async statements(after = '', limit) {
      const rows = await db.query<Omit<Statement, 'balanceMinor'> & { readonly balance_minor: number }>(STATEMENTS, [
        after,
        limit,
      ]);
      return rows.map(({ balance_minor, ...row }) => ({ ...row, balanceMinor: balance_minor }));
    },
  };
}

/** Why a token does not pay; undefined if it does. */
function declineCodeOf(token: string): string | undefined {
  switch (token) {
    case 'tok_visa':
    case 'tok_timeout':
    case 'tok_unknown':
      return undefined;
    case 'tok_declined':
      return 'card_declined';
    default:
      return 'invalid_token';
  }
}

function outcomeOfToken(token: string): Outcome {
  const declineCode = declineCodeOf(token);
  return declineCode === undefined ? { status: 'charged' } : { status: 'declined', declineCode };
}

function outcomeOf({ status, decline_code }: Omit<Row, 'key'>): Outcome {
  return status === 'declined' ? { status, declineCode: decline_code ?? '' } : { status };
}
