import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { describe, expect, it } from '@jest/globals';
import { ModelInferRequest } from '../../../src/gen/inference/infer.js';
import { InferRequest, InferStreamRequest } from '../../../src/gen/millrace/v1/inference.js';
import { assertRequestBounds, MAX_DESCRIPTION_BYTES, MILLRACE_INFER_LAYOUT, MODEL_INFER_LAYOUT } from '../../../src/wire/request-bounds.js';
import { contents, oipInput, oipRequest, servingErrorOf, wireRequest, wireStreamRequest, wireTensor } from '../../support/wire-messages.js';

const KIB = 1024;
const oip = (request: ModelInferRequest) => ModelInferRequest.encode(request).finish();
const millrace = (request: InferRequest) => InferRequest.encode(request).finish();
const floats = (bytes: number) => Array.from({ length: bytes / 4 }, (_, at) => at);

function tagged(field: number, wireType: number): number {
  return (field << 3) | wireType;
}

describe('assertRequestBounds', () => {
  it('does not count raw contents on either facade', () => {
    const raw = new Uint8Array(4 * KIB * KIB);
    const onOip = oip(oipRequest({ inputs: [oipInput()], rawInputContents: [raw] }));
    expect(() => assertRequestBounds(onOip, MODEL_INFER_LAYOUT, 0)).not.toThrow();
    const onOurs = millrace(wireRequest({ inputs: [wireTensor({ raw })] }));
    expect(() => assertRequestBounds(onOurs, MILLRACE_INFER_LAYOUT, 0)).not.toThrow();
  });

  it('refuses more typed contents than allowed, over all inputs together, and says what to do', () => {
    const input = oipInput({ contents: contents({ fp32Contents: floats(8 * KIB) }) });
    const bytes = oip(oipRequest({ inputs: [input, input] }));
    expect(() => assertRequestBounds(bytes, MODEL_INFER_LAYOUT, 17 * KIB)).not.toThrow();
    const error = servingErrorOf(() => assertRequestBounds(bytes, MODEL_INFER_LAYOUT, 16 * KIB));
    expect(error.code).toBe('invalid_request');
    expect(error.message).toMatch(/\d+ bytes of typed contents, but at most 16384 are allowed: send raw contents/);
  });

  it('counts every typed list of millrace.v1, in a stream request too', () => {
    const lists = [
      { bools: Array.from({ length: 4 * KIB }, () => true) },
      { ints: Array.from({ length: 4 * KIB }, () => 1n) },
      { uints: Array.from({ length: 4 * KIB }, () => 1n) },
      { floats: floats(4 * KIB) },
      { doubles: floats(4 * KIB) },
      { strings: Array.from({ length: 2 * KIB }, () => '') },
      { bytesList: Array.from({ length: 2 * KIB }, () => new Uint8Array(0)) },
    ];
    for (const list of lists) {
      const inputs = [wireTensor(list)];
      const unary = millrace(wireRequest({ inputs }));
      const stream = InferStreamRequest.encode(wireStreamRequest({ inputs })).finish();
      for (const bytes of [unary, stream]) {
        expect(() => assertRequestBounds(bytes, MILLRACE_INFER_LAYOUT, 9 * KIB)).not.toThrow();
        expect(() => assertRequestBounds(bytes, MILLRACE_INFER_LAYOUT, 4 * KIB - 1)).toThrow('send raw contents');
      }
    }
  });

  it('counts scalars that are not packed', () => {
    const tensor = new BinaryWriter();
    for (let at = 0; at < KIB; at++) tensor.uint32(tagged(8, 5)).float(1);
    const bytes = new BinaryWriter().uint32(tagged(4, 2)).bytes(tensor.finish()).finish();
    expect(InferRequest.decode(bytes).inputs[0]?.floats).toHaveLength(KIB);
    expect(() => assertRequestBounds(bytes, MILLRACE_INFER_LAYOUT, 5 * KIB)).not.toThrow();
    expect(() => assertRequestBounds(bytes, MILLRACE_INFER_LAYOUT, 5 * KIB - 1)).toThrow('send raw contents');
  });

  it('bounds what is neither raw nor typed: empty tensors, empty raw entries, endless shapes', () => {
    const shape = Array.from({ length: MAX_DESCRIPTION_BYTES + 1 }, () => 1n);
    const emptyEntries = new Uint8Array(MAX_DESCRIPTION_BYTES + 2).map((_, at) => (at % 2 === 0 ? tagged(7, 2) : 0));
    const emptyTensors = new Uint8Array(MAX_DESCRIPTION_BYTES + 2).map((_, at) => (at % 2 === 0 ? tagged(5, 2) : 0));
    for (const bytes of [oip(oipRequest({ inputs: [oipInput({ shape })] })), emptyEntries, emptyTensors]) {
      const error = servingErrorOf(() => assertRequestBounds(bytes, MODEL_INFER_LAYOUT, KIB));
      expect(error.code).toBe('invalid_request');
      expect(error.message).toContain('bytes of names, shapes and parameters');
    }
  });

  it('lets 10,000 inputs through: their names are for validation to refuse', () => {
    const inputs = Array.from({ length: 10_000 }, (_, at) => oipInput({ name: `input-${at}`, contents: contents({ fp32Contents: [1] }) }));
    expect(() => assertRequestBounds(oip(oipRequest({ inputs })), MODEL_INFER_LAYOUT, 2 * KIB * KIB)).not.toThrow();
  });

  it('steps over fields of any kind, known or not', () => {
    const bytes = new BinaryWriter()
      .uint32(tagged(100, 0))
      .uint64(2n ** 64n - 1n)
      .uint32(tagged(101, 1))
      .fixed64(1n)
      .uint32(tagged(102, 5))
      .fixed32(1)
      .uint32(tagged(2 ** 29 - 1, 2) >>> 0)
      .bytes(Uint8Array.of(1, 2, 3))
      .finish();
    expect(() => assertRequestBounds(bytes, MODEL_INFER_LAYOUT, 0)).not.toThrow();
    expect(() => assertRequestBounds(new Uint8Array(0), MODEL_INFER_LAYOUT, 0)).not.toThrow();
  });

  it.each<[string, number[]]>([
    ['a tag without end', [0x80]],
    ['a tag of six bytes', [0x88, 0x80, 0x80, 0x80, 0x80, 0x00]],
    ['a tag beyond 32 bits', [0xff, 0xff, 0xff, 0xff, 0x7f]],
    ['field number 0', [0x02, 0x00]],
    ['a length beyond the end', [0x2a, 0x05, 0x00]],
    ['a length beyond the tensor', [0x2a, 0x02, 0x2a, 0x05, 0, 0, 0, 0, 0]],
    ['a fixed64 cut short', [0x09, 1, 2, 3]],
    ['a fixed32 cut short', [0x0d, 1]],
    ['a varint of eleven bytes', [0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
    ['a group', [0x0b, 0x0c]],
    ['a wire type without a meaning', [0x0f]],
  ])('refuses %s', (_, bytes) => {
    const error = servingErrorOf(() => assertRequestBounds(Uint8Array.from(bytes), MODEL_INFER_LAYOUT, KIB));
    expect(error.code).toBe('invalid_request');
    expect(error.message).toContain('not a well-formed protobuf message');
  });
});
