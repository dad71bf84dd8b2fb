import { quote } from '../error/quote.js';
import { invalidRequest, type ServingError } from '../error/serving-error.js';
import type { ModelInferRequest } from '../gen/inference/infer.js';
import type { Call, RequestMetadata } from '../grpc/call.js';
import type { HeaderPattern } from '../model/header-pattern.js';
import { ParameterAttributes } from '../telemetry/parameter-attributes.js';

/** Parameters that the protocol itself gives a meaning, beside all that begin with RESERVED_PREFIX: no header may pass for one. */
const RESERVED: ReadonlySet<string> = new Set([
  'sequence_id',
  'sequence_start',
  'sequence_end',
  'priority',
  'timeout',
  'headers',
  'binary_data_output',
]);
const RESERVED_PREFIX = 'triton_';
/** A header of this server's own streams: never a parameter, hence nothing to refuse. */
export const GRPC_ERROR = 'triton_grpc_error';
/** Who may read traces may not call in the name of others. */
const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization', 'cookie']);

type Parameters = ModelInferRequest['parameters'];

/** Headers that become request parameters; undefined: none do. */
export type ForwardPattern = HeaderPattern | undefined;

/** Takes the parameters of a unary call, its own and those that are headers. Throws `invalid_request` as `findReservedHeader` says. */
export function takeParameters(parameters: Parameters, { metadata, span }: Call, pattern: ForwardPattern): void {
  if (pattern !== undefined) {
    const refusal = findReservedHeader(metadata, pattern);
    if (refusal !== undefined) throw refusal;
  }
  if (span !== undefined) recordParameters(new ParameterAttributes(span), parameters, metadata, pattern);
}

/** Why requests with these headers are refused, in Triton's words: one that is forwarded would pass for a parameter of the protocol's own. */
export function findReservedHeader(metadata: RequestMetadata, pattern: HeaderPattern): ServingError | undefined {
  for (const [name] of metadata.entries()) {
    if (name === GRPC_ERROR || !isReserved(name) || !pattern.matches(name)) continue;
    return invalidRequest(`Header ${quote(name)} is reserved for Triton usage and cannot be forwarded.`);
  }
  return undefined;
}

/** A model file cannot see parameters, so whoever looks into its calls can. Of two with one name the header's value stays, as with Triton. */
export function recordParameters(
  attributes: ParameterAttributes,
  parameters: Parameters,
  metadata: RequestMetadata,
  pattern: ForwardPattern,
): void {
  for (const [name, { parameterChoice }] of Object.entries(parameters)) {
    if (parameterChoice !== undefined && !isReserved(name)) attributes.set(name, parameterChoice.value);
  }
  if (pattern === undefined) return;
  for (const [name, value] of metadata.entries()) {
    if (!isReserved(name) && !CREDENTIALS.has(name) && pattern.matches(name)) attributes.set(name, value);
  }
}

function isReserved(name: string): boolean {
  return name.startsWith(RESERVED_PREFIX) || RESERVED.has(name);
}
