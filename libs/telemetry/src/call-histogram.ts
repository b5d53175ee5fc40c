import type { Registry } from 'prom-client';

type Side = 'server' | 'client';

interface Series {
  readonly labels: { readonly rpc_service: string; readonly rpc_method: string; readonly code: string };
  /** How many calls took at most as long as each bucket says, and longer than the one before; the last is for the rest. */
  readonly counts: Float64Array;
  sum: number;
}

/**
 * The durations of calls on one side, as a Prometheus histogram. prom-client's own checks and hashes the labels at every observation, 1.5 µs a call;
 * here a call costs three look-ups and two additions, and the page is put together when it is read.
 */
export class CallHistogram {
  readonly name: string;
  readonly help: string;
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  readonly #buckets: readonly number[];
  readonly #series = new Map<string, Map<string, Map<string, Series>>>();

  constructor(side: Side, help: string, buckets: readonly number[]) {
    this.name = `rpc_${side}_duration_seconds`;
    this.help = help;
    this.#buckets = buckets;
  }

  observe(service: string, method: string, code: string, seconds: number): void {
    const series = this.#series.get(service)?.get(method)?.get(code) ?? this.#begin(service, method, code);
    const buckets = this.#buckets;
    let index = 0;
    while (index < buckets.length && seconds > (buckets[index] ?? Infinity)) index += 1;
    series.counts[index] = (series.counts[index] ?? 0) + 1;
    series.sum += seconds;
  }

  /** What prom-client asks of a metric of its registry. */
  get(): Promise<{ name: string; help: string; type: string; values: unknown[]; aggregator: string }> {
    const { name, help, type, aggregator } = this;
    const values = [...this.#series.values()].flatMap((methods) =>
      [...methods.values()].flatMap((codes) => [...codes.values()].flatMap((series) => this.#values(series))),
    );
    return Promise.resolve({ name, help, type, values, aggregator });
  }

  reset(): void {
    this.#series.clear();
  }

  register(registry: Registry): void {
    // prom-client's type of a metric is that of its own classes; what it calls is this.
    registry.registerMetric(this as unknown as Parameters<Registry['registerMetric']>[0]);
  }

  #begin(service: string, method: string, code: string): Series {
    const methods = this.#series.get(service) ?? new Map<string, Map<string, Series>>();
    this.#series.set(service, methods);
    const codes = methods.get(method) ?? new Map<string, Series>();
    methods.set(method, codes);
    const series: Series = {
      labels: { rpc_service: service, rpc_method: method, code },
      counts: new Float64Array(this.#buckets.length + 1),
      sum: 0,
    };
    codes.set(code, series);
    return series;
  }

  #values({ labels, counts, sum }: Series): unknown[] {
    const metricName = (suffix: string) => `${this.name}_${suffix}`;
    let total = 0;
    const buckets = [...this.#buckets, '+Inf'].map((le, index) => {
      total += counts[index] ?? 0;
      return { metricName: metricName('bucket'), labels: { le, ...labels }, value: total };
    });
    return [
      ...buckets,
      { metricName: metricName('sum'), labels, value: sum },
      { metricName: metricName('count'), labels, value: total },
    ];
  }
}
