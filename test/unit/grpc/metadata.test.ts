import { describe, expect, it } from '@jest/globals';
import { HeaderMetadata } from '../../../src/grpc/metadata.js';

const HEADERS = [':method', 'POST', ':path', '/a/B', 'content-type', 'application/grpc', 'te', 'trailers', 'grpc-timeout', '1S'];
const OWN = ['user-agent', 'grpc-go/1.7', 'traceparent', '00-1', 'x-tag', 'one', 'x-tag', 'two', 'trace-bin', 'AAEC'];
const metadata = new HeaderMetadata([...HEADERS, ...OWN]);

describe('HeaderMetadata', () => {
  it('gives the first value of an entry', () => {
    expect(metadata.get('traceparent')).toBe('00-1');
    expect(metadata.get('x-tag')).toBe('one');
    expect(metadata.get('absent')).toBeUndefined();
  });

  it('does not take a value for a name', () => {
    expect(metadata.get('one')).toBeUndefined();
  });

  it('gives the bytes of a binary entry, and of no other', () => {
    expect(metadata.get('trace-bin')).toBeUndefined();
    expect(metadata.getBinary('trace-bin')).toEqual(Buffer.from([0, 1, 2]));
    expect([metadata.getBinary('none-bin'), metadata.getBinary('x-tag')]).toEqual([undefined, undefined]);
    expect(() => new HeaderMetadata(['a-bin', '?']).getBinary('a-bin')).toThrow("malformed metadata 'a-bin'");
  });

  it("lists the caller's ASCII entries, each value on its own, and none of the transport's", () => {
    expect([...metadata.entries()]).toEqual([
      ['user-agent', 'grpc-go/1.7'],
      ['traceparent', '00-1'],
      ['x-tag', 'one'],
      ['x-tag', 'two'],
    ]);
  });
});
