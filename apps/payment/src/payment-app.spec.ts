import { Writable } from 'node:stream';
import {
  Payment_State as State,
  PaymentServiceDefinition,
  type ChargeRequest,
  type PaymentRecord,
} from '@stampede/contracts';
import { systemClock } from '@stampede/lifecycle';
import { connectDatabase, migrate } from '@stampede/postgres';
import {
  createChannel,
  createClient,
  createServer,
  staticDiscovery,
  type CallOptions,
  type Channel,
  type ChannelOptions,
} from '@stampede/rpc';
import { createLogger } from '@stampede/telemetry';
import { useDatabase } from '@stampede/testing';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { configSchema } from './config.ts';
import { pointsOf, RECOVERY_STEPS, type Crash, type CrashPoint } from './domain/crash-points.ts';
import { createPaymentApp, MIGRATIONS } from './payment-app.ts';

const secret = 'a secret of the services';
const USER = uuidv7();

interface Setup {
  readonly timeoutMs?: number;
  readonly crash?: Crash;
}

/** Two instances of the service on one database, with real servers, and what is said to their log. */
async function start({ timeoutMs = 300, crash }: Setup = {}) {
  const { url } = await useDatabase('payment');
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const log = createLogger({ service: 'payment', instance: 'spec', level: 'trace', destination });
  await migrate({ url, directory: MIGRATIONS, log });
  const config = configSchema.parse({
    provider: { timeoutMs },
    sandbox: { lateMs: 60_000 },
    recovery: { staleMs: 1 },
  });
  const instances = ['payment-1', 'payment-2'];
  const connections = instances.flatMap((instance) =>
    [instance, `${instance}-sandbox`].map((applicationName) => connectDatabase({ url, applicationName, max: 5, log })),
  );
  const apps = instances.map((_, index) =>
    createPaymentApp({
      db: connections[2 * index]!,
      world: connections[2 * index + 1]!,
      config: () => config,
      clock: systemClock,
      log,
      crash,
    }),
  );
  const servers = apps.map((app, index) =>
    createServer({ service: 'payment', instance: instances[index]!, log, secret }).add(
      PaymentServiceDefinition,
      app.service,
    ),
  );
  const addresses = await Promise.all(servers.map((server) => server.listen()));
  const channels: Channel[] = [];
  const clientOf = (service: string, options: Partial<ChannelOptions> = {}) => {
    const channel = createChannel({
      service: 'payment',
      discovery: staticDiscovery({ payment: addresses }),
      caller: { service, secret },
      log,
      ...options,
    });
    channels.push(channel);
    return createClient(PaymentServiceDefinition, channel);
  };
  const db = connectDatabase({ url, applicationName: 'spec' });
  const order = clientOf('order');
  const audit = clientOf('audit');
  async function exported(): Promise<PaymentRecord[]> {
    const all: PaymentRecord[] = [];
    for await (const { records } of audit.exportPayments({})) all.push(...records);
    return all;
  }
  return {
    order,
    clientOf,
    exported,
    record: async (orderId: string) => (await exported()).find(({ payment }) => payment?.orderId === orderId),
    db,
    lines,
    recovery: apps[0]!.recovery,
    async stop() {
      await Promise.all(channels.map((channel) => channel.close()));
      await Promise.all(servers.map((server) => server.drain({ timeoutMs: 500, streamGraceMs: 0 })));
      await Promise.all([...connections.map((each) => each.close()), db.close()]);
    },
  };
}

type Running = Awaited<ReturnType<typeof start>>;
let shared: Running;
beforeAll(async () => {
  shared = await start();
});
afterAll(() => shared.stop());

/** One of the test's own, where the shared one would be in the way. */
async function own(options: Setup = {}): Promise<Running> {
  const running = await start(options);
  onTestFinished(() => running.stop());
  return running;
}

const charge = (over: Partial<ChargeRequest> = {}): ChargeRequest => ({
  orderId: uuidv7(),
  userId: USER,
  amount: { currency: 'EUR', amountMinor: 4_200 },
  paymentToken: 'tok_visa',
  ...over,
});

