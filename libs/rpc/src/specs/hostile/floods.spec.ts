import { besiege, type Siege } from '@stampede/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  callFields,
  FLAGS,
  frame,
  frameClient,
  framed,
  headerBlock,
  prefixed,
  setting,
  TYPES,
  uint32,
  type FrameClient,
} from './frames.ts';
import { startVictim, type Victim } from './victim.ts';

/** Milliseconds of each flood: a few here, more where STAMPEDE_HOSTILE_MS says so. */
const FLOOD_MS = Number(process.env['STAMPEDE_HOSTILE_MS'] ?? 600);
/** What one flood may cost the process, in mebibytes, and the longest that a well-behaved client may wait for its answer, in ms on a busy machine. */
const BOUND_MB = 256;
const WAIT_MS = 20_000;

const ADD = '/stampede.test.v1.EchoService/Add';
const CALL = headerBlock(callFields(ADD));
/** Frames that are written at once. */
const BATCH = 500;

let victim: Victim;
beforeAll(async () => {
  victim = await startVictim({ maxConcurrentStreams: 500, resetBurst: 2_000, resetsPerSecond: 100 });
});
afterAll(() => victim.end());

async function siege<T>({ pid, address, probe }: Victim, attack: (address: string) => Promise<T>): Promise<Siege<T>> {
  return besiege({ pid, probe, attack: () => attack(address) });
}

/** Sends batch after batch until it is hung up on or time is up. */
async function flood(client: FrameClient, batch: (round: number) => Uint8Array): Promise<FrameClient> {
  const until = performance.now() + FLOOD_MS;
  for (let round = 0; !client.closed && performance.now() < until; round += 1) await client.send(batch(round));
  return client;
}

const times = (count: number, each: (n: number) => Uint8Array) =>
  Buffer.concat(Array.from({ length: count }, (_, n) => each(n)));
/** Ids of the streams that a client opens: odd ones, each once. */
const idOf = (round: number, n: number) => 2 * (round * BATCH + n) + 1;

type Flood = (address: string) => Promise<FrameClient>;

const ENDED: readonly (readonly [what: string, flood: Flood])[] = [
  [
    'calls that are reset at once (CVE-2023-44487)',
    async (address) =>
      flood(await frameClient(address), (round) =>
        times(BATCH, (n) =>
          Buffer.concat([
            frame(TYPES.headers, FLAGS.endHeaders, idOf(round, n), CALL),
            frame(TYPES.rstStream, 0, idOf(round, n), uint32(8)),
          ]),
        ),
      ),
  ],
  [
    'headers that never end (CVE-2024-27316)',
    async (address) => {
      const client = await frameClient(address);
      await client.send(frame(TYPES.headers, FLAGS.none, 1, CALL));
      return flood(client, () =>
        times(50, (n) => frame(TYPES.continuation, FLAGS.none, 1, headerBlock([[`x-${n}`, 'y'.repeat(1_000)]]))),
      );
    },
  ],
  [
    'pings',
    async (address) =>
      flood(await frameClient(address, { polite: false }), () =>
        times(BATCH, () => frame(TYPES.ping, 0, 0, Buffer.alloc(8))),
      ),
  ],
  [
    'settings',
    async (address) =>
      flood(await frameClient(address), () => times(BATCH, () => frame(TYPES.settings, 0, 0, setting(4, 65_535)))),
  ],
  [
    'priorities of streams that are not',
    async (address) =>
      flood(await frameClient(address), () =>
        times(BATCH, (n) => frame(TYPES.priority, 0, 2 * n + 1, Buffer.of(0, 0, 0, 0, 1))),
      ),
  ],
  [
    'empty data',
    async (address) => {
      const client = await frameClient(address);
      await client.send(frame(TYPES.headers, FLAGS.endHeaders, 1, CALL));
      return flood(client, () => times(BATCH, () => frame(TYPES.data, FLAGS.none, 1)));
    },
  ],
  [
    'calls beyond those allowed at once',
    async (address) =>
      flood(await frameClient(address), (round) =>
        times(BATCH, (n) => frame(TYPES.headers, FLAGS.endHeaders, idOf(round, n), CALL)),
      ),
  ],
];

test.each(ENDED)('a flood of %s ends with its connection, and others are served meanwhile', async (_what, attack) => {
  const { outcome, failures, worstMs, grownMb } = await siege(victim, attack);
  expect(outcome.closed).toBe(true);
  expect(failures).toEqual([]);
  expect(worstMs).toBeLessThan(WAIT_MS);
  expect(grownMb).toBeLessThan(BOUND_MB);
});

const ENDURED: readonly (readonly [what: string, flood: Flood])[] = [
  [
    'window updates',
    async (address) =>
      flood(await frameClient(address), () => times(BATCH, () => frame(TYPES.windowUpdate, 0, 0, uint32(1)))),
  ],
  [
    'frames of no known type',
    async (address) => flood(await frameClient(address), () => times(BATCH, () => frame(0xbe, 0, 0, Buffer.alloc(64)))),
  ],
  [
    'headers that unpack to 4,000 times their size',
    async (address) => {
      const client = await frameClient(address);
      const entry = [
        Buffer.of(0x40),
        prefixed(1, 7, 0),
        Buffer.from('x'),
        prefixed(4_000, 7, 0),
        Buffer.alloc(4_000, 97),
      ];
      await client.send(frame(TYPES.headers, FLAGS.endHeaders, 1, Buffer.concat([CALL, ...entry])));
      const bomb = Buffer.concat([CALL, Buffer.alloc(15_000, 0x80 | 62)]);
      return flood(client, (round) => frame(TYPES.headers, FLAGS.endHeaders, 2 * round + 3, bomb));
    },
  ],
  [
    'whole calls of a method that does not exist',
    async (address) => {
      const nope = headerBlock(callFields('/nope/Nope'));
      return flood(await frameClient(address), (round) =>
        times(50, (n) => frame(TYPES.headers, FLAGS.endHeaders | FLAGS.endStream, 2 * (round * 50 + n) + 1, nope)),
      );
    },
  ],
  [
    'calls whose messages are noise',
    async (address) =>
      flood(await frameClient(address), (round) =>
        times(50, (n) => {
          const id = 2 * (round * 50 + n) + 1;
          const noise = framed(Buffer.alloc(200, 0xff));
          return Buffer.concat([
            frame(TYPES.headers, FLAGS.endHeaders, id, CALL),
            frame(TYPES.data, FLAGS.endStream, id, noise),
          ]);
        }),
      ),
  ],
];

test.each(ENDURED)('a flood of %s costs a bounded memory, and others are served meanwhile', async (_what, attack) => {
  const { outcome, failures, worstMs, grownMb } = await siege(victim, attack);
  outcome.socket.destroy();
  expect(failures).toEqual([]);
  expect(worstMs).toBeLessThan(WAIT_MS);
  expect(grownMb).toBeLessThan(BOUND_MB);
});

test('a stranger does not write the log: headers that are no metadata are not repeated there', async () => {
  const client = await frameClient(victim.address);
  const odd = headerBlock(
    callFields(ADD, [
      ['x-a', `\xe9${'y'.repeat(1_000)}`],
      ['user-agent', '\xff'],
      ['x!', 'z'],
    ]),
  );
  await client.send(
    frame(TYPES.headers, FLAGS.endHeaders, 1, odd),
    frame(TYPES.data, FLAGS.endStream, 1, framed(Buffer.alloc(0))),
  );
  expect(await client.until(({ type, stream }) => type === TYPES.data && stream === 1)).toBeDefined();
  await victim.probe();
  expect(victim.complaints()).toBe('');
});
