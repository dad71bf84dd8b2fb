import { describe, expect, it } from '@jest/globals';
import type { Type } from 'protobufjs';
import { type FieldDecision, MODEL_CONFIG_DECISIONS } from '../../../src/wire/model-config-decisions.js';
import { loadSchema } from '../../support/wire-schema.js';

const MODEL_CONFIG = loadSchema().lookupType('inference.ModelConfig');

/** What is wrong with a decision about a message: fields without one, and decisions about fields that there are not. */
function gaps(type: Type, decision: FieldDecision | undefined, path: string): string[] {
  if (decision === undefined) return [`${path} is not decided on`];
  if (typeof decision === 'string') return decision === 'honoured' ? [`${path} is honoured without a word about its fields`] : [];
  const stale = Object.keys(decision).filter((field) => type.fields[field] === undefined);
  const below = type.fieldsArray.flatMap((field) => {
    const at = `${path}.${field.name}`;
    if (isMessage(field.resolvedType) && !field.map) return gaps(field.resolvedType, decision[field.name], at);
    return typeof decision[field.name] === 'string' ? [] : [`${at} is not decided on`];
  });
  return [...stale.map((field) => `${path}.${field} is no field`), ...below];
}

function isMessage(resolved: object | null): resolved is Type {
  return resolved !== null && 'fieldsArray' in resolved;
}

describe('MODEL_CONFIG_DECISIONS', () => {
  it('decides on every field of ModelConfig, and on nothing else', () => {
    expect(gaps(MODEL_CONFIG, MODEL_CONFIG_DECISIONS, 'ModelConfig')).toEqual([]);
  });

  it('would be found out', () => {
    const { runtime: _, ...others } = MODEL_CONFIG_DECISIONS;
    expect(gaps(MODEL_CONFIG, { ...others, nope: 'warned', input: 'honoured' }, 'ModelConfig')).toEqual([
      'ModelConfig.nope is no field',
      'ModelConfig.runtime is not decided on',
      'ModelConfig.input is honoured without a word about its fields',
    ]);
  });
});
