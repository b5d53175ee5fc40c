import { once } from 'node:events';
import net from 'node:net';
import { fc } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { rawClient } from '../raw-client.ts';
import { connect, request, startEcho } from '../setup.ts';
import {
  callFields,
  FLAGS,
  frame,
  frameClient,
  framed,
  headerBlock,
  setting,
  TYPES,
  uint32,
  type Field,
  type FrameClient,
} from './frames.ts';

const ADD = '/stampede.test.v1.EchoService/Add';
const open = (fields: readonly Field[] = callFields(ADD), flags: number = FLAGS.endHeaders, id = 1) =>
  frame(TYPES.headers, flags, id, headerBlock(fields));
const without = (name: string) => callFields(ADD).filter(([key]) => key !== name);
const body = framed(Buffer.alloc(0));

async function alive(address: string): Promise<void> {
  expect(await rawClient(address).unary('Echo', request({ text: 'alive' }))).toMatchObject({ code: 0 });
}

test.each<[string, ...Buffer[]]>([
  ['a window update of nothing', frame(TYPES.windowUpdate, 0, 0, uint32(0))],
  [
    'a window beyond all windows',
    frame(TYPES.windowUpdate, 0, 0, uint32(2 ** 31 - 1)),
    frame(TYPES.windowUpdate, 0, 0, uint32(2 ** 31 - 1)),
  ],
  ['an initial window beyond all windows', frame(TYPES.settings, 0, 0, setting(4, 2 ** 31))],
  ['settings of a stream', frame(TYPES.settings, 0, 1)],
  ['settings of an odd length', frame(TYPES.settings, 0, 0, Buffer.alloc(5))],
  ['an acknowledgement with settings', frame(TYPES.settings, FLAGS.ack, 0, setting(4, 1))],
  ['a ping that is too short', frame(TYPES.ping, 0, 0, Buffer.alloc(7))],
  ['data before any call', frame(TYPES.data, 0, 1, body)],
  ['data of no stream', frame(TYPES.data, 0, 0, body)],
  ['a reset of a call that never was', frame(TYPES.rstStream, 0, 9, uint32(8))],
  ['a call with an even id', open(undefined, FLAGS.endHeaders, 2)],
  ['continued headers of nothing', frame(TYPES.continuation, FLAGS.endHeaders, 1, headerBlock([['x', 'y']]))],
  [
    'another frame within headers',
    frame(TYPES.headers, 0, 1, headerBlock(callFields(ADD))),
    frame(TYPES.ping, 0, 0, Buffer.alloc(8)),
  ],
  ['headers that are no HPACK', frame(TYPES.headers, FLAGS.endHeaders, 1, Buffer.alloc(20, 0xff))],
  ['an index beyond the table', frame(TYPES.headers, FLAGS.endHeaders, 1, Buffer.of(0xfe))],
  ['more padding than there is', frame(TYPES.headers, FLAGS.endHeaders | FLAGS.padded, 1, Buffer.of(200, 0, 0))],
  ['a frame beyond the size that was agreed', frame(TYPES.data, 0, 1, Buffer.alloc(20_000))],
  ['a promise of the client', frame(5, FLAGS.endHeaders, 1, Buffer.concat([uint32(2), headerBlock(callFields(ADD))]))],
])('%s ends the connection and nothing else', async (_what, ...frames) => {
  const { instance } = await startEcho();
  const client = await frameClient(instance.address);
  await client.send(...frames);
  await client.whenClosed();
  await alive(instance.address);
});

/** How the call ended: reset, or the status of HTTP. */
async function endOf(client: FrameClient): Promise<string> {
  const end = await client.until(
    ({ type, stream }) => stream === 1 && (type === TYPES.rstStream || type === TYPES.headers),
  );
  if (end === undefined) return 'closed';
  return end.type === TYPES.rstStream ? 'reset' : 'answered';
}