describe('charging', () => {
  test('ten equal charges at once, on two instances: one charge at the provider, ten times the same answer', async () => {
    const { order, record } = shared;
    const request = charge();
    const answers = await Promise.all(Array.from({ length: 10 }, () => order.charge(request)));
    for (const { payment } of answers) {
      expect(payment).toMatchObject({ orderId: request.orderId, state: State.CHARGED, amount: request.amount });
    }
    expect(await record(request.orderId)).toMatchObject({
      providerCharges: 1,
      providerRefunds: 0,
      providerBalanceMinor: 4_200,
      transfersSumMinor: 0,
    });
    expect((await order.charge(request)).payment).toEqual(answers[0]?.payment);
    expect((await order.getPayment(request)).payment).toEqual(answers[0]?.payment);
  });

  test('a decline is a verdict: repeated, it is the same', async () => {
    const { order, record } = shared;
    const request = charge({ paymentToken: 'tok_declined' });
    for (let time = 0; time < 3; time += 1) {
      await expect(order.charge(request)).rejects.toMatchObject({
        code: 'FAILED_PRECONDITION',
        reason: 'PAYMENT_DECLINED',
        metadata: { decline_code: 'card_declined' },
      });
    }
    expect(await record(request.orderId)).toMatchObject({
      payment: { state: State.DECLINED, declineCode: 'card_declined' },
      providerCharges: 0,
    });
    expect((await order.void(request)).payment?.state).toBe(State.DECLINED);
  });

  test('a token that nobody knows is declined', async () => {
    const { order } = shared;
    await expect(order.charge(charge({ paymentToken: 'tok_stolen' }))).rejects.toMatchObject({
      reason: 'PAYMENT_DECLINED',
      metadata: { decline_code: 'invalid_token' },
    });
  });

  test('tok_unknown: the lost answer is looked up, and it was one charge', async () => {
    const { order, record } = shared;
    const request = charge({ paymentToken: 'tok_unknown' });
    const answers = await Promise.all([order.charge(request), order.charge(request)]);
    expect(answers.map(({ payment }) => payment?.state)).toEqual([State.CHARGED, State.CHARGED]);
    expect(await record(request.orderId)).toMatchObject({ providerCharges: 1, providerBalanceMinor: 4_200 });
  });

  test('tok_timeout: the late answer is not waited for, and it was one charge', async () => {
    const { order, record } = shared;
    const request = charge({ paymentToken: 'tok_timeout' });
    const start = performance.now();
    expect((await order.charge(request)).payment?.state).toBe(State.CHARGED);
    expect(performance.now() - start).toBeLessThan(30_000);
    expect(await record(request.orderId)).toMatchObject({ providerCharges: 1 });
  });

  test('a caller whose time is up is told that nothing is known, not that it was declined; asked again it gets the truth', async () => {
    const { order, record, clientOf } = await own({ timeoutMs: 60_000 });
    const request = charge({ paymentToken: 'tok_timeout' });
    const once = clientOf('order', { retry: { maxAttempts: 1 } });
    await once.charge(charge());
    await expect(once.charge(request, { deadlineMs: 1_500 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      reason: 'PAYMENT_OUTCOME_UNKNOWN',
    });
    expect((await record(request.orderId))?.payment?.state).toBe(State.INTENDED);
    expect((await order.charge(request)).payment?.state).toBe(State.CHARGED);
    expect(await record(request.orderId)).toMatchObject({ providerCharges: 1 });
  });

  test.each([
    ['amount', { amount: { currency: 'EUR', amountMinor: 4_201 } }],
    ['currency', { amount: { currency: 'USD', amountMinor: 4_200 } }],
    ['user', { userId: uuidv7() }],
    ['token', { paymentToken: 'tok_unknown' }],
  ])('another %s for the same order is refused', async (_what, over) => {
    const { order, record } = shared;
    const request = charge();
    await order.charge(request);
    await expect(order.charge({ ...request, ...over })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'PAYMENT_MISMATCH',
    });
    expect(await record(request.orderId)).toMatchObject({ providerCharges: 1, payment: { state: State.CHARGED } });
  });

  test('an order’s id means the same in capital letters', async () => {
    const { order } = shared;
    const request = charge();
    await order.charge(request);
    const { payment } = await order.charge({ ...request, orderId: request.orderId.toUpperCase() });
    expect(payment?.orderId).toBe(request.orderId);
  });
});

