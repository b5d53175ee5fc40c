import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { checkTitle, find{{Name}}, type {{Name}}Store } from './{{name}}.ts';

test.each(['', '   ', 'a'.repeat(101), 'a\0b'])('the title "%s" is refused by name', (title) => {
  expect(() => checkTitle(title, 100)).toThrow(expect.objectContaining({ violations: [expect.objectContaining({ field: 'title' })] }));
});

test.prop([fc.string()])('a title that is taken fits', (title) => {
  try {
    expect(checkTitle(title, 100).length).toBeLessThanOrEqual(100);
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
  }
});

test("somebody else's is not found", async () => {
  const {{name}} = { id: '1', ownerId: 'ada', title: 'Mine', createTime: new Date(0) };
  const store: {{Name}}Store = { add: () => Promise.resolve({{name}}), find: () => Promise.resolve({{name}}) };
  expect(await find{{Name}}(store, '1', 'ada')).toBe({{name}});
  await expect(find{{Name}}(store, '1', 'bob')).rejects.toMatchObject({ reason: '{{NAME}}_NOT_FOUND' });
});
