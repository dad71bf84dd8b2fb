import { describe, expect, it } from '@jest/globals';
import { createMethod } from '../../../src/client/method.js';
import { InferenceServiceDefinition, InferRequest } from '../../../src/gen/millrace/v1/inference.js';

describe('createMethod', () => {
  const method = createMethod('millrace.v1.InferenceService', InferenceServiceDefinition.methods.infer);

  it('has the path of the method', () => {
    expect(method.path).toBe('/millrace.v1.InferenceService/Infer');
  });

  it('writes and reads messages', () => {
    const request = InferRequest.fromJSON({ model: 'digits' });
    expect(InferRequest.decode(method.serialize(request))).toEqual(request);
    expect(method.deserialize(Buffer.from([0x0a, 1, 0x6d])).model).toBe('m');
  });
});
