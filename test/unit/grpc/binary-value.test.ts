import { describe, expect, it } from '@jest/globals';
import { decodeBinaryValue, encodeBinaryValue } from '../../../src/grpc/binary-value.js';

describe('encodeBinaryValue', () => {
  it('writes base64 without padding, of the bytes in view', () => {
    const bytes = new Uint8Array([9, 0xab, 0xab, 0xab, 9]).subarray(1, 4);
    expect([encodeBinaryValue(bytes), encodeBinaryValue(bytes.subarray(1)), encodeBinaryValue(bytes.subarray(3))]).toEqual([
      'q6ur',
      'q6s',
      '',
    ]);
  });
});

describe('decodeBinaryValue', () => {
  it.each([
    ['', []],
    ['q6ur', [0xab, 0xab, 0xab]],
    ['q6s', [0xab, 0xab]],
    ['q6s=', [0xab, 0xab]],
    ['qw', [0xab]],
    ['qw==', [0xab]],
    ['+/8', [0xfb, 0xff]],
    ['qw,q6s', [0xab]],
    ['qw== , q6s', [0xab]],
    [',qw', []],
  ])('reads %j', (line, bytes) => {
    expect([...decodeBinaryValue('x-bin', line)]).toEqual(bytes);
  });

  it.each([
    ['one digit too many', 'q6urq'],
    ['padding where none belongs', 'q6ur='],
    ['too little padding', 'qw='],
    ['too much padding', 'q6s=='],
    ['padding alone', '='],
    ['padding inside', 'qw==q6ur'],
    ['a space', 'q6 s'],
    ['a space before it', ' q6s'],
    ['digits of base64url', '-_8'],
    ['bits that belong to no byte', 'q6v'],
    ['what is no digit', 'q6s?'],
    ['what is not ASCII', 'q6s\u00fc'],
  ])('refuses %s', (_what, line) => {
    expect(() => decodeBinaryValue('x-bin', line)).toThrow(
      expect.objectContaining({ code: 'invalid_request', message: `malformed metadata 'x-bin': expected base64, got '${line}'` }),
    );
  });
});
