import type { EventEmitter } from 'node:events';
import { systemClock, type Clock } from './clock.ts';

/** A part of a process with a life of its own. `stop` is called only after `start` succeeded (or where there is no `start`). */
export interface Component {
  readonly name: string;
  /** `signal` aborts when the process is asked to stop before all has started. */
  start?(signal: AbortSignal): Promise<void>;
  stop?(): Promise<void>;
}

/** What the lifecycle says; a pino logger fits. */
export interface LifecycleLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
  fatal(fields: object, message: string): void;
}

/** What of the process the lifecycle listens to and ends; `process` fits. */
export interface Host extends Pick<EventEmitter, 'on' | 'off'> {
  exit(code: number): void;
}

export interface LifecycleOptions {
  readonly log: LifecycleLog;
  /** Milliseconds that stopping may take in all before the process exits with code 1; `STOP_TIMEOUT_MS` if absent. */
  readonly stopTimeoutMs?: number;
  readonly host?: Host;
  readonly clock?: Clock;
}

export interface Lifecycle {
  /** Adds a component; components start in the order they were added and stop in the reverse one. */
  add(component: Component): Lifecycle;
  /** Starts all; if one fails, those already started are stopped and the failure is thrown. */
  start(): Promise<void>;
  /** Waits for a start under way, then stops what was started, last first. A failure is logged and does not keep the others from stopping. */
  stop(): Promise<void>;
  /**
   * The whole life of a process: starts all, waits for SIGTERM, SIGINT, SIGHUP or the end of the parent (its IPC channel closing),
   * stops all and exits with 0. A second signal more than a second later, a failed start, or an error nobody caught exits with 1.
   *
   * @example await createLifecycle({ log }).add(database).add(server).run();
   */
  run(): Promise<void>;
}

/** What a process may take to stop, in ms, unless it says otherwise. Whoever ends it (an orchestrator) has to wait longer. */
export const STOP_TIMEOUT_MS = 30_000;

/** A signal sent to a group and passed on by a parent arrives twice: within this time it is one wish, not impatience. */
const REPEAT_MS = 1_000;

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP', 'disconnect'] as const;

export function createLifecycle({
  log,
  stopTimeoutMs = STOP_TIMEOUT_MS,
  host = process,
  clock = systemClock,
}: LifecycleOptions): Lifecycle {
  const components: Component[] = [];
  const started: Component[] = [];
  const asked = new AbortController();
  const toStop = () => asked.signal.aborted;
  let starting: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;

  async function startAll(): Promise<void> {
    for (const component of components) {
      if (toStop()) return;
      try {
        await component.start?.(asked.signal);
        started.push(component);
      } catch (error) {
        if (toStop()) return;
        log.fatal({ err: error, component: component.name }, 'failed to start');
        await stopAll();
        throw error;
      }
    }
  }

  async function stopAll(): Promise<void> {
    for (let component = started.pop(); component !== undefined; component = started.pop()) {
      try {
        await component.stop?.();
      } catch (error) {
        log.error({ err: error, component: component.name }, 'failed to stop');
      }
    }
  }

  const lifecycle: Lifecycle = {
    add(component) {
      components.push(component);
      return lifecycle;
    },
    start() {
      starting ??= startAll();
      return starting;
    },
    stop() {
      asked.abort();
      stopping ??= (starting ?? Promise.resolve()).then(stopAll, () => undefined);
      return stopping;
    },
    async run() {
      const ended = Promise.withResolvers<number>();
      let signalledAt: number | undefined;
      const onSignal = (reason: string) => {
        if (signalledAt !== undefined) {
          if (reason !== 'disconnect' && clock.monotonic() - signalledAt > REPEAT_MS) host.exit(1);
          return;
        }
        signalledAt = clock.monotonic();
        log.info({ reason }, 'stopping');
        setTimeout(() => {
          log.fatal({ stopTimeoutMs }, 'not stopped in time');
          host.exit(1);
        }, stopTimeoutMs).unref();
        void lifecycle.stop().then(() => ended.resolve(0));
      };
      const listeners = signals.map((name) => [name, () => onSignal(name)] as const);
      const onUncaught = (error: unknown) => {
        log.fatal({ err: error }, 'an error that nobody caught');
        void lifecycle.stop().then(() => ended.resolve(1));
        setTimeout(() => host.exit(1), stopTimeoutMs).unref();
      };
      for (const [name, listener] of listeners) host.on(name, listener);
      host.on('uncaughtException', onUncaught);
      host.on('unhandledRejection', onUncaught);
      try {
        await lifecycle.start();
        host.exit(await ended.promise);
      } catch {
        host.exit(1);
      } finally {
        for (const [name, listener] of listeners) host.off(name, listener);
        host.off('uncaughtException', onUncaught);
        host.off('unhandledRejection', onUncaught);
      }
    },
  };
  return lifecycle;
}
