import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ServingError } from '../../src/error/serving-error.js';
import { ModelInferRequest, ModelInferResponse } from '../../src/gen/inference/infer.js';
import { InferRequest, InferResponse } from '../../src/gen/millrace/v1/inference.js';
import { DATATYPES } from '../../src/tensor/datatype.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { createCodec, createInferCodec } from '../../src/wire/codec.js';
import { createMillraceAnswerEncoder } from '../../src/wire/millrace-answer.js';
import { createInferRequestDecoder } from '../../src/wire/millrace-decode.js';
import { readPlainInferRequest } from '../../src/wire/millrace-plain-request.js';
import { formatInferResponse, type ParsedInfer, parseInferRequest } from '../../src/wire/millrace-v1.js';
import { NameTable } from '../../src/wire/name-table.js';
import { encodeAnswer } from '../../src/wire/oip-answer.js';
import { createModelInferDecoder } from '../../src/wire/oip-decode.js';
import { readPlainRequest } from '../../src/wire/oip-plain-request.js';
import { type OipInferRequest, parseModelInferRequest } from '../../src/wire/oip-request.js';
import { formatModelInferResponse } from '../../src/wire/oip-response.js';
import { MILLRACE_INFER_LAYOUT, MODEL_INFER_LAYOUT } from '../../src/wire/request-bounds.js';
import { mutate, mutations } from '../support/mutated-bytes.js';

const LIMIT = 64;
const oipCodec = createInferCodec(ModelInferRequest, MODEL_INFER_LAYOUT, LIMIT);
const millraceCodec = createInferCodec(InferRequest, MILLRACE_INFER_LAYOUT, LIMIT);
const millraceResponses = createCodec(InferResponse);

type Field = readonly [field: number, wireType: number, payload: Uint8Array];

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, value); ; rest >>= 7n) {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    if (rest <= 0x7fn) return Uint8Array.from(bytes);
  }
}

/** Fields one behind the other, in whatever order they are. */
function messageOf(fields: readonly Field[]): Uint8Array {
  return Buffer.concat(
    fields.flatMap(([field, wireType, payload]) => [
      varint(BigInt((field << 3) | wireType)),
      ...(wireType === 2 ? [varint(BigInt(payload.length))] : []),
      payload,
    ]),
  );
}

const delimited = (field: number, payload: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Field> =>
  payload.map((bytes) => [field, 2, bytes] as const);
const number = (field: number, value: fc.Arbitrary<bigint>): fc.Arbitrary<Field> =>
  value.map((given) => [field, 0, varint(given)] as const);
const text = (...texts: readonly string[]): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...texts).map((each) => Buffer.from(each)) },
    { weight: 1, arbitrary: fc.constantFrom('', 'ä', 'x'.repeat(64), 'y'.repeat(65)).map((each) => Buffer.from(each)) },
    { weight: 1, arbitrary: fc.constant(Uint8Array.of(0x66, 0xff)) },
  );
const fieldsOf = (each: fc.Arbitrary<Field>): fc.Arbitrary<Uint8Array> => fc.array(each, { maxLength: 6 }).map(messageOf);

const names = text('x', 'y', 'input__0', 'input__1');
const data = fc.uint8Array({ maxLength: 9 });
const sizes = fc.oneof(
  { weight: 8, arbitrary: fc.bigInt(0n, 200n) },
  { weight: 1, arbitrary: fc.constantFrom(-1n, 2n ** 31n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n - 1n) },
);
const shapes = fc.oneof(
  number(3, sizes),
  delimited(
    3,
    fc.array(sizes.map(varint), { maxLength: 4 }).map((each) => Buffer.concat(each)),
  ),
);
/** Groups, fixed numbers, fields that nobody knows, known fields of another wire type. */
const oddities: fc.Arbitrary<Field> = fc
  .tuple(fc.integer({ min: 0, max: 17 }), fc.constantFrom(0, 1, 2, 3, 4, 5, 7), data)
  .map(([field, wireType, payload]) => [field, wireType, payload] as const);
const parameters = fc.constantFrom('priority', 'other').map((key) =>
  messageOf([
    [1, 2, Buffer.from(key)],
    [2, 2, messageOf([[2, 0, Uint8Array.of(3)]])],
  ]),
);

