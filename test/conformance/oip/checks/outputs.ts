import { assertSizes, outputsOf } from '../answer.js';
import { assert, assertEqual, type Check } from '../check.js';
import { answered, type Ground, outputsFor, subjectsWhere } from '../ground.js';
import { section } from '../section.js';
import type { Subject } from '../subject.js';
import { assertSame, eachAnswer, requestFor } from './each-answer.js';

const INFERENCE = section('OIP gRPC', 'Inference');
const OUTPUT = section('OIP gRPC', 'Inference: InferOutputTensor');
const REQUEST = section('OIP REST', 'Inference Request JSON Object');

function manyOutputs(ground: Ground): readonly Subject[] {
  return subjectsWhere(ground, ({ outputs }) => outputs.length > 1, 'with several outputs');
}

/** The metadata's shape allows the answer's. */
function fits(shape: readonly number[], allowed: readonly number[]): boolean {
  return shape.length === allowed.length && shape.every((size, axis) => size >= 0 && (allowed[axis] === -1 || allowed[axis] === size));
}

export const OUTPUT_CHECKS: readonly Check[] = [
  {
    id: 'infer.all-outputs',
    title: 'A request that names no outputs gets all of them, each once',
    level: 'must',
    section: REQUEST,
    run: (ground) =>
      eachAnswer(ground, ({ outputs }, subject) => {
        const names = outputs.map(({ name }) => name).sort();
        assertEqual(`outputs of ${subject.name}`, names, subject.outputs.map(({ name }) => name).sort());
      }),
  },
  {
    id: 'infer.output-datatypes',
    title: 'Outputs have the datatypes of ModelMetadata',
    level: 'must',
    section: OUTPUT,
    run: (ground) =>
      eachAnswer(ground, ({ outputs }, subject) => {
        for (const { name, datatype } of outputs) {
          const declared = subject.outputs.find((each) => each.name === name);
          if (declared !== undefined) assertEqual(`datatype of ${subject.name}'s ${name}`, datatype, declared.datatype);
        }
      }),
  },
  {
    id: 'infer.output-shapes',
    title: 'Outputs have shapes that ModelMetadata allows',
    level: 'must',
    section: OUTPUT,
    run: (ground) =>
      eachAnswer(ground, (response, subject) => {
        for (const { name, shape } of outputsOf(response)) {
          const declared = subject.outputs.find((each) => each.name === name);
          if (declared === undefined) continue;
          assert(fits(shape, declared.shape), `a shape like [${declared.shape.join()}] of ${subject.name}'s ${name}`, `[${shape.join()}]`);
        }
      }),
  },
  {
    id: 'infer.one-output',
    title: 'A request that names one output gets that one alone',
    level: 'must',
    section: INFERENCE,
    run: async (ground) => {
      for (const subject of manyOutputs(ground)) {
        for (const { name } of subject.outputs) {
          const { outputs } = await answered(ground, requestFor(subject, ground.seed, { outputs: [{ name }] }), `output ${name}`);
          assertEqual(
            `outputs of ${subject.name}`,
            outputs.map((output) => output.name),
            [name],
          );
        }
      }
    },
  },
  {
    id: 'infer.output-order',
    title: 'Outputs come in the order in which they were named',
    level: 'should',
    section: REQUEST,
    run: async (ground) => {
      for (const subject of manyOutputs(ground)) {
        const asked = subject.outputs.map(({ name }) => ({ name })).reverse();
        const { outputs } = await answered(ground, requestFor(subject, ground.seed, { outputs: asked }), 'outputs in reverse order');
        assertEqual(
          `outputs of ${subject.name}`,
          outputs.map(({ name }) => name),
          asked.map(({ name }) => name),
        );
      }
    },
  },
  {
    id: 'infer.same-output',
    title: 'An output has the same values whichever others are named',
    level: 'must',
    section: section('OIP gRPC', 'Tensor Data'),
    run: async (ground) => {
      const fit = ({ outputs, repeatable }: Subject) => outputs.length > 1 && repeatable;
      for (const subject of subjectsWhere(ground, fit, 'with several outputs and repeatable answers')) {
        const all = await outputsFor(ground, requestFor(subject, ground.seed));
        const asked = subject.outputs.map(({ name }) => ({ name })).reverse();
        for (const outputs of [asked, ...asked.map((output) => [output])]) {
          const some = await outputsFor(ground, requestFor(subject, ground.seed, { outputs }));
          const same = some.flatMap(({ name }) => all.filter((each) => each.name === name));
          assertSame(some, same, `the values of the full answer of ${subject.name}`);
        }
      }
    },
  },
  {
    id: 'infer.one-representation',
    title: 'A response holds raw contents, one entry for each output, or typed contents, never both',
    level: 'must',
    section: INFERENCE,
    run: (ground) =>
      eachAnswer(ground, ({ outputs, raw_output_contents: raw }, { name }) => {
        if (raw.length === 0) return;
        assertEqual(`raw_output_contents entries of ${name}`, raw.length, outputs.length);
        const typed = outputs.filter(({ contents }) => contents !== null).map((output) => output.name);
        assertEqual(`outputs of ${name} with contents beside raw_output_contents`, typed, []);
      }),
  },
  {
    id: 'infer.sizes',
    title: 'The contents of an output are as many as its shape and datatype say',
    level: 'must',
    section: section('OIP gRPC', 'Tensor Data'),
    run: (ground) => eachAnswer(ground, assertSizes),
  },
  {
    id: 'infer.raw-responses',
    title: 'A response holds raw contents, to typed requests too',
    level: 'triton',
    section: section('Triton service', 'ModelInferResponse'),
    run: (ground) =>
      eachAnswer(ground, ({ outputs, raw_output_contents: raw }, { name }) =>
        assertEqual(`raw_output_contents entries of ${name}`, raw.length, outputs.length),
      ),
  },
];
