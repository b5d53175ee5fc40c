import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../root.ts';

/** The example of a library's README: what is to be run, what it needs, and what it says that it prints. */
export interface Example {
  /** By path: `example.ts`, `proto/hello.proto`. */
  readonly files: Readonly<Record<string, string>>;
  /** In order. */
  readonly prints: readonly string[];
}

/** The blocks that begin with a comment naming their file; lines `console.log(…); // → text` say what is printed. */
export function exampleOf(lib: string): Example {
  const readme = readFileSync(path.join(ROOT, 'libs', lib, 'README.md'), 'utf8');
  const files = Object.fromEntries(
    [...readme.matchAll(/^```\w+\n\/\/ (\S+)\n([\s\S]*?)^```$/gm)].map(([, file = '', text = '']) => [file, text]),
  );
  const prints = [...(files['example.ts'] ?? '').matchAll(/^console\.log\(.*\); \/\/ → (.*)$/gm)].map(
    ([, text = '']) => text,
  );
  return { files, prints };
}
