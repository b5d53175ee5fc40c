import type { Databases } from './shop/databases.ts';

/** What is worth telling of a history, by what is left of it: so that it can be seen what all of them together have tried. */
export function reachedBy({ orders, inventory, payments, provider }: Databases): readonly string[] {
  return [
    ...[...orders.histories.values()].flatMap((history) => history.map((status) => `order ${status}`)),
    ...[...orders.orders.values()].flatMap((order) =>
      'refusal' in order ? [`order undone: ${order.refusal.reason}`] : [],
    ),
    ...[...inventory.verdicts.values()].map(
      ({ state, lines }) => `stock ${state === 'RELEASED' && lines.length === 0 ? 'tombstone' : state}`,
    ),
    ...[...payments.rows.values()].map(
      ({ state, intent }) => `money ${state === 'VOIDED' && intent === undefined ? 'tombstone' : state}`,
    ),
    ...provider.keys().map((key) => `provider ${provider.statement(key).status}`),
  ];
}
