import { AppError } from '@stampede/errors';
import type { CrashPoint } from '../crash-points.ts';
import type { Timers } from '../patience.ts';
import type { Payment } from '../payment.ts';
import { createPayments, type Payments } from '../payments.ts';
import { isHasty } from './is-hasty.ts';
import { createMemoryPaymentStore, type MemoryPaymentStore } from './memory-payment-store.ts';
import { createMemoryProvider, type MemoryProvider } from './memory-provider.ts';
import type { Pace } from './pace.ts';

/** One thing that a process is asked to do for the order. */
export interface Call {
  readonly ask: 'charge' | 'void' | 'refund' | 'settle';
  readonly token: string;
  readonly amountMinor: number;
  /** The process dies at the so many-th crash point that it comes by; never if undefined. */
  readonly diesAt: number | undefined;
}

/** How one call went: when it began and ended, counted in calls' beginnings and ends, and what it answered. */
export interface Event {
  readonly call: Call;
  begun: number;
  /** Infinity if nobody got an answer: the process died. */
  ended: number;
  /** The state answered, the reason of a refusal, or what was thrown. */
  answer: string | undefined;
  /** Where the row stood at the moment of the answer. */
  stood: string | undefined;
}

/** When things happen: everything that takes time passes through `turn`, which may also lose it. */
export interface Weather {
  readonly turn: (what: string) => Promise<void>;
  readonly pace: Pace;
}

export interface World {
  readonly store: MemoryPaymentStore;
  readonly provider: MemoryProvider;
  readonly events: readonly Event[];
  /** What the provider was asked before the row said so. */
  readonly hasty: readonly string[];
  readonly points: ReadonlySet<CrashPoint>;
  /** Runs a call in a process of its own; never resolves if that dies. */
  run(call: Call): Promise<Event>;
}

export const ORDER = '01990000-0000-7000-8000-000000000001';
export const USER = '01990000-0000-7000-8000-00000000000a';
/** Of the caller's milliseconds, what every look at the time costs: calls end, whatever the weather. */
const LOOK_COSTS_MS = 400;

/** One order, one database and one provider, and as many processes as there are calls. */
export function createWorld({ turn, pace }: Weather): World {
  const store = createMemoryPaymentStore(pace);
  const hasty: string[] = [];
  const provider = createMemoryProvider({
    pace,
    onRequest(request, key) {
      const state = store.rows.get(key)?.state;
      if (isHasty(request, state)) hasty.push(`${request} while ${state ?? 'unseen'}`);
    },
  });
  const events: Event[] = [];
  const points = new Set<CrashPoint>();
  let moments = 0;

  function paymentsOf({ diesAt }: Call): Payments {
    let passed = 0;
    return createPayments({
      store,
      provider,
      timers: timersOf(turn),
      timeoutMs: () => 1_000,
      onUnknown: () => undefined,
      crash(point) {
        points.add(point);
        return passed++ === diesAt ? Promise.withResolvers<never>().promise : undefined;
      },
    });
  }

  async function live(event: Event): Promise<Event> {
    await turn(`begin ${event.call.ask}`);
    event.begun = ++moments;
    let left = 8_000;
    const patience = { signal: new AbortController().signal, remainingMs: () => (left -= LOOK_COSTS_MS) };
    try {
      event.answer = await asked(paymentsOf(event.call), event.call, patience);
    } catch (error) {
      event.answer = reasonOf(error);
    }
    event.ended = ++moments;
    event.stood = store.rows.get(ORDER)?.state;
    return event;
  }

  async function asked(payments: Payments, call: Call, patience: Parameters<Payments['void']>[1]): Promise<string> {
    const raw = {
      orderId: ORDER,
      userId: USER,
      amount: { currency: 'EUR', amountMinor: call.amountMinor },
      token: call.token,
    };
    switch (call.ask) {
      case 'charge':
        return (await payments.charge(raw, patience)).state;
      case 'void':
        return (await payments.void(ORDER, patience)).state;
      case 'refund':
        return (await payments.refund(ORDER, patience)).state;
      case 'settle': {
        const payment: Payment | undefined = store.rows.get(ORDER);
        return (payment && (await payments.settle(payment, patience))?.state) ?? 'unsettled';
      }
    }
  }

  return {
    store,
    provider,
    events,
    hasty,
    points,
    run(call) {
      const event: Event = { call, begun: Infinity, ended: Infinity, answer: undefined, stood: undefined };
      events.push(event);
      return live(event);
    },
  };
}

function reasonOf(error: unknown): string {
  const known: AppError | undefined = error instanceof AppError ? error : undefined;
  return known?.reason ?? (error instanceof Error ? error.message : String(error));
}

function timersOf(turn: Weather['turn']): Timers {
  return {
    monotonic: () => 0,
    schedule(_ms, run) {
      let cancelled = false;
      void turn('a timer').then(() => {
        if (!cancelled) run();
      });
      return () => {
        cancelled = true;
      };
    },
  };
}
