import { describe, expect, it } from '@jest/globals';
import { ModelInferRequest } from '../../../src/gen/inference/infer.js';
import { createModelInferDecoder } from '../../../src/wire/oip-decode.js';
import { contents, oipInput, oipRequest, servingErrorOf } from '../../support/wire-messages.js';

const bytesOf = (fields: Partial<ModelInferRequest>) => ModelInferRequest.encode(oipRequest(fields)).finish();
const typed = { inputs: [oipInput({ datatype: 'INT32', contents: contents({ intContents: Array<number>(10).fill(1) }) })] };

describe('createModelInferDecoder', () => {
  it('makes a request of a plain message', () => {
    const bytes = bytesOf({ id: 'r', inputs: [oipInput()], rawInputContents: [new Uint8Array(4)] });
    expect(createModelInferDecoder(0)(bytes)).toMatchObject({ kind: 'plain', request: { requestId: 'r', inputs: [{ name: 'x' }] } });
  });

  it('decodes any other as the generated code does', () => {
    expect(createModelInferDecoder(100)(bytesOf(typed))).toEqual({ kind: 'message', message: oipRequest(typed) });
  });

  it('refuses what is too much or malformed', () => {
    expect(servingErrorOf(() => createModelInferDecoder(5)(bytesOf(typed))).message).toContain('send raw contents');
    expect(servingErrorOf(() => createModelInferDecoder(5)(Uint8Array.of(0x0a, 9))).code).toBe('invalid_request');
  });
});
