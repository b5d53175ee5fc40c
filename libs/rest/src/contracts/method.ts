import type protobuf from 'protobufjs';

/** A method of a contract, as hooks and authentication see it. */
export interface RestMethod {
  /** `package.Service/Method`, as gRPC names it. */
  readonly fullName: string;
  /** `package.Service`. */
  readonly service: string;
  readonly name: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly idempotency: 'NO_SIDE_EFFECTS' | 'IDEMPOTENT' | undefined;
}

/** A method with its message types, and with its options as they were written. */
export interface ContractMethod extends RestMethod {
  readonly requestType: protobuf.Type;
  readonly responseType: protobuf.Type;
  readonly comment: string | undefined;
  readonly source: protobuf.Method;
}

/** Every method of every service under `root`, in the order they were written. */
export function methodsOf(root: protobuf.NamespaceBase): ContractMethod[] {
  return root.nestedArray.flatMap((child) => {
    if ('methodsArray' in child) return (child as protobuf.Service).methodsArray.map(describe);
    return 'nestedArray' in child ? methodsOf(child as protobuf.NamespaceBase) : [];
  });
}

function describe(method: protobuf.Method): ContractMethod {
  method.resolve();
  const { parent, resolvedRequestType, resolvedResponseType } = method;
  if (parent === null || resolvedRequestType === null || resolvedResponseType === null) {
    throw new Error(`${method.fullName} refers to types that are not there`);
  }
  const service = parent.fullName.replace(/^\./, '');
  const level: unknown = method.options?.['idempotency_level'];
  return {
    fullName: `${service}/${method.name}`,
    service,
    name: method.name,
    requestStream: method.requestStream === true,
    responseStream: method.responseStream === true,
    idempotency: level === 'NO_SIDE_EFFECTS' || level === 'IDEMPOTENT' ? level : undefined,
    requestType: resolvedRequestType,
    responseType: resolvedResponseType,
    comment: method.comment ?? undefined,
    source: method,
  };
}
