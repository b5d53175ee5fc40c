import { expect, test } from 'vitest';
import { Outbox } from './outbox.ts';

/** An outbox of things of four bytes, the sizes of the messages that left it, and the wire that has taken them once the test says so. */
function outbox({ idle = () => false }: { readonly idle?: () => boolean } = {}) {
  const sizes: number[] = [];
  let onTheirWay: (() => void)[] = [];
  const box = new Outbox({
    pipe: {
      send(message, sent) {
        sizes.push(message.length);
        onTheirWay.push(sent);
      },
      close: () => undefined,
    },
    mayStart: () => true,
    idle,
    holdsWindow: false,
    relieved: () => undefined,
  });
  let id = 0;
  const send = (count: number) => {
    for (let n = 0; n < count; n += 1) {
      box.send({
        payload: new Uint8Array(4),
        writeHead(writer) {
          writer.begin(4);
          return (id += 1);
        },
      });
    }
  };
  const taken = () => {
    const all = onTheirWay;
    onTheirWay = [];
    for (const sent of all) sent();
  };
  return { box, send, sizes, taken };
}

/** Bytes of such a thing on the wire. */
const ONE = 8;
const endOfTurn = () => new Promise((resolve) => setImmediate(resolve));
/** When nothing is left to do before the event loop goes on. */
const atOnce = () =>
  new Promise((resolve) =>
    queueMicrotask(() => process.nextTick(() => queueMicrotask(() => process.nextTick(resolve)))),
  );

test('what becomes ready in one turn goes as one message', async () => {
  const { send, sizes } = outbox();
  send(20);
  await Promise.resolve();
  send(20);
  expect(sizes).toEqual([]);
  await endOfTurn();
  expect(sizes).toEqual([40 * ONE]);
});

/** A message arrives, and `count` things are ready before anything else happens. */
const read = ({ box, send }: Pick<ReturnType<typeof outbox>, 'box' | 'send'>, count: number) => {
  box.afterRead();
  void Promise.resolve().then(() => send(count));
};

test('a peer that has nothing to do gets half of much ahead, and the rest at the end of the turn', async () => {
  let busy = false;
  const lane = outbox({ idle: () => !busy });
  read(lane, 64);
  await atOnce();
  expect(lane.sizes).toEqual([32 * ONE]);
  busy = true;
  await endOfTurn();
  expect(lane.sizes.slice(1)).toEqual([32 * ONE]);
  lane.taken();
  read(lane, 64);
  await atOnce();
  expect(lane.sizes.slice(2)).toEqual([64 * ONE]);
});

test('what a message leads to at once goes before the turn ends, but not that of a second one', async () => {
  const lane = outbox();
  read(lane, 3);
  await atOnce();
  expect(lane.sizes).toEqual([3 * ONE]);
  read(lane, 2);
  await atOnce();
  expect(lane.sizes).toEqual([3 * ONE]);
  await endOfTurn();
  expect(lane.sizes.slice(1)).toEqual([2 * ONE]);
});

test('very many things go at the end of the turn, together', async () => {
  const lane = outbox({ idle: () => true });
  read(lane, 200);
  await atOnce();
  expect(lane.sizes).toEqual([]);
  await endOfTurn();
  expect(lane.sizes).toEqual([200 * ONE]);
});
