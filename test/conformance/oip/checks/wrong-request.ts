import { type Check, type Level, midSentence } from '../check.js';
import { A_FEW, anySubjects, type Ground, infer, subjectsWhere } from '../ground.js';
import type { InferRequest } from '../messages.js';
import { type CodeName, refused } from '../reply.js';
import { rawRequest, type Subject, sampleInputs } from '../subject.js';
import type { Tensor } from '../tensor.js';

/** A request that must not be answered. */
export interface WrongRequest {
  readonly id: string;
  /** "A request …" */
  readonly title: string;
  readonly level: Level;
  readonly section: string;
  /** Which model it takes, for the reason of a skip: "no usable model …". */
  readonly needs: string;
  /** The status code that fits best. */
  readonly code: CodeName;
  /** The wrong request to a subject; undefined where it cannot be made for that one. */
  readonly make: (subject: Subject, inputs: readonly Tensor[]) => InferRequest | undefined;
}

export interface MadeRequest {
  readonly subject: Subject;
  readonly request: InferRequest;
}

/** The wrong request to the first few subjects it can be made for. */
export function makeWrong({ subjects, seed }: Ground, wrong: WrongRequest): MadeRequest[] {
  const made = subjects.flatMap((subject) => {
    const request = wrong.make(subject, sampleInputs(subject, { seed }));
    return request === undefined ? [] : [{ subject, request }];
  });
  return made.slice(0, A_FEW);
}

export function refusalCheck(wrong: WrongRequest): Check {
  const { id, title, level, section, needs } = wrong;
  return {
    id,
    title: `${title} is refused`,
    level,
    section,
    run: async (ground) => {
      anySubjects(ground);
      const made = makeWrong(ground, wrong);
      const takers = new Set(made.map(({ subject }) => subject.name));
      subjectsWhere(ground, ({ name }) => takers.has(name), needs);
      for (const { subject, request } of made) refused(await infer(ground, request), `${midSentence(title)} (model ${subject.name})`);
    },
  };
}

/** The valid raw request with one input changed: the first that `change` has a change for. */
export function withInput(
  { name }: Subject,
  inputs: readonly Tensor[],
  change: (input: Tensor, at: number) => Partial<Tensor> | undefined,
): InferRequest | undefined {
  const changes = inputs.map(change);
  const chosen = changes.findIndex((each) => each !== undefined);
  if (chosen === -1) return undefined;
  return rawRequest(
    name,
    inputs.map((input, at) => (at === chosen ? { ...input, ...changes[at] } : input)),
  );
}
