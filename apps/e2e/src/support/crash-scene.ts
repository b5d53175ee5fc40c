import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@stampede/testing';
import type { AppName } from './program.ts';
import type { Rig } from './rig.ts';
import { newProduct, type Answer, type OrderBody, type Problem, type Shopper } from './shopper.ts';

/** Units on the shelf before the scene. */
const STOCK = 10;

const PATIENCE_MS = 30_000;
const PAUSE_MS = 20;

export interface Shop {
  readonly rig: Rig;
  readonly customer: Shopper;
  readonly operator: Shopper;
}

export interface Basket {
  readonly units: number;
  readonly token: string;
}

export type Verb = 'cancel' | 'refund' | 'ship';

type Told = Answer<OrderBody & Problem>;

/** One shopper with one order of a product of its own, and the process that is to die on its way. */
export interface Scene {
  /** Stops the process of the point and starts it anew, to die there. */
  doom(env?: NodeJS.ProcessEnv): Promise<void>;
  /** Buys, and waits for nothing. */
  buy(): void;
  /** Buys, and resolves once the order is safe, decided or not. */
  begun(): Promise<void>;
  /** Buys, and resolves once there is a verdict. */
  placed(): Promise<void>;
  /** Asks for more of the order that was begun, and waits for nothing. */
  ask(verb: Verb): void;
  /** Resolves once the order has this status. */
  is(status: string): Promise<void>;
  /** One unit bought under another key, so that everybody knows the product. */
  warm(): Promise<void>;
  /** Resolves once the process of the point has died of it. @throws Error where it lives, or ended otherwise. */
  died(): Promise<void>;
  /** Starts what does not run. */
  mend(): Promise<void>;
  /** Does all again, with the same key, until it is answered; the order's id. */
  repeat(): Promise<string>;
  /** What was answered along the way. */
  told(): Promise<readonly Told[]>;
  /** Units of the product that the order has taken. */
  taken(): Promise<number>;
}

export async function setScene(
  { rig, customer, operator }: Shop,
  point: string,
  { units, token }: Basket,
): Promise<Scene> {
  /** Whatever the scene before this one left. */
  const mend = async () => {
    await Promise.all(rig.programs.filter(({ ended }) => ended !== undefined).map((each) => each.start()));
  };
  await mend();
  const key = randomUUID();
  const sku = await newProduct(operator, STOCK);
  const doomed = rig.program(`${point.split('.')[0] as AppName}-1`);
  const answers: Promise<Told | undefined>[] = [];
  const verbs: Verb[] = [];
  let id = '';
  let others = 0;

  const buyOnce = (prefer?: string): Promise<Told | undefined> =>
    attempt(
      customer.buy([{ sku, quantity: units }], { key, paymentToken: token, ...(prefer !== undefined && { prefer }) }),
    );
  const askOnce = (verb: Verb): Promise<Told | undefined> =>
    attempt((verb === 'cancel' ? customer : operator).post<OrderBody & Problem>(`/v1/orders/${id}:${verb}`));

  /** Asks until somebody answers what `enough` takes for an answer. */
  async function insist(ask: () => Promise<Told | undefined>, enough: (answer: Told) => boolean): Promise<Told> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const answer = await ask();
      if (answer !== undefined && enough(answer)) return answer;
      if (performance.now() > deadline) throw new Error(`${point}: no answer: ${JSON.stringify(answer)}`);
      await sleep(PAUSE_MS);
    }
  }

  async function bought(prefer: string | undefined, enough: (answer: Told) => boolean): Promise<void> {
    const answer = await insist(() => buyOnce(prefer), enough);
    id = idOf(answer);
    answers.push(Promise.resolve(answer));
  }

  return {
    async doom(env = {}) {
      await doomed.stop();
      // Who looks after what others left may die before it serves.
      await doomed.start({ ...env, STAMPEDE_CRASH_AT: point }).catch((error: unknown) => {
        if (doomed.ended !== 'SIGKILL') throw error;
      });
    },
    buy: () => void answers.push(buyOnce()),
    begun: () => bought('respond-async', ({ status }) => status < 500),
    placed: () => bought(undefined, isVerdict),
    ask(verb) {
      verbs.push(verb);
      answers.push(askOnce(verb));
    },
    async is(status) {
      await eventually(
        async () => {
          const { body } = await customer.get<OrderBody>(`/v1/orders/${id}`);
          if (body.status !== status) throw new Error(`${point}: the order is ${body.status}, not ${status}`);
        },
        { timeoutMs: PATIENCE_MS },
      );
    },
    async warm() {
      await insist(
        () => attempt(customer.buy([{ sku, quantity: 1 }])),
        ({ status }) => status === 201,
      );
      others += 1;
    },
    async died() {
      const how = await Promise.race([doomed.exited(), sleep(PATIENCE_MS, 'it lives', { ref: false })]);
      if (how !== 'SIGKILL') {
        await doomed.kill();
        throw new Error(`${point} was not reached: ${how}`);
      }
      const log = path.join(rig.dataDir, 'logs', `${doomed.name}.log`);
      await eventually(async () => {
        const said = await readFile(log, 'utf8');
        if (!said.includes(`killed at ${point},`)) throw new Error(`${log} tells of no death at ${point}`);
      });
    },
    mend,
    async repeat() {
      await bought(undefined, isVerdict);
      for (const verb of verbs) {
        answers.push(insist(() => askOnce(verb), isVerdict));
        await answers.at(-1);
      }
      return id;
    },
    told: async () => (await Promise.all(answers)).filter((each) => each !== undefined),
    async taken() {
      const { body } = await customer.get<{ available: number }>(`/v1/products/${sku}`);
      return STOCK - others - body.available;
    },
  };
}

/** The order that an answer is about. */
export function idOf({ body }: Told): string {
  return 'id' in body ? body.id : ((body as Problem).metadata?.['order_id'] ?? '');
}

/** Whether an answer says what became of an order, or of what was asked of it. */
export function isVerdict({ status }: Told): boolean {
  return status < 500 && status !== 202;
}

/** An answer; undefined where the connection was lost. */
function attempt(answer: Promise<Told>): Promise<Told | undefined> {
  return answer.catch(() => undefined);
}
