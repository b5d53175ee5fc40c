import { invalid } from '@stampede/errors';
import { visible, type Actor } from './change-order.ts';
import type { Order } from './order.ts';
import type { OrderReader, OrderRecord, Orders } from './ports.ts';

export interface ReadPorts {
  readonly orders: Pick<Orders, 'find'>;
  /** May be some moments behind. */
  readonly reader: OrderReader;
}

export interface Page {
  readonly orders: readonly Order[];
  /** The id after which the next page begins; undefined on the last one. */
  readonly next: string | undefined;
}

const DEFAULT_PAGE = 50;
const MAX_PAGE = 200;
const EXPORT_PAGE = 500;

/** An order that may be seen. A reader that is behind may not know it yet: then the truth is asked. */
export async function getOrder(id: string, actor: Actor, { orders, reader }: ReadPorts): Promise<Order> {
  return visible((await reader.find(id)) ?? (await orders.find(id)), id, actor);
}

/** One's own orders, an operator's all, newest first; `before` is `next` of the page before. */
export async function listOrders(
  { pageSize, before }: { readonly pageSize: number; readonly before: string | undefined },
  { userId, operator }: Actor,
  { reader }: Pick<ReadPorts, 'reader'>,
): Promise<Page> {
  if (pageSize < 0 || pageSize > MAX_PAGE) {
    throw invalid({ field: 'page_size', description: `must be 1 to ${MAX_PAGE}, or absent` });
  }
  const limit = pageSize === 0 ? DEFAULT_PAGE : pageSize;
  const orders = await reader.list({ userId: operator ? undefined : userId, before, limit: limit + 1 });
  return orders.length > limit
    ? { orders: orders.slice(0, limit), next: orders[limit - 1]?.id }
    : { orders, next: undefined };
}

/** Every order with its outcomes, by id, a page at a time. */
export async function* exportOrders({ reader }: Pick<ReadPorts, 'reader'>): AsyncGenerator<readonly OrderRecord[]> {
  for (let after: string | undefined; ;) {
    const records = await reader.records(after, EXPORT_PAGE);
    if (records.length > 0) yield records;
    after = records.at(-1)?.order.id;
    if (records.length < EXPORT_PAGE) return;
  }
}
