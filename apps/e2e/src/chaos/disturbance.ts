export type Wire = 'database' | 'etcd' | 'callers';

/** What is done to the shop. Milliseconds throughout: `downMs` until it is started again, `forMs` until it is given back. */
export type Disturbance =
  | { readonly kind: 'kill' | 'stop'; readonly program: string; readonly downMs: number }
  | { readonly kind: 'restart'; readonly program: string; readonly downMs: 0 }
  | { readonly kind: 'freeze'; readonly program: string; readonly forMs: number }
  | { readonly kind: 'cut' | 'freeze-link'; readonly program: string; readonly wire: Wire; readonly forMs: number }
  | {
      readonly kind: 'delay';
      readonly program: string;
      readonly wire: Wire;
      readonly byMs: number;
      readonly forMs: number;
    }
  | { readonly kind: 'kill-postgres' | 'kill-etcd' }
  /** Of all backends the one at this fraction of the list. */
  | { readonly kind: 'kill-backend'; readonly which: number }
  | { readonly kind: 'freeze-postgres' | 'freeze-etcd'; readonly forMs: number }
  | { readonly kind: 'kill-supervisor' | 'kill-everything'; readonly downMs: number }
  | { readonly kind: 'configure'; readonly key: string; readonly value: number; readonly forMs: number };

export type Kind = Disturbance['kind'];

/** A disturbance at its time, in milliseconds since the beginning. */
export type ChaosEvent = Disturbance & { readonly at: number };

/** How long it lasts; what only kills is over at once. */
export function durationOf(disturbance: Disturbance): number {
  if ('forMs' in disturbance) return disturbance.forMs;
  return 'downMs' in disturbance ? disturbance.downMs : 0;
}

/** In a few words: `freeze order-1 for 3.2 s`. */
export function describe(disturbance: Disturbance): string {
  switch (disturbance.kind) {
    case 'kill':
    case 'stop':
      return `${disturbance.kind} ${disturbance.program}, start it ${seconds(disturbance.downMs)} later`;
    case 'restart':
      return `restart ${disturbance.program}`;
    case 'freeze':
      return `freeze ${disturbance.program} for ${seconds(disturbance.forMs)}`;
    case 'cut':
      return `cut ${wire(disturbance)} for ${seconds(disturbance.forMs)}`;
    case 'freeze-link':
      return `freeze ${wire(disturbance)} for ${seconds(disturbance.forMs)}`;
    case 'delay':
      return `delay ${wire(disturbance)} by ${disturbance.byMs} ms for ${seconds(disturbance.forMs)}`;
    case 'kill-postgres':
      return 'kill Postgres, all of it';
    case 'kill-backend':
      return 'kill one of the backends of Postgres';
    case 'kill-etcd':
      return 'kill etcd';
    case 'freeze-postgres':
      return `freeze Postgres for ${seconds(disturbance.forMs)}`;
    case 'freeze-etcd':
      return `freeze etcd for ${seconds(disturbance.forMs)}`;
    case 'kill-supervisor':
      return `kill the supervisor, start it ${seconds(disturbance.downMs)} later`;
    case 'kill-everything':
      return `kill everything at once, start the supervisor ${seconds(disturbance.downMs)} later`;
    case 'configure':
      return `set ${disturbance.key} to ${disturbance.value} for ${seconds(disturbance.forMs)}`;
  }
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

const WIRES: Record<Wire, string> = {
  database: 'from its database',
  etcd: 'from etcd',
  callers: 'from its callers',
};

function wire({ program, wire }: { readonly program: string; readonly wire: Wire }): string {
  return `${program} ${WIRES[wire]}`;
}
