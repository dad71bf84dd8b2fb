import { describe, expect, it } from '@jest/globals';
import { invalidRequest, ServingError } from '../../../src/error/serving-error.js';
import type { InferParameter } from '../../../src/gen/inference/infer.js';
import { inferErrorOf, oipErrorOf, parseModelInferRequest } from '../../../src/wire/oip-request.js';
import { FakeTensorMemory } from '../../support/fake-tensor-memory.js';
import { memoryParameters } from '../../support/memory-parameters.js';
import { contents, oipInput, oipRequest, servingErrorOf } from '../../support/wire-messages.js';

const FOUR = Uint8Array.of(1, 2, 3, 4);

function parameter(parameterChoice: InferParameter['parameterChoice']): InferParameter {
  return { parameterChoice };
}

function refusal(fields: Parameters<typeof oipRequest>[0]): ServingError {
  return servingErrorOf(() => parseModelInferRequest(oipRequest(fields)));
}

describe('parseModelInferRequest', () => {
  it('carries names, version and id over', () => {
    const request = parseModelInferRequest(
      oipRequest({ modelName: 'digits', modelVersion: '3', id: 'r1', outputs: [{ name: 'y', parameters: {} }] }),
    );
    expect(request).toMatchObject({ model: 'digits', version: { kind: 'version', version: '3' }, requestId: 'r1', outputNames: ['y'] });
  });

  it('takes raw contents in the order of the inputs, without a copy', () => {
    const raw = [FOUR, Uint8Array.of(9)];
    const inputs = [oipInput({ name: 'a' }), oipInput({ name: 'b', datatype: 'BOOL' })];
    const request = parseModelInferRequest(oipRequest({ inputs, rawInputContents: raw }));
    expect(request.inputs).toEqual([
      { name: 'a', datatype: 'FP32', shape: [1], data: FOUR },
      { name: 'b', datatype: 'BOOL', shape: [1], data: Uint8Array.of(9) },
    ]);
    expect(request.inputs[0]?.data).toBe(raw[0]);
  });

  it('takes typed contents', () => {
    const inputs = [oipInput({ datatype: 'INT16', shape: [2n], contents: contents({ intContents: [1, -1] }) })];
    expect(parseModelInferRequest(oipRequest({ inputs })).inputs[0]?.data).toEqual(Uint8Array.of(1, 0, 255, 255));
  });

  it('lets a tensor without elements have no data', () => {
    for (const given of [undefined, contents()]) {
      const [tensor] = parseModelInferRequest(oipRequest({ inputs: [oipInput({ shape: [0n, 4n], contents: given })] })).inputs;
      expect(tensor).toEqual({ name: 'x', datatype: 'FP32', shape: [0, 4], data: new Uint8Array(0) });
    }
  });

  it('refuses an input without data', () => {
    for (const given of [undefined, contents()]) {
      const error = refusal({ inputs: [oipInput({ contents: given })] });
      expect(error.code).toBe('invalid_request');
      expect(error.message).toBe("unable to find data for input tensor 'x' for model 'm' in request.");
    }
  });

  it('refuses as many raw entries as are not inputs, naming both counts', () => {
    for (const rawInputContents of [[FOUR], [FOUR, FOUR, FOUR]]) {
      const error = refusal({ inputs: [oipInput(), oipInput()], rawInputContents });
      expect(error.code).toBe('invalid_request');
      expect(error.message).toBe(`expected 2 raw_input_contents entries for 2 inputs for model 'm', got ${rawInputContents.length}`);
    }
    expect(refusal({ rawInputContents: [FOUR] }).message).toContain('expected 0 raw_input_contents');
  });

  it('refuses typed contents beside raw ones, empty ones included', () => {
    for (const given of [contents(), contents({ fp32Contents: [1] })]) {
      const error = refusal({ inputs: [oipInput({ contents: given })], rawInputContents: [FOUR] });
      expect(error.code).toBe('invalid_request');
      expect(error.message).toBe("contents field must not be specified when using raw_input_contents for 'x' for model 'm'");
    }
  });

  it('refuses a datatype that it does not know', () => {
    for (const datatype of ['', 'STRING', 'fp32', 'toString']) {
      const error = refusal({ inputs: [oipInput({ datatype })], rawInputContents: [FOUR] });
      expect(error.code).toBe('invalid_request');
      expect(error.message).toContain(`inference input 'x' data-type is '${datatype}'`);
    }
  });

  it('refuses negative and immense dimensions', () => {
    expect(refusal({ inputs: [oipInput({ shape: [-1n] })], rawInputContents: [FOUR] }).message).toContain(
      'All input dimensions should be specified for input',
    );
    expect(refusal({ inputs: [oipInput({ shape: [2n ** 62n] })], rawInputContents: [FOUR] }).message).toContain('too many elements');
    expect(refusal({ id: 'r1', inputs: [oipInput({ shape: [-1n] })], rawInputContents: [FOUR] }).message).toContain(
      '[request id: r1] All input dimensions',
    );
  });

  it('refuses a version that is neither empty, a number nor an alias', () => {
    for (const modelVersion of ['0', '-1', '1abc', 'A', ' 1', '99999999999999999999']) {
      const error = refusal({ modelVersion });
      expect(error.code).toBe('invalid_request');
      expect(error.message).toContain('failed to get model version from specified version string');
    }
  });

  it('passes an alias through: whether it is known is for the registry to say', () => {
    expect(parseModelInferRequest(oipRequest({ modelVersion: 'stable' })).version).toEqual({ kind: 'alias', alias: 'stable' });
  });

  it('reads the priority in either integer form and leaves other parameters unread', () => {
    const priorityOf = (choice: InferParameter['parameterChoice']) =>
      parseModelInferRequest(oipRequest({ parameters: { priority: parameter(choice), other: parameter(undefined) } })).priority;
    expect(priorityOf({ $case: 'uint64Param', value: 2n })).toBe(2);
    expect(priorityOf({ $case: 'int64Param', value: 3n })).toBe(3);
    expect(priorityOf(undefined)).toBe(0);
    expect(parseModelInferRequest(oipRequest()).priority).toBe(0);
  });

  it('reads the timeout of the queue in either integer form', () => {
    const timeoutOf = (choice: InferParameter['parameterChoice']) =>
      parseModelInferRequest(oipRequest({ parameters: { timeout: parameter(choice) } })).queueTimeoutUs;
    expect(timeoutOf({ $case: 'int64Param', value: 1500n })).toBe(1500);
    expect(timeoutOf({ $case: 'uint64Param', value: 7n })).toBe(7);
    expect(timeoutOf(undefined)).toBe(0);
  });

  it.each(['priority', 'timeout'])('refuses a %s that is not a countable number', (name) => {
    const choices: InferParameter['parameterChoice'][] = [
      { $case: 'int64Param', value: -1n },
      { $case: 'uint64Param', value: 2n ** 64n - 1n },
      { $case: 'stringParam', value: 'high' },
      { $case: 'boolParam', value: true },
      { $case: 'doubleParam', value: 1.5 },
    ];
    for (const choice of choices) {
      const error = refusal({ parameters: { [name]: parameter(choice) } });
      expect(error.code).toBe('invalid_request');
      expect(error.message).toContain(`parameter '${name}' must be an integer`);
      expect(error.message).toContain(`'${choice?.value}'`);
    }
  });

  it('says that shared memory is not supported where it was given none', () => {
    const parameters = memoryParameters('r', 4n);
    const refusals = [
      refusal({ inputs: [oipInput({ parameters })] }),
      refusal({ inputs: [oipInput({ parameters }), oipInput()], rawInputContents: [FOUR] }),
      refusal({ outputs: [{ name: 'y', parameters }] }),
    ];
    expect(refusals.map(({ code }) => code)).toEqual(['unsupported', 'unsupported', 'unsupported']);
    expect(refusals[0]?.message).toContain("input 'x'");
    expect(refusals[2]?.message).toContain("output 'y'");
  });

  it('reads how many classes outputs are asked for, and names them in their order all the same', () => {
    const classification = { classification: parameter({ $case: 'int64Param', value: 3n }) };
    const { classCounts, outputNames } = parseModelInferRequest(
      oipRequest({
        outputs: [
          { name: 'y', parameters: classification },
          { name: 'x', parameters: {} },
        ],
      }),
    );
    expect([classCounts, outputNames]).toEqual([new Map([['y', 3]]), ['y', 'x']]);
    expect(parseModelInferRequest(oipRequest({ outputs: [{ name: 'x', parameters: {} }] })).classCounts).toBeUndefined();
  });

  it('keeps error texts short whatever the request holds', () => {
    const long = 'n'.repeat(100_000);
    const inputs = Array.from({ length: 10_000 }, () => oipInput({ name: long, datatype: long }));
    expect(refusal({ inputs, modelName: long }).message.length).toBeLessThanOrEqual(400);
    expect(refusal({ inputs, modelName: long, rawInputContents: [FOUR] }).message.length).toBeLessThanOrEqual(400);
  });
});