const oipTensor = fieldsOf(
  fc.oneof(
    { weight: 6, arbitrary: delimited(1, names) },
    { weight: 6, arbitrary: delimited(2, text(...DATATYPES)) },
    { weight: 6, arbitrary: shapes },
    { weight: 1, arbitrary: fc.oneof(delimited(4, parameters), delimited(5, data), oddities) },
  ),
);
const oipFields = fc.oneof(
  { weight: 8, arbitrary: delimited(5, oipTensor) },
  { weight: 8, arbitrary: delimited(7, data) },
  { weight: 2, arbitrary: fc.oneof(delimited(1, names), delimited(2, text('1', 'stable', '0')), delimited(3, text('id-1', 'r2'))) },
  {
    weight: 2,
    arbitrary: delimited(6, fieldsOf(fc.oneof({ weight: 9, arbitrary: delimited(1, names) }, { weight: 1, arbitrary: oddities }))),
  },
  { weight: 1, arbitrary: fc.oneof(delimited(4, parameters), oddities) },
);
/** Mostly right: an input, its shape and its data. */
const oipPlain = fc
  .array(fc.tuple(names, fc.constantFrom(...DATATYPES), shapes, data), { maxLength: 3 })
  .map((inputs) => [
    ...inputs.map(([name, datatype, shape]): Field => [5, 2, messageOf([[1, 2, name], [2, 2, Buffer.from(datatype)], shape])]),
    ...inputs.map(([, , , raw]): Field => [7, 2, raw]),
  ]);
const oipMessages = fc.oneof(
  fc.array(oipFields, { maxLength: 8 }).map(messageOf),
  fc.tuple(fc.array(oipFields, { maxLength: 2 }), oipPlain).map(([more, plain]) => messageOf([...more, ...plain])),
  fc.tuple(oipPlain, fc.constantFrom('1', 'stable', '')).map(([plain, version]) => messageOf([[2, 2, Buffer.from(version)], ...plain])),
);

const tensorFields = fc.oneof(
  { weight: 6, arbitrary: delimited(1, names) },
  { weight: 6, arbitrary: number(2, fc.oneof(fc.bigInt(0n, 15n), fc.constantFrom(-1n, 2n ** 32n + 11n))) },
  { weight: 6, arbitrary: shapes },
  { weight: 9, arbitrary: delimited(4, data) },
  { weight: 1, arbitrary: fc.oneof(number(7, sizes), delimited(10, names), oddities) },
);
/** A whole tensor before whatever fields come to it. */
const wholeTensor = fc
  .tuple(fc.array(tensorFields, { maxLength: 2 }), shapes, data)
  .map(([more, shape, raw]) => messageOf([[2, 0, Uint8Array.of(11)], shape, [4, 2, raw], ...more]));
const millraceFields = fc.oneof(
  {
    weight: 12,
    arbitrary: delimited(4, fc.oneof({ weight: 3, arbitrary: wholeTensor }, { weight: 1, arbitrary: fieldsOf(tensorFields) })),
  },
  {
    weight: 4,
    arbitrary: fc.oneof(delimited(1, names), delimited(2, text('1', 'stable', '0')), delimited(3, text('id-1')), delimited(5, names)),
  },
  { weight: 1, arbitrary: fc.oneof(number(7, sizes), number(8, fc.bigInt(0n, 3n)), oddities) },
);
/** Mostly right: names and whole tensors. */
const millracePlain = fc
  .array(fc.tuple(names, shapes, data), { minLength: 1, maxLength: 3 })
  .map((inputs) =>
    inputs.map(([name, shape, raw]): Field => [4, 2, messageOf([[1, 2, name], [2, 0, Uint8Array.of(11)], shape, [4, 2, raw]])]),
  );
const millraceMessages = fc.oneof(
  fc.array(millraceFields, { maxLength: 5 }).map(messageOf),
  fc.tuple(millracePlain, fc.constantFrom('1', 'stable')).map(([plain, version]) => messageOf([[2, 2, Buffer.from(version)], ...plain])),
);

/** What `act` returns, or what it throws, as values that compare. */
function outcomeOf(act: () => unknown): unknown {
  try {
    return { returned: act() };
  } catch (error) {
    expect(error).toBeInstanceOf(ServingError);
    const { code, message } = error as ServingError;
    return { code, message };
  }
}

