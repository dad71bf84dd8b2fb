import { modelSpec } from '../../test/support/model-source.js';
import { OnnxRig } from '../../test/support/onnx-rig.js';
import { never } from '../../test/support/pool-rig.js';
import { mlp } from '../models/graphs.js';
import { median, quantile } from '../statistics.js';

/**
 * What the way of a batch to a worker and back costs beside the model: one instance of a model of 784-128-10, whose run of one row takes about 15 µs, with
 * as many batches under way as it is deep. Rows lie as in messages, not aligned. The CPU is that of the whole process. The best of many short rounds is least
 * disturbed by what else the machine does.
 */
const ROUNDS = 40;
const RUNS = 600;
const ROW_BYTES = 784 * Float32Array.BYTES_PER_ELEMENT;

interface Round {
  readonly cpuMicros: number;
  readonly perSecond: number;
  readonly p50: number;
}

async function measure(rig: OnnxRig, rows: number): Promise<Round> {
  const { instance } = rig;
  const message = Buffer.alloc(rows * ROW_BYTES + 3);
  const parts = Array.from({ length: rows }, (_, row) => message.subarray(3 + row * ROW_BYTES, 3 + (row + 1) * ROW_BYTES));
  const input = { name: 'input', datatype: 'FP32', shape: [rows, 784], parts, byteLength: rows * ROW_BYTES } as const;
  const latencies: number[] = [];
  let left = RUNS;
  const caller = async (): Promise<void> => {
    for (; left > 0; ) {
      left -= 1;
      const start = performance.now();
      await instance.execute([input], never());
      latencies.push((performance.now() - start) * 1000);
    }
  };
  const cpu = process.cpuUsage();
  const start = performance.now();
  await Promise.all(Array.from({ length: instance.depth }, caller));
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  latencies.sort((a, b) => a - b);
  return { cpuMicros: (user + system) / RUNS, perSecond: RUNS / seconds, p50: quantile(latencies, 0.5) };
}

for (const pipelineDepth of [1, 2]) {
  await using rig = await OnnxRig.open(mlp([784, 128, 10], 7), { batching: { ...modelSpec().batching, pipelineDepth } });
  for (const rows of [1, 32]) {
    await measure(rig, rows);
    const rounds: Round[] = [];
    while (rounds.length < ROUNDS) rounds.push(await measure(rig, rows));
    const cpu = rounds.map(({ cpuMicros }) => cpuMicros);
    console.log(
      `depth ${pipelineDepth}, ${String(rows).padStart(2)} rows: p50 ${Math.min(...rounds.map(({ p50 }) => p50)).toFixed(0)} µs, ` +
        `${Math.min(...cpu).toFixed(0)} µs CPU (median ${median(cpu).toFixed(0)}), ${Math.max(...rounds.map((round) => round.perSecond)).toFixed(0)} runs/s`,
    );
  }
}
