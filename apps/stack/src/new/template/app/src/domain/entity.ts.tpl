import { AppError, invalid } from '@stampede/errors';

export interface {{Name}} {
  readonly id: string;
  /** The user whose it is. */
  readonly ownerId: string;
  readonly title: string;
  readonly createTime: Date;
}

/** Where they are kept. */
export interface {{Name}}Store {
  /** Keeps a new one; its time is the database's. */
  add({{name}}: Omit<{{Name}}, 'createTime'>): Promise<{{Name}}>;
  find(id: string): Promise<{{Name}} | undefined>;
}

/** The rule for titles. INVALID_ARGUMENT names the field. */
export function checkTitle(title: string, maxLength: number): string {
  const trimmed = title.trim();
  if (trimmed === '' || trimmed.length > maxLength || /\p{Cc}/u.test(trimmed)) {
    throw invalid({ field: 'title', description: `must be 1 to ${maxLength} characters, without control characters` });
  }
  return trimmed;
}

/** One's own. Somebody else's is not there: NOT_FOUND/{{NAME}}_NOT_FOUND. */
export async function find{{Name}}(store: {{Name}}Store, id: string, ownerId: string): Promise<{{Name}}> {
  const found = await store.find(id);
  if (found?.ownerId !== ownerId) {
    throw new AppError('NOT_FOUND', '{{NAME}}_NOT_FOUND', `no {{name}} ${id}`, { metadata: { id } });
  }
  return found;
}
