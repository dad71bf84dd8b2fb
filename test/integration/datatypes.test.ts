import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DynamicClient } from '../support/dynamic-client.js';
import { type Encoding, FACADES, type Facade, infer, MILLRACE, OIP, outputOf, type TestTensor } from '../support/facades.js';
import { ModelDirectory } from '../support/model-directory.js';
import { identitiesOnnx, identityConfig, modelFiles } from '../support/model-files.js';
import { ONNX_TYPES, type OnnxType } from '../support/onnx-builder.js';
import { refusalOf } from '../support/refusal.js';
import { RunningApp } from '../support/running-app.js';
import { ALL_DATATYPES, SAMPLE_VALUES } from '../support/sample-values.js';
import type { WireDatatype } from '../support/tensor-codec.js';

const ENCODINGS: readonly Encoding[] = ['raw', 'typed'];
/** The protocol has no typed contents for them. */
const RAW_ONLY: readonly WireDatatype[] = ['FP16', 'BF16'];
const ONNX_DATATYPES = (Object.keys(ONNX_TYPES) as OnnxType[]).filter((type) => type !== 'BF16');

let directory: ModelDirectory;
let app: RunningApp;
let client: DynamicClient;

beforeAll(async () => {
  const identities = ALL_DATATYPES.map((datatype) => [`identity_${datatype}`, { config: identityConfig(datatype) }] as const);
  directory = await ModelDirectory.create(
    modelFiles({ ...Object.fromEntries(identities), onnx: { onnx: identitiesOnnx(ONNX_DATATYPES) } }),
  );
  app = await RunningApp.start({ modelRepository: [directory.path] });
  client = new DynamicClient(app.address);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

/** One row of two values. */
function sample(name: string, datatype: WireDatatype): TestTensor {
  return { name, datatype, shape: [1, 2], values: SAMPLE_VALUES[datatype] };
}

function hasTyped(facade: Facade, datatype: WireDatatype): boolean {
  return facade === MILLRACE || !RAW_ONLY.includes(datatype);
}

describe.each(ALL_DATATYPES)('%s', (datatype) => {
  it('comes back from the identity backend as it went, on both facades, raw and typed', async () => {
    const input = sample('INPUT0', datatype);
    const request = { model: `identity_${datatype}`, inputs: [input] };
    for (const facade of FACADES) {
      for (const encoding of ENCODINGS.filter((each) => each === 'raw' || hasTyped(facade, datatype))) {
        const answer = await infer(client, facade, request, encoding);
        expect([facade.name, encoding, outputOf(answer, 'OUTPUT0')]).toEqual([facade.name, encoding, { ...input, name: 'OUTPUT0' }]);
      }
    }
  });

  it('may have no elements', async () => {
    const empty = { name: 'INPUT0', datatype, shape: [3, 0], values: [] };
    for (const facade of FACADES) {
      for (const encoding of ENCODINGS) {
        const answer = await infer(client, facade, { model: `identity_${datatype}`, inputs: [empty] }, encoding);
        expect(outputOf(answer, 'OUTPUT0')).toEqual({ ...empty, name: 'OUTPUT0' });
      }
    }
  });
});

describe.each(RAW_ONLY)('%s', (datatype) => {
  it('has no typed contents on the Open Inference Protocol', async () => {
    const request = { model: `identity_${datatype}`, inputs: [sample('INPUT0', datatype)] };
    const refusal = await refusalOf(infer(client, OIP, request, 'typed'));
    expect(refusal.code).toBe(status.INVALID_ARGUMENT);
    expect(refusal.text).toContain('expected raw_input_contents');
  });
});

describe('an ONNX model', () => {
  it('takes and gives every datatype that the runtime has, on both facades, raw and typed', async () => {
    const inputs = ONNX_DATATYPES.map((datatype) => sample(`IN_${datatype}`, datatype));
    const expected = ONNX_DATATYPES.map((datatype) => sample(`OUT_${datatype}`, datatype));
    expect((await infer(client, OIP, { model: 'onnx', inputs }, 'raw')).outputs).toEqual(expected);
    for (const encoding of ENCODINGS)
      expect((await infer(client, MILLRACE, { model: 'onnx', inputs }, encoding)).outputs).toEqual(expected);
  });
});

describe('BYTES', () => {
  it('may be any bytes where the backend does not read them', async () => {
    const values = [Uint8Array.of(0xff, 0, 0x80), 'a\0b'];
    for (const facade of FACADES) {
      for (const encoding of ENCODINGS) {
        const request = { model: 'identity_BYTES', inputs: [{ ...sample('INPUT0', 'BYTES'), values }] };
        expect(outputOf(await infer(client, facade, request, encoding), 'OUTPUT0').values).toEqual(values);
      }
    }
  });
});

describe('FP32', () => {
  it('keeps every bit, those of NaN and the infinities included', async () => {
    const raw = Buffer.from('0100c07f0000807f000080ff00000080', 'hex');
    const input = { name: 'INPUT0', datatype: 'FP32' as const, shape: [2, 2], values: [], raw };
    const answer = await client.unary<{ raw_output_contents: Buffer[] }>(
      OIP.inferMethod,
      OIP.message({ model: 'identity_FP32', inputs: [input] }, 'raw'),
    );
    expect(answer.raw_output_contents.map((bytes) => bytes.toString('hex'))).toEqual([raw.toString('hex')]);
  });
});
