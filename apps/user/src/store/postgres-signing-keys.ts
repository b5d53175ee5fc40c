import type { Database } from '@stampede/postgres';
import type { PublicKey, SigningKey, SigningKeys } from '../domain/signing-keys.ts';

/** Signing keys in the table `signing_keys`, read anew each time: a rotation is in force everywhere at once. */
export function createPostgresSigningKeys(database: Database): SigningKeys & {
  /** Keeps what `make` makes if no key is there yet, whoever else does the same at the same time. */
  ensure(make: () => Promise<SigningKey>): Promise<void>;
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
