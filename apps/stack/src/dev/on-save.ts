import { watch } from 'node:fs';

/** Editors write a file in several steps: what comes within these milliseconds is one save. */
const DEBOUNCE_MS = 40;

/**
 * Calls `run` with the files (relative to `folder`) that were saved, each time that some below it were. Specs and packages do not count. The returned function
 * ends it.
 */
export function onSave(folder: string, run: (files: readonly string[]) => void): () => void {
  const saved = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(folder, { recursive: true }, (_event, file) => {
    if (file === null || file.includes('node_modules') || file.endsWith('.spec.ts')) return;
    saved.add(file);
    clearTimeout(timer);
    timer = setTimeout(() => {
      const files = [...saved];
      saved.clear();
      run(files);
    }, DEBOUNCE_MS);
  });
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}
