import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { decide, type Answer, type Locked, type Request } from './decide.ts';
import type { Product } from './product.ts';
import type { Line, Reservation } from './reservation.ts';

const EUR = (amountMinor: number) => ({ currency: 'EUR', amountMinor });
const NOW = new Date('2026-01-01T00:00:00Z');
const LATER = new Date('2026-01-01T00:00:05Z');

const product = (sku: string, available: number): Product => ({ sku, title: sku, unitPrice: EUR(100), available });
const line = (sku: string, quantity = 1, price = 100): Line => ({ sku, quantity, expectedUnitPrice: EUR(price) });
const reserve = (orderId: string, ...lines: Line[]): Request => ({ kind: 'reserve', orderId, lines });
const commit = (orderId: string): Request => ({ kind: 'commit', orderId });
const release = (orderId: string): Request => ({ kind: 'release', orderId });

/** The tables, as rows that decisions are written back to. */
function tables(...products: Product[]) {
  const rows = new Map(products.map((each) => [each.sku, each]));
  const verdicts = new Map<string, Reservation>();
  return {
    rows,
    verdicts,
    left: (sku: string) => rows.get(sku)?.available,
    run: (requests: readonly Request[], now = NOW): readonly Answer[] => {
      const locked: Locked = { products: new Map(rows), verdicts: new Map(verdicts), now };
      const { answers, changed, deltas } = decide(locked, requests);
      for (const [id, verdict] of changed) verdicts.set(id, verdict);
      for (const [sku, units] of deltas) {
        const row = rows.get(sku)!;
        rows.set(sku, { ...row, available: row.available + units });
      }
      return answers;
    },
  };
}

const said = (answer: Answer | undefined) =>
  answer?.ok === true ? answer.reservation.state : (answer?.error.reason as string | undefined);

describe('reserve', () => {
  test('takes the units of all lines, those of the same SKU added up', () => {
    const { run, left } = tables(product('a', 5), product('b', 5));
    expect(run([reserve('1', line('a', 2), line('b'), line('a', 3))]).map(said)).toEqual(['HELD']);
    expect([left('a'), left('b')]).toEqual([0, 4]);
  });

  test('refuses the whole order where the lines of one SKU together are too many, and says how many are left', () => {
    const { run, left } = tables(product('a', 4), product('b', 5));
    const [answer] = run([reserve('1', line('b'), line('a', 2), line('a', 3))]);
    expect(answer).toMatchObject({
      ok: false,
      error: { code: 'FAILED_PRECONDITION', reason: 'OUT_OF_STOCK', metadata: { sku: 'a', available: '4' } },
    });
    expect([left('a'), left('b')]).toEqual([4, 5]);
  });

  test('refuses another price, in amount or in currency, and says which it is today', () => {
    const { run } = tables(product('a', 4));
    const dollars = { ...line('a'), expectedUnitPrice: { currency: 'USD', amountMinor: 100 } };
    for (const answer of run([reserve('1', line('a', 1, 99)), reserve('2', dollars)])) {
      expect(answer).toMatchObject({
        error: {
          code: 'FAILED_PRECONDITION',
          reason: 'PRICE_CHANGED',
          metadata: { sku: 'a', currency: 'EUR', amount_minor: '100' },
        },
      });
    }
  });

  test('an unknown SKU weighs more than a wrong price, a wrong price more than too few units', () => {
    const { run } = tables(product('a', 0), product('b', 1));
    const few = line('a');
    const dear = line('b', 1, 99);
    expect(run([reserve('1', few, dear, line('x')), reserve('2', few, dear)]).map(said)).toEqual([
      'UNKNOWN_SKU',
      'PRICE_CHANGED',
    ]);
  });

  test('answers the same again, whatever became of stock and price since, refusals included', () => {
    const { run, rows, left } = tables(product('a', 1));
    const requests = [
      reserve('1', line('a')),
      reserve('2', line('a')),
      reserve('3', line('a', 1, 7)),
      reserve('4', line('x')),
    ];
    const first = run(requests);
    rows.set('a', { ...product('a', 100), unitPrice: EUR(7) });
    rows.set('x', product('x', 100));
    const again = run(requests, LATER);
    expect(again).toEqual(first);
    expect(first.map(said)).toEqual(['HELD', 'OUT_OF_STOCK', 'PRICE_CHANGED', 'UNKNOWN_SKU']);
    expect(left('a')).toBe(100);
  });

  test.each([
    ['another quantity', line('a', 2)],
    ['another SKU', line('b')],
    ['another price', line('a', 1, 7)],
  ])('with %s it is another request: RESERVATION_MISMATCH, held or refused', (_, other) => {
    const { run } = tables(product('a', 1), product('b', 9));
    run([reserve('held', line('a')), reserve('refused', line('a'))]);
    expect(run([reserve('held', other), reserve('refused', other)]).map(said)).toEqual([
      'RESERVATION_MISMATCH',
      'RESERVATION_MISMATCH',
    ]);
  });

  test('what was released, ever reserved or not, cannot be reserved any more', () => {
    const { run, left } = tables(product('a', 1));
    run([reserve('1', line('a')), release('1'), release('2')]);
    expect(run([reserve('1', line('a')), reserve('2', line('a'))]).map(said)).toEqual([
      'RESERVATION_RELEASED',
      'RESERVATION_RELEASED',
    ]);
    expect(left('a')).toBe(1);
  });
});