describe('inputs in shared memory', () => {
  const memory = () => new FakeTensorMemory({ r: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }, 100);
  const shared = (name: string, offset: bigint) => oipInput({ name, parameters: memoryParameters('r', 4n, offset) });

  it('leave the raw entries to the others, in their order', () => {
    const inputs = [shared('a', 4n), oipInput({ name: 'b' }), shared('c', 0n), oipInput({ name: 'd' })];
    const raw = [FOUR, Uint8Array.of(9, 9, 9, 9)];
    const request = parseModelInferRequest(oipRequest({ inputs, rawInputContents: raw }), memory());
    expect(request.inputs).toEqual([
      { name: 'a', datatype: 'FP32', shape: [1], data: Uint8Array.of(5, 6, 7, 8) },
      { name: 'b', datatype: 'FP32', shape: [1], data: FOUR },
      { name: 'c', datatype: 'FP32', shape: [1], data: Uint8Array.of(1, 2, 3, 4) },
      { name: 'd', datatype: 'FP32', shape: [1], data: raw[1] },
    ]);
    expect(request.memoryBytes).toBe(8);
  });

  it('stand beside typed ones and alone', () => {
    const typed = oipInput({ name: 'b', contents: contents({ fp32Contents: [0] }) });
    for (const inputs of [[shared('a', 0n)], [shared('a', 0n), typed]]) {
      const request = parseModelInferRequest(oipRequest({ inputs }), memory());
      expect(request.inputs.map(({ data }) => [...data])).toEqual(
        [
          [1, 2, 3, 4],
          [0, 0, 0, 0],
        ].slice(0, inputs.length),
      );
    }
  });

  it('have no raw entry: one more or one less is refused before anything is read', () => {
    const regions = memory();
    for (const rawInputContents of [
      [FOUR, FOUR],
      [FOUR, FOUR, FOUR],
    ]) {
      const message = oipRequest({ inputs: [shared('a', 0n), oipInput()], rawInputContents });
      expect(servingErrorOf(() => parseModelInferRequest(message, regions)).message).toBe(
        `expected 1 raw_input_contents entries for 1 inputs outside shared memory for model 'm', got ${rawInputContents.length}`,
      );
    }
    expect(regions.reads).toEqual([]);
  });

  it('cost a request without them nothing: it holds no trace of them', () => {
    const request = parseModelInferRequest(oipRequest({ inputs: [oipInput()], rawInputContents: [FOUR] }), memory());
    expect([request.memoryBytes, request.outputPlaces]).toEqual([undefined, undefined]);
  });

  it('are joined by outputs that go there', () => {
    const outputs = [{ name: 'y', parameters: memoryParameters('r', 8n) }];
    expect([...(parseModelInferRequest(oipRequest({ outputs }), memory()).outputPlaces?.keys() ?? [])]).toEqual(['y']);
  });
});

