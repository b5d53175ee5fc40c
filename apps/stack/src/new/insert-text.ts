import { readFile, writeFile } from 'node:fs/promises';
import { AppError } from '@stampede/errors';

/** A text, and where in a file it belongs. */
export interface Insertion {
  /** Relative to the workspace. */
  readonly file: string;
  /** A global pattern: the text comes behind its last match, or with `before` in front of it. */
  readonly at: RegExp;
  readonly text: string;
  readonly before?: boolean;
}

/** Puts the texts where they belong. FAILED_PRECONDITION names the file in which a place is not found: somebody has written it anew. */
export async function insertText(path: (file: string) => string, insertions: readonly Insertion[]): Promise<void> {
  for (const { file, at, text, before = false } of insertions) {
    const whole = await readFile(path(file), 'utf8');
    const last = [...whole.matchAll(at)].at(-1);
    if (last === undefined) {
      throw new AppError(
        'FAILED_PRECONDITION',
        'PLACE_NOT_FOUND',
        `${file} has no place for a new service: ${at.source}`,
      );
    }
    const index = before ? last.index : last.index + last[0].length;
    await writeFile(path(file), whole.slice(0, index) + text + whole.slice(index));
  }
}
