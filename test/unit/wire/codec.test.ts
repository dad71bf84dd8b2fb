import { describe, expect, it } from '@jest/globals';
import { ModelInferRequest } from '../../../src/gen/inference/infer.js';
import { ModelReadyRequest } from '../../../src/gen/inference/metadata.js';
import { InferRequest } from '../../../src/gen/millrace/v1/inference.js';
import { createCodec, createInferCodec } from '../../../src/wire/codec.js';
import { assertRequestBounds, MILLRACE_INFER_LAYOUT, MODEL_INFER_LAYOUT } from '../../../src/wire/request-bounds.js';
import { oipInput, oipRequest, servingErrorOf, wireRequest, wireTensor } from '../../support/wire-messages.js';

describe('createCodec', () => {
  const codec = createCodec(ModelReadyRequest);

  it('gives a message back', () => {
    const message = { name: '\uFEFFmodèle', version: '3' };
    expect(codec.decode(codec.encode(message))).toEqual(message);
  });

  it('refuses bytes that are no message', () => {
    for (const bytes of [[0x0a, 0x05], [0x0a], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]]) {
      expect(servingErrorOf(() => codec.decode(Uint8Array.from(bytes))).code).toBe('invalid_request');
    }
  });

  it('refuses text that is not UTF-8 instead of replacing it, short or long', () => {
    for (const length of [1, 100]) {
      const bytes = new Uint8Array([0x0a, length, ...new Uint8Array(length).fill(0xff)]);
      expect(servingErrorOf(() => codec.decode(bytes)).code).toBe('invalid_request');
    }
  });
});

describe('createInferCodec', () => {
  it('leaves raw contents views of the received bytes', () => {
    const codec = createInferCodec(ModelInferRequest, MODEL_INFER_LAYOUT, 0);
    const bytes = codec.encode(oipRequest({ inputs: [oipInput()], rawInputContents: [Uint8Array.of(1, 2, 3, 4)] }));
    const [raw] = codec.decode(bytes).rawInputContents;
    expect(raw?.buffer).toBe(bytes.buffer);
    expect(raw).toEqual(Uint8Array.of(1, 2, 3, 4));
  });

  it('refuses too much typed content before it is decoded', () => {
    const decoded: string[] = [];
    const watched = {
      encode: (message: InferRequest) => InferRequest.encode(message),
      decode: (input: Parameters<typeof InferRequest.decode>[0]) => {
        decoded.push('decoded');
        return InferRequest.decode(input);
      },
    };
    const codec = createInferCodec(watched, MILLRACE_INFER_LAYOUT, 100);
    const small = codec.encode(wireRequest({ inputs: [wireTensor({ floats: [1] })] }));
    const large = codec.encode(wireRequest({ inputs: [wireTensor({ floats: Array.from({ length: 100 }, () => 1) })] }));
    expect(servingErrorOf(() => codec.decode(large)).message).toContain('send raw contents');
    expect(decoded).toEqual([]);
    expect(codec.decode(small).inputs[0]?.floats).toEqual([1]);
  });

  it('refuses what its bounds would pass but the message is not', () => {
    const codec = createInferCodec(ModelInferRequest, MODEL_INFER_LAYOUT, 1000);
    const notUtf8 = Uint8Array.of(0x0a, 1, 0xff);
    expect(() => assertRequestBounds(notUtf8, MODEL_INFER_LAYOUT, 1000)).not.toThrow();
    expect(servingErrorOf(() => codec.decode(notUtf8)).code).toBe('invalid_request');
  });
});
