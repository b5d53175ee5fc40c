import type { FieldCodec } from '../json/field-codec.ts';
import type { Message, MessageCodec } from '../json/message-codec.ts';

/** The fields that a path such as `author.full_name` goes through, outermost first; undefined where it leads nowhere. */
export function resolvePath(codec: MessageCodec, names: readonly string[]): FieldCodec[] | undefined {
  const fields: FieldCodec[] = [];
  let message: MessageCodec | undefined = codec;
  for (const name of names) {
    const field: FieldCodec | undefined = message?.field(name);
    if (field === undefined) return undefined;
    fields.push(field);
    message = field.shape === 'single' ? field.message : undefined;
  }
  return fields;
}

/** The message that holds the last of `fields`, made on the way down where it is not there. */
export function holderOf(message: Message, fields: readonly FieldCodec[]): Message {
  let holder = message;
  for (const field of fields.slice(0, -1)) {
    if (!Object.hasOwn(holder, field.name)) holder[field.name] = field.message?.create();
    holder = holder[field.name] as Message;
  }
  return holder;
}
