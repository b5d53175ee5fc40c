import type { Payment } from './payment.ts';
import type { BookedPayment, PaymentBooks } from './payment-store.ts';
import type { Provider, Statement } from './provider.ts';

/** What is known under one key: here, at the provider, or on both sides. */
export interface AuditRecord {
  readonly orderId: string;
  /** Undefined for a key that only the provider knows. */
  readonly payment: Payment | undefined;
  readonly transfersSumMinor: number;
  readonly providerCharges: number;
  readonly providerRefunds: number;
  readonly providerBalanceMinor: number;
}

const PAGE = 500;

/** Everything in our books and in the provider's, joined by key, in key order, in pages. */
export async function* exportPayments(
  books: PaymentBooks,
  provider: Pick<Provider, 'statements'>,
  pageSize = PAGE,
): AsyncGenerator<readonly AuditRecord[]> {
  const ours = lookingAhead(
    (after) => books.page(after, pageSize),
    ({ payment }) => payment.orderId,
    pageSize,
  );
  const theirs = lookingAhead(
    (after) => provider.statements(after, pageSize),
    ({ key }) => key,
    pageSize,
  );
  let records: AuditRecord[] = [];
  for (;;) {
    const booked = await ours.peek();
    const stated = await theirs.peek();
    if (booked === undefined && stated === undefined) break;
    const order = compared(booked?.payment.orderId, stated?.key);
    records.push(joined(order <= 0 ? ours.take() : undefined, order >= 0 ? theirs.take() : undefined));
    if (records.length < pageSize) continue;
    yield records;
    records = [];
  }
  if (records.length > 0) yield records;
}

/** Negative if `a` comes first; what is missing comes last. Keys are ASCII, and Postgres sorts UUIDs as their text in lower case. */
function compared(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  return a < b ? -1 : 1;
}

function joined(booked: BookedPayment | undefined, stated: Statement | undefined): AuditRecord {
  return {
    orderId: booked?.payment.orderId ?? stated?.key ?? '',
    payment: booked?.payment,
    transfersSumMinor: booked?.transfersSumMinor ?? 0,
    providerCharges: stated?.charges ?? 0,
    providerRefunds: stated?.refunds ?? 0,
    providerBalanceMinor: stated?.balanceMinor ?? 0,
  };
}

interface LookingAhead<T> {
  /** The next one, fetching its page if needed; undefined at the end. */
  peek(): Promise<T | undefined>;
  /** Takes what was peeked at. */
  take(): T | undefined;
}

function lookingAhead<T>(
  fetch: (after: string | undefined) => Promise<readonly T[]>,
  keyOf: (item: T) => string,
  pageSize: number,
): LookingAhead<T> {
  let page: readonly T[] = [];
  let index = 0;
  let last = false;
  return {
    async peek() {
      if (index >= page.length && !last) {
        const end = page.at(-1);
        page = await fetch(end && keyOf(end));
        last = page.length < pageSize;
        index = 0;
      }
      return page[index];
    },
    take: () => page[index++],
  };
}
