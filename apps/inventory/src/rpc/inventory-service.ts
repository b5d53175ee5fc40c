import type { InventoryServiceDefinition } from '@stampede/contracts';
import type { Handlers } from '@stampede/rpc';
import { createProduct } from '../domain/create-product.ts';
import { findProducts, getProduct } from '../domain/find-products.ts';
import { listProducts } from '../domain/list-products.ts';
import type { Books, Products, Reservations } from '../domain/ports.ts';
import { commitReservation, commitReservations, releaseReservation, reserveStock } from '../domain/reserve-stock.ts';
import { restockProduct } from '../domain/restock-product.ts';
import { requireCaller, requireOperator } from './access.ts';
import { toProductMessage, toReservationMessage } from './messages.ts';
import { contractReasons } from './reasons.ts';

export interface InventoryPorts {
  readonly products: Products;
  readonly reservations: Reservations;
  readonly books: Books;
  /** For restocks that come without a request id. */
  readonly newId: () => string;
}

/** The one service that takes units and gives them back. */
const ORDER = 'order';
/** The one that reads the ledgers. */
const AUDIT = 'audit';
/** Rows of one message of an export; the longest order has some 12 KB, a message at most 4 MB. */
const EXPORT_PAGE = 250;

/** stampede.inventory.v1.InventoryService over the domain. */
export function inventoryService({
  products,
  reservations,
  books,
  newId,
}: InventoryPorts): Handlers<InventoryServiceDefinition> {
  return {
    async listProducts(request) {
      const page = await listProducts(products, request);
      return { ...page, products: page.products.map(toProductMessage) };
    },

    getProduct: async ({ sku }) => ({ product: toProductMessage(await getProduct(products, sku)) }),

    batchGetProducts: async ({ skus }) => ({ products: (await findProducts(products, skus)).map(toProductMessage) }),

    async createProduct(request, context) {
      requireOperator(context);
      return { product: toProductMessage(await createProduct(products, request)) };
    },

    async restockProduct(request, context) {
      requireOperator(context);
      return { product: toProductMessage(await restockProduct(products, request, newId)) };
    },

    async reserveStock(request, context) {
      requireCaller(context, ORDER);
      return { reservation: toReservationMessage(await reserveStock(reservations, request, context.signal)) };
    },

    async commitReservation({ orderId }, context) {
      requireCaller(context, ORDER);
      return { reservation: toReservationMessage(await commitReservation(reservations, orderId, context.signal)) };
    },

    async batchCommitReservations({ orderIds }, context) {
      requireCaller(context, ORDER);
      const failures = await commitReservations(reservations, orderIds, context.signal);
      return { failures: [...failures].map(([orderId, { reason }]) => ({ orderId, reason: contractReasons[reason] })) };
    },

    async releaseReservation({ orderId }, context) {
      requireCaller(context, ORDER);
      return { reservation: toReservationMessage(await releaseReservation(reservations, orderId, context.signal)) };
    },

    async *exportStock(_request, context) {
      requireCaller(context, AUDIT);
      const balances = await books.balances();
      for (let at = 0; at < balances.length; at += EXPORT_PAGE) {
        context.signal.throwIfAborted();
        yield { balances: balances.slice(at, at + EXPORT_PAGE) };
      }
    },

    async *exportReservations(_request, context) {
      requireCaller(context, AUDIT);
      for (let after: string | undefined; ;) {
        context.signal.throwIfAborted();
        const page = await books.reservations(after, EXPORT_PAGE);
        if (page.length > 0) yield { reservations: page.map(toReservationMessage) };
        if (page.length < EXPORT_PAGE) return;
        after = page.at(-1)?.orderId;
      }
    },
  };
}