describe('commit', () => {
  test('turns held into sold, once or often, and moves no units', () => {
    const { run, left, verdicts } = tables(product('a', 1));
    run([reserve('1', line('a'))]);
    expect(run([commit('1'), commit('1')], LATER).map(said)).toEqual(['COMMITTED', 'COMMITTED']);
    expect(left('a')).toBe(0);
    expect(verdicts.get('1')).toMatchObject({ createdAt: NOW, updatedAt: LATER });
  });

  test('what was refused, never reserved, or released cannot be committed, and an order never seen leaves no row', () => {
    const { run, verdicts } = tables(product('a', 0));
    run([reserve('1', line('a')), release('2')]);
    expect(run([commit('1'), commit('3'), commit('2')]).map(said)).toEqual([
      'RESERVATION_NOT_HELD',
      'RESERVATION_NOT_HELD',
      'RESERVATION_RELEASED',
    ]);
    expect(verdicts.has('3')).toBe(false);
  });
});

describe('release', () => {
  test.each([[[]], [[commit('1')]]])('returns the units, held or sold, once', (before) => {
    const { run, left } = tables(product('a', 5));
    run([reserve('1', line('a', 2), line('a', 3)), ...before]);
    expect(run([release('1'), release('1')]).map(said)).toEqual(['RELEASED', 'RELEASED']);
    expect(left('a')).toBe(5);
  });

  test('of a refused order changes nothing; of one never seen leaves a tombstone', () => {
    const { run, verdicts } = tables(product('a', 0));
    run([reserve('1', line('a'))]);
    expect(run([release('1'), release('2')]).map(said)).toEqual(['REFUSED', 'RELEASED']);
    expect(run([reserve('1', line('a'))]).map(said)).toEqual(['OUT_OF_STOCK']);
    expect(verdicts.get('2')).toMatchObject({ lines: [] });
  });
});

