import type { ModelSpec, TensorSpec } from '../model/spec.js';
import type { CheckedModel } from './check-port.js';
import { formatTable } from './format-table.js';

/** A model's name and state, its signature as a table, and what there is to complain about. Ends with an empty line. */
export function formatCheckedModel(checked: CheckedModel): string {
  const name = checked.version === undefined ? checked.model : `${checked.model}/${checked.version}`;
  switch (checked.state) {
    case 'failed':
      return `${name}  FAILED\n  ${checked.reason}\n\n`;
    case 'ready': {
      const warnings = checked.warnings.map((warning) => `  warning: ${warning}\n`).join('');
      return `${name}  ready  ${formatProperties(checked.spec)}\n${formatSignature(checked.spec)}${warnings}\n`;
    }
  }
}

function formatProperties({ backend, maxBatchSize, instanceCount, decoupled }: ModelSpec): string {
  const batch = maxBatchSize > 0 ? `max batch size ${maxBatchSize}` : 'not batched';
  const instances = `${instanceCount} ${instanceCount === 1 ? 'instance' : 'instances'}`;
  return [backend, batch, instances, ...(decoupled ? ['decoupled'] : [])].join(', ');
}

function formatSignature({ inputs, outputs, maxBatchSize }: ModelSpec): string {
  const row = (role: string) => (tensor: TensorSpec) => [role, tensor.name, tensor.datatype, formatDims(tensor, maxBatchSize > 0)];
  return formatTable([...inputs.map(row('input')), ...outputs.map(row('output'))]);
}

/** As a request has them: with the rows in front where there are any. */
function formatDims({ dims }: TensorSpec, batched: boolean): string {
  return `[${[...(batched ? ['rows'] : []), ...dims.map((size) => (size === -1 ? 'any' : size))].join(', ')}]`;
}
