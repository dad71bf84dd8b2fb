import { assert, assertEqual, type Check, Skip, show } from '../check.js';
import { answered, anySubjects, outputsFor, subjectsWhere } from '../ground.js';
import { section } from '../section.js';
import { rawRequest, type Subject, sampleInputs } from '../subject.js';
import type { Tensor } from '../tensor.js';
import { assertSame, eachAnswer, requestFor } from './each-answer.js';

const INFERENCE = section('OIP gRPC', 'Inference');
const REQUEST = section('OIP REST', 'Inference Request JSON Object');

/** Longer than a buffer of a careless server, and not ASCII. */
const LONG_ID = `${'ключ-鍵-'.repeat(60)}🗝`;

export const INFER_CHECKS: readonly Check[] = [
  {
    id: 'infer.accepted',
    title: 'ModelInfer answers a request made from ModelMetadata alone',
    level: 'must',
    section: INFERENCE,
    run: async ({ models, subjects, decoupled, unusable }) => {
      if (models.length === 0) throw new Skip('no model was given by --model or listed by RepositoryIndex');
      if (subjects.length === 0 && unusable.length === 0)
        throw new Skip(`every model is decoupled: ${decoupled.map(({ name }) => name).join()}`);
      assert(subjects.length > 0, 'OK from at least one model', unusable.map(({ name, why }) => `${name}: ${why}`).join('; '));
    },
  },
  {
    id: 'infer.accepted-everywhere',
    title: 'ModelInfer of every model answers a request made from ModelMetadata alone',
    level: 'should',
    section: INFERENCE,
    run: async ({ models, unusable }) => {
      if (models.length === 0) throw new Skip('no model was given by --model or listed by RepositoryIndex');
      assert(unusable.length === 0, 'OK from every model', unusable.map(({ name, why }) => `${name}: ${why}`).join('; '));
    },
  },
  {
    id: 'infer.model-name',
    title: 'A response carries the name of the model',
    level: 'must',
    section: INFERENCE,
    run: (ground) => eachAnswer(ground, (response, { name }) => assertEqual('model_name', response.model_name, name)),
  },
  {
    id: 'infer.default-version',
    title: 'A response carries the version that ran: one that ModelMetadata lists',
    level: 'must',
    section: INFERENCE,
    run: async (ground) => {
      for (const subject of subjectsWhere(ground, ({ versions }) => versions.length > 0, 'lists versions')) {
        const { model_version: version } = await answered(ground, requestFor(subject, ground.seed));
        assert(subject.versions.includes(version), `model_version out of ${show(subject.versions)} of ${subject.name}`, show(version));
      }
    },
  },
  {
    id: 'infer.asked-version',
    title: 'The version that is asked for runs, and the response carries it',
    level: 'must',
    section: INFERENCE,
    run: async (ground) => {
      for (const subject of subjectsWhere(ground, ({ versions }) => versions.length > 0, 'lists versions')) {
        for (const version of subject.versions) {
          const response = await answered(ground, requestFor(subject, ground.seed, { model_version: version }), `version ${version}`);
          assertEqual(`model_version of ${subject.name}`, response.model_version, version);
        }
      }
    },
  },
  {
    id: 'infer.id',
    title: 'The id of a request comes back',
    level: 'must',
    section: REQUEST,
    run: (ground) => eachAnswer(ground, ({ id }) => assertEqual('id', id, 'request-42'), { id: 'request-42' }),
  },
  {
    id: 'infer.long-id',
    title: 'A long id with characters beyond ASCII comes back unchanged',
    level: 'must',
    section: REQUEST,
    run: (ground) => eachAnswer(ground, ({ id }) => assertEqual('id', id, LONG_ID), { id: LONG_ID }),
  },
  {
    id: 'infer.no-id',
    title: 'A request without an id gets a response without one',
    level: 'should',
    section: INFERENCE,
    run: (ground) => eachAnswer(ground, ({ id }) => assertEqual('id', id, '')),
  },
  {
    id: 'infer.input-order',
    title: 'Inputs may come in any order: their names say which they are',
    level: 'should',
    section: REQUEST,
    run: async (ground) => {
      const fit = ({ inputs, repeatable }: Subject) => inputs.length > 1 && repeatable;
      for (const subject of subjectsWhere(ground, fit, 'with several inputs and repeatable answers')) {
        const inputs = sampleInputs(subject, { seed: ground.seed });
        const [one, other] = [inputs, [...inputs].reverse()].map((each) => rawRequest(subject.name, each));
        if (one === undefined || other === undefined) continue;
        assertSame(await outputsFor(ground, other), await outputsFor(ground, one), `the same answer of ${subject.name}`);
      }
    },
  },
  {
    id: 'infer.unknown-parameters',
    title: 'Parameters that the server does not know do no harm, on the request, its inputs and its outputs',
    level: 'should',
    section: section('OIP gRPC', 'Parameters'),
    run: async (ground) => {
      const parameters = {
        oip_conformance_bool: { bool_param: true },
        oip_conformance_int64: { int64_param: '-7' },
        oip_conformance_string: { string_param: 'seven' },
      };
      for (const subject of anySubjects(ground)) {
        const request = requestFor(subject, ground.seed, { parameters });
        const inputs = request.inputs.map((input) => ({ ...input, parameters }));
        const outputs = subject.outputs.map(({ name }) => ({ name, parameters }));
        await answered(ground, { ...request, inputs, outputs }, 'a request with unknown parameters');
      }
    },
  },
  {
    id: 'infer.rows',
    title: 'Two rows in one request get the answers that each gets alone',
    level: 'should',
    section: section('OIP REST', 'Request Input'),
    run: async (ground) => {
      const fit = ({ batched, repeatable }: Subject) => batched && repeatable;
      for (const subject of subjectsWhere(ground, fit, 'that takes several rows and has repeatable answers')) {
        const rows = [1, 2].map((seed) => sampleInputs(subject, { seed: ground.seed + seed }));
        const answers: Tensor[][] = [];
        for (const row of rows) answers.push(await outputsFor(ground, rawRequest(subject.name, row)));
        const both = await outputsFor(ground, rawRequest(subject.name, stack(rows)), 'two rows');
        assertSame(both, stack(answers), `the rows' own answers of ${subject.name}`);
      }
    },
  },
  {
    id: 'infer.no-elements',
    title: 'A tensor may have no elements',
    level: 'triton',
    section: section('Triton service', 'ModelInferRequest'),
    run: async (ground) => {
      const fit = ({ echo, leading, inputs }: Subject) => echo && inputs.every(({ shape }) => shape.lastIndexOf(-1) > (leading ? 0 : -1));
      for (const subject of subjectsWhere(ground, fit, 'that gives back inputs of variable size')) {
        const inputs = sampleInputs(subject, { seed: ground.seed, variable: 0 });
        const outputs = await outputsFor(ground, rawRequest(subject.name, inputs), 'tensors without elements');
        assertEqual(
          `shapes of ${subject.name}`,
          outputs.map(({ shape }) => shape),
          inputs.map(({ shape }) => shape),
        );
      }
    },
  },
];

/** Tensors of one row each as one tensor of all rows. */
function stack(rows: readonly (readonly Tensor[])[]): Tensor[] {
  const [first = []] = rows;
  return first.map((tensor, at) => ({
    ...tensor,
    shape: [rows.length, ...tensor.shape.slice(1)],
    raw: Buffer.concat(rows.map((row) => row[at]?.raw ?? Buffer.alloc(0))),
  }));
}
