import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import type { ServerLimits } from '../../server/limits.ts';

const ECHO = '/stampede.test.v1.EchoService/Echo';
/** An EchoRequest whose text is `hi`. */
const HI = Buffer.of(0x0a, 2, 0x68, 0x69);
const WARM_UP = 200;

export interface Victim {
  readonly address: string;
  readonly pid: number;
  /** Whether the process has ended. */
  readonly ended: boolean;
  /** All that it wrote to standard error. */
  complaints(): string;
  /** A well-behaved client's call; rejects with what it met instead of its answer. */
  readonly probe: () => Promise<void>;
  end(): Promise<void>;
}

/** A server in a process of its own, and a well-behaved client of it that was there first. */
export async function startVictim(limits: Partial<ServerLimits> = {}): Promise<Victim> {
  const program = fileURLToPath(new URL('../echo-process.ts', import.meta.url));
  const child: ChildProcess = fork(program, ['victim', JSON.stringify(limits)], {
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  let complaints = '';
  child.stderr?.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  const exited = once(child, 'exit');
  const [address] = (await once(child, 'message')) as [string];
  const client = new grpc.Client(address, grpc.credentials.createInsecure(), { 'grpc.enable_retries': 0 });

  const victim: Victim = {
    address,
    pid: child.pid ?? 0,
    get ended() {
      return child.exitCode !== null || child.signalCode !== null;
    },
    complaints: () => complaints,
    async probe() {
      const { promise, resolve, reject } = Promise.withResolvers<undefined>();
      client.makeUnaryRequest(
        ECHO,
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        HI,
        { deadline: Date.now() + 30_000 },
        (error, answer) => {
          if (error !== null) reject(error);
          else if (answer?.equals(HI) === true) resolve(undefined);
          else reject(new Error('another answer'));
        },
      );
      return promise;
    },
    async end() {
      client.close();
      child.kill('SIGKILL');
      await exited;
    },
  };
  // What a process needs once, it has now: growth from here on is the attack's.
  for (let n = 0; n < WARM_UP; n += 1) await victim.probe();
  return victim;
}