describe('undoing', () => {
  test('a void before the charge leaves a tombstone that the charge meets', async () => {
    const { order, record } = shared;
    const request = charge();
    expect((await order.void(request)).payment).toMatchObject({ state: State.VOIDED, amount: undefined });
    expect((await order.void(request)).payment).toMatchObject({ state: State.VOIDED });
    await expect(order.charge(request)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'PAYMENT_VOIDED',
    });
    expect(await record(request.orderId)).toMatchObject({ providerCharges: 0, transfersSumMinor: 0 });
  });

  test('void and refund give a charge back, once', async () => {
    const { order, record } = shared;
    for (const undo of [order.void, order.refund]) {
      const request = charge();
      await order.charge(request);
      const answers = await Promise.all([undo(request), undo(request), order.void(request), order.refund(request)]);
      expect(answers.map(({ payment }) => payment?.state)).toEqual(Array.from({ length: 4 }, () => State.REFUNDED));
      expect(await record(request.orderId)).toMatchObject({
        providerCharges: 1,
        providerRefunds: 1,
        providerBalanceMinor: 0,
        transfersSumMinor: 0,
      });
      await expect(order.charge(request)).rejects.toMatchObject({ reason: 'PAYMENT_VOIDED' });
    }
  });

  test('voids racing charges on two instances: whoever wins, nothing is kept', async () => {
    const { order, exported } = shared;
    const tokens = ['tok_visa', 'tok_unknown', 'tok_timeout', 'tok_declined'];
    const states = new Set<number>();
    const ids = new Set<string>();
    await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const request = charge({ paymentToken: tokens[index % tokens.length]! });
        ids.add(request.orderId);
        const charging = order.charge(request).then(
          () => 'CHARGED',
          (error: unknown) => (error as { reason: string }).reason,
        );
        await new Promise((resolve) => setTimeout(resolve, index % 12));
        const { payment } = await order.void(request);
        states.add(payment!.state);
        expect([State.VOIDED, State.REFUNDED, State.DECLINED]).toContain(payment?.state);
        expect(['CHARGED', 'PAYMENT_VOIDED', 'PAYMENT_DECLINED']).toContain(await charging);
      }),
    );
    expect(states.size, 'the race went more than one way').toBeGreaterThan(1);
    const records = (await exported()).filter(({ payment }) => ids.has(payment!.orderId));
    expect(records).toHaveLength(60);
    for (const { payment, providerBalanceMinor, transfersSumMinor } of records) {
      expect([State.VOIDED, State.REFUNDED, State.DECLINED]).toContain(payment?.state);
      expect([providerBalanceMinor, transfersSumMinor]).toEqual([0, 0]);
    }
  });

  test('a refund of what was never charged is refused', async () => {
    const { order } = shared;
    const [unseen, declined, voided] = [charge(), charge({ paymentToken: 'tok_declined' }), charge()];
    await expect(order.charge(declined)).rejects.toThrow();
    await order.void(voided);
    for (const request of [unseen, declined, voided]) {
      await expect(order.refund(request)).rejects.toMatchObject({
        code: 'FAILED_PRECONDITION',
        reason: 'PAYMENT_NOT_CHARGED',
      });
    }
  });

  test('an order that nobody has asked for is not found', async () => {
    const { order } = shared;
    await expect(order.getPayment(charge())).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('recovery', () => {
  test('finishes what a crash left, and charges nothing new', async () => {
    let dieAt: string | undefined;
    let died = Promise.withResolvers<undefined>();
    const reached = new Set<string>();
    const crash: Crash = async (point) => {
      reached.add(point);
      if (point !== dieAt) return;
      died.resolve(undefined);
      await Promise.withResolvers<never>().promise;
    };
    const { order, recovery, db, record } = await own({ crash });
    /** The call gets as far as `point`, and no further. */
    const abandoned = async (point: CrashPoint, call: (options: CallOptions) => Promise<unknown>) => {
      dieAt = point;
      died = Promise.withResolvers();
      const caller = new AbortController();
      const outcome = call({ signal: caller.signal }).catch((error: unknown) => error);
      await died.promise;
      caller.abort();
      expect(await outcome).toMatchObject({ code: 'CANCELLED' });
      dieAt = undefined;
    };
    const [paid, unasked, voiding, refunding] = [charge(), charge(), charge(), charge()];
    await abandoned('payment.commit-charged.before', (options) => order.charge(paid, options));
    await abandoned('payment.provider-charge.before', (options) => order.charge(unasked, options));
    await abandoned('payment.commit-charged.before', (options) => order.charge(voiding, options));
    await abandoned('payment.provider-cancel.before', (options) => order.void(voiding, options));
    await order.charge(refunding);
    await abandoned('payment.provider-refund.after', (options) => order.refund(refunding, options));

    await db.query('UPDATE unsettled SET due_time = now()');
    await recovery.round(new AbortController().signal);
    expect(await record(paid.orderId)).toMatchObject({ payment: { state: State.CHARGED }, providerCharges: 1 });
    expect(await record(unasked.orderId)).toMatchObject({ payment: { state: State.INTENDED }, providerCharges: 0 });
    for (const { orderId } of [voiding, refunding]) {
      expect(await record(orderId)).toMatchObject({ payment: { state: State.REFUNDED }, providerBalanceMinor: 0 });
    }
    for (const point of pointsOf(RECOVERY_STEPS)) expect(reached).toContain(point);
    const left = await db.query<{ order_id: string }>('SELECT order_id FROM unsettled');
    expect(left.map(({ order_id }) => order_id)).toEqual([unasked.orderId]);

    expect((await order.charge(unasked)).payment?.state).toBe(State.CHARGED);
    expect(await record(unasked.orderId)).toMatchObject({ providerCharges: 1 });
  });
});

describe('who may ask', () => {
  test('the order service alone, for the audit’s export the audit alone, and nobody without proof', async () => {
    const { clientOf } = shared;
    const drained = (client: ReturnType<typeof clientOf>) => Array.fromAsync(client.exportPayments({}));
    const calls = (client: ReturnType<typeof clientOf>) => [
      () => client.charge(charge()),
      () => client.void(charge()),
      () => client.refund(charge()),
      () => client.getPayment(charge()),
    ];
    for (const service of ['gateway', 'inventory', 'audit']) {
      for (const call of calls(clientOf(service)))
        await expect(call()).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    }
    for (const call of calls(clientOf('order', { caller: { service: 'order' } })))
      await expect(call()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(drained(clientOf('order'))).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(drained(clientOf('audit', { caller: { service: 'audit' } }))).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });
});

describe('hostile input', () => {
  const amount = (amountMinor: number, currency = 'EUR') => ({ amount: { currency, amountMinor } });

  test.each<[field: string, over: Partial<ChargeRequest>]>([
    ['order_id', { orderId: '' }],
    ['order_id', { orderId: 'not-a-uuid' }],
    ['order_id', { orderId: `${uuidv7()}\n` }],
    ['user_id', { userId: "1'; DROP TABLE payments; --" }],
    ['amount', { amount: undefined }],
    ['amount.amount_minor', amount(0)],
    ['amount.amount_minor', amount(-1)],
    ['amount.amount_minor', amount(Number.MAX_SAFE_INTEGER)],
    ['amount.currency', amount(1, 'eur')],
    ['amount.currency', amount(1, '')],
    ['amount.currency', amount(1, 'EURO')],
    ['payment_token', { paymentToken: '' }],
    ['payment_token', { paymentToken: 'x'.repeat(256) }],
  ])('a bad %s is INVALID_ARGUMENT and named: %j', async (field, over) => {
    const { order, exported } = shared;
    const before = await exported();
    await expect(order.charge(charge(over))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      violations: [{ field }],
    });
    expect(await exported()).toEqual(before);
  });

  test('every bad field is named at once', async () => {
    const { order } = shared;
    await expect(
      order.charge({ orderId: '', userId: '', amount: { currency: '', amountMinor: 0 }, paymentToken: '' }),
    ).rejects.toMatchObject({
      violations: ['order_id', 'user_id', 'amount.currency', 'amount.amount_minor', 'payment_token'].map((field) => ({
        field,
      })),
    });
  });

  test('the other calls look at the order’s id too', async () => {
    const { order } = shared;
    for (const call of [order.void, order.refund, order.getPayment]) {
      await expect(call({ orderId: 'x' })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        violations: [{ field: 'order_id' }],
      });
    }
  });
});

describe('what is kept and told', () => {
  test('card tokens are neither logged nor stored', async () => {
    const { order, db, lines } = await own({ timeoutMs: 100 });
    for (const paymentToken of [
      'tok_visa',
      'tok_unknown',
      'tok_timeout',
      'tok_declined',
      'tok_4242424242',
      'x'.repeat(256),
    ]) {
      await order.charge(charge({ paymentToken })).catch(() => undefined);
    }
    await vi.waitFor(() => expect(lines.join('')).toContain('no answer from the provider'));
    expect(lines.join('')).not.toMatch(/tok_|xxxx/);
    const [dump] = await db.query<{ text: string }>(
      `SELECT concat((SELECT json_agg(p) FROM payments p), (SELECT json_agg(a) FROM sandbox.accounts a)) AS text`,
    );
    expect(dump?.text).toContain('invalid_token');
    expect(dump?.text).not.toMatch(/tok_/);
  });

  test('the export holds every payment, and what only the provider knows, by order id and in chunks', async () => {
    const { order, db, exported } = await own();
    const requests = Array.from({ length: 20 }, () => charge());
    await Promise.all(requests.map((request) => order.charge(request)));
    await db.query(
      `INSERT INTO sandbox.accounts (key, status, amount_minor, currency, charges, refunds)
       SELECT gen_random_uuid()::text, 'charged', 7, 'EUR', 1, 0 FROM generate_series(1, 1100)`,
    );
    const records = await exported();
    expect(records).toHaveLength(1_120);
    const ids = records.map(({ payment }) => payment!.orderId);
    expect(ids).toEqual(ids.toSorted());
    expect(new Set(ids).size).toBe(1_120);
    for (const { orderId } of requests) expect(ids).toContain(orderId);
    const strange = records.filter(({ payment }) => payment?.state === State.UNSPECIFIED);
    expect(strange).toHaveLength(1_100);
    expect(strange[0]).toMatchObject({ providerCharges: 1, providerBalanceMinor: 7, transfersSumMinor: 0 });
  });
});
