import type { Queryable } from '@stampede/postgres';
import type { {{Name}}, {{Name}}Store } from '../domain/{{name}}.ts';

interface Row {
  readonly id: string;
  readonly owner_id: string;
  readonly title: string;
  readonly created_at: Date;
}

export function postgres{{Name}}Store(database: Queryable): {{Name}}Store {
  return {
    async add({ id, ownerId, title }) {
      const [row] = await database.query<Row>(
        'insert into {{name}}s (id, owner_id, title) values ($1, $2, $3) returning id, owner_id, title, created_at',
        [id, ownerId, title],
      );
      if (row === undefined) throw new TypeError('an insert that returns nothing');
      return toEntity(row);
    },
    async find(id) {
      const [row] = await database.query<Row>('select id, owner_id, title, created_at from {{name}}s where id = $1', [id]);
      return row && toEntity(row);
    },
  };
}

function toEntity({ id, owner_id, title, created_at }: Row): {{Name}} {
  return { id, ownerId: owner_id, title, createTime: created_at };
}
