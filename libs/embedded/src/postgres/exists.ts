import { lstat } from 'node:fs/promises';

/** Whether there is something at `path`. What may not be looked at throws: it is not to be taken for missing. */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}
