import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { ROOT } from '../root.ts';

/** What the licenses of bundled packages ask to be kept with their code: each package with its version and the texts that it carries. */
export async function licensesOf(sources: readonly string[]): Promise<string> {
  const folders = new Set(
    sources.flatMap((source) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(source)?.[0] ?? []),
  );
  const parts = await Promise.all([...folders].toSorted().map(licenseOf));
  return parts.join('\n');
}

async function licenseOf(folder: string): Promise<string> {
  const at = path.join(ROOT, folder);
  const { name, version, license } = JSON.parse(await readFile(path.join(at, 'package.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  const files = (await readdir(at)).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file)).toSorted();
  const texts = await Promise.all(files.map((file) => readFile(path.join(at, file), 'utf8')));
  return [`== ${String(name)} ${String(version)}: ${String(license)}`, ...texts.map((text) => text.trim()), ''].join(
    '\n',
  );
}
