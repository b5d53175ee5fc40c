import type { Outcome, Provider, Statement } from '../provider.ts';
import { atOnce, type Pace } from './pace.ts';

interface Account {
  outcome: Outcome;
  readonly amountMinor: number;
  charges: number;
  refunds: number;
}

export interface MemoryProvider extends Provider {
  /** Every key that it was asked to charge or to cancel. */
  keys(): readonly string[];
  /** What its books say of a key. */
  statement(key: string): Statement & { readonly status: Outcome['status'] | 'absent' };
}

export interface MemoryProviderOptions {
  readonly pace?: Pace;
  /** Told of each request at the moment it takes effect, before it does. */
  readonly onRequest?: (request: 'charge' | 'lookup' | 'cancel' | 'refund', key: string) => void;
}

/** A provider that keeps every promise of `Provider`, however its requests and answers travel. `tok_declined` declines, all else pays. */
export function createMemoryProvider({ pace = atOnce, onRequest }: MemoryProviderOptions = {}): MemoryProvider {
  const accounts = new Map<string, Account>();

  async function served<T>(request: 'charge' | 'lookup' | 'cancel' | 'refund', key: string, take: () => T): Promise<T> {
    await pace('request', request);
    onRequest?.(request, key);
    const value = take();
    await pace('answer', request);
    return value;
  }

  function giveBack(account: Account): void {
    if (account.outcome.status !== 'charged') return;
    account.outcome = { status: 'refunded' };
    account.refunds += 1;
  }

  function statement(key: string) {
    const { outcome, charges, refunds, amountMinor } = accounts.get(key) ?? {
      outcome: { status: 'absent' as const },
      charges: 0,
      refunds: 0,
      amountMinor: 0,
    };
    return { key, status: outcome.status, charges, refunds, balanceMinor: (charges - refunds) * amountMinor };
  }

  return {
    keys: () => [...accounts.keys()],
    statement,
    charge: ({ key, amount, token }) =>
      served('charge', key, () => {
        const known = accounts.get(key);
        if (known !== undefined) return known.outcome;
        const outcome: Outcome =
          token === 'tok_declined' ? { status: 'declined', declineCode: 'card_declined' } : { status: 'charged' };
        const charges = outcome.status === 'charged' ? 1 : 0;
        accounts.set(key, { outcome, amountMinor: amount.amountMinor, charges, refunds: 0 });
        return outcome;
      }),
    lookup: (key) => served('lookup', key, () => accounts.get(key)?.outcome ?? { status: 'absent' }),
    cancel: (key) =>
      served('cancel', key, () => {
        const account = accounts.get(key) ?? {
          outcome: { status: 'cancelled' },
          amountMinor: 0,
          charges: 0,
          refunds: 0,
        };
        accounts.set(key, account);
        giveBack(account);
        return { status: account.outcome.status === 'refunded' ? 'refunded' : 'cancelled' };
      }),
    refund: (key) =>
      served('refund', key, () => {
        const account = accounts.get(key);
        if (account === undefined || account.charges === 0) throw new Error('nothing was charged');
        giveBack(account);
        return { status: 'refunded' };
      }),
    statements: (after = '', limit) =>
      Promise.resolve(
        [...accounts.keys()]
          .filter((key) => key > after)
          .toSorted()
          .slice(0, limit)
          .map((key) => statement(key)),
      ),
  };
}
