import type { {{Name}} as {{Name}}Message, {{Name}}ServiceDefinition } from '@stampede/contracts';
import { AppError, invalid } from '@stampede/errors';
import type { Handlers, ServerContext } from '@stampede/rpc';
import { checkTitle, find{{Name}}, type {{Name}}, type {{Name}}Store } from '../domain/{{name}}.ts';

export interface {{Name}}ServicePorts {
  readonly {{name}}s: {{Name}}Store;
  /** A new UUIDv7. */
  readonly newId: () => string;
  readonly settings: () => { readonly maxTitleLength: number };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** stampede.{{name}}.v1.{{Name}}Service over the domain. */
export function {{name}}Service({ {{name}}s, newId, settings }: {{Name}}ServicePorts): Handlers<{{Name}}ServiceDefinition> {
  return {
    async create{{Name}}({ title }, context) {
      const ownerId = userIdOf(context);
      const checked = checkTitle(title, settings().maxTitleLength);
      return { {{name}}: toMessage(await {{name}}s.add({ id: newId(), ownerId, title: checked })) };
    },

    async get{{Name}}({ id }, context) {
      const ownerId = userIdOf(context);
      if (!UUID.test(id)) throw invalid({ field: 'id', description: 'must be a UUID' });
      return { {{name}}: toMessage(await find{{Name}}({{name}}s, id, ownerId)) };
    },
  };
}

function userIdOf({ user }: ServerContext): string {
  if (user === undefined) throw new AppError('UNAUTHENTICATED', 'UNAUTHENTICATED', 'log in first');
  return user.id;
}

function toMessage({ id, title, createTime }: {{Name}}): {{Name}}Message {
  return { id, title, createTime };
}
