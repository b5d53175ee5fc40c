import { METHODS } from 'node:http';
import { parseTemplate, type PathTemplate } from '../routing/path-template.ts';
import type { ContractMethod } from './method.ts';
import { optionOf, type ParsedOptions } from './option.ts';

/** One way to call a method over HTTP: google.api.http itself, or one of its additional_bindings. */
export interface HttpBinding {
  readonly method: ContractMethod;
  /** Its place among the method's bindings; the rule itself is 0. */
  readonly index: number;
  /** `GET`, `POST`, … or the kind of a custom pattern, of which `*` is any method. */
  readonly verb: string;
  readonly template: PathTemplate;
  /** `*`, the name of a field of the request, or undefined where the request has no body. */
  readonly body: string | undefined;
  /** The field of the response that is the HTTP body; undefined for the whole response. */
  readonly responseBody: string | undefined;
}

const PATTERNS = ['get', 'put', 'post', 'delete', 'patch', 'custom'] as const;

/**
 * The HTTP bindings of a method; none where it has no `google.api.http` option. Breaking the rules of the option throws, naming the method.
 * @see https://github.com/googleapis/googleapis/blob/master/google/api/http.proto
 */
export function httpBindings(method: ContractMethod): HttpBinding[] {
  const options = method.source.parsedOptions as ParsedOptions | undefined;
  const rule = optionOf(options, 'google.api.http', method.service);
  if (rule === undefined) return [];
  try {
    const additional = listOf(asRule(rule)['additional_bindings'] ?? asRule(rule)['additionalBindings']).map(asRule);
    if (additional.some((binding) => 'additional_bindings' in binding))
      throw new Error('additional_bindings do not nest');
    return [asRule(rule), ...additional].map((binding, index) => readBinding(binding, method, index));
  } catch (error) {
    throw new Error(`google.api.http of ${method.fullName}: ${(error as Error).message}`, { cause: error });
  }
}

function readBinding(rule: Readonly<Record<string, unknown>>, method: ContractMethod, index: number): HttpBinding {
  const patterns = PATTERNS.filter((name) => rule[name] !== undefined);
  const [pattern] = patterns;
  if (pattern === undefined || patterns.length > 1)
    throw new Error('there must be one pattern, as in get: "/v1/things"');
  const [verb, path] =
    pattern === 'custom' ? readCustom(asRule(rule['custom'])) : [pattern.toUpperCase(), text(rule[pattern])];
  if (path === undefined) throw new Error(`the path of ${pattern} is not a string`);
  const body = text(rule['body']);
  const responseBody = text(rule['response_body'] ?? rule['responseBody']);
  if (body !== undefined && body !== '*' && method.requestType.fields[body] === undefined) {
    throw new Error(`body: ${method.requestType.name} has no field ${body}`);
  }
  if (body !== undefined && (verb === 'GET' || verb === 'HEAD')) throw new Error(`${verb} takes no body`);
  if (responseBody !== undefined && method.responseType.fields[responseBody] === undefined) {
    throw new Error(`response_body: ${method.responseType.name} has no field ${responseBody}`);
  }
  return { method, index, verb, template: parseTemplate(path), body, responseBody };
}

function readCustom(custom: Readonly<Record<string, unknown>>): [string, string | undefined] {
  const kind = text(custom['kind']);
  if (kind === undefined || (kind !== '*' && !METHODS.includes(kind)))
    throw new Error(`custom: Node knows no HTTP method ${String(kind)}`);
  return [kind, text(custom['path'])];
}

function asRule(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('a rule must be a message');
  return value as Record<string, unknown>;
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** An empty string is proto3's way of saying nothing. */
function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
