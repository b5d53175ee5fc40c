import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { insertText } from './insert-text.ts';

async function fileWith(text: string) {
  const root = await mkdtemp(path.join(tmpdir(), 'insert-'));
  onTestFinished(() => rm(root, { recursive: true }));
  await writeFile(path.join(root, 'list.yaml'), text);
  return { at: (file: string) => path.join(root, file), read: () => readFile(path.join(root, 'list.yaml'), 'utf8') };
}

test('puts a text behind the last match, or in front of it', async () => {
  const { at, read } = await fileWith('- a\n- b\nend\n');
  await insertText(at, [
    { file: 'list.yaml', at: /^- \w$/gm, text: '\n- c' },
    { file: 'list.yaml', at: /^end$/gm, before: true, text: '- d\n' },
  ]);
  expect(await read()).toBe('- a\n- b\n- c\n- d\nend\n');
});

test('a file without the place is named, and stays as it is', async () => {
  const { at, read } = await fileWith('nothing\n');
  const insertion = { file: 'list.yaml', at: /^- \w$/gm, text: '\n- c' };
  await expect(insertText(at, [insertion])).rejects.toThrow('list.yaml has no place for a new service');
  expect(await read()).toBe('nothing\n');
});
