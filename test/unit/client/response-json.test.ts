import { describe, expect, it } from '@jest/globals';
import { inferResponseToJson, inferStreamResponseToJson } from '../../../src/client/response-json.js';
import { InferResponse, InferStreamResponse } from '../../../src/gen/millrace/v1/inference.js';

describe('responses as JSON', () => {
  it('are in the form of proto3, ready for JSON.stringify', () => {
    const outputs = [{ name: 'y', datatype: 'DATATYPE_INT64', shape: ['1'], ints: ['7'] }];
    const json = { model: 'm', version: '1', requestId: 'r', outputs, timings: { queueUs: '5', batchSize: 2 } };
    expect(JSON.parse(JSON.stringify(inferResponseToJson(InferResponse.fromJSON(json))))).toEqual(json);
    const message = { rowOffset: 4, rowCount: 4, outputs, final: true };
    expect(JSON.parse(JSON.stringify(inferStreamResponseToJson(InferStreamResponse.fromJSON(message))))).toEqual(message);
  });
});
