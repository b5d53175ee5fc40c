import { randomBytes } from 'node:crypto';
import { hash, parseOptions, verify } from '@node-rs/argon2';
import type { PasswordHasher } from '../domain/password-hasher.ts';
import type { Argon2Parameters } from './argon2-parameters.ts';
import type { HashQueue } from './hash-queue.ts';

const SALT_BYTES = 16;
const HASH_BYTES = 32;

export interface Argon2HasherOptions {
  /** Asked anew each time, so that they may change. */
  readonly parameters: () => Argon2Parameters;
  readonly queue: HashQueue;
}

/** argon2id (RFC 9106) on libuv's threads: the event loop goes on meanwhile. */
export function createArgon2Hasher({ parameters, queue }: Argon2HasherOptions): PasswordHasher {
  return {
    hash(password, signal) {
      const { memoryKib, passes, parallelism } = parameters();
      const options = { memoryCost: memoryKib, timeCost: passes, parallelism, outputLen: HASH_BYTES };
      return queue.run(() => hash(password, options), signal);
    },
    async verify(known, password, signal) {
      const same = await queue.run(() => verify(known ?? decoy(parameters()), password), signal);
      return known !== undefined && same;
    },
    outdated(known) {
      const { memoryCost, timeCost, parallelism, outputLen } = parseOptions(known);
      const wanted = parameters();
      return (
        !known.startsWith('$argon2id$v=19$') ||
        memoryCost !== wanted.memoryKib ||
        timeCost !== wanted.passes ||
        parallelism !== wanted.parallelism ||
        outputLen !== HASH_BYTES
      );
    },
  };
}

/** A hash of no password, that costs as much to verify as a real one. Nothing has to be hashed to make it. */
export function decoy({ memoryKib, passes, parallelism }: Argon2Parameters): string {
  const [salt, output] = [randomBytes(SALT_BYTES), randomBytes(HASH_BYTES)].map((bytes) =>
    bytes.toString('base64').replace(/=+$/, ''),
  );
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${parallelism}$${salt}$${output}`;
}
