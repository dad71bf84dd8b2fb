import { describe, expect, it } from '@jest/globals';
import { invalidRequest } from '../../../../src/error/serving-error.js';
import type { Codec } from '../../../../src/grpc/call.js';
import { decodeRequest } from '../../../../src/grpc/served/decode-request.js';

const BYTES = Buffer.from('abc');

function codec(decode: Codec<string>['decode']): Codec<string> {
  return { encode: (text) => Buffer.from(text), decode };
}

describe('decodeRequest', () => {
  it('gives the message', () => {
    expect(decodeRequest(codec(String), BYTES)).toBe('abc');
  });

  it("lets a refusal of the codec's own pass as it is", () => {
    const refusal = invalidRequest('send raw contents');
    expect(() =>
      decodeRequest(
        codec(() => {
          throw refusal;
        }),
        BYTES,
      ),
    ).toThrow(refusal);
  });

  it('reports anything else as a malformed request, with the cause kept off the wire', () => {
    const cause = new RangeError('premature EOF');
    const decode = () => {
      throw cause;
    };
    expect(() => decodeRequest(codec(decode), BYTES)).toThrow(expect.objectContaining({ code: 'invalid_request', cause }));
    expect(() => decodeRequest(codec(decode), BYTES)).toThrow(/^malformed request: 3 bytes/);
  });
});
