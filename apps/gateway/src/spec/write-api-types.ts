import { mkdir, writeFile } from 'node:fs/promises';
import { describeApi, writeApiTypes } from './api-types.ts';

const folder = new URL('./gen/', import.meta.url);
await mkdir(folder, { recursive: true });
await writeFile(new URL('api.ts', folder), await writeApiTypes(await describeApi()));