describe('against a plain model', () => {
  const skus = ['a', 'b', 'c'];
  const orders = ['1', '2', '3', '4', '5'];
  const anyLine = fc.record({
    sku: fc.constantFrom(...skus, 'unknown'),
    quantity: fc.integer({ min: 1, max: 4 }),
    price: fc.constantFrom(100, 100, 100, 100, 99),
  });
  const anyLines = fc
    .array(anyLine, { minLength: 1, maxLength: 3 })
    .map((lines) => lines.map(({ sku, quantity, price }) => line(sku, quantity, price)));
  const anyRequest: fc.Arbitrary<Request> = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('reserve' as const),
        orderId: fc.constantFrom(...orders),
        lines: anyLines,
      }),
    },
    fc.record({ kind: fc.constantFrom('commit' as const, 'release' as const), orderId: fc.constantFrom(...orders) }),
  );
  const anyStock = fc.tuple(...skus.map(() => fc.integer({ min: 0, max: 6 })));
  const anyHistory = fc.array(fc.array(anyRequest, { maxLength: 6 }), { maxLength: 8 });

  /** Every unit is an object that lies on the shelf or in an order's bag; every order remembers what it was told. */
  function shop(stock: readonly number[]) {
    const shelf = skus.flatMap((sku, index) => Array.from({ length: stock[index]! }, () => ({ sku })));
    const bags = new Map<string, { sku: string }[]>();
    const told = new Map<string, { asked: string; state: string }>();
    const refuse = (lines: readonly Line[]): string | undefined => {
      if (lines.some(({ sku }) => !skus.includes(sku))) return 'UNKNOWN_SKU';
      if (lines.some(({ expectedUnitPrice }) => expectedUnitPrice.amountMinor !== 100)) return 'PRICE_CHANGED';
      const wanted = lines.flatMap(({ sku, quantity }) => Array.from({ length: quantity }, () => sku));
      const pick = [...shelf];
      for (const sku of wanted) {
        const at = pick.findIndex((unit) => unit.sku === sku);
        if (at < 0) return 'OUT_OF_STOCK';
        pick.splice(at, 1);
      }
      return undefined;
    };
    return {
      shelf,
      bags,
      ask(request: Request): string {
        const { orderId } = request;
        const known = told.get(orderId);
        if (request.kind === 'commit') {
          if (known?.state === 'RELEASED') return 'RESERVATION_RELEASED';
          if (known?.state !== 'HELD' && known?.state !== 'COMMITTED') return 'RESERVATION_NOT_HELD';
          known.state = 'COMMITTED';
          return 'COMMITTED';
        }
        if (request.kind === 'release') {
          if (known !== undefined && !['HELD', 'COMMITTED', 'RELEASED'].includes(known.state)) return 'REFUSED';
          shelf.push(...(bags.get(orderId) ?? []));
          bags.delete(orderId);
          told.set(orderId, { asked: known?.asked ?? '', state: 'RELEASED' });
          return 'RELEASED';
        }
        const asked = JSON.stringify(request.lines);
        if (known?.state === 'RELEASED') return 'RESERVATION_RELEASED';
        if (known !== undefined) return known.asked === asked ? known.state : 'RESERVATION_MISMATCH';
        const state = refuse(request.lines) ?? 'HELD';
        told.set(orderId, { asked, state });
        if (state === 'HELD') {
          const bag = request.lines.flatMap(({ sku, quantity }) =>
            Array.from(
              { length: quantity },
              () =>
                shelf.splice(
                  shelf.findIndex((unit) => unit.sku === sku),
                  1,
                )[0]!,
            ),
          );
          bags.set(orderId, bag);
        }
        return state;
      },
    };
  }

  property.prop([anyStock, anyHistory], { numRuns: 2_000 })(
    'every answer and every unit is where the model has it, however the requests fall into batches',
    (stock, history) => {
      const model = shop(stock);
      const { run, left, verdicts } = tables(...skus.map((sku, index) => product(sku, stock[index]!)));
      for (const batch of history) {
        expect(run(batch).map(said)).toEqual(batch.map((request) => model.ask(request)));
        for (const [index, sku] of skus.entries()) {
          expect(left(sku)).toBe(model.shelf.filter((unit) => unit.sku === sku).length);
          const out = [...verdicts.values()].filter(({ state }) => state === 'HELD' || state === 'COMMITTED');
          const units = out.flatMap(({ lines }) => lines).filter((each) => each.sku === sku);
          expect(left(sku)! + units.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(stock[index]);
        }
      }
    },
  );
});
