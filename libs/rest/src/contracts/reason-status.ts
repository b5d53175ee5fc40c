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
    const prefix = `${enumeration.name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()}_`;
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
      for (const reason of new Set([name, name.startsWith(prefix) ? name.slice(prefix.length) : name])) {
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

function enumsOf(namespace: protobuf.NamespaceBase): protobuf.Enum[] {
  return namespace.nestedArray.flatMap((child) => {
    if (child instanceof protobuf.Enum) return [child];
    return child instanceof protobuf.Namespace ? enumsOf(child) : [];
  });
}
