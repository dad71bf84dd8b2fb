import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { loadConfig } from '../../src/config/load.js';
import { SERVE_OPTIONS, variableName } from '../../src/config/options.js';

/** An integer option in each place, or absent there. */
const value = fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined });
const keys = ['grpcPort', 'adminPort', 'maxInflight', 'maxConnections', 'loadTimeoutMs'] as const;
const places = fc.record({ file: value, environment: value, flag: value });
const option = fc.tuple(fc.constantFrom(...keys), places);
const given = fc.uniqueArray(option, { selector: ([key]) => key });

const defined = <T>(entries: readonly (readonly [string, T | undefined])[]) =>
  Object.fromEntries(entries.filter(([, one]) => one !== undefined));

describe('loadConfig', () => {
  it('takes each value from the strongest place that has one, and says which', async () => {
    await fc.assert(
      fc.asyncProperty(given, async (options) => {
        const yaml = stringify(defined(options.map(([key, { file }]) => [key, file])));
        const env = defined(options.map(([key, { environment }]) => [variableName(key), environment?.toString()]));
        const flags = defined(options.map(([key, { flag }]) => [key, flag?.toString()]));
        const { config, origins } = await loadConfig(SERVE_OPTIONS, {
          flags: { ...flags, config: 'm.yaml' },
          env,
          readFile: () => Promise.resolve(yaml),
        });
        for (const key of keys) {
          const { flag, environment, file } = options.find(([name]) => name === key)?.[1] ?? {};
          expect(config[key]).toBe(flag ?? environment ?? file ?? SERVE_OPTIONS[key].default);
          const strongest = [flag, environment, file].findIndex((one) => one !== undefined);
          expect(origins[key].kind).toBe((['flag', 'environment', 'file'] as const)[strongest] ?? 'default');
        }
      }),
    );
  });

  it('either refuses a text with a UsageError in one line or takes it as the integer it spells', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.integer().map(String)), async (text) => {
        const outcome = await loadConfig(SERVE_OPTIONS, {
          flags: { maxInflight: text },
          env: {},
          readFile: () => Promise.resolve(''),
        }).then(
          ({ config }) => config.maxInflight,
          (error: unknown) => error,
        );
        if (typeof outcome === 'number') expect(outcome).toBe(Number(text));
        else expect(outcome).toMatchObject({ name: 'UsageError', message: expect.not.stringContaining('\n') });
      }),
    );
  });
});
