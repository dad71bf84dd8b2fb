import { difference } from '../answer.js';
import { Failure } from '../check.js';
import { answered, anySubjects, type Ground } from '../ground.js';
import type { InferRequest, InferResponse } from '../messages.js';
import { rawRequest, type Subject, sampleInputs } from '../subject.js';
import type { Tensor } from '../tensor.js';

/** A valid request. */
export function requestFor(subject: Subject, seed: number, rest: Partial<InferRequest> = {}): InferRequest {
  return rawRequest(subject.name, sampleInputs(subject, { seed }), rest);
}

/** What every usable model answers to a request of its own. */
export async function eachAnswer(
  ground: Ground,
  look: (response: InferResponse, subject: Subject) => void,
  rest: Partial<InferRequest> = {},
): Promise<void> {
  for (const subject of anySubjects(ground)) look(await answered(ground, requestFor(subject, ground.seed, rest)), subject);
}

/** `what` the answers should have in common. */
export function assertSame(one: readonly Tensor[], other: readonly Tensor[], what: string): void {
  const differs = difference(one, other);
  if (differs !== undefined) throw new Failure(what, differs);
}
