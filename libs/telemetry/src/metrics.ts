import { Registry, collectDefaultMetrics } from 'prom-client';
import { CallHistogram } from './call-histogram.ts';

export type { Registry };

/** The metrics of one process, in a registry of their own. */
export interface Metrics {
  /** For counters, gauges and histograms of a room's own. */
  readonly registry: Registry;
  /** One finished call: rate, errors (by canonical code) and duration of a method, on the side that made or served it. */
  observeCall(side: 'server' | 'client', service: string, method: string, code: string, seconds: number): void;
  /** The page that Prometheus scrapes. */
  render(): Promise<{ readonly contentType: string; readonly body: string }>;
}

/** Seconds; from a lane's tenth of a millisecond to a call that ran into its deadline. */
const BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** @example const metrics = createMetrics({ service: 'order', instance }); metrics.observeCall('server', 'stampede.order.v1.OrderService', 'GetOrder', 'OK', 0.002); */
export function createMetrics({ service, instance }: { service: string; instance: string }): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ app: service, instance_id: instance });
  collectDefaultMetrics({ register: registry });
  const sides = {
    server: new CallHistogram('server', 'Calls served, by method and status code', BUCKETS),
    client: new CallHistogram('client', 'Calls made, by method and status code', BUCKETS),
  };
  sides.server.register(registry);
  sides.client.register(registry);
  return {
    registry,
    observeCall(side, rpcService, method, code, seconds) {
      sides[side].observe(rpcService, method, code, seconds);
    },
    async render() {
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}
