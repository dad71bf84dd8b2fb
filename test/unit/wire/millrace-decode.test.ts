import { describe, expect, it } from '@jest/globals';
import { InferRequest } from '../../../src/gen/millrace/v1/inference.js';
import { createInferRequestDecoder } from '../../../src/wire/millrace-decode.js';
import { servingErrorOf, wireRequest, wireTensor } from '../../support/wire-messages.js';

const bytesOf = (fields: Partial<InferRequest>) => InferRequest.encode(wireRequest(fields)).finish();

describe('createInferRequestDecoder', () => {
  it('reads raw and typed requests alike', () => {
    const decode = createInferRequestDecoder(100);
    const raw = decode(bytesOf({ inputs: [wireTensor({ raw: Uint8Array.of(0, 0, 0x80, 0x3f) })] }));
    const typed = decode(bytesOf({ inputs: [wireTensor({ floats: [1] })] }));
    expect([raw.outputEncoding, typed.outputEncoding]).toEqual(['raw', 'typed']);
    expect(typed.request).toEqual(raw.request);
  });

  it('refuses what is too much or malformed', () => {
    const decode = createInferRequestDecoder(5);
    expect(servingErrorOf(() => decode(bytesOf({ inputs: [wireTensor({ floats: [1, 2] })] }))).message).toContain('send raw contents');
    expect(servingErrorOf(() => decode(Uint8Array.of(0x0a, 9))).code).toBe('invalid_request');
  });
});
