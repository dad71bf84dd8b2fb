import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ModelInferRequest, ModelInferResponse } from '../../src/gen/inference/infer.js';
import { InferRequest, InferResponse } from '../../src/gen/millrace/v1/inference.js';
import type { InferRequest as Request } from '../../src/model/infer.js';
import { encodeBytes } from '../../src/tensor/bytes.js';
import { DATATYPES, type Datatype, elementBytes } from '../../src/tensor/datatype.js';
import { elementCount } from '../../src/tensor/shape.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { createCodec, createInferCodec } from '../../src/wire/codec.js';
import { formatTensor } from '../../src/wire/millrace-tensor.js';
import { formatInferResponse, parseInferRequest } from '../../src/wire/millrace-v1.js';
import { answerTo, encodeAnswer } from '../../src/wire/oip-answer.js';
import { parseModelInferRequest } from '../../src/wire/oip-request.js';
import { MILLRACE_INFER_LAYOUT, MODEL_INFER_LAYOUT } from '../../src/wire/request-bounds.js';
import { toWireShape } from '../../src/wire/wire-shape.js';
import { oipRequest, wireRequest } from '../support/wire-messages.js';

const LIMIT = 1024 * 1024;
const oipCodec = createInferCodec(ModelInferRequest, MODEL_INFER_LAYOUT, LIMIT);
const millraceCodec = createInferCodec(InferRequest, MILLRACE_INFER_LAYOUT, LIMIT);
const millraceResponses = createCodec(InferResponse);

const timings = { queueUs: 1, assembleUs: 2, executeUs: 3, batchSize: 4 };
const shapes = fc.array(fc.nat(3), { maxLength: 4 });

const FLOATS: readonly Datatype[] = ['FP16', 'BF16', 'FP32', 'FP64'];

/** Data that every typed list can carry: booleans are 0 or 1, and no NaN, whose payload a number does not keep. */
function typedData(datatype: Datatype, count: number): fc.Arbitrary<Uint8Array> {
  const size = elementBytes(datatype);
  if (datatype === 'BYTES') return elements(count);
  if (datatype === 'BOOL') return fc.uint8Array({ minLength: count, maxLength: count, max: 1 });
  if (!FLOATS.includes(datatype)) return bytes(count * size);
  // With its top exponent bit clear no pattern is a NaN or an infinity.
  return bytes(count * size).map((data) => data.map((byte, at) => (at % size === size - 1 ? byte & 0xbf : byte)));
}

function bytes(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length });
}

function elements(count: number): fc.Arbitrary<Uint8Array> {
  const texts = fc.array(fc.string({ unit: 'binary' }), { minLength: count, maxLength: count });
  const blobs = fc.array(fc.uint8Array({ maxLength: 9 }), { minLength: count, maxLength: count });
  return fc.oneof(
    texts.map((each) => encodeBytes(each.map((text) => new TextEncoder().encode(text)))),
    blobs.map((each) => encodeBytes(each)),
  );
}

const tensors: fc.Arbitrary<Tensor> = fc
  .record({ name: fc.string({ unit: 'binary' }), datatype: fc.constantFrom(...DATATYPES), shape: shapes })
  .chain((head) => typedData(head.datatype, elementCount(head.shape) ?? 0).map((data) => ({ ...head, data })));

const tensorLists = fc.array(tensors, { maxLength: 4 });

const anyRequest: Request = { model: 'm', version: { kind: 'newest' }, requestId: 'r', inputs: [], outputNames: [], priority: 0 };

describe('tensors over millrace.v1', () => {
  it.each(['raw', 'typed'] as const)('come back as they were sent: %s', (encoding) => {
    fc.assert(
      fc.property(tensorLists, (sent) => {
        const message = wireRequest({ inputs: sent.map((tensor) => formatTensor(tensor, encoding)) });
        const { request } = parseInferRequest(millraceCodec.decode(millraceCodec.encode(message)));
        expect(request.inputs).toEqual(sent);
      }),
    );
  });

  it.each([1, 2] as const)('come back as they were answered: output_encoding %s', (outputEncoding) => {
    const parsed = parseInferRequest(wireRequest({ outputEncoding }));
    fc.assert(
      fc.property(tensorLists, (outputs) => {
        const message = formatInferResponse(parsed, { version: '1', outputs, timings }, Number.POSITIVE_INFINITY);
        const answer = millraceResponses.decode(millraceResponses.encode(message));
        const { request } = parseInferRequest(wireRequest({ inputs: answer.outputs }));
        expect(request.inputs).toEqual(outputs);
      }),
    );
  });
});

