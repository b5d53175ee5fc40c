import { isUniqueViolation, type Database, type Queryable } from '@stampede/postgres';
import { productExists, restockMismatch, stockLimitExceeded, unknownSku } from '../domain/inventory-error.ts';
import { MAX_AVAILABLE } from '../domain/limits.ts';
import type { Delivery, Products } from '../domain/ports.ts';
import type { Product } from '../domain/product.ts';
import { PRODUCT_COLUMNS, toProduct, type ProductRow } from './product-row.ts';

/** Products and deliveries in Postgres. */
export function createProductStore(database: Database): Products {
  return {
    async list(after, limit) {
      const rows = await database.query<ProductRow>(
        `SELECT ${PRODUCT_COLUMNS} FROM products WHERE sku > $1 ORDER BY sku LIMIT $2`,
        [after, limit],
        { name: 'products-list' },
      );
      return rows.map(toProduct);
    },

    async find(skus) {
      const rows = await database.query<ProductRow>(
        `SELECT ${PRODUCT_COLUMNS} FROM products WHERE sku = ANY ($1::text[]) ORDER BY sku`,
        [skus],
        { name: 'products-find' },
      );
      return rows.map(toProduct);
    },

    async create({ sku, title, unitPrice, available }) {
      try {
        return await database.transaction(async (tx) => {
          const [row] = await tx.query<ProductRow>(
            `INSERT INTO products (sku, title, currency, unit_price_minor, available) VALUES ($1, $2, $3, $4, $5)
             RETURNING ${PRODUCT_COLUMNS}`,
            [sku, title, unitPrice.currency, unitPrice.amountMinor, available],
          );
          await tx.query(`INSERT INTO stock_entries (sku, kind, quantity) VALUES ($1, 'INITIAL', $2)`, [
            sku,
            available,
          ]);
          return toProduct(row as ProductRow);
        });
      } catch (error) {
        throw isUniqueViolation(error, 'products_pkey') ? productExists(sku) : error;
      }
    },

    restock: (delivery) => database.transaction((tx) => restock(tx, delivery)),
  };
}

/** The product's row first: whoever waits for it waits for nothing else. */
async function restock(tx: Queryable, { sku, quantity, requestId }: Delivery): Promise<Product> {
  const [row] = await tx.query<ProductRow>(`SELECT ${PRODUCT_COLUMNS} FROM products WHERE sku = $1 FOR UPDATE`, [sku]);
  if (row === undefined) throw unknownSku(sku);
  const entered = await tx.query(
    `INSERT INTO stock_entries (sku, kind, quantity, request_id) VALUES ($1, 'RESTOCK', $2, $3)
     ON CONFLICT (request_id) DO NOTHING RETURNING id`,
    [sku, quantity, requestId],
  );
  if (entered.length === 0) {
    const [earlier] = await tx.query<{ sku: string; quantity: number }>(
      'SELECT sku, quantity FROM stock_entries WHERE request_id = $1',
      [requestId],
    );
    if (earlier?.sku !== sku || earlier.quantity !== quantity) throw restockMismatch(requestId);
    return toProduct(row);
  }
  if (row.available + quantity > MAX_AVAILABLE) throw stockLimitExceeded(sku, row.available, MAX_AVAILABLE);
  const [restocked] = await tx.query<ProductRow>(
    `UPDATE products SET available = available + $2 WHERE sku = $1 RETURNING ${PRODUCT_COLUMNS}`,
    [sku, quantity],
  );
  return toProduct(restocked as ProductRow);
}
