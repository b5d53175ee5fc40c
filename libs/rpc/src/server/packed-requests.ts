import http2, { type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { CODES } from '@stampede/errors';
import type { Clock } from '@stampede/lifecycle';
import type { MethodKind } from '../definition.ts';

export interface PackedRequestsOptions {
  /** Calls with a packed request at once. */
  readonly slots: number;
  readonly clock: Clock;
}

/** Ms for which grpc-js may go on unpacking for a call that is over. */
const AFTERMATH_MS = 1_000;

/**
 * Packed requests may be unpacked to a thousand times what came, all at once, and grpc-js unpacks on when the call is gone: so their number is
 * bounded, and a call that came to no good end keeps its place for a while. In a stream of requests one frame may hold many, so there they
 * are not taken at all. Answers why a call was refused; its stream has been answered then.
 */
export function packedRequests({ slots, clock }: PackedRequestsOptions) {
  let taken = 0;
  return (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, kind: MethodKind): string | undefined => {
    const encoding = headers['grpc-encoding'];
    if (encoding === undefined || encoding === 'identity') return undefined;
    if (kind === 'bidi' || kind === 'clientStream') {
      refusePacked(stream);
      return 'a packed stream of requests';
    }
    if (taken >= slots) {
      stream.on('error', () => undefined).close(http2.constants.NGHTTP2_REFUSED_STREAM);
      return 'too many packed requests';
    }
    taken += 1;
    stream.once('close', () => {
      const leave = () => void (taken -= 1);
      if (Number(stream.sentTrailers?.['grpc-status']) === CODES.OK) leave();
      else clock.schedule(AFTERMATH_MS, leave);
    });
    return undefined;
  };
}

/** @see https://github.com/grpc/grpc/blob/master/doc/compression.md */
function refusePacked(stream: ServerHttp2Stream): void {
  stream.on('error', () => undefined);
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc+proto',
      'grpc-status': CODES.UNIMPLEMENTED,
      'grpc-message': 'streams of requests must not be compressed',
      'grpc-accept-encoding': 'identity',
    },
    { endStream: true },
  );
}
