import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { Type } from 'protobufjs';
import { type FieldDecision, MODEL_CONFIG_DECISIONS } from '../../src/wire/model-config-decisions.js';
import { DynamicClient } from '../support/dynamic-client.js';
import { ROOT, RunningApp } from '../support/running-app.js';
import { loadSchema } from '../support/wire-schema.js';

type Status = 'supported' | 'partly' | 'refused' | 'warned';

interface Row {
  readonly name: string;
  readonly status: string;
  readonly test: string;
}

/** The rows of the table under a heading. */
function tableOf(heading: string): Row[] {
  const page = readFileSync(`${ROOT}docs/reference/triton-compatibility.md`, 'utf8');
  const [, behind = ''] = page.split(`## ${heading}\n`);
  const [section = ''] = behind.split('\n## ');
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  return rows.map((line) => {
    const [, name = '', status = '', , test = ''] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    return { name: name.replaceAll('`', ''), status, test };
  });
}

const RPCS = tableOf('RPCs of inference.GRPCInferenceService');
const EXTENSIONS = tableOf('Protocol extensions');
const FIELDS = tableOf('Fields of ModelConfig');

/** Every field of a message that is decided on by itself, by its path. */
function decisionsOf(decision: FieldDecision, path: string): [path: string, decision: string][] {
  if (typeof decision === 'string') return [[path, decision]];
  const fields = Object.entries(decision);
  // A message without fields is decided on by being there.
  if (fields.length === 0) return [[path, 'honoured']];
  return fields.flatMap(([field, below]) => decisionsOf(below, path === '' ? field : `${path}.${field}`));
}

/** What the page may call a field of which the code has decided so. */
function statusesFor(decision: string): Status[] {
  if (decision === 'honoured') return ['supported', 'partly'];
  return decision === 'warned' ? ['warned', 'partly'] : ['refused'];
}

function topFields(type: Type): string[] {
  return type.fieldsArray.map(({ name }) => name);
}

describe('docs/reference/triton-compatibility.md', () => {
  it('has every RPC of the service once', () => {
    const methods = Object.keys(loadSchema().lookupService('inference.GRPCInferenceService').methods);
    expect(RPCS.map(({ name }) => name).sort()).toEqual(methods.sort());
  });

  it('has every field of ModelConfig, with the status that the code decided', () => {
    const rows = new Map(FIELDS.map(({ name, status }) => [name, status]));
    const wrong = decisionsOf(MODEL_CONFIG_DECISIONS, '').filter(([path, decision]) => {
      const statuses: readonly string[] = statusesFor(decision);
      return !statuses.includes(rows.get(path) ?? '');
    });
    expect(wrong).toEqual([]);
    const covered = new Set([...rows.keys()].map((path) => path.split('.')[0]));
    expect(topFields(loadSchema().lookupType('inference.ModelConfig')).filter((field) => !covered.has(field))).toEqual([]);
  });

  it('names a test in each row, by its file and its title', () => {
    const tables = [RPCS, EXTENSIONS, FIELDS];
    expect(tables.map((rows) => rows.length > 10)).toEqual([true, true, true]);
    const without = tables.flat().filter(({ test }) => !/^[a-z][a-z0-9/-]+ › .+$/.test(test));
    expect(without).toEqual([]);
  });

  it('calls refused what answers UNIMPLEMENTED, and nothing else', async () => {
    await using app = await RunningApp.examples(['iris']);
    await using client = new DynamicClient(app.address);
    const refused: string[] = [];
    for (const { name } of RPCS.filter((row) => !row.name.startsWith('ModelStream'))) {
      const answer = await client
        .unary(`inference.GRPCInferenceService/${name}`, { name: 'iris' })
        .catch((error: unknown) => (error as { readonly code: number }).code);
      if (answer === UNIMPLEMENTED) refused.push(name);
    }
    expect(refused).toEqual(RPCS.filter(({ status }) => status === 'refused').map(({ name }) => name));
  });

  it('advertises what the table calls supported or partly, and nothing else', async () => {
    await using app = await RunningApp.examples(['iris']);
    await using client = new DynamicClient(app.address);
    const { extensions } = await client.unary<{ extensions: string[] }>('inference.GRPCInferenceService/ServerMetadata', {});
    const served = EXTENSIONS.filter(({ status }) => status !== 'refused').map(({ name }) => name);
    expect([...extensions].sort()).toEqual(served.sort());
  });
});

const UNIMPLEMENTED = 12;
