import { EventEmitter } from 'node:events';
import type { Host } from '@stampede/lifecycle';

/**
 * What a backing service listens to: its supervisor alone, who says `{ stop: true }` over IPC, or is gone. Signals are left unheard, since
 * whoever ends a whole tree of processes at once (Nx, a terminal) would take the ground from under those that still finish their work.
 */
export function supervisedHost(): Host & Pick<EventEmitter, 'emit'> {
  const host = Object.assign(new EventEmitter(), { exit: (code: number) => process.exit(code) });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => undefined);
  process.on('message', (message: { stop?: true }) => {
    if (message.stop === true) host.emit('SIGTERM');
  });
  process.on('disconnect', () => host.emit('disconnect'));
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    process.on(event, (error: unknown) => host.emit(event, error));
  }
  return host;
}
