import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import { type InferParameter, ModelInferRequest, ModelStreamInferResponse } from '../../../src/gen/inference/infer.js';
import {
  createStreamRequestParser,
  formatStreamError,
  formatStreamResponse,
  modelStreamInferResponseCodec,
} from '../../../src/wire/oip-stream.js';
import { rowsRequest } from '../../support/data-plane-rig.js';
import { int32Rows } from '../../support/row-tensors.js';
import { contents, oipInput, oipRequest } from '../../support/wire-messages.js';

const MAX_TYPED_BYTES = 20;
const SUBJECT = { id: 'r1', model: 'm', version: '2' };
const ANSWER = { version: '1', outputs: [int32Rows([1, 2])], timings: { queueUs: 0, assembleUs: 0, executeUs: 0, batchSize: 2 } };

const parse = createStreamRequestParser(MAX_TYPED_BYTES);

function encoded(fields: Partial<ModelInferRequest>): Uint8Array {
  return ModelInferRequest.encode(oipRequest({ id: 'r1', modelVersion: '2', ...fields })).finish();
}

function emptyFinal(parameterChoice: InferParameter['parameterChoice']): Uint8Array {
  return encoded({ parameters: { triton_enable_empty_final_response: { parameterChoice } } });
}

describe('a stream request', () => {
  it('is parsed like that of ModelInfer, and remembers what an error repeats', () => {
    expect(parse(encoded({}))).toMatchObject({
      kind: 'request',
      subject: SUBJECT,
      request: { model: 'm', requestId: 'r1' },
      emptyFinal: false,
    });
  });

  it.each([true, false])('asks for an empty final response or not: %s', (value) => {
    expect(parse(emptyFinal({ $case: 'boolParam', value }))).toMatchObject({ kind: 'request', emptyFinal: value });
  });

  it.each([
    ['its version is none', encoded({ modelVersion: '0' }), { ...SUBJECT, version: '0' }],
    ['its parameter has another type', emptyFinal({ $case: 'stringParam', value: 'true' }), SUBJECT],
    [
      'it has more typed contents than allowed',
      encoded({ inputs: [oipInput({ contents: contents({ fp32Contents: Array<number>(30).fill(1) }) })] }),
      SUBJECT,
    ],
    ['an input in it is malformed', Buffer.concat([encoded({}), Uint8Array.of((5 << 3) | 2, 1, 0xff)]), SUBJECT],
  ])('is refused for itself where %s', (_what, bytes, subject) => {
    expect(parse(bytes)).toMatchObject({ kind: 'refused', subject, error: { code: 'invalid_request' } });
  });

  it.each([
    ['a field that is cut short', Uint8Array.of((3 << 3) | 2, 200, 1)],
    ['field 0', Uint8Array.of(0, 0)],
    ['an open group', Uint8Array.of((1 << 3) | 3)],
  ])('is unreadable with %s', (_what, bytes) => {
    expect(parse(bytes)).toMatchObject({ kind: 'unreadable', error: { code: 'invalid_request' } });
  });
});

describe('a stream response', () => {
  it.each([true, false])('says whether it is the final one: %s', (value) => {
    const { errorMessage, inferResponse } = formatStreamResponse(rowsRequest([1, 2], { requestId: 'r1' }), ANSWER, value);
    expect(errorMessage).toBe('');
    expect(inferResponse).toMatchObject({ modelName: 'm', modelVersion: '1', id: 'r1', outputs: [{ name: 'INPUT0' }] });
    expect(inferResponse?.parameters).toEqual({ triton_final_response: { parameterChoice: { $case: 'boolParam', value } } });
  });

  it.each([0, 1, 100, 127, 128, 20_000, 3_000_000])('is encoded as the generated code does, with %i bytes of outputs', (length) => {
    const outputs = [{ name: 'x', datatype: 'UINT8', shape: [length], data: new Uint8Array(length).fill(7) } as const];
    const message = formatStreamResponse(rowsRequest([]), { ...ANSWER, outputs }, true);
    const bytes = modelStreamInferResponseCodec.encode(message);
    expect(Buffer.compare(bytes, ModelStreamInferResponse.encode(message).finish())).toBe(0);
    expect(modelStreamInferResponseCodec.decode(bytes).inferResponse?.rawOutputContents.map((data) => data.length)).toEqual([length]);
  });
});

describe('a stream error', () => {
  it('has only the id of a request that was not scheduled', () => {
    const message = formatStreamError(SUBJECT, new ServingError('model_not_found', 'who?'), false);
    expect(message).toEqual({
      errorMessage: 'who?',
      inferResponse: { modelName: '', modelVersion: '', id: 'r1', parameters: {}, outputs: [], rawOutputContents: [] },
    });
    expect(modelStreamInferResponseCodec.decode(modelStreamInferResponseCodec.encode(message))).toEqual(message);
  });

  it.each([
    ['by its code', new ServingError('backend_failed', 'it broke'), false],
    ['for certain', new ServingError('too_large', 'it is too large'), true],
  ])('has model and version as asked for, and is final, where it was scheduled %s', (_how, error, known) => {
    const { errorMessage, inferResponse } = formatStreamError(SUBJECT, error, known);
    expect(errorMessage).toBe(error.message);
    expect(inferResponse).toMatchObject({ modelName: 'm', modelVersion: '2', id: 'r1', outputs: [] });
    expect(inferResponse?.parameters['triton_final_response']?.parameterChoice?.value).toBe(true);
  });

  it('says nothing of what is behind an internal error', () => {
    expect(formatStreamError(SUBJECT, new ServingError('internal', '/etc/secret'), false).errorMessage).toBe('internal error');
  });
});