test.each<[string, string, ...Buffer[]]>([
  ['no method', 'reset', open(without(':method'))],
  ['no path', 'reset', open(without(':path'))],
  ['no scheme', 'reset', open(without(':scheme'))],
  [
    'a pseudo-header twice',
    'reset',
    open([...callFields(ADD).slice(0, 1), [':method', 'POST'], ...callFields(ADD).slice(1)]),
  ],
  ['a pseudo-header after others', 'reset', open([...callFields(ADD), [':x', 'y']])],
  ['a header of HTTP/1', 'reset', open(callFields(ADD, [['connection', 'close']]))],
  ['a name in capitals', 'reset', open(callFields(ADD, [['X-Loud', 'y']]))],
  [
    'a line feed in a value',
    'answered',
    open(callFields(ADD, [['x', 'a\r\nb: c']])),
    frame(TYPES.data, FLAGS.endStream, 1, body),
  ],
  [
    'a zero byte in a value',
    'answered',
    open(callFields(ADD, [['x', '\0']])),
    frame(TYPES.data, FLAGS.endStream, 1, body),
  ],
  [
    'too many headers',
    'reset',
    open(
      callFields(
        ADD,
        Array.from({ length: 200 }, (_, n): Field => [`x-${n}`, 'y']),
      ),
    ),
  ],
  ['too long a header', 'reset', open(callFields(ADD, [['x', 'y'.repeat(16_100)]]))],
  ['no content type', 'answered', open(without('content-type'), FLAGS.endHeaders | FLAGS.endStream)],
  [
    'another method',
    'answered',
    open([[':method', 'GET'], ...callFields(ADD).slice(1)], FLAGS.endHeaders | FLAGS.endStream),
  ],
  ['a path of high bytes', 'answered', open(callFields('/\xe9\xff/\xf0'), FLAGS.endHeaders | FLAGS.endStream)],
  ['a path without a slash', 'reset', open(callFields('nope'), FLAGS.endHeaders | FLAGS.endStream)],
  [
    'a content length that lies',
    'closed',
    open(callFields(ADD, [['content-length', '3']])),
    frame(TYPES.data, FLAGS.endStream, 1, body),
  ],
  ['data after its end', 'closed', open(), frame(TYPES.data, FLAGS.endStream, 1, body), frame(TYPES.data, 0, 1, body)],
  [
    'binary metadata that is no base64',
    'answered',
    open(callFields(ADD, [['x-bin', '!!!,=,\t']])),
    frame(TYPES.data, FLAGS.endStream, 1, body),
  ],
  [
    'a claim of a user that is noise',
    'answered',
    open(callFields(ADD, [['stampede-user', '%%%']])),
    frame(TYPES.data, FLAGS.endStream, 1, body),
  ],
])('a call with %s is %s', async (_what, how, ...frames) => {
  const { instance } = await startEcho();
  const client = await frameClient(instance.address);
  await client.send(...frames);
  expect(await endOf(client)).toBe(how);
  await alive(instance.address);
});

test.each(['99999999H', '2592000S', '90000000S', '1n'])('a timeout of %s is what it says', async (timeout) => {
  const { instance } = await startEcho();
  const answer = rawClient(instance.address).unary('Echo', request(), { headers: { 'grpc-timeout': timeout } });
  expect((await answer).code).toBe(timeout === '1n' ? 4 : 0);
});

test.each([
  ['TLS', Buffer.from('160301020001000' + '1fc0303'.padEnd(200, 'a'), 'hex')],
  ['HTTP/1', Buffer.from('GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n')],
  [
    'an upgrade to h2c',
    Buffer.from(
      'GET / HTTP/1.1\r\nhost: x\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n\r\n',
    ),
  ],
  ['a preface that goes wrong', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r')],
  ['zero bytes', Buffer.alloc(10_000)],
])('%s on the port is hung up on', async (_what, bytes) => {
  const { instance } = await startEcho();
  const [host = '', port] = instance.address.split(':');
  const socket = net.connect(Number(port), host);
  socket.on('error', () => undefined).resume();
  socket.write(bytes);
  await once(socket, 'close');
  await alive(instance.address);
});

const anyFrame = fc
  .record({
    type: fc.oneof(fc.constantFrom(...Object.values(TYPES)), fc.integer({ min: 0, max: 255 })),
    flags: fc.integer({ min: 0, max: 255 }),
    stream: fc.oneof(fc.constantFrom(0, 1, 3, 5), fc.integer({ min: 0, max: 2 ** 31 - 1 })),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.constant(headerBlock(callFields(ADD))),
      fc.constant(body),
      fc.uint8Array({ maxLength: 32 }).map((bytes) => framed(bytes)),
    ),
  })
  .map(({ type, flags, stream, payload }) => frame(type, flags, stream, payload));

test('whatever frames come in whatever order, the server lives and serves others', async () => {
  const { instance } = await startEcho();
  const { client: others } = connect([instance]);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(anyFrame, fc.uint8Array({ maxLength: 40 })), { maxLength: 30 }),
      async (frames) => {
        const client = await frameClient(instance.address);
        await client.send(...frames);
        client.socket.end();
        expect((await others.echo(request({ text: 'alive' }))).text).toBe('alive');
        client.socket.destroy();
      },
    ),
    { numRuns: Number(process.env['STAMPEDE_HOSTILE_RUNS'] ?? 100) },
  );
});

test('a gateway whose clients leave by the thousand keeps its connection', async () => {
  const { instance } = await startEcho();
  const client = await frameClient(instance.address);
  for (let n = 0; n < 3_000; n += 1) {
    const id = 2 * n + 1;
    await client.send(open(undefined, FLAGS.endHeaders, id), frame(TYPES.rstStream, 0, id, uint32(8)));
    if (n % 500 !== 499) continue;
    // As its own clients do, it has no more than so many calls under way.
    const mark = Buffer.alloc(8, n % 251);
    await client.send(frame(TYPES.ping, 0, 0, mark));
    await client.until(
      ({ type, flags, payload }) => type === TYPES.ping && flags === FLAGS.ack && payload.equals(mark),
    );
  }
  await client.send(open(undefined, FLAGS.endHeaders, 6_001), frame(TYPES.data, FLAGS.endStream, 6_001, body));
  expect(await client.until(({ type, stream }) => type === TYPES.data && stream === 6_001)).toBeDefined();
});
