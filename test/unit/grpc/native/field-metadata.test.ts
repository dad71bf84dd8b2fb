import { describe, expect, it } from '@jest/globals';
import { FieldMetadata } from '../../../../src/grpc/native/field-metadata.js';
import { HeaderField } from '../../../../src/http2/hpack/header-field.js';

const METADATA = new FieldMetadata(
  [
    ['te', 'trailers'],
    ['content-type', 'application/grpc'],
    ['grpc-timeout', '1S'],
    ['x-a', 'first'],
    ['x-bytes-bin', 'AAEC'],
    ['x-a', 'second'],
    ['x-empty', ''],
  ].map(([name = '', value = '']) => new HeaderField(name, value)),
);

describe('FieldMetadata', () => {
  it('gives the first value of a name, and none of a binary one', () => {
    expect(['x-a', 'x-empty', 'x-bytes-bin', 'none', 'grpc-timeout'].map((name) => METADATA.get(name))).toEqual([
      'first',
      '',
      undefined,
      undefined,
      '1S',
    ]);
  });

  it('gives the bytes of a binary entry, and of no other', () => {
    expect(METADATA.getBinary('x-bytes-bin')).toEqual(Buffer.from([0, 1, 2]));
    expect([METADATA.getBinary('none-bin'), METADATA.getBinary('x-a')]).toEqual([undefined, undefined]);
  });

  it("lists what is the caller's, in its order", () => {
    expect([...METADATA.entries()]).toEqual([
      ['x-a', 'first'],
      ['x-a', 'second'],
      ['x-empty', ''],
    ]);
  });
});
