import { describe, expect, it } from '@jest/globals';
import { createMetadataField } from '../../../src/grpc/metadata-field.js';

describe('createMetadataField', () => {
  it.each([
    ['x-a', '1', '1'],
    ['a_b.c-9', 'two words, and ~!', 'two words, and ~!'],
    ['x-empty', '', ''],
    ['x-one', 'v', 'v'],
    ['x-b-bin', new Uint8Array([255]), '/w'],
    ['x-none-bin', new Uint8Array(), ''],
  ])('takes %s', (name, value, wire) => {
    expect(createMetadataField(name, value)).toEqual({ name, value: wire });
  });

  it.each([
    ['grpc-status', "metadata 'grpc-status' is reserved"],
    ['grpc-anything-bin', "metadata 'grpc-anything-bin' is reserved"],
    [':status', "metadata ':status' is reserved"],
    ['content-type', "metadata 'content-type' is reserved"],
    ['te', "metadata 'te' is reserved"],
    ['content-length', "metadata 'content-length' is reserved"],
    ['connection', "metadata 'connection' is reserved"],
    ['transfer-encoding', "metadata 'transfer-encoding' is reserved"],
    ['', "malformed metadata name ''"],
    ['X-A', "malformed metadata name 'X-A'"],
    ['x a', "malformed metadata name 'x a'"],
    ['x:a', "malformed metadata name 'x:a'"],
    ['x-a\n', "malformed metadata name 'x-a\n'"],
    ['\u00fc', "malformed metadata name '\u00fc'"],
  ])('refuses the name %j', (name, says) => {
    expect(() => createMetadataField(name, 'v')).toThrow(says);
  });

  it.each([' v', 'v ', ' ', '\tv', 'a\nb', 'a\0b', 'v\n', 'a\u00fcb', '\x7f'])('refuses the text %j', (value) => {
    expect(() => createMetadataField('x-a', value)).toThrow(`malformed value of metadata 'x-a': expected printable ASCII`);
  });

  it('has bytes for binary names, and for no other', () => {
    const says = 'bytes go with names that end in "-bin", text with all others';
    expect(() => createMetadataField('x-a', new Uint8Array())).toThrow(`metadata 'x-a': ${says}`);
    expect(() => createMetadataField('x-a-bin', 'AA==')).toThrow(`metadata 'x-a-bin': ${says}`);
  });
});
