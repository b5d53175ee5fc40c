import type { OrderServiceDefinition } from '@stampede/contracts';
import type { ClientInterceptor } from '@stampede/rpc';

type Method = keyof OrderServiceDefinition['methods'];

/** The step of each method of the order service that changes an order; undefined for those that look. */
const STEP_OF = {
  createOrder: 'create-order',
  cancelOrder: 'cancel-order',
  shipOrder: 'ship-order',
  refundOrder: 'refund-order',
  getOrder: undefined,
  listOrders: undefined,
  watchOrder: undefined,
  exportOrders: undefined,
} as const satisfies Record<Method, string | undefined>;

/** The gateway commits nothing: what it does on an order's way is to ask for it. */
export const STEPS = Object.values(STEP_OF).filter((step) => step !== undefined);

export type Step = (typeof STEPS)[number];

/** A moment at which the process may die: right before or right after a call. */
export type CrashPoint = `gateway.${Step}.${'before' | 'after'}`;

export const CRASH_POINTS = STEPS.flatMap((step): CrashPoint[] => [`gateway.${step}.before`, `gateway.${step}.after`]);

/** Called when a point is reached; what it returns is awaited. */
export type Crash = (point: CrashPoint) => void | Promise<void>;

/** For the channel to the order service: a point before and after each call that changes an order. Without a hook there is no interceptor. */
export function crashPoints(crash: Crash): ClientInterceptor {
  return (next) => (request, context) => {
    const step = stepOf(context.method);
    if (step === undefined) return next(request, context);
    return (async () => {
      await crash(`gateway.${step}.before`);
      const response = await next(request, context);
      await crash(`gateway.${step}.after`);
      return response;
    })();
  };
}

/** By the name on the wire: `CreateOrder`. */
function stepOf(method: string): Step | undefined {
  const name = method.charAt(0).toLowerCase() + method.slice(1);
  return name in STEP_OF ? STEP_OF[name as Method] : undefined;
}
