import type { Problem } from '../problem/problem.ts';

/** How the messages of a server stream stand in an HTTP body. */
export interface StreamFormat {
  readonly contentType: string;
  message(json: string): string;
  /** Sent while nothing happens, so that proxies and clients see that the stream lives. */
  readonly heartbeat: string;
  /** The last frame of a stream that failed. */
  failure(problem: Problem): string;
  /** The last frame of a stream whose service had no more to say. */
  readonly end: string;
}

/**
 * Server-sent events. A message is an event without a name; `error` carries a problem; `end` tells a client that would otherwise connect again
 * (EventSource does so by itself) that there is no more.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export const serverSentEvents: StreamFormat = {
  contentType: 'text/event-stream; charset=utf-8',
  message: (json) => `data: ${json}\n\n`,
  heartbeat: ': still here\n\n',
  failure: (problem) => `event: error\ndata: ${JSON.stringify(problem)}\n\n`,
  end: 'event: end\ndata: {}\n\n',
};

/** Newline-delimited JSON: a message a line; a stream that failed ends with a line `{"error": problem}`. An empty line is a heartbeat. */
export const newlineDelimitedJson: StreamFormat = {
  contentType: 'application/x-ndjson; charset=utf-8',
  message: (json) => `${json}\n`,
  heartbeat: '\n',
  failure: (problem) => `${JSON.stringify({ error: problem })}\n`,
  end: '',
};

/** Server-sent events, unless the client asks for JSON lines and not for events. */
export function streamFormatFor(accept: string | undefined): StreamFormat {
  const types = (accept ?? '').split(',').map((part) => part.split(';', 1)[0]?.trim().toLowerCase());
  if (types.includes('text/event-stream')) return serverSentEvents;
  return types.some(
    (type) => type === 'application/x-ndjson' || type === 'application/ndjson' || type === 'application/json',
  )
    ? newlineDelimitedJson
    : serverSentEvents;
}