function mutated(messages: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  // Few changes, so that some of what they leave is still plain.
  return fc.tuple(messages, mutations).map(([bytes, changes]) => mutate(bytes, changes.slice(0, 2)));
}

const oipDecode = createModelInferDecoder(LIMIT);
const millraceDecode = createInferRequestDecoder(LIMIT);

function readOip(bytes: Uint8Array): OipInferRequest {
  const received = oipDecode(bytes);
  return received.kind === 'plain' ? received.request : parseModelInferRequest(received.message);
}

describe('the decoders made by hand', () => {
  it.each([
    ['generated', oipMessages],
    ['mutated', mutated(oipMessages)],
  ])('make of a %s ModelInferRequest what the generated code makes of it', (_which, messages) => {
    let plain = 0;
    fc.assert(
      fc.property(messages, (bytes) => {
        expect(outcomeOf(() => readOip(bytes))).toEqual(outcomeOf(() => parseModelInferRequest(oipCodec.decode(bytes))));
        if (readPlainRequest(bytes, new NameTable()) !== undefined) plain += 1;
      }),
      { numRuns: 1500 },
    );
    // Some did take the path that is tested: few mutated ones are plain still.
    expect(plain).toBeGreaterThan(0);
  });

  it.each([
    ['generated', millraceMessages],
    ['mutated', mutated(millraceMessages)],
  ])('make of a %s millrace.v1.InferRequest what the generated code makes of it', (_which, messages) => {
    let plain = 0;
    fc.assert(
      fc.property(messages, (bytes) => {
        expect(outcomeOf(() => millraceDecode(bytes))).toEqual(outcomeOf(() => parseInferRequest(millraceCodec.decode(bytes))));
        if (readPlainInferRequest(bytes, new NameTable()) !== undefined) plain += 1;
      }),
      { numRuns: 1500 },
    );
    // Some did take the path that is tested: few mutated ones are plain still.
    expect(plain).toBeGreaterThan(0);
  });
});

const anyText = fc.oneof(
  fc.constant(''),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 130 }),
);
const tensors: fc.Arbitrary<Tensor[]> = fc.array(
  fc.record({
    name: anyText,
    datatype: fc.constantFrom(...DATATYPES),
    shape: fc.array(fc.oneof(fc.nat(300), fc.maxSafeNat()), { maxLength: 40 }),
    data: fc.uint8Array({ maxLength: 300 }),
  }),
  { maxLength: 3 },
);
const times = fc.oneof(fc.constant(0), fc.double({ min: -1, max: 1e9, noNaN: true }), fc.maxSafeNat());
const answers = fc.record({
  model: anyText,
  version: anyText,
  requestId: anyText,
  outputs: tensors,
  timings: fc.record({ queueUs: times, assembleUs: times, executeUs: times, batchSize: fc.nat() }),
});

/** Memory in which something lies already, and more of it than is asked for. */
const memory = { take: (bytes: number) => Buffer.alloc(bytes + 7, 0xee) };

describe('the encoders made by hand', () => {
  it('write a ModelInferResponse as the generated code does', () => {
    fc.assert(
      fc.property(answers, ({ model, version, requestId, outputs, timings }) => {
        const request = { model, requestId, version: { kind: 'newest' }, inputs: [], outputNames: [], priority: 0 } as const;
        const expected = ModelInferResponse.encode(formatModelInferResponse(request, { version, outputs, timings })).finish();
        expect(Buffer.compare(encodeAnswer({ model, version, requestId, outputs }), expected)).toBe(0);
        expect(Buffer.compare(encodeAnswer({ model, version, requestId, outputs }, memory), expected)).toBe(0);
      }),
    );
  });

  it('write a millrace.v1.InferResponse as the generated code does', () => {
    const encode = createMillraceAnswerEncoder(LIMIT);
    fc.assert(
      fc.property(answers, ({ model, requestId, ...response }) => {
        const request = { model, requestId, version: { kind: 'newest' }, inputs: [], outputNames: [], priority: 0 } as const;
        const parsed: ParsedInfer = { request, outputEncoding: 'raw' };
        const expected = Buffer.from(millraceResponses.encode(formatInferResponse(parsed, response, LIMIT)));
        expect(Buffer.compare(encode({ parsed, response }), expected)).toBe(0);
        expect(Buffer.compare(encode({ parsed, response }, memory), expected)).toBe(0);
      }),
    );
  });
});
