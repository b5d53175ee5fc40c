import type { Database } from '@stampede/postgres';
import type { PublicKey, SigningKey, SigningKeys } from '../domain/signing-keys.ts';

export interface RotationTimes {
  /** How long a key signs. */
  readonly signSeconds: number;
  /** How long it is published before. */
  readonly aheadSeconds: number;
  /** How long it verifies afterwards: no less than a token lives. */
  readonly verifySeconds: number;
}

/** Signing keys in the table `signing_keys`, read anew each time: a rotation is in force everywhere at once. */
export function createPostgresSigningKeys(database: Database): SigningKeys & {
  /** Keeps what `make` makes if no key is there yet, whoever else does the same at the same time. */
  ensure(make: () => Promise<SigningKey>): Promise<void>;
  /**
   * Makes the next key once the one that signs has done so for `signSeconds`, by the database's clock and whoever else does the same at the same time: it
   * is published at once, signs after `aheadSeconds`, when everybody who verifies has had the time to read it, and the last one verifies for
   * `verifySeconds` more. Keys that verify nothing any more are deleted. Answers the id of the key that was made, if one was.
   */
  rotate(make: () => Promise<SigningKey>, times: RotationTimes): Promise<string | undefined>;
} {
  return {
    async ensure(make) {
      const present = await database.query('SELECT FROM signing_keys WHERE retire_time IS NULL');
      if (present.length > 0) return;
      const { kid, x, d } = await make();
      await database.query('INSERT INTO signing_keys (kid, x, d) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [
        kid,
        x,
        d,
      ]);
    },

    async rotate(make, { signSeconds, aheadSeconds, verifySeconds }) {
      const due = `retire_time IS NULL AND activate_time <= now() - make_interval(secs => $1)`;
      await database.query(`DELETE FROM signing_keys WHERE expire_time <= now()`);
      if ((await database.query(`SELECT FROM signing_keys WHERE ${due}`, [signSeconds])).length === 0) return undefined;
      const { kid, x, d } = await make();
      return database.transaction(async (tx) => {
        // Whoever is second waits for the row, and finds that it has an end by now.
        const retired = await tx.query(
          `UPDATE signing_keys SET retire_time = now() + make_interval(secs => $2::float8),
             expire_time = now() + make_interval(secs => $2::float8 + $3::float8)
           WHERE ${due} RETURNING kid`,
          [signSeconds, aheadSeconds, verifySeconds],
        );
        if (retired.length === 0) return undefined;
        await tx.query(
          `INSERT INTO signing_keys (kid, x, d, activate_time) VALUES ($1, $2, $3, now() + make_interval(secs => $4))`,
          [kid, x, d, aheadSeconds],
        );
        return kid;
      });
    },

    async current() {
      const [row] = await database.query<{ kid: string; x: string; d: string }>(
        `SELECT kid, x, d FROM signing_keys WHERE activate_time <= now() AND (retire_time IS NULL OR retire_time > now())
         ORDER BY activate_time DESC, kid LIMIT 1`,
      );
      if (row === undefined) throw new Error('no signing key is active');
      return { kty: 'OKP', crv: 'Ed25519', ...row };
    },

    async published() {
      const [row] = await database.query<{ kids: string[]; xs: string[]; at: Date }>(
        `SELECT coalesce(array_agg(kid ORDER BY activate_time DESC, kid), '{}') AS kids,
                coalesce(array_agg(x ORDER BY activate_time DESC, kid), '{}') AS xs, now() AS at
         FROM signing_keys WHERE expire_time IS NULL OR expire_time > now()`,
      );
      if (row === undefined) throw new Error('an aggregate has one row');
      const { kids, xs, at } = row;
      return {
        at,
        keys: kids.map((kid, index): PublicKey => ({ kty: 'OKP', crv: 'Ed25519', kid, x: xs[index] ?? '' })),
      };
    },
  };
}
