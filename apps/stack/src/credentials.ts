import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** What a stack on one machine needs to know of itself; made on the first start, kept with the data. */
export interface Credentials {
  /** The secret by which services prove to each other who they are. */
  readonly serviceSecret: string;
  readonly operatorPassword: string;
  readonly customerPassword: string;
}

/** The credentials of a data folder, from `credentials.json` (mode 600); `operatorPassword` replaces the one kept. */
export async function loadCredentials(dataDir: string, operatorPassword: string | undefined): Promise<Credentials> {
  const file = path.join(dataDir, 'credentials.json');
  const kept = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as Partial<Credentials>,
    (): Partial<Credentials> => ({}),
  );
  const credentials: Credentials = {
    serviceSecret: kept.serviceSecret ?? randomBytes(32).toString('base64url'),
    operatorPassword: operatorPassword ?? kept.operatorPassword ?? randomBytes(12).toString('base64url'),
    customerPassword: kept.customerPassword ?? randomBytes(12).toString('base64url'),
  };
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
  await rename(temporary, file);
  return credentials;
}
