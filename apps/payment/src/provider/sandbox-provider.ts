import type { Database } from '@stampede/postgres';
import { type Absent, type Outcome, type Provider, type Statement } from '../domain/provider.ts';

export interface SandboxOptions {
  /** A connection of its own: its commits are not ours. */
  readonly db: Database;
  readonly clock: { sleep(ms: number, signal?: AbortSignal): Promise<void> };
  /** Milliseconds that `tok_timeout` answers late; read at each charge. */
  readonly lateMs: () => number;
}

interface Row {
  readonly status: Outcome['status'];
  readonly decline_code: string | null;
}

const CHARGE = `
INSERT INTO sandbox.accounts (key, status, decline_code, amount_minor, currency, charges, refunds)
VALUES ($1, $2, $3, $4, $5, $6, 0)
ON CONFLICT (key) DO NOTHING
RETURNING status`;

const LOOKUP = `SELECT status, decline_code FROM sandbox.accounts WHERE key = $1`;

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
export function createSandboxProvider({ db, clock, lateMs }: SandboxOptions): Provider {
  async function lookup(key: string): Promise<Outcome | Absent> {
    const [row] = await db.query<Row>(LOOKUP, [key], { name: 'sandbox-lookup' });
    return row === undefined ? { status: 'absent' } : outcomeOf(row);
  }

  return {
    async charge({ key, amount, token }, signal) {
      if (!(amount.amountMinor > 0)) throw new Error('the sandbox charges positive amounts only');
      const declineCode = declineCodeOf(token);
      const [booked] = await db.query(
        CHARGE,
        [
          key,
          declineCode === undefined ? 'charged' : 'declined',
          declineCode,
          amount.amountMinor,
          amount.currency,
          declineCode === undefined ? 1 : 0,
        ],
        { name: 'sandbox-charge' },
      );
      if (booked === undefined) {
        const known = await lookup(key);
        if (known.status === 'absent') throw new Error('the sandbox lost a key');
        return known;
      }
      if (token === 'tok_timeout') await clock.sleep(lateMs(), signal);
      if (token === 'tok_unknown') throw new Error('the sandbox hung up before it answered');
      return declineCode === undefined ? { status: 'charged' } : { status: 'declined', declineCode };
    },
    lookup,
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

function outcomeOf({ status, decline_code }: Row): Outcome {
  return status === 'declined' ? { status, declineCode: decline_code ?? '' } : { status };
}
