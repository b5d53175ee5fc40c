import { createBatcher } from '@stampede/batching';

export interface TogetherOptions<Name extends string> {
  /** Calls in one message at most. */
  readonly maxSize: number;
  readonly ask: (what: string, effect: () => Promise<unknown>) => Promise<unknown>;
  readonly defer: (run: () => void) => void;
  /** Methods of which two calls for one order, their first parameter or its `id`, never go in one message. */
  readonly oneAnOrder: readonly Name[];
  /** Told of each message with several calls. */
  readonly several: () => void;
}

type Parameters = readonly unknown[];

/**
 * The methods `names` of a port, carried as the real stores carry them: calls that come while others are on their way go together in the next message,
 * which arrives, or is lost, as one. What it brings takes effect at one moment, and each call gets its own outcome.
 */
export function carriedTogether<Port extends object, Name extends keyof Port & string>(
  port: Port,
  names: readonly Name[],
  { maxSize, ask, defer, oneAnOrder, several }: TogetherOptions<Name>,
): Pick<Port, Name> {
  const methods = names.map((name) => {
    const method = port[name] as (...parameters: unknown[]) => Promise<unknown>;
    const batcher = createBatcher<Parameters, PromiseSettledResult<unknown>>({
      limits: () => ({ maxSize, lanes: 2 }),
      defer,
      async run(calls) {
        if (calls.length > 1) several();
        const effect = () => Promise.allSettled(calls.map((parameters) => method.apply(port, [...parameters])));
        return (await ask(name, effect)) as readonly PromiseSettledResult<unknown>[];
      },
      ...(oneAnOrder.includes(name) && { keyOf: orderOf }),
    });
    const call = async (...parameters: unknown[]) => {
      const signal = parameters.find((parameter) => parameter instanceof AbortSignal);
      const outcome = await batcher.add(parameters, signal);
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value;
    };
    return [name, call] as const;
  });
  // Each method got one of the same shape; the compiler cannot follow that through the entries.
  return Object.fromEntries(methods) as unknown as Pick<Port, Name>;
}

function orderOf([first]: Parameters): string {
  return typeof first === 'string' ? first : (first as { readonly id: string }).id;
}