describe('JSON of millrace.v1', () => {
  it.each(['raw', 'typed'] as const)('says the same as the message: %s', (encoding) => {
    fc.assert(
      fc.property(tensorLists, (tensors) => {
        const sent = tensors.map(withoutMinusZero);
        const message = wireRequest({ inputs: sent.map((tensor) => formatTensor(tensor, encoding)) });
        const json: unknown = JSON.parse(JSON.stringify(InferRequest.toJSON(message)));
        expect(parseInferRequest(InferRequest.fromJSON(json)).request.inputs).toEqual(sent);
      }),
    );
  });
});

describe('tensors over the Open Inference Protocol', () => {
  it('come back as they were sent raw', () => {
    fc.assert(
      fc.property(tensorLists, (sent) => {
        const inputs = sent.map(({ name, datatype, shape }) => ({
          name,
          datatype,
          shape: toWireShape(shape),
          parameters: {},
          contents: undefined,
        }));
        const message = oipRequest({ inputs, rawInputContents: sent.map(({ data }) => data) });
        expect(parseModelInferRequest(oipCodec.decode(oipCodec.encode(message))).inputs).toEqual(sent);
      }),
    );
  });

  it('come back as they were sent typed', () => {
    fc.assert(
      fc.property(
        tensorLists.map((list) => list.filter(({ datatype }) => datatype !== 'FP16' && datatype !== 'BF16')),
        (sent) => {
          const message = oipRequest({ inputs: sent.map(typedInput) });
          expect(parseModelInferRequest(oipCodec.decode(oipCodec.encode(message))).inputs).toEqual(sent);
        },
      ),
    );
  });

  it('come back as they were answered', () => {
    fc.assert(
      fc.property(tensorLists, (outputs) => {
        const answer = ModelInferResponse.decode(encodeAnswer(answerTo(anyRequest, { version: '1', outputs, timings })));
        const echoed = oipRequest({ inputs: answer.outputs, rawInputContents: answer.rawOutputContents });
        expect(parseModelInferRequest(echoed).inputs.map(plainData)).toEqual(outputs);
      }),
    );
  });
});

/** JSON.stringify writes -0 as 0. */
function withoutMinusZero(tensor: Tensor): Tensor {
  const size = elementBytes(tensor.datatype);
  if (!FLOATS.includes(tensor.datatype)) return tensor;
  const isMinusZero = (start: number) =>
    tensor.data.subarray(start, start + size).every((byte, at) => byte === (at === size - 1 ? 0x80 : 0));
  return { ...tensor, data: tensor.data.map((byte, at) => (isMinusZero(at - (at % size)) ? 0 : byte)) };
}

/** Encoded messages are Buffers, and so are the views of them. */
function plainData(tensor: Tensor): Tensor {
  return { ...tensor, data: new Uint8Array(tensor.data) };
}

/** Typed contents of OIP by way of millrace.v1's typed lists, which the tests above have shown to be faithful. */
function typedInput(tensor: Tensor): ModelInferRequest['inputs'][number] {
  const { name, datatype, shape } = tensor;
  const { bools, ints, uints, floats, doubles, strings, bytesList } = formatTensor(tensor, 'typed');
  const wide = datatype === 'INT64' || datatype === 'UINT64';
  const contents = {
    boolContents: bools,
    intContents: wide ? [] : ints.map(Number),
    int64Contents: wide ? ints : [],
    uintContents: wide ? [] : uints.map(Number),
    uint64Contents: wide ? uints : [],
    fp32Contents: floats,
    fp64Contents: doubles,
    bytesContents: [...strings.map((text) => new TextEncoder().encode(text)), ...bytesList],
  };
  return { name, datatype, shape: toWireShape(shape), parameters: {}, contents };
}
