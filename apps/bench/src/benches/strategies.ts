import type { Bench } from '../bench.ts';
import { measureVariants } from '../shop/variants.ts';
import { createLoads } from '../strategies/loads.ts';
import { reportStrategies } from '../strategies/report-strategies.ts';
import { STRATEGIES } from '../strategies/strategies.ts';

export const strategies: Bench = {
  name: 'strategies',
  summary: 'what each strategy gives: the shop, and the shop without it',
  parts: STRATEGIES.map(({ name }) => name),
  defaults: { seconds: 15, rounds: 3 },
  async run(options) {
    const { parts } = options;
    const wanted = STRATEGIES.filter(({ name }) => parts?.includes(name) ?? true);
    const loads = createLoads();
    const loadOf = new Map(
      wanted.flatMap((each) => [each.with, each.without].map((variant) => [variant, loads[each.load]] as const)),
    );
    const measured = await measureVariants([...loadOf.keys()], options, (scene, variant) => {
      const measure = loadOf.get(variant);
      if (measure === undefined) throw new TypeError(`nobody comes to ${variant.name}`);
      return measure(scene);
    });
    return reportStrategies(wanted, measured);
  },
};
