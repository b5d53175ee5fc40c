import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeySpace } from './key-space.ts';
import { prefixEnd } from './test-support/requests.ts';
import { WatchStream } from './watch-stream.ts';
import { NO_LEASE, type WatchCreateRequest, type WatchResponse } from './wire.ts';

function setup({ revisions = 10_000 } = {}) {
  const links = { attach: () => undefined, detach: () => undefined };
  const keys = new KeySpace({ links, history: { revisions, bytes: 1e9 }, onCommit: () => undefined });
  const written: WatchResponse[] = [];
  const state = { open: true, held: false, released: keys.revision };
  const stream = new WatchStream(
    {
      keys,
      released: () => state.released,
      header: (revision) => ({ clusterId: '1', memberId: '2', revision, raftTerm: 2 }),
    },
    {
      write(response) {
        written.push(response);
        return state.open;
      },
      hold: (requests) => void (state.held = requests),
    },
  );
  const release = () => {
    state.released = keys.revision;
    stream.pump();
  };
  return {
    ...{ keys, written, state, stream, release },
    put: (...names: string[]) => {
      keys.write((writer) => {
        for (const name of names) writer.put(name, Buffer.from('v'), NO_LEASE);
      });
    },
    watch: (request: Partial<WatchCreateRequest> & { watchId: string }) => {
      const plain = { startRevision: '0', progressNotify: false, filters: [], prevKv: false, fragment: false };
      const range = { key: Buffer.from('a'), rangeEnd: prefixEnd('a') };
      stream.receive({ requestUnion: 'createRequest', createRequest: { ...plain, ...range, ...request } });
    },
    unblock: () => {
      state.open = true;
      stream.writable();
    },
  };
}

const namesIn = (responses: readonly WatchResponse[]) =>
  responses.flatMap(({ events }) => events?.map(({ kv }) => String(kv.key)) ?? []);

test('a client that does not read is written nothing more, and told all when it reads on', () => {
  const { written, state, watch, put, release, unblock } = setup();
  watch({ watchId: '1' });
  state.open = false;
  for (let count = 0; count < 5_000; count += 1) {
    put(`a${count}`);
    release();
  }
  expect(written).toHaveLength(2); // created, and the one that told it to stop
  unblock();
  expect(namesIn(written)).toEqual(Array.from({ length: 5_000 }, (_, count) => `a${count}`));
  expect(written.length).toBeLessThan(20);
});

test('a client that reads too late is told that its place is compacted', () => {
  const { keys, written, state, watch, put, release, unblock } = setup({ revisions: 100 });
  watch({ watchId: '1' });
  watch({ watchId: '2', startRevision: '1000' });
  state.open = false;
  for (let count = 0; count < 500; count += 1) put('a');
  release();
  unblock();
  for (let count = 0; count < 500; count += 1) put('a');
  release();
  expect(written.slice(2, 3)).toMatchObject([
    { watchId: '1', canceled: true, compactRevision: expect.any(Number) as unknown },
  ]);
  expect(written.slice(3).filter(({ watchId }) => watchId === '1')).toEqual([]);
  expect(keys.revision).toBe(1001);
  expect(written.at(-1)).toMatchObject({ watchId: '2', events: [{}, {}] });
});

test('nothing is told before it is released', () => {
  const { written, watch, put, release, stream } = setup();
  watch({ watchId: '1' });
  put('a1');
  stream.pump();
  watch({ watchId: '2' });
  expect(namesIn(written)).toEqual([]);
  expect(written.map(({ header }) => header.revision)).toEqual([1, 1]);
  release();
  expect(written.slice(2)).toMatchObject([
    { watchId: '1', events: [{}] },
    { watchId: '2', events: [{}] },
  ]);
});

test('requests are held back while answers cannot be written', () => {
  const { written, state, watch, unblock } = setup();
  state.open = false;
  for (let id = 1; id <= 100; id += 1) watch({ watchId: String(id) });
  expect(state.held).toBe(true);
  expect(written).toHaveLength(1);
  unblock();
  expect(state.held).toBe(false);
  expect(written.map(({ watchId }) => Number(watchId))).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
});

test('progress is told when asked, once all is told, and on the tick to idle watches that want it', () => {
  const { written, watch, put, release, stream } = setup();
  watch({ watchId: '1', progressNotify: true });
  watch({ watchId: '2' });
  put('a');
  stream.receive({ requestUnion: 'progressRequest' });
  release();
  expect(written.slice(2).map(({ watchId }) => watchId)).toEqual(['-1', '1', '2']);
  written.length = 0;
  stream.tick();
  expect(written).toEqual([]);
  stream.tick();
  expect(written).toEqual([{ header: expect.objectContaining({ revision: 2 }) as unknown, watchId: '1' }]);
});

test('a start before the first revision is compacted, and an empty key is the smallest', () => {
  const { written, watch, put, release } = setup();
  watch({ watchId: '1', startRevision: '-1' });
  expect(written).toMatchObject([
    { watchId: '-1', canceled: true, cancelReason: 'etcdserver: mvcc: required revision has been compacted' },
  ]);
  watch({ watchId: '2', key: Buffer.alloc(0), rangeEnd: Buffer.of(0) });
  put('\0', 'z');
  release();
  expect(namesIn(written)).toEqual(['\0', 'z']);
});

const names = ['a', 'a1', 'a2', 'b'];
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('put' as const), names: fc.subarray(names, { minLength: 1 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('release' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('watch' as const), from: fc.nat({ max: 30 }), one: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('block' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unblock' as const) }) },
);

test('each watch is told every revision from its start on, once, whole and in order, however it is blocked', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { keys, written, state, watch, put, release, unblock } = setup();
      const watches = new Map<string, { from: number; one: boolean }>();
      const log: [revision: number, name: string][] = [];
      for (const step of steps) {
        if (step.do === 'put') {
          put(...step.names);
          log.push(...step.names.map((name) => [keys.revision, name] as [number, string]));
        } else if (step.do === 'watch') {
          const watchId = String(watches.size + 1);
          watches.set(watchId, { from: step.from === 0 ? state.released + 1 : step.from, one: step.one });
          watch({ watchId, startRevision: String(step.from), ...(step.one && { rangeEnd: Buffer.alloc(0) }) });
        } else if (step.do === 'block') state.open = false;
        else if (step.do === 'unblock') unblock();
        else release();
      }
      release();
      unblock();
      for (const [watchId, { from, one }] of watches) {
        const told = written.filter((response) => response.watchId === watchId && response.events !== undefined);
        const wanted = log.filter(([at, name]) => at >= from && (one ? name === 'a' : name.startsWith('a')));
        expect(told.flatMap(({ events }) => events?.map(({ kv }) => [kv.modRevision, String(kv.key)]))).toEqual(wanted);
        const ends = told.map(({ events }) => [events?.at(0)?.kv.modRevision, events?.at(-1)?.kv.modRevision]);
        for (const [index, [first]] of ends.entries()) {
          if (index > 0) expect(first).toBeGreaterThan(ends[index - 1]?.[1] ?? Infinity);
        }
        for (const { header, events } of told)
          expect(header.revision).toBeGreaterThanOrEqual(events?.at(-1)?.kv.modRevision ?? 0);
      }
    }),
    { numRuns: 500 },
  );
});
