import { outputsOf } from './answer.js';
import { Skip } from './check.js';
import type { InferRequest, InferResponse, ServerMetadata } from './messages.js';
import { granted, type Reply } from './reply.js';
import type { DecoupledModel, ListedModel, Subject } from './subject.js';
import type { Target } from './target.js';
import type { Tensor } from './tensor.js';

/** What every check stands on: the connection, and what was found out about the server before the first check. */
export interface Ground {
  readonly target: Target;
  readonly seed: number;
  /** Checks may load and unload models. */
  readonly mayControl: boolean;
  readonly metadata: ServerMetadata | undefined;
  readonly extensions: ReadonlySet<string>;
  readonly models: readonly ListedModel[];
  readonly subjects: readonly Subject[];
  readonly decoupled: readonly DecoupledModel[];
  /** Models that are neither, and what they answered. */
  readonly unusable: readonly { readonly name: string; readonly why: string }[];
  readonly streams: boolean;
}

/** Checks that try many things on a model try them on the first few that fit. */
export const A_FEW = 4;

/** The subjects that fit; skips the check where there are none. */
export function subjectsWhere({ subjects }: Ground, fits: (subject: Subject) => boolean, what: string): [Subject, ...Subject[]] {
  const [first, ...rest] = subjects.filter(fits);
  if (first === undefined) throw new Skip(`no usable model ${what}`);
  return [first, ...rest];
}

export function anySubjects(ground: Ground): [Subject, ...Subject[]] {
  return subjectsWhere(ground, () => true, 'that answers ModelInfer');
}

/** Skips the check where the server does not say that it has the extension. */
export function needExtension({ extensions }: Ground, name: string): void {
  if (!extensions.has(name)) throw new Skip(`ServerMetadata does not list the extension ${name}`);
}

export function infer({ target }: Ground, request: InferRequest): Promise<Reply<InferResponse>> {
  return target.ask('ModelInfer', request);
}

/** The response to a request that must be answered. */
export async function answered(ground: Ground, request: InferRequest, what = 'a valid request'): Promise<InferResponse> {
  return granted(await infer(ground, request), `${what} to ${request.model_name}`);
}

export async function outputsFor(ground: Ground, request: InferRequest, what?: string): Promise<Tensor[]> {
  return outputsOf(await answered(ground, request, what));
}
