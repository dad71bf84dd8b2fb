import { describe, expect, it } from '@jest/globals';
import { HeaderField } from '../../../../src/http2/hpack/header-field.js';

describe('HeaderField', () => {
  it('is as large as tables and limits count it', () => {
    expect(new HeaderField('custom-key', 'custom-header').size).toBe(55);
  });

  it.each([
    ['content-type', 'application/grpc'],
    [':path', '/'],
    ['x', ''],
    ['te', 'trailers'],
    ['te', 'Trailers'],
    ['x', 'a\tb c'],
    ['x', '\xff\x7f\x01'],
    ["!#$%&'*+-.^_`|~09az", 'x'],
  ])('takes %j: %j', (name, value) => {
    expect(new HeaderField(name, value).isWellFormed).toBe(true);
  });

  it.each([
    ['', 'no name'],
    [':', 'a colon alone'],
    ['X', 'upper case'],
    ['a b', 'a space'],
    ['a\x00', 'a control character'],
    ['a\x7f', 'DEL'],
    ['\xe4', 'a byte over 127'],
    ['a:b', 'a colon within'],
    ['::a', 'two colons'],
    ['connection', 'a field of HTTP/1.1'],
    ['proxy-connection', 'a field of HTTP/1.1'],
    ['keep-alive', 'a field of HTTP/1.1'],
    ['transfer-encoding', 'a field of HTTP/1.1'],
    ['upgrade', 'a field of HTTP/1.1'],
  ])('refuses the name %j: %s', (name) => {
    expect(new HeaderField(name, 'x').isWellFormed).toBe(false);
  });

  it.each([' x', 'x ', '\tx', 'x\t', 'a\0b', 'a\rb', 'a\nb', ' '])('refuses the value %j', (value) => {
    expect(new HeaderField('x', value).isWellFormed).toBe(false);
  });

  it('takes trailers as the only value of te', () => {
    expect(new HeaderField('te', 'gzip').isWellFormed).toBe(false);
  });

  it('knows pseudo-header fields', () => {
    expect([new HeaderField(':x', '').isPseudo, new HeaderField('x', '').isPseudo]).toEqual([true, false]);
  });
});