describe('inferErrorOf', () => {
  it('names the request, and makes an unknown alias a malformed version', () => {
    const request = parseModelInferRequest(oipRequest({ id: 'r1', modelVersion: 'stable' }));
    const shape = invalidRequest('unexpected shape');
    expect(inferErrorOf(shape, request).message).toBe('[request id: r1] unexpected shape');
    expect(inferErrorOf(new ServingError('model_not_found', 'unknown'), request).message).toContain("version string 'stable': unknown");
  });
});

describe('oipErrorOf', () => {
  const unknown = new ServingError('model_not_found', "alias 'stable' of model 'm' is unknown");

  it("makes an unknown alias a malformed version, with Triton's phrase", () => {
    const error = oipErrorOf(unknown, { kind: 'alias', alias: 'stable' });
    expect(error.code).toBe('invalid_request');
    expect(error.message).toContain("failed to get model version from specified version string 'stable'");
    expect(error.message).toContain(unknown.message);
  });

  it('leaves every other error as it is', () => {
    const busy = new ServingError('overloaded', 'full', { retryAfterMs: 1 });
    expect(oipErrorOf(unknown, { kind: 'newest' })).toBe(unknown);
    expect(oipErrorOf(unknown, { kind: 'version', version: '9' })).toBe(unknown);
    expect(oipErrorOf(busy, { kind: 'alias', alias: 'stable' })).toBe(busy);
  });
});
