import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ServingError } from '../../src/error/serving-error.js';
import { ModelInferRequest } from '../../src/gen/inference/infer.js';
import { InferStreamRequest } from '../../src/gen/millrace/v1/inference.js';
import { createInferCodec } from '../../src/wire/codec.js';
import { parseInferStreamRequest } from '../../src/wire/millrace-v1.js';
import { parseModelConfig } from '../../src/wire/model-config.js';
import { parseModelInferRequest } from '../../src/wire/oip-request.js';
import { MILLRACE_INFER_LAYOUT, MODEL_INFER_LAYOUT } from '../../src/wire/request-bounds.js';
import { mutate, mutations } from '../support/mutated-bytes.js';
import { contents, oipInput, oipRequest, wireStreamRequest, wireTensor } from '../support/wire-messages.js';

const LIMIT = 4096;
const oipCodec = createInferCodec(ModelInferRequest, MODEL_INFER_LAYOUT, LIMIT);
const streamCodec = createInferCodec(InferStreamRequest, MILLRACE_INFER_LAYOUT, LIMIT);

const oipSeeds = [
  oipRequest({
    modelVersion: '1',
    id: 'r',
    parameters: { priority: { parameterChoice: { $case: 'uint64Param', value: 1n } } },
    inputs: [
      oipInput({ datatype: 'INT8', shape: [2n], contents: contents({ intContents: [1, -1] }) }),
      oipInput({ name: 'text', datatype: 'BYTES', contents: contents({ bytesContents: [Uint8Array.of(1)] }) }),
    ],
    outputs: [{ name: 'y', parameters: {} }],
  }),
  oipRequest({ inputs: [oipInput(), oipInput()], rawInputContents: [new Uint8Array(4), new Uint8Array(4)] }),
].map((message) => oipCodec.encode(message));

const streamSeeds = [
  wireStreamRequest({
    version: 'stable',
    inputs: [
      wireTensor({ datatype: 5, shape: [2n], uints: [1n, 2n ** 64n - 1n] }),
      wireTensor({ datatype: 13, strings: ['ä'] }),
      wireTensor({ datatype: 10, floats: [1.5] }),
    ],
    parameters: { list: [1, 'two', { three: null }] },
    rowsPerMessage: 4,
    ordering: 2,
    onError: 2,
  }),
  wireStreamRequest({ inputs: [wireTensor({ raw: new Uint8Array(4) })], outputNames: ['y'], priority: 3, outputEncoding: 2 }),
].map((message) => streamCodec.encode(message));

/** Whatever `act` refuses, it refuses with `invalid_request` or `unsupported` and a short text. True where it refused nothing. */
function passesOrRefuses(act: () => unknown): boolean {
  try {
    act();
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(ServingError);
    const { code, message } = error as ServingError;
    expect(['invalid_request', 'unsupported']).toContain(code);
    expect(message.length).toBeLessThanOrEqual(400);
    return false;
  }
}

describe('damaged requests', () => {
  it('of the Open Inference Protocol are read or refused, never more than they hold', () => {
    let read = 0;
    fc.assert(
      fc.property(fc.constantFrom(...oipSeeds), mutations, (seed, changes) => {
        const bytes = mutate(seed, changes);
        const act = () => {
          const { inputs } = parseModelInferRequest(oipCodec.decode(bytes));
          // Typed int8 in varints may take one byte more or less in the tensor; nothing takes eight times as many.
          expect(inputs.reduce((sum, { data }) => sum + data.length, 0)).toBeLessThanOrEqual(8 * bytes.length);
        };
        if (passesOrRefuses(act)) read += 1;
      }),
      { numRuns: 1500 },
    );
    expect(read).toBeGreaterThan(0);
  });

  it('of millrace.v1 are read or refused, never more than they hold', () => {
    let read = 0;
    fc.assert(
      fc.property(fc.constantFrom(...streamSeeds), mutations, (seed, changes) => {
        const bytes = mutate(seed, changes);
        const act = () => {
          const { request } = parseInferStreamRequest(streamCodec.decode(bytes));
          expect(request.inputs.reduce((sum, { data }) => sum + data.length, 0)).toBeLessThanOrEqual(8 * bytes.length);
        };
        if (passesOrRefuses(act)) read += 1;
      }),
      { numRuns: 1500 },
    );
    expect(read).toBeGreaterThan(0);
  });

  it('of no kind at all are refused or empty', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        passesOrRefuses(() => parseModelInferRequest(oipCodec.decode(bytes)));
        passesOrRefuses(() => parseInferStreamRequest(streamCodec.decode(bytes)));
      }),
      { numRuns: 1000 },
    );
  });

  it('nested without end are refused', () => {
    // parameters { value: list { list { … } } }: each level wraps the one below in Value.list_value.values.
    let value = Uint8Array.of(0x32, 0);
    for (let depth = 0; depth < 300; depth++) value = lengthDelimited(0x32, lengthDelimited(0x0a, value));
    const bytes = lengthDelimited(0x32, lengthDelimited(0x12, value));
    expect(passesOrRefuses(() => streamCodec.decode(bytes))).toBe(false);
  });
});

describe('damaged config.pbtxt', () => {
  const seed = `name: "m" max_batch_size: 8 input [ { name: "x" data_type: TYPE_FP32 dims: [ -1, 4 ] } ]
    dynamic_batching { preferred_batch_size: [ 4, 8 ] max_queue_delay_microseconds: 100 } # end
    instance_group [ { count: 2 kind: KIND_CPU } ] version_policy: { specific { versions: [ 1, 3 ] } }
    parameters { key: "k" value: { string_value: "v\\303\\244" } } optimization { graph { level: -1 } }`;

  it('is read or refused with load_failed', () => {
    fc.assert(
      fc.property(mutations, (changes) => {
        const text = Buffer.from(mutate(Buffer.from(seed), changes)).toString('latin1');
        try {
          parseModelConfig(text, 'm');
        } catch (error) {
          expect(error).toBeInstanceOf(ServingError);
          expect((error as ServingError).code).toBe('load_failed');
        }
      }),
      { numRuns: 1000 },
    );
  });
});

function lengthDelimited(tag: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const length: number[] = [];
  for (let rest = payload.length; ; rest >>>= 7) {
    length.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
    if (rest <= 0x7f) break;
  }
  return Uint8Array.from([tag, ...length, ...payload]);
}
