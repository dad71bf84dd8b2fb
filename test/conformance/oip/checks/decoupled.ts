import { outputsOf } from '../answer.js';
import { assert, assertEqual, type Check, Skip, show } from '../check.js';
import type { Ground } from '../ground.js';
import type { InferRequest, StreamResponse } from '../messages.js';
import { refusedWith } from '../reply.js';
import { section } from '../section.js';
import { type DecoupledModel, rawRequest, sampleInputs } from '../subject.js';
import { decodeNumbers, encodeNumbers } from '../tensor.js';
import { assertFinals, finalOf, openStream } from './stream-messages.js';

const SECTION = section('Triton decoupled models', 'Knowing When a Decoupled Inference Request is Complete');
const EMPTY_FINAL = { triton_enable_empty_final_response: { bool_param: true } };
const VALUES = [40, 20, 30];

function decoupledModel({ decoupled }: Ground): DecoupledModel {
  const [model] = decoupled;
  if (model === undefined) throw new Skip('no decoupled model');
  return model;
}

/** A model with the tensors of Triton's repeat backend: one response for each element of IN, with OUT that element and IDX its place. */
function repeatModel({ decoupled }: Ground): DecoupledModel {
  const names = ['IN', 'DELAY', 'WAIT'];
  const found = decoupled.find(({ inputs }) => names.every((name) => inputs.some((input) => input.name === name)));
  if (found === undefined) throw new Skip("no decoupled model like Triton's repeat, with inputs IN, DELAY and WAIT");
  return found;
}

function repeatRequest({ name, inputs }: DecoupledModel, rest: Partial<InferRequest>): InferRequest {
  const tensors = inputs.map((input) => {
    const values = input.name === 'IN' ? VALUES : input.name === 'DELAY' ? VALUES.map(() => 0) : [0];
    return { ...input, shape: [values.length], raw: encodeNumbers(input.datatype, values) };
  });
  return rawRequest(name, tensors, { id: 'repeat', ...rest });
}

async function ask(ground: Ground, request: InferRequest): Promise<readonly StreamResponse[]> {
  const conversation = openStream(ground);
  conversation.send(request);
  const messages = await conversation.finish();
  const errors = messages.flatMap(({ error_message: error }) => (error === '' ? [] : [error]));
  assertEqual('errors', errors, []);
  return messages;
}

function numbersOf(messages: readonly StreamResponse[], output: string): (number | undefined)[] {
  return messages.map(({ infer_response: response }) => {
    const tensor = response === null ? undefined : outputsOf(response).find(({ name }) => name === output);
    return tensor === undefined ? undefined : decodeNumbers(tensor.datatype, tensor.raw)[0];
  });
}

/** Models that answer one request with any number of responses. */
export const DECOUPLED_CHECKS: readonly Check[] = [
  {
    id: 'decoupled.unary',
    title: 'ModelInfer of a decoupled model is UNIMPLEMENTED',
    level: 'triton',
    section: section('Triton decoupled models', 'Decoupled Backends and Models'),
    run: async (ground) => {
      const model = decoupledModel(ground);
      const request = rawRequest(model.name, sampleInputs(model, { seed: ground.seed }));
      refusedWith(['UNIMPLEMENTED'], await ground.target.ask('ModelInfer', request), `ModelInfer of ${model.name}`);
    },
  },
  {
    id: 'decoupled.one-final',
    title: 'With triton_enable_empty_final_response one response is final, and it is the last',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      const model = decoupledModel(ground);
      const inputs = sampleInputs(model, { seed: ground.seed });
      const messages = await ask(ground, rawRequest(model.name, inputs, { parameters: EMPTY_FINAL }));
      assert(messages.length > 0, 'at least one message', '0');
      assertFinals(
        messages,
        messages.map((_, at) => at === messages.length - 1),
      );
    },
  },
  {
    id: 'decoupled.values',
    title: 'A repeat model sends one response for each element, in their order',
    level: 'triton',
    section: section('Triton decoupled models', 'Decoupled Backends and Models'),
    run: async (ground) => {
      const messages = await ask(ground, repeatRequest(repeatModel(ground), {}));
      assertEqual('OUT of each response', numbersOf(messages, 'OUT'), VALUES);
      assertEqual(
        'IDX of each response',
        numbersOf(messages, 'IDX'),
        VALUES.map((_, at) => at),
      );
    },
  },
  {
    id: 'decoupled.empty-final',
    title: 'With triton_enable_empty_final_response the last response has no outputs, but id and model',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      const model = repeatModel(ground);
      const messages = await ask(ground, repeatRequest(model, { parameters: EMPTY_FINAL }));
      assertEqual('number of messages', messages.length, VALUES.length + 1);
      const last = messages.at(-1)?.infer_response;
      assertEqual('the last [outputs, id, model_name]', [last?.outputs.length, last?.id, last?.model_name], [0, 'repeat', model.name]);
    },
  },
  {
    id: 'decoupled.no-empty-final',
    title: 'Without triton_enable_empty_final_response every response has outputs',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      const messages = await ask(ground, repeatRequest(repeatModel(ground), {}));
      const outputs = messages.map(({ infer_response: response }) => response?.outputs.length);
      assert(outputs.length > 0 && !outputs.includes(0) && !outputs.includes(undefined), 'outputs in every response', show(outputs));
    },
  },
  {
    id: 'decoupled.several',
    title: 'Several decoupled requests on one stream are all answered, each in its own order',
    level: 'triton',
    section: section('Triton decoupled models', 'Decoupled Backends and Models'),
    run: async (ground) => {
      const model = repeatModel(ground);
      const conversation = openStream(ground);
      const ids = ['one', 'two', 'three'];
      for (const id of ids) conversation.send(repeatRequest(model, { id, parameters: EMPTY_FINAL }));
      const messages = await conversation.finish();
      for (const id of ids) {
        const own = messages.filter(({ infer_response: response }) => response?.id === id);
        assertEqual(`OUT of request ${id}`, numbersOf(own.slice(0, -1), 'OUT'), VALUES);
        assertEqual(`the end of request ${id}`, own.map(finalOf).indexOf(true), VALUES.length);
      }
    },
  },
];
