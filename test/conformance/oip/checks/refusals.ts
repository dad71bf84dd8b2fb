import { difference, outputsOf } from '../answer.js';
import { assert, type Check, Failure, midSentence, show } from '../check.js';
import { answered, anySubjects, type Ground, infer, outputsFor, subjectsWhere } from '../ground.js';
import { type CodeName, describeReply, refused, refusedWith } from '../reply.js';
import { section } from '../section.js';
import { rawRequest, sampleInputs } from '../subject.js';
import { WRONG_CONTENTS } from './wrong-contents.js';
import { WRONG_NAMES } from './wrong-names.js';
import { makeWrong, refusalCheck, type WrongRequest } from './wrong-request.js';
import { WRONG_SHAPES } from './wrong-shapes.js';

const WRONG: readonly WrongRequest[] = [...WRONG_NAMES, ...WRONG_SHAPES, ...WRONG_CONTENTS];
const ERRORS = section('OIP gRPC', 'Inference');

/** Every wrong request to the first subject that it can be made for. */
function oneOfEach(ground: Ground, of: readonly WrongRequest[] = WRONG) {
  anySubjects(ground);
  return of.flatMap((wrong) =>
    makeWrong(ground, wrong)
      .slice(0, 1)
      .map(({ request }) => ({ wrong, request })),
  );
}

/** Refusals carry the code; a wrong request that is answered is another check's. */
async function assertCode(ground: Ground, code: CodeName): Promise<void> {
  const of = WRONG.filter((wrong) => wrong.code === code);
  for (const { wrong, request } of oneOfEach(ground, of)) {
    const reply = await infer(ground, request);
    if (!reply.ok) refusedWith([code], reply, `${midSentence(wrong.title)} (model ${request.model_name})`);
  }
}

export const REFUSAL_CHECKS: readonly Check[] = [
  ...WRONG.map(refusalCheck),
  {
    id: 'refuse.code-not-found',
    title: 'What is not there is refused with NOT_FOUND',
    level: 'should',
    section: section('gRPC status codes', 'NOT_FOUND'),
    run: (ground) => assertCode(ground, 'NOT_FOUND'),
  },
  {
    id: 'refuse.code-invalid-argument',
    title: 'What is wrong in itself is refused with INVALID_ARGUMENT',
    level: 'should',
    section: section('gRPC status codes', 'INVALID_ARGUMENT'),
    run: (ground) => assertCode(ground, 'INVALID_ARGUMENT'),
  },
  {
    id: 'refuse.message',
    title: 'A refusal says why',
    level: 'should',
    section: section('OIP REST', 'Inference Response JSON Error Object'),
    run: async (ground) => {
      for (const { wrong, request } of oneOfEach(ground)) {
        const reply = await infer(ground, request);
        if (!reply.ok) assert(reply.text.trim() !== '', `a message with the refusal of ${midSentence(wrong.title)}`, describeReply(reply));
      }
    },
  },
  {
    id: 'refuse.connection',
    title: 'After 100 wrong requests the same connection answers a right one as before',
    level: 'must',
    section: ERRORS,
    run: async (ground) => {
      const [subject] = subjectsWhere(ground, ({ repeatable }) => repeatable, 'has repeatable answers');
      const good = rawRequest(subject.name, sampleInputs(subject, { seed: ground.seed }));
      const before = await outputsFor(ground, good);
      const wrong = WRONG_NAMES.flatMap((each) => makeWrong({ ...ground, subjects: [subject] }, each));
      for (let sent = 0; sent < 100; sent++) {
        const each = wrong[sent % wrong.length];
        if (each !== undefined) await infer(ground, each.request);
      }
      const differs = difference(outputsOf(await answered(ground, good, 'a right request after wrong ones')), before);
      if (differs !== undefined) throw new Failure(`the same answer of ${subject.name} as before`, differs);
    },
  },
  {
    id: 'refuse.mixed',
    title: 'Wrong requests beside right ones do them no harm',
    level: 'must',
    section: ERRORS,
    run: async (ground) => {
      const [subject] = subjectsWhere(ground, ({ repeatable }) => repeatable, 'has repeatable answers');
      const good = rawRequest(subject.name, sampleInputs(subject, { seed: ground.seed }));
      const bad = { ...good, raw_input_contents: [] };
      const before = await outputsFor(ground, good);
      const replies = await Promise.all(
        Array.from({ length: 32 }, async (_, at) => ({ at, reply: await infer(ground, at % 2 === 0 ? good : bad) })),
      );
      for (const { at, reply } of replies) {
        if (at % 2 === 1) refused(reply, 'a request without any contents');
        else {
          assert(reply.ok, `OK for right request ${at} of ${show(subject.name)}`, describeReply(reply));
          const differs = difference(outputsOf(reply.message), before);
          if (differs !== undefined) throw new Failure(`the same answer of ${subject.name} as alone`, differs);
        }
      }
    },
  },
];
