import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { AppError } from '@stampede/errors';
import type { User } from '@stampede/rpc';

/** Tickets for streams: EventSource of browsers sends no `Authorization`. */
export interface TicketOptions {
  /** Known to every instance that serves the routes, and to nobody else; 32 random bytes or their like. */
  readonly secret: string | Uint8Array;
  /** Milliseconds for which a stream can be opened with a ticket; 30,000 if absent. */
  readonly ttlMs?: number;
  /** Epoch milliseconds by a clock that all instances agree on; this process's own if absent. */
  readonly now?: () => number | Promise<number>;
  /** Where they are made; `/v1/stream-tickets` if absent. */
  readonly path?: string;
  /** The query parameter that carries one; `ticket` if absent. */
  readonly parameter?: string;
}

export interface Tickets {
  readonly path: string;
  readonly parameter: string;
  readonly ttlMs: number;
  /** A ticket with which `user` can open the stream at `target`, a path with its query. */
  issue(target: string, user: User): Promise<string>;
  /** The ticket in a query, and the query without it; undefined where there is none. */
  find(query: string): { readonly ticket: string; readonly query: string } | undefined;
  /** Whose ticket for `target` it is; throws UNAUTHENTICATED where it is none or too old. */
  redeem(ticket: string, target: string): Promise<User>;
}

interface Claims extends User {
  /** Epoch milliseconds. */
  readonly until: number;
}

const SHAPE = /^([\w-]+)\.([\w-]{43})$/;

/**
 * A ticket is its claims and their HMAC together with the target, so that it opens this one stream and says nothing of it. No instance keeps
 * anything: what one has issued all of them take. It stands in a URL, where logs may keep it, which is why it lives for seconds and does nothing else.
 */
export function createTickets(options: TicketOptions): Tickets {
  const { secret, ttlMs = 30_000, now = Date.now, path = '/v1/stream-tickets', parameter = 'ticket' } = options;
  // A key of its own, so that nothing else that is signed with the secret passes for a ticket.
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'stream ticket', 32));
  const macOf = (claims: string, target: string) => createHmac('sha256', key).update(`${claims}.${target}`).digest();

  return {
    path,
    parameter,
    ttlMs,

    async issue(target, { id, roles }) {
      const claims = encode({ id, roles, until: (await now()) + ttlMs });
      return `${claims}.${macOf(claims, target).toString('base64url')}`;
    },

    find(query) {
      const parts = query.split('&');
      const at = parts.findIndex((part) => part.startsWith(`${parameter}=`));
      const ticket = parts[at]?.slice(parameter.length + 1);
      return ticket === undefined ? undefined : { ticket, query: parts.toSpliced(at, 1).join('&') };
    },

    async redeem(ticket, target) {
      const [, claims = '', mac = ''] = SHAPE.exec(ticket) ?? [];
      if (!timingSafeEqual(Buffer.from(mac.padEnd(43, 'A'), 'base64url'), macOf(claims, target))) throw refused();
      const { id, roles, until } = decode(claims);
      if (until <= (await now())) throw refused('TICKET_EXPIRED', 'the ticket has expired: get another');
      return { id, roles };
    },
  };
}

function encode(claims: Claims): string {
  return Buffer.from(JSON.stringify(claims)).toString('base64url');
}

/** Only of claims that were signed here. */
function decode(claims: string): Claims {
  return JSON.parse(Buffer.from(claims, 'base64url').toString()) as Claims;
}

function refused(reason = 'INVALID_TICKET', message = 'the ticket is not one for this stream'): AppError {
  return new AppError('UNAUTHENTICATED', reason, message);
}
