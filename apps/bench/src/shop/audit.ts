/** Which promises were broken, and how often. */
export interface Audit {
  /** Products of which more went out than came in. */
  readonly oversold: number;
  readonly doubleCharged: number;
  /** Orders that were acknowledged as paid and are not there, paid. */
  readonly lost: number;
  /** What else does not hold, in words. */
  readonly other: readonly string[];
}

/** Why a shop's figures are worth nothing; undefined where every promise was kept. */
export function brokenPromise(shop: string, { oversold, doubleCharged, lost, other }: Audit): string | undefined {
  const broken = [
    ...(oversold > 0 ? [`${oversold} products oversold`] : []),
    ...(doubleCharged > 0 ? [`${doubleCharged} orders charged twice`] : []),
    ...(lost > 0 ? [`${lost} acknowledged orders lost`] : []),
    ...other,
  ];
  return broken.length === 0 ? undefined : `${shop}: ${broken.join('; ')}`;
}

/** The three counts that every report has. */
export function auditFigures({ oversold, doubleCharged, lost }: Audit) {
  return { oversold, doubleCharged, lost };
}

/** How many of the acknowledged keys no paid order has. */
export function countLost(acknowledged: ReadonlySet<string>, paid: readonly { readonly key: string }[]): number {
  const found = new Set(paid.map(({ key }) => key));
  return [...acknowledged].filter((key) => !found.has(key)).length;
}
