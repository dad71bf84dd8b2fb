import type { InferResponse, InferStreamResponse } from '../client/millrace-client.js';
import { viewTensor } from '../client/tensor-values.js';
import { statusName } from '../telemetry/status-name.js';
import { formatTensor } from './format-tensor.js';

type Timings = NonNullable<InferResponse['timings']>;

/** The answer to one call, for reading. */
export function formatResponse(response: InferResponse, totalMs: number): string {
  const { model, version, outputs, timings } = response;
  return `${model} version ${version}\n${formatOutputs(outputs)}${formatTimings(timings)}${formatTotal(totalMs)}`;
}

/** One message of a stream. */
export function formatMessage(message: InferStreamResponse): string {
  const { sequence, rowOffset, rowCount, outputs, error, timings, final } = message;
  const rows = rowCount === 0 ? '' : `, rows ${rowOffset} to ${rowOffset + rowCount - 1}`;
  const head = `message ${sequence}${rows}${final ? ', final' : ''}\n`;
  const failed = error === undefined ? '' : `  failed: ${statusName(error.code)}: ${error.message}\n`;
  return `${head}${failed}${formatOutputs(outputs)}${formatTimings(timings)}`;
}

export function formatTotal(totalMs: number): string {
  return `${totalMs.toFixed(1)} ms for the whole call\n`;
}

function formatOutputs(outputs: InferResponse['outputs']): string {
  return outputs.map((output) => formatTensor(viewTensor(output))).join('');
}

function formatTimings(timings: Timings | undefined): string {
  if (timings === undefined) return '';
  const { queueUs, assembleUs, executeUs, batchSize } = timings;
  const rows = batchSize === 1 ? '1 row' : `${batchSize} rows`;
  return `  queued ${formatMs(queueUs)}, assembled ${formatMs(assembleUs)}, executed ${formatMs(executeUs)} in a batch of ${rows}\n`;
}

function formatMs(microseconds: bigint): string {
  return `${(Number(microseconds) / 1000).toFixed(2)} ms`;
}
