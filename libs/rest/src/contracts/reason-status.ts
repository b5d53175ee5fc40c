import protobuf from 'protobufjs';
import { namesOption } from './option.ts';

/**
 * The HTTP statuses that contracts give to their error reasons: reads the option `optionName` (an int32 extension of
 * google.protobuf.EnumValueOptions) from every enum value under `root`. A value's reason is its name, and also its name without the
 * enum's prefix where the contracts prefix their values.
 *
 * Throws where two enums give one reason different statuses, since an error carries only the reason.
 */
export function reasonStatuses(root: protobuf.NamespaceBase, optionName: string): ReadonlyMap<string, number> {
  const statuses = new Map<string, number>();
  for (const enumeration of enumsOf(root)) {
    const scope = enumeration.parent?.fullName.replace(/^\./, '') ?? '';
    for (const [name, options] of Object.entries(enumeration.valuesOptions ?? {})) {
      // protobufjs types every value of the table as present; those without options are undefined.
      const written = Object.entries((options as Record<string, unknown> | undefined) ?? {});
      const status = written.find(([option]) => namesOption(option, optionName, scope))?.[1];
      if (status === undefined) continue;
      if (typeof status !== 'number' || !Number.isInteger(status) || status < 400 || status > 599) {
        throw new Error(
          `${optionName} of ${enumeration.fullName}.${name} is no HTTP error status: ${JSON.stringify(status)}`,
        );
      }
      for (const reason of shortened(enumeration, name)) {
        const other = statuses.get(reason);
        if (other !== undefined && other !== status) {
          throw new Error(`${optionName} of ${enumeration.fullName}.${name} is ${status}, and ${other} elsewhere`);
        }
        statuses.set(reason, status);
      }
    }
  }
  return statuses;
}

/**
 * What the contracts say of their reasons, in comments on the enum values with an HTTP status; by the reason's name, without the enum's prefix.
 */
export function reasonComments(
  root: protobuf.NamespaceBase,
  statuses: ReadonlyMap<string, number>,
): Map<string, string> {
  const comments = new Map<string, string>();
  for (const enumeration of enumsOf(root)) {
    for (const [name, comment] of Object.entries(enumeration.comments as Record<string, string | null>)) {
      const reason = [...shortened(enumeration, name)].findLast((each) => statuses.has(each));
      if (reason !== undefined && comment !== null) comments.set(reason, comment);
    }
  }
  return comments;
}

/** The names of a reason: as it is, and without its enum's prefix. */
function shortened({ name: enumName }: protobuf.Enum, name: string): Set<string> {
  const prefix = `${enumName.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()}_`;
  return new Set([name, name.startsWith(prefix) ? name.slice(prefix.length) : name]);
}

function enumsOf(namespace: protobuf.NamespaceBase): protobuf.Enum[] {
  return namespace.nestedArray.flatMap((child) => {
    if (child instanceof protobuf.Enum) return [child];
    return child instanceof protobuf.Namespace ? enumsOf(child) : [];
  });
}
