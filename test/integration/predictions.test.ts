import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DynamicClient } from '../support/dynamic-client.js';
import { type Encoding, type Facade, infer, MILLRACE, OIP, type OutputTensor, outputOf } from '../support/facades.js';
import { cutRows, HELD_OUT, heldOut, joinRows, METRICS, type Metric, modelFile, rowsOf } from '../support/held-out.js';
import { differences, OrtReference } from '../support/ort-reference.js';
import { runParallel } from '../support/run-parallel.js';
import { RunningApp } from '../support/running-app.js';

const CALLS_AT_ONCE = 24;
/** Single rows, a size that divides nothing, and as many as every example model takes at once. */
const BATCH_SIZES = [1, 7, 32];

const WAYS: readonly { readonly facade: Facade; readonly encoding: Encoding }[] = [
  { facade: OIP, encoding: 'raw' },
  { facade: MILLRACE, encoding: 'typed' },
];

let app: RunningApp;
let client: DynamicClient;

beforeAll(async () => {
  app = await RunningApp.examples();
  client = new DynamicClient(app.address);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
});

/** Every output for all held-out rows, asked for in pieces of `batchSize`. */
async function predict({ model, version }: Metric, batchSize: number, facade: Facade, encoding: Encoding): Promise<OutputTensor[]> {
  const rows = heldOut(model);
  const pieces = await runParallel(cutRows(rows.labels.length, batchSize), CALLS_AT_ONCE, ({ from, to }) =>
    infer(client, facade, { model, version, inputs: rowsOf(rows, from, to) }, encoding),
  );
  const names = pieces[0]?.outputs.map(({ name }) => name) ?? [];
  return names.map((name) => joinRows(pieces.map((piece) => outputOf(piece, name))));
}

function expectSameValues(given: OutputTensor, expected: OutputTensor): void {
  expect({ ...given, values: [] }).toEqual({ ...expected, values: [] });
  expect(given.values).toHaveLength(expected.values.length);
  expect(differences(given, expected)).toEqual([]);
}

function correctLabels(predicted: OutputTensor, labels: readonly (number | string)[]): number {
  return labels.filter((label, row) => String(predicted.values[row]) === String(label)).length;
}

/** The coefficient of determination. */
function r2(predicted: OutputTensor, labels: readonly (number | string)[]): number {
  const truths = labels.map(Number);
  const mean = truths.reduce((sum, value) => sum + value, 0) / truths.length;
  const squares = (values: readonly number[]) => values.reduce((sum, value) => sum + value * value, 0);
  return 1 - squares(truths.map((truth, row) => truth - Number(predicted.values[row]))) / squares(truths.map((truth) => truth - mean));
}

describe.each(METRICS)('$model version $version', (metric) => {
  const { model } = metric;

  it("answers every held-out row as ONNX Runtime itself does, whatever the facade and the batch's size", async () => {
    await using reference = new OrtReference();
    const expected = await reference.run(modelFile(metric), rowsOf(heldOut(model)));
    for (const { facade, encoding } of WAYS) {
      for (const batchSize of BATCH_SIZES) {
        const answers = await predict(metric, batchSize, facade, encoding);
        expect(answers.map(({ name }) => name)).toEqual(expected.map(({ name }) => name));
        for (const output of expected) expectSameValues(outputOf({ outputs: answers }, output.name), output);
      }
    }
  });

  it('is as good as its training script said', async () => {
    const { labels, label_output: labelOutput } = heldOut(model);
    const predicted = outputOf({ outputs: await predict(metric, 32, OIP, 'raw') }, labelOutput);
    expect(labels).toHaveLength(metric.rows);
    if (metric.metric === 'accuracy') {
      const correct = correctLabels(predicted, labels);
      expect({ correct, value: correct / labels.length }).toEqual({ correct: metric.correct, value: metric.value });
    } else {
      expect(Number(r2(predicted, labels).toFixed(6))).toBe(metric.value);
    }
  });
});

describe('the held-out rows', () => {
  it('are all accounted for: classifiers, a regressor and every version of a model that has several', () => {
    expect(new Set(METRICS.map(({ model }) => model))).toEqual(new Set(HELD_OUT.map(({ model }) => model)));
    expect(new Set(METRICS.map((each) => each.metric))).toEqual(new Set(['accuracy', 'r2']));
    expect(METRICS.filter(({ model }) => model === 'iris').map(({ version }) => version)).toEqual(['1', '2']);
  });
});
